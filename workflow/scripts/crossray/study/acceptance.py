"""What a model has to reach at a target to be used there, fixed before its scores are read."""

from dataclasses import dataclass
from typing import Annotated, Final

from annotated_types import Ge, Gt, Le, Lt

from crossray.study.base import LeftOut, Settings
from crossray.study.kinds import Number, Part

#: what a model can be compared with beside another one: what its maker says of it
CLAIM: Final = "claim"

#: answers
MET, NOT_MET, CANNOT_TELL = "met", "not met", "cannot tell"
#: the criterion that is all of them
ALL = "all"
#: where thresholds are from
HOME, MAKER, LOCAL, NONE = "source's validation split", "the maker", "target, cross-fitted", "no threshold"


@dataclass(frozen=True, kw_only=True)
class Criteria(Settings):
    """What a model has to reach for a finding, and what its use would mean."""

    auc: LeftOut[Annotated[Number, Gt(0.5), Lt(1)]] = None
    "AUC to reach at least."
    sensitivity: LeftOut[Part] = None
    "Sensitivity to reach at least."
    specificity: LeftOut[Part] = None
    "Specificity to reach at least."
    against: LeftOut[str] = None
    """
    Another model of the study, that it must not be worse than by more than `margin`, in AUC, and in sensitivity and
    specificity at the thresholds of both where these are asked for; or `claim`, what the maker of a model of
    `external` says of it.
    """
    margin: Annotated[Number, Ge(0), Lt(0.5)] = 0.05
    "How much worse than `against` is still allowed."
    prevalence: LeftOut[Part] = None
    "Share of the images with the finding where the model is to be used, which the test images need not have."
    miss_costs: LeftOut[Annotated[Number, Gt(0), Le(1e6)]] = None
    """
    How many false alarms a missed finding is as bad as; with `prevalence`, thresholds have an expected cost and a net
    benefit. Where neither a sensitivity nor a specificity is wanted the threshold is chosen that costs the least.
    """
    per_day: LeftOut[Annotated[Number, Gt(0), Le(1e6)]] = None
    "Images a day there; with `prevalence`, alerts and missed findings a day are given."

    def needs_threshold(self) -> bool:
        """Return whether anything is asked of a threshold."""
        return not (self.sensitivity is self.specificity is self.miss_costs is None)

    def wanted(self) -> dict[str, float]:
        """Return the criteria that are given, by name."""
        named = {"auc": self.auc, "sensitivity": self.sensitivity, "specificity": self.specificity}
        return {name: float(value) for name, value in named.items() if value is not None}
