"""What to do with so many local images, by the cause of what is lost; scored in docs/adaptation.md.

The rule looks at the verdict and at how many local images there are with the finding, or without it where those are
fewer. It looks at no result of a way.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from crossray.analysis.shift.terms import AUC, LOG_LOSS
from crossray.analysis.shift.verdict import CANNOT_TELL, COMPOUND, NO_HARM, NO_SHIFT, NOT_FOUND
from crossray.study.ways import AS_IT_IS, FINE_TUNING, HEAD, RECALIBRATION, THRESHOLD

BALANCED = "balanced accuracy"
#: what adaptation can be for: probabilities, ranking, a threshold
GOALS = (LOG_LOSS, AUC, BALANCED)

#: local images with the finding, and without it, from which on weights are fitted on them, and not numbers alone
ENOUGH = 40
#: verdicts after which the order of images is left alone
_ORDER_STAYS = {
    "prevalence": "another prevalence changes no order",
    "case_mix": "sicker patients need no other order",
    NO_SHIFT: "nothing differs",
    NO_HARM: "what differs does no harm",
    NOT_FOUND: "no difference was found",
}
#: verdicts after which the order of images may be learnt anew
_ORDER_LOST = {
    "image": "images differ",
    "concept": "the label rule differs",
    COMPOUND: "labels or unseen images differ",
    CANNOT_TELL: "the cause cannot be told",
}
_NO_VERDICT = "there is no verdict"


@dataclass(frozen=True)
class Advice:
    """A way, and why it is recommended."""

    way: str
    why: str


def advise(verdict: str | None, fewest: float, goal: str, ways: Sequence[str]) -> Advice:
    """Recommend a way.

    Args:
        verdict: of the cell, or None where there is none.
        fewest: local images with the finding or without it, whichever are fewer.
        goal: one of :data:`GOALS`.
        ways: those that can be recommended, ``as it is`` among them.
    """
    stays = _ORDER_STAYS.get(verdict or "")
    cause = stays or _ORDER_LOST.get(verdict or "", _NO_VERDICT)
    if goal == AUC:
        preferred, why = _for_ranking(cause, stays is not None, fewest)
    else:
        preferred, why = _for_numbers(cause, stays is not None, fewest, goal)
    return Advice(next(way for way in (*preferred, AS_IT_IS) if way in ways), why)


def _for_ranking(cause: str, stays: bool, fewest: float) -> tuple[tuple[str, ...], str]:
    if stays:
        return (), cause
    if fewest < ENOUGH:
        return (), f"{cause}, but {_few(fewest)} to learn another order"
    return (FINE_TUNING, HEAD), f"{cause}, and there are images to learn from"


def _for_numbers(cause: str, stays: bool, fewest: float, goal: str) -> tuple[tuple[str, ...], str]:
    level = (RECALIBRATION, THRESHOLD) if goal == BALANCED else (RECALIBRATION,)
    if stays:
        return level, cause
    if fewest < ENOUGH:
        return level, f"{cause}, but {_few(fewest)} for more than intercept and slope"
    return (HEAD, FINE_TUNING, *level), f"{cause}, and there are images to learn from"


def _few(fewest: float) -> str:
    return f"too few images ({fewest:.0f} with the finding or without it)"
