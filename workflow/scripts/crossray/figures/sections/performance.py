"""Sections of performance: the matrix, the generalisation gap, models, tasks, classes and agreement."""

from crossray.figures.entries import FigureEntry, Passage, Section, TableEntry

MATRIX = Section(
    "matrix",
    "The matrix",
    "The matrix",
    parts=(
        Passage("explorer"),
        FigureEntry(
            "auc_matrix",
            label="mean AUC of every pair",
            caption=(
                "Mean AUC of every model (row) on every target's test split (column), with images and positives. "
                "Outlined: internal test. A letter is the reason for an empty cell."
            ),
            tables=("performance", "transfer", "summary"),
            settings=("models", "members", "targets", "counted"),
        ),
        Passage("reasons"),
        TableEntry("transfer"),
        FigureEntry(
            "bounds",
            label="AUCs of counts, with their bounds",
            caption="AUC of each model and task at sites that send counts, and how far it can be off.",
            tables=("bounds",),
            settings=("models",),
            needs="counted",
        ),
        TableEntry("bounds", "counted"),
    ),
    category="Performance",
)

DROP = Section(
    "drop",
    "Generalisation gap",
    "Generalisation gap",
    parts=(
        FigureEntry(
            "drop",
            label="drop in AUC",
            caption="Internal minus external AUC over shared tasks, with 95% intervals.",
            tables=("transfer", "summary"),
            settings=("models", "datasets"),
        ),
        TableEntry("summary"),
        TableEntry("variances", "transfer"),
        FigureEntry(
            "local",
            label="local model against others",
            caption=(
                "Each target's own model against every other model on the same test images: difference in mean AUC "
                "with its 95% interval."
            ),
            tables=("comparisons",),
            settings=("models", "targets", "sources", "datasets"),
            needs="transfer",
        ),
        TableEntry("comparisons", "transfer"),
        FigureEntry(
            "domains",
            label="leave one domain out",
            caption=(
                "Leave one domain out: mean AUC of models trained on the target's own data, on all other domains, "
                "and on all."
            ),
            tables=("domains",),
            settings=("models", "targets", "seeds"),
            needs="domains",
        ),
        TableEntry("domains", "domains"),
    ),
    category="Performance",
)

MODELS = Section(
    "models",
    "Models",
    "Models and their training",
    parts=(
        FigureEntry(
            "models",
            label="models compared",
            caption=(
                "Internal and external mean AUC of every model, the difference from the first one, and the cost of "
                "each."
            ),
            tables=("models",),
            settings=("models",),
            needs="models",
        ),
        TableEntry("models", "models"),
        FigureEntry(
            "sweeps",
            label="effect of a training setting",
            caption=(
                "Effect of a training setting: AUC of every point of a sweep, with intervals over patients and "
                "over seeds."
            ),
            tables=("sweeps", "choices"),
            settings=("seeds", "resamples"),
            needs="sweeps",
        ),
        TableEntry("sweeps", "sweeps"),
        TableEntry("choices", "sweeps"),
    ),
    category="Performance",
)

EXTERNAL = Section(
    "external",
    "External models",
    "External models: claims, refusals, versions",
    parts=(
        FigureEntry(
            "claims",
            label="claimed and measured",
            caption="Performance claimed by the maker and performance measured here, with 95% intervals.",
            tables=("claims",),
            settings=("targets",),
            needs="external",
        ),
        Passage("external"),
        TableEntry("claims", "external"),
        TableEntry("refusals", "external"),
        TableEntry("versions", "external"),
    ),
    category="Performance",
)

TASKS = Section(
    "tasks",
    "Tasks",
    "Which tasks generalise?",
    parts=(
        FigureEntry(
            "tasks",
            label="tasks, best first",
            caption=(
                "AUC of each task over all models and targets, best first; tick: mean, line: one standard deviation."
            ),
            tables=("tasks", "performance"),
            settings=("models", "members", "counted"),
        ),
        TableEntry("tasks"),
        FigureEntry(
            "task_matrices",
            label="AUC by task",
            caption="AUC of every task on one scale, with positives and labelled test images.",
            tables=("performance",),
            settings=("models", "members", "targets", "tasks", "minimum"),
            needs="panels",
        ),
        TableEntry("performance"),
    ),
    category="Performance",
)

CLASSES = Section(
    "classes",
    "Classes",
    "Accuracy and confusion matrix",
    parts=(
        FigureEntry(
            "accuracy",
            label="accuracy and F1 of every pair",
            caption="Accuracy on test images, macro F1 and mean one-vs-rest AUC, with 95% intervals.",
            tables=("classes",),
            settings=("models", "members", "resamples"),
            needs="classes",
        ),
        TableEntry("classes", "classes"),
        FigureEntry(
            "confusion",
            label="confusion matrix",
            caption="Share of test images of each true class predicted as each class; the diagonal is correct.",
            tables=("confusion", "classes"),
            settings=("models", "sources", "targets", "tasks"),
            needs="classes",
        ),
        TableEntry("confusion", "classes"),
    ),
    category="Classes",
)

AGREEMENT = Section(
    "agreement",
    "Agreement",
    "Do models agree on individual images?",
    parts=(
        FigureEntry(
            "agreement",
            label="agreement of models",
            caption=(
                "Cohen's kappa between models at their operating points, by task and target, with the agreement "
                "between seeds as the ceiling."
            ),
            tables=("agreement_summary",),
            settings=("models", "targets", "tasks"),
            needs="agreement",
        ),
        TableEntry("agreement_summary", "agreement"),
        TableEntry("agreement", "agreement"),
        FigureEntry(
            "outputs",
            label="Bland-Altman plots",
            caption="Bland-Altman plots of the calibrated outputs of two models.",
            tables=("outputs", "output_points", "agreement"),
            settings=("models",),
            needs="agreement",
        ),
        TableEntry("outputs", "agreement"),
        FigureEntry(
            "disagreements",
            label="images with disagreement",
            caption="Images on which two models disagree most, with the output of each.",
            tables=("output_extremes",),
            folders=("datasets",),
            settings=("size", "shape", "withheld", "searched"),
            needs="agreement",
        ),
    ),
    category="Agreement",
)

PAPER = Section(
    "paper",
    "The paper",
    "Comparison with the paper",
    parts=(
        FigureEntry(
            "paper",
            label="ours against the paper's",
            caption="Every number of Cohen et al. (2020) that this study also computes, against ours.",
            tables=("paper", "paper_summary"),
            settings=("models",),
            needs="paper",
        ),
        TableEntry("paper_summary", "paper"),
        TableEntry("paper", "paper"),
    ),
    category="Paper",
)
