"""Why a number is missing. A number that cannot be computed is empty and carries one of these codes."""

NOT_LABELLED = "L"
NOT_TRAINED = "M"
TOO_FEW = "F"
PATIENTS_OVERLAP = "O"
DIVERGED = "D"
NOT_GIVEN = "N"
NO_PROBABILITY = "P"
NO_PREVALENCE = "B"

#: beside a number, not in its place
UNKNOWN_TRAINING_DATA = "U"

#: code -> what it means, as the report's legend says it; the farthest from a number first
REASONS = {
    NOT_LABELLED: "the target does not label this task",
    NOT_TRAINED: "the model was not trained for this task",
    TOO_FEW: "fewer patients with or without the finding at the target than the minimum",
    PATIENTS_OVERLAP: "patients of the source are among the target's",
    DIVERGED: "the model's training diverged: its outputs are not numbers",
    NOT_GIVEN: "no score of the model, or no threshold, was given for this target",
    NO_PROBABILITY: "the model gives a score that only ranks, or yes and no, and this number needs more",
    NO_PREVALENCE: "how the test images were chosen is not said, so that their share with the finding means nothing",
}

#: code -> what it says of a number beside which it stands
CAVEATS = {
    UNKNOWN_TRAINING_DATA: "nobody says what the model learnt from: it may have learnt from these very patients",
}


def why_not(
    *,
    labelled: bool = True,
    given: bool = True,
    diverged: bool = False,
    trained: bool = True,
    overlap: bool = False,
    enough: bool = True,
    ranked: bool = True,
) -> str | None:
    """Return why there is no number, or None where there can be one; of several reasons the same one in every table.

    Args:
        labelled: whether the target labels the task.
        given: whether there are outputs of the model for the target.
        diverged: whether the model's outputs for it are not numbers.
        trained: whether the model was trained for it.
        overlap: whether patients whom the model learnt from are among the target's.
        enough: whether there are as many patients with and without the finding as a number needs.
        ranked: whether its outputs are more than yes and no.
    """
    holds = {
        NOT_LABELLED: not labelled, NOT_GIVEN: not given, DIVERGED: diverged, NOT_TRAINED: not trained,
        PATIENTS_OVERLAP: overlap, TOO_FEW: not enough, NO_PROBABILITY: not ranked,
    }  # fmt: skip
    return next((code for code, held in holds.items() if held), None)
