"""Registry entries: a figure, a table and a section of the report. Standard library only: the workflow reads it."""

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

#: what a study must have; the workflow says of each whether it is there. ``models``: several models that are no points
#: of a sweep; ``transfer``: two sources that are data sets; ``domains``: a source that leaves one domain out;
#: ``heads``: a network with an output for each data set; ``explanation``: two targets, and the wish to explain drops;
#: ``truth``: the same on simulated hospitals alone; ``labels``: two data sets with the same patients; ``probe``: two
#: domains; ``attribution``: maps of where models look; ``localisation``: these, and a target whose findings are
#: located; ``paper``: data sets of Cohen et al. (2020); ``findings``: tasks that are findings, and ``classes``: tasks
#: that are classes, of which an image has one; ``agreement``: findings and two sources that are data sets; ``panels``:
#: few enough tasks for a matrix each; ``acceptance``: criteria that models have to meet; ``trained``: a model that is
#: trained here; ``external``: one that was elsewhere; ``usefulness``: the question what acting on outputs is good
#: for; ``readers``: a target that several readers labelled; ``plan``: the question how many films are
#: to be read, ``readings``: and which; ``read``: labels of those that were; ``adaptation``: the question what local
#: images are worth, and a target with some; ``counted``: a target of which there are counts alone;
#: ``monitoring``: the question whether anything moved, without labels
Need = Literal[
    "models", "sweeps", "transfer", "domains", "heads", "explanation", "corrections", "truth", "labels", "probe",
    "attribution", "localisation", "paper", "classes", "findings", "agreement", "panels", "acceptance", "trained",
    "external", "usefulness", "readers", "plan", "readings", "read", "adaptation", "counted", "monitoring",
]  # fmt: skip
NEEDS: tuple[Need, ...] = get_args(Need)
#: what a study can lack -> the report's note; classes are not missing if tasks are findings
MISSING: dict[Need, str] = {
    "models": "Comparison of models: there is only one.",
    "sweeps": "Effect of training settings: no model has a `sweep`.",
    "transfer": "Comparison of sources: there is only one.",
    "domains": "Leave one domain out: no source `all-but-NAME`.",
    "heads": "Weight vectors of a shared network: no `shared_heads`.",
    "explanation": "Images or labels, for every pair and task: no `explanation`.",
    "corrections": "Whether corrections help: no `explanation`, or one with `corrections: false`.",
    "truth": "Verdicts checked against the truth: not all hospitals are simulated, or some change.",
    "labels": "Two labellings of the same images: no two data sets have the same patients.",
    "probe": "Predicting the data set: there is only one domain.",
    "attribution": "Where the models look: no `evaluation.attribution`.",
    "localisation": "Localisation scores: no annotated regions, or no `evaluation.attribution`.",
    "paper": "Comparison with Cohen et al. (2020): no data set has a `paper` name.",
    "findings": "Operating points and calibration of findings: the tasks are classes.",
    "agreement": "Agreement of models on findings: there is only one source, or the tasks are classes.",
    "acceptance": "Whether a model can be used, and at which threshold: no `acceptance`.",
    "trained": "Training: no model is trained here.",
    "external": "Claims, refusals and versions of external models: no `external`.",
    "usefulness": "Net benefit, and outputs by outcome: no `usefulness`.",
    "readers": "Labels of several readers: no target's `tasks` name their columns.",
    "plan": "How many films are to be read: no `plan`.",
    "readings": "Which films are to be read: no `plan.readings`.",
    "read": "Estimates from films that were read: no `plan.labels`.",
    "counted": "How far numbers of counts can be off: no site sends counts.",
    "adaptation": "What local images are worth: no `adaptation`, or no target with training images.",
    "monitoring": "Whether anything moved, and estimates without labels: no `monitoring`.",
    "panels": "A matrix for each task: there are too many tasks; see the table.",
}
#: settings of the study that a figure can use
Setting = Literal[
    "models", "trained", "sources_of", "sources", "targets", "members", "datasets", "tasks", "seeds", "size", "shape",
    "fit", "methods", "resamples", "minimum", "at_sites", "counted", "withheld", "searched",
]  # fmt: skip
#: folders that a figure can read: the study's, and that of all data sets
Folder = Literal["models", "manifests", "attributions", "datasets"]


@dataclass(frozen=True)
class FigureEntry:
    """A figure: ``draw`` of the module of its name.

    Attributes:
        name: of its module and its files.
        label: what it shows, in a few words, in Snakemake's own report.
        caption: the same in a sentence.
        tables: those of ``analysis/`` that it is drawn from, each a parameter of ``draw``.
        folders: those that it is drawn from, each a parameter of ``draw``.
        settings: settings of the study that it uses; a change redraws it.
        needs: what a study must have for it.
    """

    name: str
    label: str
    caption: str
    tables: tuple[str, ...] = ()
    folders: tuple[Folder, ...] = ()
    settings: tuple[Setting, ...] = ()
    needs: Need | None = None
    kind: ClassVar = "figure"


@dataclass(frozen=True)
class TableEntry:
    """A table that the page shows and offers.

    Attributes:
        name: of its file.
        needs: what a study must have for it.
        file: where it lies in the study's results, if not in ``analysis/`` under its name.
    """

    name: str
    needs: Need | None = None
    file: str = ""
    kind: ClassVar = "table"

    @property
    def path(self) -> str:
        """Return where the table lies in the study's results."""
        return self.file or f"analysis/{self.name}.csv"


@dataclass(frozen=True)
class Passage:
    """Words of the page, made by the template's macro of this name."""

    name: str
    kind: ClassVar = "passage"


@dataclass(frozen=True)
class Section:
    """A section of the page.

    Attributes:
        link: its anchor.
        title: in the list of sections.
        heading: above it.
        parts: what it consists of, from top to bottom.
        category: of its figures in Snakemake's own report.
        heading_without_findings: above it, where the study has no figure of findings.
    """

    link: str
    title: str
    heading: str
    parts: tuple[FigureEntry | TableEntry | Passage, ...]
    category: str = ""
    heading_without_findings: str = ""

    @property
    def figures(self) -> list[FigureEntry]:
        """Return its figures."""
        return [part for part in self.parts if isinstance(part, FigureEntry)]

    @property
    def tables(self) -> list[TableEntry]:
        """Return its tables."""
        return [part for part in self.parts if isinstance(part, TableEntry)]
