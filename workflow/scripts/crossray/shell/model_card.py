"""A model card from the tables of a study: Markdown with the metadata that Hugging Face reads at its top.

After Mitchell and others, Model Cards for Model Reporting, FAT* 2019: what the model was made from, how well it does
where and for whom, and where it must not be used.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from crossray import manifest, tables
from crossray.errors import UserError
from crossray.reasons import CAVEATS, REASONS
from crossray.shell.trained import ONNX, WEIGHTS, Facts
from crossray.study import folders
from crossray.study.acceptance import HOME
from crossray.tables import MEAN_OF_TASKS, with_marks
from crossray.tables.acceptance import Acceptance
from crossray.tables.calibration import Calibration, OperatingPoints
from crossray.tables.contract import Row
from crossray.tables.datasets import Datasets, Labels
from crossray.tables.performance import Performance
from crossray.tables.subgroups import Subgroups
from crossray.tables.transfer import Transfer
from crossray.texts import visible

if TYPE_CHECKING:
    import pandas as pd

#: signs that make markup of a text
_MARKS = frozenset("\\`*[]<>|#!")


class Results:
    """The tables of a study, as far as they are about one model.

    Args:
        study: folder of the study.
        facts: the model.

    Raises:
        UserError: if the study has not been evaluated.
    """

    def __init__(self, study: Path, facts: Facts) -> None:
        self._folder, self._facts = study / "analysis", facts
        performance = self._of_model(Performance)
        self.performance = performance[performance["seed"] == str(facts.seed)]
        self.points = self._of_model(OperatingPoints)
        self.calibration = self._of_model(Calibration)
        self.subgroups = self._of_model(Subgroups)
        self.transfer = self._of_model(Transfer)
        self.acceptance = self._of_model(Acceptance) if (self._folder / "acceptance.csv").is_file() else None
        self.phantoms = [name for name in self._all_data() if self._is_phantom(study, name)]
        self.labels, self.datasets = self._read(Labels), self._read(Datasets)

    def _read(self, contract: type[Row]) -> "pd.DataFrame":
        path = self._folder / f"{contract.NAME}.csv"
        if not path.is_file():
            raise UserError(f"{path}: missing, and the model card is made of it; run the study first")
        return with_marks(tables.read(path, contract), path)

    def _of_model(self, contract: type[Row]) -> "pd.DataFrame":
        table = self._read(contract)
        return table[(table["model"] == self._facts.model) & (table["source"] == self._facts.source)]

    def _all_data(self) -> list[str]:
        """Return the data sets of training and tests."""
        return list(dict.fromkeys([*self._facts.datasets, *map(str, self.performance["target"])]))

    @staticmethod
    def _is_phantom(study: Path, dataset: str) -> bool:
        metadata = manifest.read_metadata(study / "manifests" / folders.MANIFEST.format(dataset=dataset))
        return bool(metadata.get("settings", {}).get("reader") == "simulated")

    def home(self) -> list[str]:
        """Return the targets that the model was trained on a part of."""
        return [str(name) for name in self.performance["target"].unique() if name in self._facts.datasets]


def card(study: Path, facts: Facts, apart: float) -> str:
    """Return a model card.

    Args:
        study: folder of the study.
        facts: the model.
        apart: largest difference of a logit between the ONNX file and torch.

    Raises:
        UserError: if a table of the study is missing.
    """
    results = Results(study, facts)
    sections = [
        _head(facts, results),
        _use(facts, apart),
        _training(facts, results),
        _performance(facts, results),
        _thresholds(facts, results),
        _calibration(results),
        _subgroups(results),
        _limits(results),
        _provenance(facts),
    ]
    lines = [line for section in sections for line in section]
    metadata = yaml.safe_dump(_metadata(facts, results), sort_keys=False, allow_unicode=True, width=10**9)
    return f"---\n{metadata}---\n\n{visible(chr(10).join(lines))}\n"


def _metadata(facts: Facts, results: Results) -> dict[str, Any]:
    """Return the metadata of Hugging Face's model cards: tags, and the AUCs as ``model-index``."""
    measured = results.performance.dropna(subset="auc")
    return {
        "library_name": "onnx",
        "pipeline_tag": "image-classification",
        "tags": ["chest-x-ray", "radiology", "crossray", "onnx", "safetensors", facts.architecture],
        "metrics": ["roc_auc"],
        "model-index": [
            {
                "name": facts.name,
                "results": [
                    {
                        "task": {"type": "image-classification", "name": f"Chest X-ray: {row.task}"},
                        "dataset": {"name": f"{row.target} ({row.task})", "type": row.target, "split": "test"},
                        "metrics": [
                            {
                                "type": "roc_auc",
                                "name": f"AUC (95% interval {_between(row, 'auc')})",
                                "value": round(float(row.auc), 4),
                            }
                        ],
                    }
                    for row in measured.itertuples()
                ],
            }
        ],
    }


def _head(facts: Facts, results: Results) -> Iterator[str]:
    yield f"# {facts.name}"
    yield ""
    kind = f"A linear probe on frozen features of a {facts.architecture}" if facts.frozen else f"A {facts.architecture}"
    yield f"{kind} that rates chest radiographs for {_list(facts.tasks)}, trained on {facts.source} "\
        f"in the CrossRay study {facts.study} (model {facts.model}, seed {facts.seed})."  # fmt: skip
    if facts.frozen:
        yield f"Only the last layer was fitted; the weights below it are of {_plain(facts.frozen)} and may have "\
            "learnt from other data."  # fmt: skip
    yield ""
    yield "**Research software, not a medical device. Not for diagnosis.** Whether it works at a hospital is known "\
        "only for those in the tables below."  # fmt: skip
    yield ""
    if results.phantoms:
        yield f"**The images of {_list(results.phantoms)} are phantoms, computer drawings of chests, not patients.**"
        yield ""


def _use(facts: Facts, apart: float) -> Iterator[str]:
    channels = {1: "one channel", 3: "three channels, all the grey image"}[facts.channels]
    channels = "three channels, red, green, blue" if facts.colour == "rgb" else channels
    square = "the largest centred square" if facts.fit == "crop" else "the whole image, centred on a black square"
    places = ", ".join(f"{_quoted(task)}: {place}" for place, task in enumerate(facts.tasks))
    yield "## Input and output"
    yield ""
    yield "| file | content |"
    yield "|---|---|"
    yield f"| `{ONNX}` | input `images`: float32, (images, {facts.channels}, {facts.size}, {facts.size}), levels 0 "\
        "black to 255 white; output `logits`: (images, tasks) |"  # fmt: skip
    yield f"| `{WEIGHTS}` | the state dict of the {facts.architecture}, whose metadata say how to build it |"
    yield "| `crossray.json` | tasks, thresholds and preprocessing, for programs |"
    yield ""
    yield f"Outputs, in order: {_list(f'{place} {task}' for place, task in enumerate(facts.tasks))}. They are logits: "\
        + ("their softmax is the probability of each class." if facts.objective == "multiclass"
           else "the sigmoid of each is a probability.")  # fmt: skip
    yield ""
    yield f"An image must be prepared as in the study: DICOM shown as a viewer does (modality and VOI transform, "\
        f"inverted for MONOCHROME1), then {square}, resized by area to {facts.size} x {facts.size} pixels, rounded to "\
        f"8 bits, {channels}. `crossray predict` does all this. On the study's images, onnxruntime and torch "\
        f"(float32) differ by at most {apart:.1e} of a logit."  # fmt: skip
    yield ""
    yield "```"
    yield "crossray predict FOLDER film.dcm"
    yield "```"
    yield ""
    yield "In a CrossRay study it is an external model:"
    yield ""
    yield "```yaml"
    yield f"images: {{ size: {facts.size}, fit: {facts.fit}, colour: {facts.colour} }}"
    yield "external:"
    yield f"  {facts.model}: {{ onnx: FOLDER/{ONNX}, tasks: {{ {places} }}, input: {{ range: [0, 255], channels: "\
        f"{facts.channels} }}, output: logit }}"  # fmt: skip
    yield "```"
    yield ""


def _training(facts: Facts, results: Results) -> Iterator[str]:
    yield "## Training data"
    yield ""
    yield from _table(
        ["data set", "split", "images", "patients"],
        (
            [row.dataset, row.value, row.images, row.patients]
            for row in results.datasets.itertuples()
            if row.dataset in facts.datasets and row.property == "split" and row.split == "all"
        ),
    )
    yield "Labels of the training split:"
    yield ""
    yield from _table(
        ["data set", "finding", "with", "without", "unknown"],
        (
            [row.dataset, row.task, row.positives, row.negatives, row.unknown]
            for row in results.labels.itertuples()
            if row.dataset in facts.datasets and row.split == "train" and row.task in facts.tasks
        ),
    )
    yield "Who the patients are, all splits together:"
    yield ""
    yield from _table(
        ["data set", "property", "value", "images", "patients"],
        (
            [row.dataset, row.property, row.value, row.images, row.patients]
            for row in results.datasets.itertuples()
            if row.dataset in facts.datasets and row.property in ("sex", "age", "view") and row.split == "all"
        ),
    )


def _performance(facts: Facts, results: Results) -> Iterator[str]:
    yield "## Performance"
    yield ""
    yield "Area under the ROC curve on test images of patients that the model was not trained on, with 95% intervals "\
        "over patients. Internal: of the hospital it was trained at; external: of another."  # fmt: skip
    yield ""
    yield from _table(
        ["test", "at", "finding", "patients", "images with", "without", "AUC", "interval"],
        (
            [
                "internal" if row.target in facts.datasets else "external", row.target, row.task, row.patients,
                row.positives, row.negatives, *_auc(row),
            ]
            for row in results.performance.itertuples()
        ),
    )  # fmt: skip
    yield from _legend(results)
    drops = results.transfer.dropna(subset="drop")
    drops = drops[~drops["target"].isin(facts.datasets)]
    if len(drops):
        yield "Mean AUC over the findings that both label, and how much of it is lost elsewhere:"
        yield ""
        yield from _table(
            ["at", "findings", "internal", "there", "drop", "interval"],
            (
                [row.target, row.shared_tasks, _number(row.home_auc), _number(row.away_auc), _number(row.drop),
                 _between(row, "drop")]
                for row in drops.itertuples()
            ),
        )  # fmt: skip


def _legend(results: Results) -> Iterator[str]:
    """Yield what the letters in the place of numbers, and beside them, mean."""
    there = {*results.performance["reason"], *results.performance["caveat"], *results.subgroups["reason"]}
    yield from _listed(f"**{code}**: {words}." for code, words in (REASONS | CAVEATS).items() if code in there)


def _thresholds(facts: Facts, results: Results) -> Iterator[str]:
    yield "## Thresholds"
    yield ""
    yield "Youden's, chosen on the validation split of the source; a logit from there on is called positive. On "\
        "another hospital's images they need not hold."  # fmt: skip
    yield ""
    rows = results.points
    rows = rows[(rows["rule"] == "youden") & (rows["chosen_on"] == HOME)]
    rows = rows[rows["task"].isin(facts.tasks)]
    yield from _table(
        ["finding", "threshold", "at", "sensitivity", "interval", "specificity", "interval"],
        (
            [
                row.task, _number(row.threshold, 3), row.target,
                _number(row.sensitivity), _between(row, "sensitivity"),
                _number(row.specificity), _between(row, "specificity"),
            ]
            for row in rows.itertuples()
            if row.sensitivity == row.sensitivity
        ),
    )  # fmt: skip


def _calibration(results: Results) -> Iterator[str]:
    yield "## Calibration"
    yield ""
    yield "Of the sigmoid of the logits: error 0, slope 1 and ratio 1 if probabilities are right."
    yield ""
    rows = results.calibration[results.calibration["scale"] == "probability"]
    yield from _table(
        ["at", "finding", "calibration error", "interval", "slope", "observed / expected"],
        (
            [
                row.target, row.task, _number(row.calibration_error),
                _between(row, "calibration_error"),
                _number(row.slope), _number(row.observed_expected),
            ]
            for row in rows.itertuples()
            if row.calibration_error == row.calibration_error
        ),
    )  # fmt: skip


def _subgroups(results: Results) -> Iterator[str]:
    yield "## Subgroups"
    yield ""
    yield "AUC among the images of a group: each finding where the model was trained, the mean of findings elsewhere."
    yield ""
    rows, home = results.subgroups, results.home()
    shown = rows[rows["target"].isin(home) | (rows["task"] == MEAN_OF_TASKS)]
    yield from _table(
        ["at", "finding", "group", "patients", "AUC", "interval"],
        (
            [row.target, row.task, f"{row.attribute}: {row.group}", row.patients, *_auc(row)]
            for row in shown.itertuples()
        ),
    )


def _limits(results: Results) -> Iterator[str]:
    yield "## Where it must not be used"
    yield ""
    yield from _listed(
        [
            "For decisions about patients: it is research software.",
            "On other images than chest radiographs, or prepared in another way than above.",
            "At a hospital that is not in the tables above: test it there first.",
            *_untested_groups(results),
            *_poor(results),
            *_unaccepted(results),
        ]
    )


def _untested_groups(results: Results) -> Iterator[str]:
    """Yield groups of the internal test that are too small for a number in every finding."""
    rows = results.subgroups[results.subgroups["target"].isin(results.home())]
    for (attribute, group), part in rows.groupby(["attribute", "group"], sort=False):
        if part["auc"].isna().all():
            yield f"For patients of the group {_plain(f'{attribute}: {group}')}: too few were tested for any number."


def _poor(results: Results) -> Iterator[str]:
    """Yield where the model is not better than chance, and where there is no number at all."""
    for row in results.performance.itertuples():
        if row.auc == row.auc and row.auc_low <= 0.5:
            auc = f"AUC {_number(row.auc)}, interval {_between(row, 'auc')}"
            yield f"{_place(row)}: it is not shown to be better than chance ({auc})."
        elif row.auc != row.auc:
            yield f"{_place(row)}: there is no number ({REASONS.get(row.reason, row.reason)})."


def _unaccepted(results: Results) -> Iterator[str]:
    """Yield what the study's acceptance criteria say."""
    if results.acceptance is None:
        return
    for row in results.acceptance[results.acceptance["criterion"] == "all"].itertuples():
        if row.answer != "met":
            threshold = f"with the threshold from the {row.threshold_from}"
            yield f"{_place(row)}: the study's acceptance criteria are not shown to be met, {threshold}: {row.answer}."


def _place(row: Any) -> str:
    return f"For {_plain(row.task)} at {_plain(row.target)}"


def _provenance(facts: Facts) -> Iterator[str]:
    yield "## Provenance"
    yield ""
    yield f"Weights: SHA-256 `{facts.sha256}`. Study {facts.study}, model {facts.model}, source {facts.source} "\
        f"({_list(facts.datasets)}), seed {facts.seed}. Methods and limits are in the study's report."  # fmt: skip


def _auc(row: Any) -> tuple[str, str]:
    """Return an AUC and its interval, or the code of the reason that there is none."""
    if row.auc != row.auc:
        return f"**{row.reason}**", ""
    caveat = getattr(row, "caveat", None)
    mark = f" **{caveat}**" if isinstance(caveat, str) else ""
    return _number(row.auc) + mark, _between(row, "auc")


def _number(value: Any, digits: int = 2) -> str:
    """Write a number; what is missing is empty."""
    return f"{value:.{digits}f}" if value == value else ""


def _between(row: Any, name: str) -> str:
    """Write the interval of a number."""
    return f"{_number(getattr(row, f'{name}_low'))} to {_number(getattr(row, f'{name}_high'))}"


def _table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """Yield a table, or that there is nothing to show."""
    lines = [f"| {' | '.join(_cell(one) for one in row)} |" for row in rows]
    if lines:
        yield f"| {' | '.join(columns)} |"
        yield f"|{'---|' * len(columns)}"
        yield from lines
    else:
        yield "No number."
    yield ""


def _cell(value: Any) -> str:
    """Write a value so that no text of a data set makes markup: of a name, a link or another column."""
    if isinstance(value, float):
        return f"{value:g}" if value == value else ""
    text = str(value)
    return text if text.startswith("**") and text.endswith("**") else _plain(text)


def _plain(text: str) -> str:
    return " ".join("".join(f"\\{sign}" if sign in _MARKS else sign for sign in text).split())


def _quoted(text: str) -> str:
    return yaml.safe_dump(text, default_flow_style=True, width=10**9, allow_unicode=True).split("\n")[0]


def _list(texts: Iterable[str]) -> str:
    return ", ".join(_plain(text) for text in texts)


def _listed(lines: Iterable[str]) -> Iterator[str]:
    lines = list(lines)
    yield from (f"- {line}" for line in lines)
    if lines:
        yield ""
