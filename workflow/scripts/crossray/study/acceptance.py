"""Acceptance criteria of a model at a target, fixed before its scores are read."""

from dataclasses import dataclass
from typing import Annotated, Final

from annotated_types import Ge, Gt, Le, Lt

from crossray.study.base import LeftOut, Settings
from crossray.study.kinds import Number, Part

#: what a model can be compared with besides another model: its maker's claim
CLAIM: Final = "claim"

#: answers
MET, NOT_MET, CANNOT_TELL = "met", "not met", "cannot tell"
#: the criterion that is all of them
ALL = "all"
#: where thresholds are from
HOME, MAKER, LOCAL, NONE = "source's validation split", "the maker", "target, cross-fitted", "no threshold"


@dataclass(frozen=True, kw_only=True)
class Criteria(Settings):
    """Acceptance criteria for a finding, and where the model will be used."""

    auc: LeftOut[Annotated[Number, Gt(0.5), Lt(1)]] = None
    "Minimum AUC."
    sensitivity: LeftOut[Part] = None
    "Minimum sensitivity."
    specificity: LeftOut[Part] = None
    "Minimum specificity."
    against: LeftOut[str] = None
    """Another model of the study, for a non-inferiority comparison with `margin`, in AUC, and in sensitivity and
    specificity at both models' thresholds if these are criteria; or `claim`, the maker's claim for a model of
    `external`."""
    margin: Annotated[Number, Ge(0), Lt(0.5)] = 0.05
    "How much worse than `against` the model may be."
    prevalence: LeftOut[Part] = None
    "Share of images with the finding where the model will be used; it may differ from the test images."
    miss_costs: LeftOut[Annotated[Number, Gt(0), Le(1e6)]] = None
    """How many false alarms are as bad as one missed finding; with `prevalence`, thresholds have an expected cost and a
    net benefit. Without a required sensitivity or specificity, the threshold with the lowest cost is chosen."""
    per_day: LeftOut[Annotated[Number, Gt(0), Le(1e6)]] = None
    "Images per day there; with `prevalence`, alerts and missed findings per day are reported."

    def needs_threshold(self) -> bool:
        """Return whether anything is asked of a threshold."""
        return not (self.sensitivity is self.specificity is self.miss_costs is None)

    def wanted(self) -> dict[str, float]:
        """Return the criteria that are given, by name."""
        named = {"auc": self.auc, "sensitivity": self.sensitivity, "specificity": self.specificity}
        return {name: float(value) for name, value in named.items() if value is not None}
