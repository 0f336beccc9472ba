"""Sections of causes: where models look, and why they fall."""

from crossray.figures.entries import FigureEntry, Passage, Section, TableEntry

LOCALISATION = Section(
    "look",
    "Localisation",
    "Where do models look?",
    parts=(
        FigureEntry(
            "localisation",
            label="localisation scores",
            caption=(
                "Localisation scores of attribution maps on internal and external tests, compared with chance and "
                "with random weights."
            ),
            tables=("localisation", "localisation_summary"),
            settings=("models", "members", "methods"),
            needs="localisation",
        ),
        TableEntry("localisation_summary", "localisation"),
        TableEntry("localisation", "localisation"),
        FigureEntry(
            "attributions",
            label="attribution maps",
            caption="Attribution maps of each model for selected images of a target.",
            folders=("attributions", "datasets"),
            settings=("models", "sources", "targets", "size", "shape", "fit", "methods", "withheld", "searched"),
            needs="attribution",
        ),
    ),
    category="Localisation",
)

WHY = Section(
    "why",
    "Why",
    "Why? Images, labels, and the hospital's signature",
    parts=(
        Passage("causes"),
        FigureEntry(
            "shift_map",
            label="verdict by pair and task",
            caption=(
                "The verdict on each pair and task: prevalence, case mix, images, labels or unseen images, no "
                "harm, no shift, or that no verdict is possible (docs/shift.md)."
            ),
            tables=("shift",),
            settings=("models", "tasks"),
            needs="explanation",
        ),
        FigureEntry(
            "shift_terms",
            label="drops by cause",
            caption=(
                "Drop of each pair, split into prevalence, case mix, images, and labels or unseen images, by "
                "log-loss and AUC (docs/shift.md)."
            ),
            tables=("shift",),
            settings=("models", "sources", "targets"),
            needs="explanation",
        ),
        TableEntry("shift", "explanation"),
        TableEntry("shift_evidence", "explanation"),
        FigureEntry(
            "corrections",
            label="effect of corrections",
            caption=(
                "Log-loss and AUC before and after corrections and with other training methods, beside the terms "
                "of the split (docs/shift.md)."
            ),
            tables=("corrections_by_verdict",),
            settings=("models", "resamples"),
            needs="corrections",
        ),
        TableEntry("corrections_by_verdict", "corrections"),
        TableEntry("corrections", "corrections"),
        FigureEntry(
            "shift_truth",
            label="simulated and estimated causes",
            caption=(
                "Verdicts on simulated hospitals with known truth: simulated and estimated terms, and how often a "
                "verdict is right (docs/shift.md)."
            ),
            tables=("shift_truth", "shift_acceptance"),
            settings=("models",),
            needs="truth",
        ),
        TableEntry("shift_acceptance", "truth"),
        TableEntry("shift_truth", "truth"),
        FigureEntry(
            "label_agreement",
            label="two labellings",
            caption="F1 and kappa of two labellings of the same images.",
            tables=("label_agreement",),
            needs="labels",
        ),
        TableEntry("label_agreement", "labels"),
        FigureEntry(
            "label_control",
            label="drop due to another labelling",
            caption="Drop in AUC with another labelling of the same images.",
            tables=("label_control",),
            settings=("models", "datasets"),
            needs="labels",
        ),
        TableEntry("label_control", "labels"),
        FigureEntry(
            "readers",
            label="other readers' labels",
            caption=(
                "AUC of each model by what several readers say together or alone, and agreement of models with "
                "each reader beside that of readers with one another."
            ),
            tables=("reader_labels", "reader_agreement"),
            settings=("models",),
            needs="readers",
        ),
        TableEntry("reader_labels", "readers"),
        TableEntry("reader_agreement", "readers"),
        FigureEntry(
            "heads",
            label="weight vectors",
            caption=("Weight vectors of a network with one output per data set and task, on two principal components."),
            tables=("head_places",),
            settings=("models", "datasets"),
            needs="heads",
        ),
        FigureEntry(
            "head_distances",
            label="distance of weight vectors",
            caption="Distance of a task's weight vectors between data sets, and against the task's mean AUC.",
            tables=("head_distances", "head_relations"),
            settings=("models", "seeds"),
            needs="heads",
        ),
        TableEntry("head_distances", "heads"),
        TableEntry("head_relations", "heads"),
        FigureEntry(
            "probe",
            label="predicting the data set",
            caption=(
                "Accuracy of a classifier that predicts the data set from 16 x 16 pixels and from each model's "
                "features."
            ),
            tables=("probe", "probe_confusion"),
            needs="probe",
        ),
        TableEntry("probe", "probe"),
        TableEntry("probe_confusion", "probe"),
    ),
    category="Why",
)
