"""Acceptance criteria of a model at a target, fixed before its scores are read."""

from dataclasses import dataclass
from typing import Annotated, Final

from annotated_types import Ge, Gt, Le, Lt

from crossray.study.base import LeftOut, Settings
from crossray.study.kinds import Number, Part, Several, Text

#: what a model can be compared with besides another model: its maker's claim
CLAIM: Final = "claim"

#: answers
MET, NOT_MET, CANNOT_TELL = "met", "not met", "cannot tell"
#: the criterion that is all of them
ALL = "all"
#: the criterion that is a maximum, not a minimum
ALERTS = "alerts per day"
#: what images are grouped by besides the strata of a data set
ATTRIBUTES = ("sex", "age", "view", "months")
#: criteria that can be judged in a group, whose prevalence is not known
IN_GROUPS = ("auc", "sensitivity", "specificity")
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
    precision: LeftOut[Part] = None
    "Minimum share of alerts that are correct (positive predictive value), at `prevalence`."
    alerts_per_day: LeftOut[Annotated[Number, Gt(0), Le(1e6)]] = None
    """Maximum number of alerts per day, among `per_day` images at `prevalence`. Of the thresholds that keep to it, or
    to a precision, the one with the highest sensitivity is chosen."""
    groups: LeftOut[Several[Text]] = None
    """Attributes (`sex`, `age`, `view`, or a stratum) whose groups each have to meet `auc`, `sensitivity` and
    `specificity` as well. All groups are evaluated; those of other attributes do not change the answer."""
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
    net benefit. Where nothing else is required of the threshold (`sensitivity`, `specificity`, `precision`,
    `alerts_per_day`), the one with the lowest cost is chosen."""
    per_day: LeftOut[Annotated[Number, Gt(0), Le(1e6)]] = None
    "Images per day there; with `prevalence`, alerts and missed findings per day are reported."

    def needs_threshold(self) -> bool:
        """Return whether anything is asked of a threshold."""
        return self.miss_costs is not None or any(name != "auc" for name in self.wanted())

    def wanted(self) -> dict[str, float]:
        """Return the criteria that are given, by name."""
        named = {
            "auc": self.auc, "sensitivity": self.sensitivity, "specificity": self.specificity,
            "precision": self.precision, ALERTS: self.alerts_per_day,
        }  # fmt: skip
        return {name: float(value) for name, value in named.items() if value is not None}
