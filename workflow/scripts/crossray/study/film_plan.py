"""How many films are to be read, and which: what is expected of models, and how wide intervals may be."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Gt, Le, Len, Lt

from crossray.study.base import LeftOut, Settings
from crossray.study.kinds import Number, Part, Text

#: what is estimated, in the order of tables
AUC, SENSITIVITY, SPECIFICITY = "auc", "sensitivity", "specificity"
OBSERVED_EXPECTED, SLOPE, NET_BENEFIT = "observed_expected", "slope", "net_benefit"
#: what else is estimated of films that were read
PREVALENCE, PRECISION = "prevalence", "precision"
#: what a list of films can be for
LISTED = (AUC, SENSITIVITY, SPECIFICITY, PREVALENCE, PRECISION)
#: the row of a task that is all of its measures
ALL = "all"

Width = Annotated[Number, Gt(0), Le(10)]


@dataclass(frozen=True, kw_only=True)
class Expected(Settings):
    """What is expected of a model for a finding, where it will be judged."""

    prevalence: Part
    "Expected share of images with the finding."
    auc: Annotated[Number, Gt(0.5), Lt(1)]
    "Expected AUC."
    sensitivity: LeftOut[Part] = None
    "Expected sensitivity at the threshold in use."
    specificity: LeftOut[Part] = None
    "Expected specificity there."
    slope: Annotated[Number, Gt(0), Le(10)] = 1.0
    "Expected calibration slope: 1 for calibrated probabilities, less for probabilities that are too extreme."
    acts_from: LeftOut[Part] = None
    """The probability from which on somebody acts, for net benefit: at 0.1, nine false alarms are as bad as one missed
    finding. `sensitivity` and `specificity` are those at this threshold."""


@dataclass(frozen=True, kw_only=True)
class Widths(Settings):
    """How wide 95% intervals may be, from limit to limit; a number without a width is not planned."""

    auc: LeftOut[Part] = None
    "Width of the interval of the AUC."
    sensitivity: LeftOut[Part] = None
    "Width of the interval of sensitivity."
    specificity: LeftOut[Part] = None
    "Width of the interval of specificity."
    observed_expected: LeftOut[Width] = None
    "Width of the interval of the ratio of observed to expected positives."
    slope: LeftOut[Width] = None
    "Width of the interval of the calibration slope."
    net_benefit: LeftOut[Part] = None
    "Width of the interval of net benefit, which is a share of images."

    def wanted(self) -> dict[str, float]:
        """Return the widths that are given, by measure."""
        names = (AUC, SENSITIVITY, SPECIFICITY, OBSERVED_EXPECTED, SLOPE, NET_BENEFIT)
        return {name: float(getattr(self, name)) for name in names if getattr(self, name) is not None}


#: measure -> what has to be expected for it besides prevalence and AUC
ASSUMES = {
    SENSITIVITY: (SENSITIVITY,),
    SPECIFICITY: (SPECIFICITY,),
    NET_BENEFIT: (SENSITIVITY, SPECIFICITY, "acts_from"),
}


@dataclass(frozen=True, kw_only=True)
class Clusters(Settings):
    """How much less several images of a patient tell than as many of different patients."""

    images_per_patient: Annotated[Number, Ge(1), Le(1000)] = 1.0
    "Mean number of images of a patient."
    design_effect: LeftOut[Annotated[Number, Ge(1), Le(1000)]] = None
    """By how much several images per patient inflate variances; by default 1 + 0.7 (images_per_patient - 1), as if
    the images of a patient were correlated by 0.7 (Kish 1965)."""


@dataclass(frozen=True, kw_only=True)
class FilmPlan(Clusters):
    """How many films have to be read for intervals of a wanted width."""

    tasks: Annotated[Mapping[Text, Expected], Len(1)]
    "What is expected of a model, by finding."
    widths: Widths
    "How wide intervals may be."
    readings: LeftOut[Annotated[int, Ge(50), Le(1_000_000)]] = None
    """How many films can be read. Where models have outputs, `results/STUDY/to_read/TARGET.csv` then lists which, for
    intervals of the numbers that have a width."""
    whole_patients: bool = False
    "Whether all films of a patient are read, or none."
    labels: LeftOut[str] = None
    """The model of `external` with `scale: binary` whose answers are the labels of the films that were read; some may
    be missing. The report then has estimates for all films."""
    seed: Annotated[int, Ge(0)] = 0
    "Seed of the list."
