"""Sections of use at a hospital: operating points, local images, monitoring."""

from crossray.figures.entries import FigureEntry, Passage, Section, TableEntry

OPERATING_POINTS = Section(
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
            settings=("models", "sources", "members", "targets"),
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
)

ADAPTATION = Section(
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
)

MONITORING = Section(
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
)
