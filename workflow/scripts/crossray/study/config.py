"""The whole configuration of a study."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from annotated_types import Ge, Le, Len

from crossray.study.acceptance import Criteria
from crossray.study.adaptation import Adaptation
from crossray.study.base import LeftOut, Settings
from crossray.study.bundle import Bundle
from crossray.study.datasets import Dataset
from crossray.study.evaluation import Evaluation, Explanation, SharedHeads
from crossray.study.external import External
from crossray.study.film_plan import FilmPlan
from crossray.study.kinds import Name, Several, Text
from crossray.study.models import Model, Objective
from crossray.study.monitoring import Monitoring
from crossray.study.names import MULTICLASS
from crossray.study.training import Training
from crossray.study.usefulness import Usefulness


@dataclass(frozen=True, kw_only=True)
class Images(Settings):
    """Preprocessing of images."""

    size: Annotated[int, Ge(16), Le(4096)] = 224
    "Pixels along each side of an image."
    fit: Literal["crop", "pad"] = "crop"
    "Crop the largest centred square (crop), or pad the whole image with black (pad)."
    colour: Literal["grey", "rgb"] = "grey"
    "Convert images to greyscale (grey), or keep colours (rgb); networks get one channel, or three."
    reading: Literal["mapped", "memory", "local"] = "mapped"
    """How training reads pixels: memory-mapped from the shards, as fast as memory once the operating system has cached
    them (mapped); all into memory first (memory); or copied to TMPDIR first (local). The last two are for slow
    network file systems. Results are the same."""


@dataclass(frozen=True, kw_only=True)
class Leakage(Settings):
    """What is done about patients and images that are in several splits."""

    overlap: Literal["move", "refuse", "keep"] = "move"
    """What to do about patients who are in different splits, of one data set or of several: move all their images to
    one split, refuse the affected results (reason O), or keep them, as in the paper."""
    duplicates: Literal["near", "exact"] = "near"
    """Which images count as duplicates: also copies that were rescaled, compressed, inverted or windowed (near), or
    only equal pixels (exact), for small images of similar objects, such as digits."""


class _ByItsReader:
    """Marks data sets, which are checked one by one, each by the class of its reader."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        """Let pydantic take any block."""
        from pydantic_core import core_schema

        return core_schema.dict_schema()


@dataclass(frozen=True, kw_only=True)
class Study(Settings):
    """A CrossRay study."""

    study: Name
    "Name of the study; its results are in results/STUDY."
    title: str = "Does a chest X-ray model work elsewhere?"
    "Title of the report."
    tasks: Several[Text]
    """The findings to train and evaluate, named as in the data sets. Quote names that YAML reads as numbers, dates or
    booleans (2017, 01, no), here and everywhere."""
    objective: Objective = "multilabel"
    """Type of the tasks: findings of which an image can have several (multilabel), a single finding (binary), or
    exclusive classes (multiclass, for all models or for none). A model can override it."""
    datasets: Annotated[Mapping[Name, Annotated[Dataset, _ByItsReader()]], Len(1)]
    "The data sets by name. A name means the same data in every study, because manifests and shards are shared."
    sources: LeftOut[Several[str]] = None
    """What to train on: data sets, `all` (all data sets of the pool together), or `all-but-NAME` (the pool without
    this one and without others of its patients: leave one domain out). By default every data set by itself, except
    those of the role test."""
    pool: LeftOut[Several[str]] = None
    "The data sets that `all` and `all-but-NAME` use; by default the sources that are data sets."
    targets: LeftOut[Several[str]] = None
    "The data sets to test on, including every source; by default all."
    models: Mapping[Name, Model] = field(default_factory=lambda: {"resnet50": Model()})
    "The models by name; each is trained on every source. `{}` trains none, in a study with external models."
    external: Mapping[Name, External] = field(default_factory=dict)
    "External models by name, as scores or as networks (docs/external.md)."
    seeds: Several[Annotated[int, Ge(0)]] = (0,)
    """One training per seed. With several, AUCs are means over trainings, from three on with intervals that cover the
    variation between trainings too; the ensemble (mean logits) is reported beside them."""
    images: Images = Images()
    "Preprocessing of images."
    leakage: Leakage = Leakage()
    "How to handle patients and images that are in several splits."
    training: Training = field(default_factory=Training)
    "Training settings."
    evaluation: Evaluation = field(default_factory=Evaluation)
    "How models are evaluated."
    explanation: LeftOut[Explanation] = None
    """Also split drops into prevalence, case mix, images, and labels or unseen images, with a verdict for every pair
    and task, or that no verdict is possible (docs/shift.md)."""
    adaptation: LeftOut[Adaptation] = None
    """Also measure what labelled images of a target are worth: a new threshold, recalibration, batch-norm statistics, a
    new head, fine-tuning, or training from scratch, with several numbers of images (docs/adaptation.md)."""
    monitoring: LeftOut[Monitoring] = None
    """Also watch models without labels: estimates of performance, back-tested wherever there are labels, and control
    charts of months, with alarms (docs/monitoring.md)."""
    usefulness: LeftOut[Usefulness] = None
    """Also estimate the net benefit of acting on a model's probabilities, against treating all and none, and the
    distributions of its outputs with and without a finding (docs/usefulness.md)."""
    acceptance: LeftOut[Annotated[Mapping[Text, Criteria], Len(1)]] = None
    """Acceptance criteria of a model for a finding at a target. The report begins with whether they are met, at which
    threshold, and what would settle open cases (docs/decision.md)."""
    plan: LeftOut[FilmPlan] = None
    """Also compute how many films have to be read for intervals of a wanted width (`snakemake plan`), which ones, and
    what those that were read say (docs/planning.md)."""
    bundle: LeftOut[Bundle] = None
    """What a site sends to a coordinator in place of its images, by `snakemake bundle` alone (docs/bundles.md)."""
    shared_heads: LeftOut[SharedHeads] = None
    """Also train one network on the pool with a separate output for each data set and task, without and with a penalty
    on the distance between a task's outputs, to see how far its meaning differs between data sets."""
    predictions_per_job: Annotated[int, Ge(1)] | None = None
    """Maximum number of data sets that one job applies a model to; by default all. Use fewer on clusters that run many
    short jobs sooner than a long one. Results are the same."""
    pictures: Literal["public", "all"] = "public"
    """Whose images figures and report show. `public`: phantoms and public data sets; `all`: other data sets too,
    except images with detected text (detection misses some), with a note at the top of the report."""
    small_cells: Annotated[int, Ge(0)] = 5
    """For data sets that are not public, tables, report and figures show no count of images or patients from 1 up to
    this limit, nor anything that would reveal it, but <5 (docs/privacy.md). Numbers of such data sets need at least
    as many patients, positives and negatives. 0 shows all counts."""
    private: Text = "private"
    """Folder for what identifies patients: the key of the hashes that replace identifiers of data sets that are not
    public, and for each data set a table from hashes to files and identifiers. Keep it to yourself."""

    container: LeftOut[Text] = None
    """Image in which programs run if Snakemake is started with `--sdm apptainer`: a file, or an address that Apptainer
    understands; `envs/crossray.def` is its recipe."""

    def objective_of(self, model: str) -> str:
        """Return a model's objective: its own, or the study's."""
        return self.models[model].objective or self.objective

    def tasks_of(self, model: str) -> tuple[str, ...]:
        """Return the tasks that a model learns: its own, or the study's."""
        return self.models[model].tasks or self.tasks

    def is_multiclass(self) -> bool:
        """Return whether the tasks are classes, of which an image has one."""
        return any(self.objective_of(name) == MULTICLASS for name in self.models)

    def only_tested(self) -> list[str]:
        """Return the data sets that no model is trained on."""
        return [name for name, dataset in self.datasets.items() if dataset.is_only_tested()]

    def at_sites(self) -> list[str]:
        """Return the data sets whose images are elsewhere, with bundles in their place."""
        return [name for name, dataset in self.datasets.items() if dataset.stays_at_its_site()]

    def encoder_datasets(self) -> list[str]:
        """Return the data sets whose training images are here, for an encoder that learns without labels."""
        return [name for name in self.datasets if name not in (*self.at_sites(), *self.only_tested())]

    def counted(self) -> list[str]:
        """Return those of which their sites send counts alone."""
        return [name for name, dataset in self.datasets.items() if dataset.sends_counts()]

    def closed(self) -> list[str]:
        """Return the data sets that are not public."""
        return [name for name, dataset in self.datasets.items() if not dataset.public]

    def trained_on(self) -> tuple[str, ...]:
        """Return the sources: those that are named, or every data set that is not only tested on."""
        if not self.models:
            return ()
        return self.sources or tuple(name for name, dataset in self.datasets.items() if not dataset.is_only_tested())

    def tested_on(self) -> tuple[str, ...]:
        """Return the targets: those that are named, or every data set."""
        return self.targets or tuple(self.datasets)
