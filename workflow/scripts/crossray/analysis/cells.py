"""The cells of a study: models x sources x targets x seeds, with their predictions."""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crossray import manifest, predicted_counts, predictions, reasons
from crossray.analysis import counted, refusals, repeated_aucs
from crossray.analysis.resampling import patient_weights
from crossray.analysis.units import combined, labels_of, unit_of
from crossray.errors import UserError, listed
from crossray.histograms import MIDDLE, Arrangement, OfModel, Sizes, Worth
from crossray.predictions import Predictions
from crossray.seeds import derived_seed
from crossray.statistics import class_log_odds
from crossray.study import folders
from crossray.study.names import BINARY_ANSWER, LOGIT, MULTICLASS, PROBABILITY, UNITS
from crossray.study.stages.analysis import Analysis, Intervals
from crossray.tables import ENSEMBLE, MEAN_OF_TRAININGS


@dataclass(frozen=True)
class ModelKey:
    """A model name and the source that it was trained on."""

    model: str
    source: str


@dataclass(frozen=True)
class ScoredSplit:
    """The images of one split of a data set, and what the models make of them.

    Attributes:
        dataset: its name.
        labels: rows of the manifest by image_id, those that were predicted.
        logits: trained -> seed or ``ensemble`` -> one float64 column per task, in the order of ``labels``. Of classes
            they are log-odds against all other classes, whose sigmoid is the probability of the softmax.
        minimum: patients with a finding, and without it, that a number needs.
        refused: those for which no number is given, as patients whom they learnt from are among these.
        diverged: (trained, seed) -> tasks whose outputs are not numbers, which ``logits`` leaves out.
        scales: what the outputs of models are that are no logits; only those of probabilities are logits here too.
        missing: models without outputs for the data set: external ones, and where images stay at their site all that
            are trained.
        stays: whether the images stay at their site.
        cohort: whose patients they are; the data set's own where it is empty.
        others: patients of the cohort whom other targets have in this split.
        sizes: task -> how many images and patients it is labelled for, where a site sends counts alone; ``labels`` and
            ``logits`` then have as many images of nobody, which only what histograms determine may be taken from.
        worths: (trained, task) -> what the interval of an AUC takes there, as the images of a patient are not known.
    """

    dataset: str
    labels: pd.DataFrame
    logits: Mapping[ModelKey, Mapping[str, pd.DataFrame]]
    minimum: int
    refused: Set[ModelKey] = frozenset()
    diverged: Mapping[tuple[ModelKey, str], Set[str]] = field(default_factory=dict)
    scales: Mapping[ModelKey, str] = field(default_factory=dict)
    missing: Set[ModelKey] = frozenset()
    stays: bool = False
    cohort: str = ""
    others: Set[str] = frozenset()
    sizes: Mapping[str, Sizes] | None = None
    worths: Mapping[tuple[ModelKey, str], Worth] = field(default_factory=dict)

    @cached_property
    def patients(self) -> NDArray[np.int64]:
        """Number of the patient of each image, from 0."""
        return pd.factorize(self.labels["patient_id"])[0]

    @cached_property
    def patient_count(self) -> int:
        """Number of patients."""
        return int(self.patients.max()) + 1 if len(self.patients) else 0

    def has_probability(self, trained: ModelKey) -> bool:
        """Return whether a model's outputs are probabilities, or log-odds of these."""
        return self.scales.get(trained, LOGIT) in (LOGIT, PROBABILITY)

    def reported_seed(self, trained: ModelKey) -> str:
        """Return whose logits represent a model: the ensemble's if there are several seeds, else the only one's."""
        seeds = self.logits[trained]
        return ENSEMBLE if ENSEMBLE in seeds else next(iter(seeds))

    def reported(self, trained: ModelKey) -> pd.DataFrame:
        """Return the logits that represent a model, where its trainings are not measured one by one."""
        return self.logits[trained][self.reported_seed(trained)]

    def each_training(self, trained: ModelKey) -> list[pd.DataFrame]:
        """Return the logits of each training."""
        return [logits for seed, logits in self.logits[trained].items() if seed != ENSEMBLE]

    def repeated(self, trained: ModelKey, task: str, among: NDArray[np.bool_] | None = None) -> repeated_aucs.Repeated:
        """Measure the mean AUC of a model's trainings on the images whose label is known, or on some of them."""
        given = [one[task].notna().to_numpy() for one in self.each_training(trained)]
        here = np.logical_and.reduce([self.labels[task].notna().to_numpy(), *given])
        here = here if among is None else here & among
        truth, scores = (
            self.labels[task].to_numpy()[here],
            [one[task].to_numpy()[here] for one in self.each_training(trained)],
        )
        found = repeated_aucs.measure(truth, scores, self.patients[here], self.patient_count)
        worth = self.worths.get((trained, task))
        return replace(found, measured=replace(found.measured, **worth.as_dict())) if worth else found

    def count(self, trained: ModelKey, seed: str, task: str) -> dict[str, Any]:
        """Count what is behind a cell: images, patients, positives, negatives; and why it has no number (reason)."""
        seed = ENSEMBLE if seed == MEAN_OF_TRAININGS else seed
        labels = self.labels[task] if task in self.labels else pd.Series(np.nan, self.labels.index)
        given = trained not in self.missing
        told = self.sizes is None or task in self.sizes
        labelled = not told or not labels.isna().all()
        reason = reasons.why_not(labelled=labelled, stays=self.stays and not (given and told), given=given)
        outputs = self.logits[trained][seed]
        known = labels.notna().to_numpy() & (reason is None)
        known = known & outputs[task].notna().to_numpy() if task in outputs else known
        labels = labels[known]
        patients, fewest = self._patients(task, labels, known)
        reason = reason or reasons.why_not(
            diverged=task in self.diverged.get((trained, seed), ()),
            trained=task in outputs,
            overlap=trained in self.refused,
            enough=fewest >= self.minimum,
            ranked=self.scales.get(trained) != BINARY_ANSWER,
        )
        return {
            "images": len(labels), "patients": patients, "positives": int((labels == 1).sum()),
            "negatives": int((labels == 0).sum()), "reason": reason,
        }  # fmt: skip

    def _patients(self, task: str, labels: pd.Series, known: NDArray) -> tuple[int, int]:
        """Count the patients of images with a label, and those of the class that has fewer."""
        if self.sizes is not None and task in self.sizes:
            sizes = self.sizes[task]
            return (sizes.patients if len(labels) else 0), min(sizes.positive_patients, sizes.negative_patients)
        patients = self.labels["patient_id"][known]
        return patients.nunique(), fewest_patients(labels, patients)

    def key(self, trained: ModelKey) -> dict[str, str]:
        """Return the columns that name a model and this target in a table."""
        return {"model": trained.model, "source": trained.source, "target": self.dataset}

    def measurable(self, trained: ModelKey, task: str) -> bool:
        """Return whether a model, as reported, has a number for a task."""
        return self.count(trained, self.reported_seed(trained), task)["reason"] is None

    def cells(self, tasks: Sequence[str]) -> "Iterator[Cell]":
        """Yield a cell for every model, seed and task, also those that have no number."""
        for trained, seeds in self.logits.items():
            for seed in seeds:
                yield from (Cell(self, trained, seed, task) for task in tasks)

    def weights(self, evaluation: Intervals) -> NDArray[np.uint16]:
        """Draw the bootstrap resamples of patients, a cohort's once for all its data sets and all analyses of a study.

        Returns:
            Counts of shape (resamples, images). Whatever is compared in them is paired.
        """
        seed = derived_seed(evaluation.seed, "bootstrap", self.cohort or self.dataset)
        own = self.labels["patient_id"]
        drawn = pd.Index(sorted({*own, *self.others}) if self.others else own.unique())
        if not len(drawn):  # of a site that sends counts
            return np.empty((evaluation.resamples, 0), np.uint16)
        return patient_weights(np.arange(len(drawn)), evaluation.resamples, seed)[:, drawn.get_indexer(own)]


@dataclass(frozen=True)
class Cell:
    """A model of a source and its seed (or the ensemble of all), on a target's test images, for a task."""

    scored: ScoredSplit
    trained: ModelKey
    seed: str
    task: str

    @property
    def key(self) -> dict[str, str]:
        """Return the columns that name it in a table."""
        return self.scored.key(self.trained) | {"task": self.task}

    @property
    def is_reported(self) -> bool:
        """Return whether a report shows it."""
        return self.seed == self.scored.reported_seed(self.trained)

    @cached_property
    def counts(self) -> dict[str, Any]:
        """What is behind it, and why it has no number (:meth:`ScoredSplit.count`)."""
        return self.scored.count(self.trained, self.seed, self.task)

    @property
    def has_number(self) -> bool:
        """Return whether nothing speaks against a number."""
        return self.counts["reason"] is None

    @property
    def logits(self) -> NDArray[np.float64]:
        """Logits of all images, shape (images,)."""
        return self.scored.logits[self.trained][self.seed][self.task].to_numpy()

    @property
    def known(self) -> tuple[NDArray, NDArray, NDArray]:
        """Return labels and logits of the images whose label is known, and which those are."""
        return known(self.scored.labels, self.scored.logits[self.trained][self.seed], self.task)


@dataclass(frozen=True)
class Study:
    """Where a study's predictions and manifests lie, and which there are.

    Attributes:
        predictions: folder of predictions, ``{model}/{source}/{seed}/{split}/{dataset}.parquet`` below it.
        manifests: folder of the study's manifests, ``{dataset}.parquet`` in it.
        settings: what the study holds.
        refused: pairs of a source and a target for which no number is given, as patients are in both (reason O).
        arrangement: where in their bins the images of sites that send counts are taken to lie.
    """

    predictions: Path
    manifests: Path
    settings: Analysis
    refused: Set[tuple[str, str]] = frozenset()
    arrangement: Arrangement = MIDDLE

    def trained(self) -> Iterator[ModelKey]:
        """Yield every pair of a model and a source that it is trained on."""
        for model in self.settings.models:
            for source in self.settings.sources_of[model]:
                yield ModelKey(model, source)

    def targets(self, *, counts: bool = False) -> Iterator[ScoredSplit]:
        """Yield every target's test split with the predictions of all models.

        Args:
            counts: whether histograms will do, of sites that send counts alone; else there is nothing of these, and
                every number has reason S.
        """
        for target in self.settings.targets:
            if counts and target in self.settings.counted:
                yield self._counted(target)
            else:
                yield self.scored(target, "test", list(self.trained()))

    def sent(self, target: str) -> dict[ModelKey, OfModel]:
        """Read what a site that sends counts sent of each model."""
        names = {"split": "test", "seed": self.settings.seeds[0], "target": target}
        folder = self.predictions
        return {
            one: predicted_counts.read(folder / folders.PREDICTION.format(model=one.model, source=one.source, **names))
            for one in self.trained()
            if self.has_outputs(one, target)
        }

    def _counted(self, target: str) -> ScoredSplit:
        """Return what a site's counts say, as images of nobody."""
        found, seed = self.sent(target), str(self.settings.seeds[0])
        missing = frozenset(one for one in self.trained() if one not in found)
        made = counted.images_of(found, self.settings.tasks, self.arrangement)
        nothing = pd.DataFrame(index=made.labels.index)
        seeds = {one: dict.fromkeys(map(str, self.seeds_of(one.model)), nothing) for one in missing}
        seeds |= {one: {seed: logits} for one, logits in made.logits.items()}
        logits = {one: self._with_ensemble(seeds[one]) for one in self.trained()}
        refused = frozenset(one for one in self.trained() if self.is_refused(one, target))
        return ScoredSplit(
            target, made.labels, logits, self.minimum(target), refused, missing=missing, stays=True,
            cohort=self.settings.cohorts[target], sizes=made.sizes, worths=made.worths,
        )  # fmt: skip

    def cells(self, scored: ScoredSplit) -> Iterator[tuple[ModelKey, list[Cell]]]:
        """Yield every model with the cells of a target that a report shows and that have a number, in tasks' order."""
        cells = [cell for cell in scored.cells(self.settings.tasks) if cell.is_reported]
        for trained in scored.logits:
            yield trained, [cell for cell in cells if cell.trained == trained and cell.has_number]

    def scored(self, dataset: str, split: str, trained: Sequence[ModelKey]) -> ScoredSplit:
        """Read labels and logits of a split, of images or of what the study counts in their place.

        Raises:
            UserError: if two predictions are not for the same images.
        """
        by_counts = dataset in self.settings.counted
        missing = frozenset(one for one in trained if by_counts or not self.has_outputs(one, dataset))
        files = {one: self._read(one, split, dataset) for one in trained if one not in missing}
        table = manifest.read(self.manifests / folders.MANIFEST.format(dataset=dataset)).set_index("image_id")
        labels, outputs = self._of_units(files, table, dataset, split)
        logits, diverged = self._numbers(outputs)
        logits |= {one: self._without_few(tables, one, labels, dataset) for one, tables in logits.items()}
        nothing = pd.DataFrame(index=labels.index)
        for one in missing:
            logits[one] = self._with_ensemble(dict.fromkeys(map(str, self.seeds_of(one.model)), nothing))
        scales = {one: next(iter(seeds.values())).scale for one, seeds in files.items()}
        refused = frozenset(one for one in trained if self.is_refused(one, dataset))
        cohort, others = self.settings.cohorts[dataset], self._others(dataset, split)
        return ScoredSplit(
            dataset, labels, {one: logits[one] for one in trained}, self.minimum(dataset), refused, diverged,
            scales, missing, dataset in self.settings.at_sites, cohort, others, {} if by_counts else None,
        )  # fmt: skip

    def has_outputs(self, trained: ModelKey, dataset: str) -> bool:
        """Return whether there are outputs of a model for the images of a data set, or a site's counts of them."""
        external = self.settings.external.get(trained.model)
        return dataset in external.targets if external else dataset not in self.settings.at_sites

    def _of_units(
        self, files: Mapping[ModelKey, Mapping[str, Predictions]], table: pd.DataFrame, dataset: str, split: str
    ) -> tuple[pd.DataFrame, dict[ModelKey, dict[str, pd.DataFrame]]]:
        """Return the labels of what is counted, and every model's outputs for it, in the same order.

        Args:
            files: what was read of each model and seed.
            table: the manifest of the data set by image_id.
            dataset: its name.
            split: which of its splits.
        """
        unit, how = self.settings.evaluation.unit, self.settings.evaluation.combine
        every = [(one, seed, file) for one, seeds in files.items() for seed, file in seeds.items()]
        by_image = [file.table.index for _, _, file in every if file.unit == "image"]
        if by_image:
            check_rows(table.reindex(by_image[0].intersection(table.index)), by_image[0], f"manifest of {dataset}")
            rows = table.loc[by_image[0]]
        else:
            rows = table[table["split"] == split]
            for _, _, file in every:
                rows = rows[rows[UNITS[file.unit]].isin(file.table.index)]
        owners = {name: unit_of(rows, name, dataset) for name in {unit, *(file.unit for _, _, file in every)}}
        labels = rows if unit == "image" else labels_of(rows, owners[unit])
        outputs: dict[ModelKey, dict[str, pd.DataFrame]] = {one: {} for one in files}
        for one, seed, file in every:
            what = f"predictions of {one.model} trained on {one.source}, seed {seed}, for {dataset} ({split})"
            if list(UNITS).index(file.unit) > list(UNITS).index(unit):
                raise UserError(
                    f"{what}: are by {file.unit}, and evaluation.unit is {unit}; set it to {file.unit}, as nothing is "
                    "copied to images"
                )
            check_rows(file.table, pd.Index(owners[file.unit].unique()), what)
            if file.unit != unit:
                of_smaller = owners[unit].groupby(owners[file.unit].to_numpy(), sort=False).first()
                outputs[one][seed] = combined(file.as_logits(), of_smaller, how)
            else:
                outputs[one][seed] = file.as_logits()
        return labels, {one: self._with_ensemble(seeds) for one, seeds in outputs.items()}

    def _others(self, dataset: str, split: str) -> frozenset[str]:
        """Return the patients whom other targets of the same cohort have in a split."""
        cohorts = self.settings.cohorts
        found: set[str] = set()
        for other in self.settings.targets:
            if other != dataset and cohorts[other] == cohorts[dataset]:
                rows = manifest.read(self.manifests / folders.MANIFEST.format(dataset=other))
                found.update(rows.loc[rows["split"] == split, "patient_id"])
        return frozenset(found)

    def minimum(self, dataset: str) -> int:
        """Return the minimum number of patients with a finding, and without; more if smaller counts are withheld."""
        rule = self.settings.small_cells
        least = rule.below if rule and dataset in rule.closed else 0
        return max(self.settings.evaluation.minimum, least)

    def is_refused(self, trained: ModelKey, dataset: str) -> bool:
        """Return whether a model, or one that it started from, learnt from patients of a target."""
        if trained.model in self.settings.external:
            return self.settings.overlap != "keep" and dataset in self.settings.external[trained.model].refused
        sources = trained.source, *self.settings.origins[trained.model]
        return any((source, dataset) in self.refused for source in sources)

    def validation(self, trained: ModelKey) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
        """Read labels and logits of the validation splits of all data sets of a source, one below the other.

        Returns:
            Manifest rows; and seed or ``ensemble`` -> logits, in the same order.
        """
        parts = [self.scored(name, "validation", [trained]) for name in self.settings.members[trained.source]]
        seeds = parts[0].logits[trained]
        logits = {seed: pd.concat([part.logits[trained][seed] for part in parts], join="inner") for seed in seeds}
        return pd.concat([part.labels for part in parts]), logits

    def seeds_of(self, model: str) -> tuple[int, ...]:
        """Return the seeds of a model's trainings; an external model exists once, under the first."""
        return self.settings.seeds[:1] if model in self.settings.external else self.settings.seeds

    def _read(self, trained: ModelKey, split: str, dataset: str) -> dict[str, Predictions]:
        """Read the outputs of each seed."""
        names = {"model": trained.model, "source": trained.source, "split": split, "target": dataset}
        return {
            str(seed): predictions.read(self.predictions / folders.PREDICTION.format(seed=seed, **names))
            for seed in self.seeds_of(trained.model)
        }

    def _without_few(
        self, tables: Mapping[str, pd.DataFrame], trained: ModelKey, labels: pd.DataFrame, dataset: str
    ) -> dict[str, pd.DataFrame]:
        """Leave out more outputs of an external model where it refused so few images that nobody may know it."""
        rule = self.settings.small_cells
        if not rule or dataset not in rule.closed or trained.model not in self.settings.external:
            return dict(tables)
        name = f"{trained.model}/{dataset}"
        return {seed: refusals.left_out(table, labels, rule.below, name) for seed, table in tables.items()}

    def _with_ensemble(self, tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
        """Add the mean of several seeds; where others have several, what is there once is its own mean."""
        if len(self.settings.seeds) == 1:
            return dict(tables)
        first = next(iter(tables.values()))
        tasks = [task for task in first if all(task in table for table in tables.values())]
        return {**tables, ENSEMBLE: sum((table[tasks] for table in tables.values()), start=0.0) / len(tables)}

    def _numbers(
        self, logits: Mapping[ModelKey, Mapping[str, pd.DataFrame]]
    ) -> tuple[dict[ModelKey, dict[str, pd.DataFrame]], dict[tuple[ModelKey, str], Set[str]]]:
        """Leave out outputs that are not numbers, as of a training that diverged, and say which; all of classes."""
        classes = self.settings.objective == MULTICLASS
        kept: dict[ModelKey, dict[str, pd.DataFrame]] = {}
        diverged: dict[tuple[ModelKey, str], Set[str]] = {}
        for one, tables in logits.items():
            kept[one] = {}
            for seed, table in tables.items():
                if one.model in self.settings.external:
                    kept[one][seed] = table  # a missing number is an image that the model refused
                    continue
                wrong = [task for task in table if not np.isfinite(table[task]).all()]
                diverged[one, seed] = frozenset(table if wrong and classes else wrong)
                numbers = table.drop(columns=list(diverged[one, seed]))
                kept[one][seed] = _log_odds(numbers) if classes and not numbers.empty else numbers
        return kept, diverged


def joined(parts: Sequence[ScoredSplit]) -> ScoredSplit:
    """Return the images of several data sets as those of one."""
    first = parts[0]
    logits = {
        trained: {seed: pd.concat([part.logits[trained][seed] for part in parts], join="inner") for seed in tables}
        for trained, tables in first.logits.items()
    }
    name = " + ".join(part.dataset for part in parts)
    refused = frozenset().union(*(part.refused for part in parts))
    diverged = {key: frozenset().union(*(part.diverged.get(key, ()) for part in parts)) for key in first.diverged}
    missing = frozenset().union(*(part.missing for part in parts))
    labels = pd.concat([part.labels for part in parts])
    return ScoredSplit(name, labels, logits, first.minimum, refused, diverged, first.scales, missing)


def _log_odds(logits: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(class_log_odds(logits.to_numpy()), logits.index, logits.columns)


def known(labels: pd.DataFrame, logits: pd.DataFrame, task: str) -> tuple[NDArray, NDArray, NDArray]:
    """Return labels and scores of the images that have both, and which those are."""
    here = (labels[task].notna() & logits[task].notna()).to_numpy()
    return labels[task].to_numpy()[here], logits[task].to_numpy()[here], here


def fewest_patients(labels: NDArray | pd.Series, patients: NDArray | pd.Series) -> int:
    """Count the patients with an image of each class, and return the smaller number.

    Args:
        labels: 0 or 1, shape (images,).
        patients: whose each image is, shape (images,).
    """
    positive = np.asarray(labels) == 1
    owners = np.asarray(patients)
    return min(len(pd.unique(owners[positive])), len(pd.unique(owners[~positive])))


def check_rows(table: pd.DataFrame, expected: Sequence[str] | pd.Index, what: str) -> None:
    """Check that a table has exactly the expected images, in order.

    Raises:
        UserError: if images are missing, too many, or in another order; the message names some.
    """
    wrong = table.index.symmetric_difference(pd.Index(expected))
    if len(wrong):
        raise UserError(
            f"{what}: {len(wrong)} images are missing or too many ({listed(wrong)}); "
            "delete the predictions and run again"
        )
    if not table.index.equals(pd.Index(expected)):
        raise UserError(f"{what}: the images are in another order; delete the predictions and run again")
