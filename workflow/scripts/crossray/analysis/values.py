"""Numbers of written tables, with their variation over patients and trainings."""

from collections.abc import Sequence
from dataclasses import dataclass

from crossray.analysis import means
from crossray.analysis.trainings import Weighted, widened


@dataclass(frozen=True)
class Value:
    """An AUC, a mean of AUCs, or a difference of such means, of a table that has been written.

    Attributes:
        patients: the number, and what other patients would make of it.
        trainings: how much of it each AUC is, and what other trainings would make of that.
    """

    patients: means.Mean
    trainings: Weighted = ()

    @property
    def value(self) -> float:
        """The number."""
        return self.patients.value

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper limit."""
        return widened(self.value, *self.patients.interval, self.trainings, self.patients.least)

    def with_interval(self, name: str) -> dict[str, float]:
        """Return the columns ``name``, ``name_low`` and ``name_high``."""
        low, high = self.interval
        return {name: self.value, f"{name}_low": low, f"{name}_high": high}

    def __sub__(self, other: "Value") -> "Value":
        """Return the difference."""
        turned = tuple((-weight, one) for weight, one in other.trainings)
        return Value(self.patients - other.patients, self.trainings + turned)


def mean_of(parts: Sequence[Value]) -> Value:
    """Average, each part weighing the same."""
    trainings = tuple((weight / len(parts), one) for part in parts for weight, one in part.trainings)
    return Value(means.mean_of([part.patients for part in parts]), trainings)
