"""What to do with so many local images, by the cause of what is lost; scored in docs/adaptation.md.

The rule looks at the verdict and at how many local images there are with the finding, or without it where those are
fewer. It looks at no result of a way.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from crossray.analysis.shift.terms import AUC, LOG_LOSS
from crossray.analysis.shift.verdict import CANNOT_TELL, COMPOUND, NO_HARM, NO_SHIFT, NOT_FOUND
from crossray.study.ways import AS_IT_IS, BALANCED, FINE_TUNING, HEAD, RECALIBRATION, THRESHOLD

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
    few: tuple[str, ...] = {AUC: (), LOG_LOSS: (RECALIBRATION,), BALANCED: (RECALIBRATION, THRESHOLD)}[goal]
    if stays:
        preferred, why = few, cause
    elif fewest < ENOUGH:
        preferred = few
        why = f"{cause}, but too few images ({fewest:.0f} with the finding or without it) to learn another order"
    else:
        surely = goal == AUC and cause not in (_ORDER_LOST[CANNOT_TELL], _NO_VERDICT)
        preferred = (*((FINE_TUNING, HEAD) if surely else (HEAD, FINE_TUNING)), *few)
        why = f"{cause}, and there are images to learn another order from"
    return Advice(next(way for way in (*preferred, AS_IT_IS) if way in ways), why)
