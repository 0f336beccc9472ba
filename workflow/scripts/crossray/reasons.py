"""Why a number is missing. A number that cannot be computed is empty and carries one of these codes."""

NOT_LABELLED = "L"
NOT_TRAINED = "M"
TOO_FEW = "F"
PATIENTS_OVERLAP = "O"
DIVERGED = "D"
NOT_GIVEN = "N"
NO_PROBABILITY = "P"

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
}

#: code -> what it says of a number beside which it stands
CAVEATS = {
    UNKNOWN_TRAINING_DATA: "nobody says what the model learnt from: it may have learnt from these very patients",
}
