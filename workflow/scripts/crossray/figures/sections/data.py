"""Sections of what the study is made of: data sets and trainings."""

from crossray.figures.entries import FigureEntry, Passage, Section, TableEntry

DATA = Section(
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
            caption=("Images of each data set's training split (of another if it has none), as the models see them."),
            folders=("manifests", "datasets"),
            settings=("datasets", "tasks", "size", "shape", "withheld", "searched"),
        ),
        FigureEntry(
            "prevalence",
            label="prevalence",
            caption="Share of labelled images that are positive, with 95% Wilson intervals.",
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
)

TRAINING = Section(
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
)
