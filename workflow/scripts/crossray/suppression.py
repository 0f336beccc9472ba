"""Complementary suppression: which counts to withhold so that small ones cannot be derived from totals.

A small count is said to be small; of the others so many are not shown that for each small one at least two values agree
with all that is shown, with the sums that are known, and with what the marks say.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: with more counts that are not shown in one web of sums all of the web goes, as asking for each would take long
_MOST = 300


@dataclass(frozen=True)
class Sum:
    """Counts that add up to another count, or to a number that is known."""

    parts: tuple[int, ...]
    total: int | None
    known: int

    @property
    def members(self) -> tuple[int, ...]:
        """Return all of them, the total too."""
        return self.parts if self.total is None else (*self.parts, self.total)


#: what is said of a count: itself; that it is small; nothing, but it is none of these; nothing, whatever it is
SHOWN, SMALL, NOTHING, EITHER = 0, 1, 2, 3


def choose(
    values: "NDArray[np.int64]", sums: Sequence[Sum], limit: int, fixed: Mapping[int, int], near: "NDArray[np.int64]"
) -> "NDArray[np.int8]":
    """Choose how each count is shown so that no small one can be derived.

    Args:
        values: the counts.
        sums: which of them add up to which.
        limit: the smallest count that is shown.
        fixed: what other tables say of counts, by their number; it is said here too, and no more of them is hidden.
        near: the row of each; of counts that can be hidden one is taken whose row hides something already.

    Returns:
        One of the marks for each, int8.
    """
    import numpy as np

    marks = np.where((values > 0) & (values < limit), SMALL, SHOWN).astype(np.int8)
    for number, mark in fixed.items():
        marks[number] = mark
    # A small total that no table shows reveals nothing; a total in the counts' own table always does.
    sums = [one for one in sums if len(one.parts) > 1 and (one.total is not None or one.known >= limit)]
    for web in _webs(sums):
        while (told := _worked_out(values, marks, web, limit)) is not None:
            if not _hide_another(values, marks, web, told, limit, fixed, near):
                break
    return marks


def of_pair(first: int, second: int, limit: int) -> tuple[int, int]:
    """Return what every table says of two counts whose sum is known: who has a finding, and who has not.

    A small one is said to be small where the sum allows all small numbers, and otherwise nothing is said of either.
    """
    small = [0 < count < limit for count in (first, second)]
    if not any(small):
        return SHOWN, SHOWN
    if limit <= first + second <= 2 * (limit - 1):
        return EITHER, EITHER
    said = [SMALL if one else NOTHING if count else SHOWN for one, count in zip(small, (first, second), strict=True)]
    return said[0], said[1]


def _webs(sums: Sequence[Sum]) -> list[list[Sum]]:
    """Part sums into webs that have no count in common."""
    webs: list[tuple[set[int], list[Sum]]] = []
    for one in sums:
        touching = [web for web in webs if not web[0].isdisjoint(one.members)]
        members, joined = set(one.members), [one]
        for web in touching:
            members |= web[0]
            joined += web[1]
            webs.remove(web)
        webs.append((members, joined))
    return [web for _, web in webs]


def _worked_out(values: "NDArray[np.int64]", marks: "NDArray[np.int8]", web: Sequence[Sum], limit: int) -> int | None:
    """Return a small count that has one value alone under all that is shown; None if there is none."""
    import numpy as np
    from scipy.optimize import Bounds, LinearConstraint, milp

    unknown = sorted({one for each in web for one in each.members if marks[one] != SHOWN})
    small = [one for one in unknown if 0 < values[one] < limit]
    if not small or len(unknown) > _MOST:
        return (
            small[0] if small and any(marks[one] == SHOWN and values[one] for e in web for one in e.members) else None
        )
    place = {one: number for number, one in enumerate(unknown)}
    matrix, known = np.zeros((len(web), len(unknown))), np.zeros(len(web))
    for row, each in enumerate(web):
        signs = [(one, 1) for one in each.parts] + ([] if each.total is None else [(each.total, -1)])
        known[row] = each.known if each.total is None else 0
        for one, sign in signs:
            if one in place:
                matrix[row, place[one]] = sign
            else:
                known[row] -= sign * values[one]
    told = marks[unknown] == SMALL
    # Who sees the marks knows that what is hidden is not small, unless nothing in the web is said to be small.
    lowest = np.where(told, 1, np.where(marks[unknown] == EITHER, 0, limit if told.any() else 1))
    bounds = Bounds(lowest, np.where(told, limit - 1, np.inf))
    equations = LinearConstraint(matrix, known, known)
    undecided = dict.fromkeys(small)
    for one in small:
        for direction in (1, -1):
            if one not in undecided:
                break
            wanted = np.zeros(len(unknown))
            wanted[place[one]] = direction
            found = milp(wanted, constraints=equations, bounds=bounds, integrality=np.ones(len(unknown)))
            if found.x is None:  # without an upper end: it can be anything
                undecided.pop(one, None)
                break
            other = np.round(found.x).astype(np.int64)
            for count in [count for count in undecided if other[place[count]] != values[count]]:
                del undecided[count]
    return next(iter(undecided), None)


def _hide_another(
    values: "NDArray[np.int64]",
    marks: "NDArray[np.int8]",
    web: Sequence[Sum],
    told: int,
    limit: int,
    fixed: Container[int],
    near: "NDArray[np.int64]",
) -> bool:
    """Hide one more count, the smallest beside one that can be worked out; return whether there was something to do."""
    beside = [each for each in web if told in each.members]
    hiding = set(near[marks != SHOWN].tolist())
    for sums in (beside, web):
        for members in ([each.parts for each in sums], [each.members for each in sums]):
            shown = [
                one
                for group in members
                for one in group
                if marks[one] == SHOWN and values[one] >= limit and one not in fixed
            ]
            if shown:
                marks[min(shown, key=lambda one: (near[one] not in hiding, values[one], one))] = NOTHING
                return True
    # Then zeros beside it are not shown either, and at last not even that it is small.
    free = {one for each in web for one in each.members if one not in fixed}
    zeros = {one for one in free if marks[one] == SHOWN and values[one] == 0}
    every = zeros or {one for one in free if marks[one] == SMALL}
    for one in every:
        marks[one] = EITHER
    return bool(every)
