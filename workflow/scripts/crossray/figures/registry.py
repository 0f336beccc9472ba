"""Registry of the report's figures and tables, section by section, in the order of the page; the workflow reads it too.

A figure is a module and an entry here. No drawing module imports this one, so a change of caption redraws nothing.
"""

from collections.abc import Collection, Mapping

from crossray.figures.entries import FigureEntry, Passage, Section, TableEntry

SECTIONS = (
    Section(
        "decision",
        "Decision",
        "Can the model be used here?",
        parts=(
            Passage("decision"),
            FigureEntry(
                "acceptance",
                label="acceptance criteria",
                caption="Each acceptance criterion: the measured value with its 95 % interval, and the required value.",
                tables=("acceptance",),
                settings=("models", "sources"),
                needs="acceptance",
            ),
            TableEntry("acceptance", "acceptance"),
            TableEntry("thresholds", "acceptance"),
            TableEntry("acceptance_groups", "acceptance"),
        ),
        category="Decision",
    ),
    Section(
        "films",
        "Films to read",
        "How many films have to be read?",
        parts=(
            Passage("films"),
            FigureEntry(
                "sample_sizes",
                label="films to read",
                caption="Images to read so that the interval of each number is as wide as wanted.",
                tables=("sample_sizes",),
                needs="plan",
            ),
            TableEntry("sample_sizes", "plan"),
            FigureEntry(
                "reading_gains",
                label="what a list of films saves",
                caption="Films of a simple random sample that say as much as one of the list, for each number.",
                tables=("reading_gains",),
                needs="readings",
            ),
            TableEntry("reading_gains", "readings"),
            FigureEntry(
                "read_films",
                label="estimates from films that were read",
                caption="Each number of each model with its 95 % interval, estimated from the films that were read.",
                tables=("read_films",),
                needs="read",
            ),
            TableEntry("read_films", "read"),
        ),
        category="Decision",
    ),
    Section(
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
    ),
    Section(
        "drop",
        "Generalisation gap",
        "Generalisation gap",
        parts=(
            FigureEntry(
                "drop",
                label="drop in AUC",
                caption="Internal minus external AUC over shared tasks, with 95 % intervals.",
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
                    "with its 95 % interval."
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
    ),
    Section(
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
    ),
    Section(
        "external",
        "External models",
        "External models: claims, refusals, versions",
        parts=(
            FigureEntry(
                "claims",
                label="claimed and measured",
                caption="Performance claimed by the maker and performance measured here, with 95 % intervals.",
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
    ),
    Section(
        "tasks",
        "Tasks",
        "Which tasks generalise?",
        parts=(
            FigureEntry(
                "tasks",
                label="tasks, best first",
                caption=(
                    "AUC of each task over all models and targets, best first; tick: mean, line: one standard "
                    "deviation."
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
    ),
    Section(
        "classes",
        "Classes",
        "Accuracy and confusion matrix",
        parts=(
            FigureEntry(
                "accuracy",
                label="accuracy and F1 of every pair",
                caption="Accuracy on test images, macro F1 and mean one-vs-rest AUC, with 95 % intervals.",
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
    ),
    Section(
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
                settings=("models", "targets", "tasks", "resamples"),
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
    ),
    Section(
        "use",
        "Operating points",
        "Do operating points and probabilities transfer, for every subgroup?",
        parts=(
            FigureEntry(
                "roc",
                label="ROC curves",
                caption="Sensitivity against false positive rate, mean over tasks, one panel per target.",
                tables=("roc",),
                settings=("models", "sources", "targets", "datasets", "members"),
                needs="findings",
            ),
            FigureEntry(
                "operating_points",
                label="operating points",
                caption=(
                    "Internal and external sensitivity and specificity at the threshold chosen on the source's "
                    "validation split."
                ),
                tables=("operating_points",),
                settings=("models", "sources", "members", "targets", "resamples"),
                needs="findings",
            ),
            TableEntry("operating_points", "findings"),
            FigureEntry(
                "reliability",
                label="reliability curves",
                caption="Observed share of positives against predicted probability, one panel per target.",
                tables=("reliability", "calibration"),
                settings=("models", "sources", "targets", "datasets", "members", "resamples"),
                needs="findings",
            ),
            TableEntry("calibration", "findings"),
            TableEntry("reliability", "findings"),
            FigureEntry(
                "decision_curve",
                label="net benefit",
                caption=(
                    "Net benefit of acting on each model's probabilities from a threshold on, against treating all and "
                    "none."
                ),
                tables=("decision_curve",),
                settings=("models", "counted"),
                needs="usefulness",
            ),
            TableEntry("decision_curve", "usefulness"),
            FigureEntry(
                "score_distribution",
                label="outputs by outcome",
                caption="Outputs of images with a finding beside those of images without it.",
                tables=("score_distribution",),
                settings=("models",),
                needs="usefulness",
            ),
            TableEntry("score_distribution", "usefulness"),
            FigureEntry(
                "subgroups",
                label="sex, age band, view and strata",
                caption="Internal and external mean AUC by sex, age band, view and strata.",
                tables=("subgroups",),
                settings=("models", "members", "minimum", "counted"),
            ),
            TableEntry("subgroups"),
        ),
        category="Use",
        heading_without_findings="Does performance differ between subgroups?",
    ),
    Section(
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
                settings=(
                    "models",
                    "sources",
                    "targets",
                    "size",
                    "shape",
                    "fit",
                    "methods",
                    "withheld",
                    "searched",
                ),
                needs="attribution",
            ),
        ),
        category="Localisation",
    ),
    Section(
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
                settings=("resamples",),
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
                settings=("models", "resamples"),
                needs="readers",
            ),
            TableEntry("reader_labels", "readers"),
            TableEntry("reader_agreement", "readers"),
            FigureEntry(
                "heads",
                label="weight vectors",
                caption=(
                    "Weight vectors of a network with one output per data set and task, on two principal components."
                ),
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
    ),
    Section(
        "adaptation",
        "Local images",
        "What are local images worth, and what to do with them?",
        parts=(
            Passage("adaptation"),
            FigureEntry(
                "adaptation",
                label="what local images are worth",
                caption=(
                    "Log-loss, AUC and balanced accuracy on test images against the number of local images, for each "
                    "way of using them (docs/adaptation.md)."
                ),
                tables=("adaptation", "adaptation_advice"),
                settings=("resamples",),
                needs="adaptation",
            ),
            TableEntry("adaptation_advice", "adaptation"),
            TableEntry("adaptation", "adaptation"),
        ),
        category="Use",
    ),
    Section(
        "monitoring",
        "Watch",
        "Did anything move, and how good are models without labels?",
        parts=(
            Passage("monitoring"),
            FigureEntry(
                "control_charts",
                label="control charts",
                caption="Monthly means of outputs, refusals and acquisition, and their control charts with alarms.",
                tables=("control_charts", "watched", "alarms"),
                needs="monitoring",
            ),
            TableEntry("alarms", "monitoring"),
            TableEntry("watched", "monitoring"),
            TableEntry("control_charts", "monitoring"),
            FigureEntry(
                "unlabelled",
                label="estimates without labels",
                caption=(
                    "Errors of estimates of performance without labels, wherever labels could check them "
                    "(docs/monitoring.md)."
                ),
                tables=("unlabelled", "unlabelled_errors"),
                needs="monitoring",
            ),
            TableEntry("unlabelled_errors", "monitoring"),
            TableEntry("unlabelled", "monitoring"),
        ),
        category="Use",
    ),
    Section(
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
    ),
    Section(
        "data",
        "Data",
        "Data",
        parts=(
            Passage("data_sets"),
            FigureEntry(
                "flow_diagram",
                label="flow of images and patients",
                caption="Images and patients of each data set: read, left out and why, used, split and tested.",
                tables=("flow", "datasets", "performance"),
                settings=("models", "datasets", "at_sites"),
            ),
            TableEntry("flow"),
            Passage("leakage"),
            TableEntry("leakage", file="leakage/summary.csv"),
            FigureEntry(
                "samples",
                label="sample images",
                caption=(
                    "Images of each data set's training split (of another if it has none), as the models see them."
                ),
                folders=("manifests", "datasets"),
                settings=("datasets", "tasks", "size", "shape", "withheld", "searched"),
            ),
            FigureEntry(
                "prevalence",
                label="prevalence",
                caption="Share of labelled images that are positive, with 95 % Wilson intervals.",
                tables=("labels",),
                settings=("datasets", "tasks"),
            ),
            TableEntry("labels"),
            FigureEntry(
                "patients",
                label="views, sex and age",
                caption="Views, sex and age in each data set.",
                tables=("datasets",),
                settings=("datasets",),
            ),
            TableEntry("datasets"),
        ),
        category="Data",
    ),
    Section(
        "training",
        "Training",
        "Training",
        parts=(
            FigureEntry(
                "training_curves",
                label="training curves",
                caption="Loss and validation AUC by epoch; the dot is the epoch that was kept.",
                folders=("models",),
                settings=("trained", "sources_of", "sources", "seeds", "datasets"),
                needs="trained",
            ),
            Passage("trainings"),
        ),
        category="Training",
    ),
    Section("limits", "Limits", "Limits", parts=(Passage("limits"),)),
    Section("methods", "Methods", "Methods", parts=(Passage("methods"),)),
    Section("provenance", "Provenance", "Provenance", parts=(Passage("provenance"),)),
    Section("cite", "Downloads and citation", "Downloads and citation", parts=(Passage("citation"),)),
)

FIGURES = {figure.name: figure for section in SECTIONS for figure in section.figures}
TABLES = {table.name: table for section in SECTIONS for table in section.tables}
#: figure -> its section's category
CATEGORIES = {figure.name: section.category for section in SECTIONS for figure in section.figures}


def had(entries: Mapping[str, FigureEntry] | Mapping[str, TableEntry], fulfilled: Collection[str]) -> list[str]:
    """Return the names of the figures or tables that a study has.

    Args:
        entries: :data:`FIGURES` or :data:`TABLES`.
        fulfilled: the needs that the study meets.
    """
    return [name for name, entry in entries.items() if entry.needs is None or entry.needs in fulfilled]
