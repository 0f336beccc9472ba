"""Why a number is missing. A number that cannot be computed is empty and carries one of these codes."""

NOT_LABELLED = "L"
NOT_TRAINED = "M"
TOO_FEW = "F"
PATIENTS_OVERLAP = "O"
DIVERGED = "D"
NOT_GIVEN = "N"
NO_PROBABILITY = "P"
NO_PREVALENCE = "B"
STAYS_AT_SITE = "S"

#: of months, and of estimates without labels
FEW_MONTHS = "T"
NOT_CHECKED = "C"
ERRS = "E"
OTHER_RULE = "R"

#: beside a number, not in its place
UNKNOWN_TRAINING_DATA = "U"

#: code -> what it means, as the report's legend says it; the farthest from a number first
REASONS = {
    NOT_LABELLED: "the target does not label this task",
    NOT_TRAINED: "the model was not trained for this task",
    TOO_FEW: "fewer patients with or without the finding at the target than the minimum",
    PATIENTS_OVERLAP: "patients of the source are among the target's",
    DIVERGED: "training diverged: the model's outputs are not numbers",
    STAYS_AT_SITE: "the images stay at their site, and what needs them is not in its bundle",
    NOT_GIVEN: "no score of the model, or no threshold, was given for this target",
    NO_PROBABILITY: "the model gives no probability, only a ranking score or a binary answer",
    NO_PREVALENCE: "it is not stated how the test images were selected, so their prevalence means nothing",
}

#: code -> what it means beside a number
CAVEATS = {
    UNKNOWN_TRAINING_DATA: "the model's training data are unknown: it may have been trained on these very patients",
}

#: code -> what it means of a number without labels, or of months; a study that watches nothing has none of these
WATCHING = {
    FEW_MONTHS: "the images have no dates, or too few months, to tell what is usual",
    NOT_CHECKED: "an estimate without labels could not be checked at enough other labelled targets",
    ERRS: "where labels could check it, an estimate without labels erred by more than is tolerated",
    OTHER_RULE: "the label rule may differ from the source's, or there is no verdict, so outputs alone say too little",
}


def why_not(
    *,
    labelled: bool = True,
    stays: bool = False,
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
        stays: whether it would take images that stay at their site.
        given: whether there are outputs of the model for the target.
        diverged: whether the model's outputs for it are not numbers.
        trained: whether the model was trained for it.
        overlap: whether the model was trained on patients of the target.
        enough: whether there are enough patients with and without the finding.
        ranked: whether its outputs are more than binary answers.
    """
    holds = {
        NOT_LABELLED: not labelled, STAYS_AT_SITE: stays, NOT_GIVEN: not given, DIVERGED: diverged,
        NOT_TRAINED: not trained, PATIENTS_OVERLAP: overlap, TOO_FEW: not enough, NO_PROBABILITY: not ranked,
    }  # fmt: skip
    return next((code for code, held in holds.items() if held), None)
