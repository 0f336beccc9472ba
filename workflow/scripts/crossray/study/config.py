"""A study's configuration, whole."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from annotated_types import Ge, Le, Len

from crossray.study.acceptance import Criteria
from crossray.study.base import LeftOut, Settings
from crossray.study.datasets import Dataset
from crossray.study.evaluation import Evaluation, Explanation, SharedHeads
from crossray.study.external import External
from crossray.study.kinds import Name, Several, Text
from crossray.study.models import Model, Objective
from crossray.study.names import MULTICLASS
from crossray.study.training import Training
from crossray.study.usefulness import Usefulness


@dataclass(frozen=True, kw_only=True)
class Images(Settings):
    """What images become."""

    size: Annotated[int, Ge(16), Le(4096)] = 224
    "Pixels along each side of an image."
    fit: Literal["crop", "pad"] = "crop"
    "The largest centred square is cut out (crop), or the whole image is set on black (pad)."
    colour: Literal["grey", "rgb"] = "grey"
    "Images become grey, or keep their colours; a network gets one channel, or three."
    reading: Literal["mapped", "memory", "local"] = "mapped"
    """
    How a training reads pixels: from the shards where they lie, which is as quick as memory once the system has them in
    its cache (mapped); all into memory first (memory); or copied to TMPDIR first (local). The last two are for network
    file systems that answer slowly. Nothing that is computed changes.
    """


@dataclass(frozen=True, kw_only=True)
class Leakage(Settings):
    """What is done about patients and images that are in several splits."""

    overlap: Literal["move", "refuse", "keep"] = "move"
    """
    What is done about patients who are in different splits, of one data set or of several: move them all to one split,
    refuse the numbers that they would touch (reason O), or keep them, as the paper did.
    """
    duplicates: Literal["near", "exact"] = "near"
    """
    Which images count as the same one: also copies that were rescaled, compressed, inverted or windowed (near), or
    equal pixels alone (exact), for small pictures of things that look all alike, such as digits.
    """


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
    "Name of the study; its results lie in results/STUDY."
    title: str = "Does a chest X-ray model work elsewhere?"
    "Title of the report."
    tasks: Several[Text]
    """
    The findings to learn and to measure, named as in the data sets. Names that YAML takes for numbers, dates or flags
    (2017, 01, no) are put in quotation marks, here and everywhere.
    """
    objective: Objective = "multilabel"
    """
    What tasks are, findings that an image can have several of (multilabel), one finding (binary), or classes of which
    it has exactly one (multiclass, for all models or for none). A model may have its own.
    """
    datasets: Annotated[Mapping[Name, Annotated[Dataset, _ByItsReader()]], Len(1)]
    "The data sets by name. A name means the same data in every study, as manifests and shards are shared."
    sources: LeftOut[Several[str]] = None
    """
    What to train on: data sets, `all` (every data set of the pool together), or `all-but-NAME` (the pool without this
    one and without others of its patients: leave one domain out). Where this is left out, every data set by itself but
    for those of the role test.
    """
    pool: LeftOut[Several[str]] = None
    """
    The data sets that `all` and `all-but-NAME` draw on; the sources that are data sets where this is left out.
    """
    targets: LeftOut[Several[str]] = None
    "The data sets to test on, every source among them; all of them where this is left out."
    models: Mapping[Name, Model] = field(default_factory=lambda: {"resnet50": Model()})
    "The models by name; one of each is trained on every source. With `{}` none is, where the study has external ones."
    external: Mapping[Name, External] = field(default_factory=dict)
    "Models that were trained elsewhere, by name, by their scores or as networks (docs/external.md)."
    seeds: Several[Annotated[int, Ge(0)]] = (0,)
    """
    One training for each seed. Where there are several, AUCs are the means of trainings, from three on with an interval
    for other trainings too; the ensemble of their logits stands beside them.
    """
    images: Images = Images()
    "What images become."
    leakage: Leakage = Leakage()
    "What is done about patients and images that are in several splits."
    training: Training = field(default_factory=Training)
    "How a network learns."
    evaluation: Evaluation = field(default_factory=Evaluation)
    "How models are evaluated."
    explanation: LeftOut[Explanation] = None
    """
    Also split what each model loses elsewhere into prevalence, images and label rule, with a verdict for every pair and
    task, or that no verdict is possible (docs/shift.md).
    """
    usefulness: LeftOut[Usefulness] = None
    """
    Also say whether acting on a model's probabilities does more good than treating everybody, or nobody, and how its
    outputs are distributed with and without a finding (docs/usefulness.md).
    """
    acceptance: LeftOut[Annotated[Mapping[Text, Criteria], Len(1)]] = None
    """
    What a model has to reach for a finding to be used at a target. Whether it does, at which threshold, and what would
    decide where nobody can tell, is answered before all else (docs/decision.md).
    """
    shared_heads: LeftOut[SharedHeads] = None
    """
    Also train one network on the pool with an output of its own for each data set and task, without and with a penalty
    on the distance of a task's outputs, to see how far data sets differ in what they mean by it.
    """
    predictions_per_job: Annotated[int, Ge(1)] | None = None
    """
    Data sets that one job applies a model to, at most; all in one job where this is left out. Fewer are for clusters
    that run many short jobs sooner than a long one. Nothing that is computed changes.
    """
    pictures: Literal["public", "all"] = "public"
    """
    Whose images figures and page show. With `public`, phantoms and the images of data sets that are public; with `all`,
    those of other data sets too, but for images in which text was found (the search misses some), and the page says so
    at its top.
    """
    small_cells: Annotated[int, Ge(0)] = 5
    """
    Tables, page and figures show no count of images or patients from 1 up to this limit, of data sets that are not
    public, nor what would give it away; they say <5 (docs/privacy.md). A number of such a data set needs at least as
    many patients, positives and negatives. With 0 all counts are shown.
    """
    private: Text = "private"
    """
    Folder of what leads back to patients: the key of the hashes that replace identifiers of data sets that are not
    public, and a table for each data set from hashes to files and identifiers. Keep it to yourself.
    """

    container: LeftOut[Text] = None
    """
    Image in which programs run where Snakemake is started with `--sdm apptainer`: a file, or an address that Apptainer
    knows; `envs/crossray.def` is its recipe.
    """

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
