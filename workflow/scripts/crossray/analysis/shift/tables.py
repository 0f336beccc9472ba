"""Every pair of a source and a target, task by task: the terms of the drop, the verdict, and its evidence."""

import itertools
import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import false_discovery_control

from crossray import reasons
from crossray.analysis.cells import ModelKey, ScoredSplit, Study, check_rows, joined
from crossray.analysis.home_calibration import calibration_of
from crossray.analysis.in_processes import results
from crossray.analysis.resampling import interval, with_interval
from crossray.analysis.shift import signatures
from crossray.analysis.shift.cell import Explained, ShiftSample, explain, harmonic, null_floor
from crossray.analysis.shift.decides import cheapest
from crossray.analysis.shift.representation import COMPONENTS, LEAN, RICH, TAKEN, inner_components, representations
from crossray.analysis.shift.terms import CAUSES, LOG_LOSS, METRICS
from crossray.analysis.shift.verdict import judge, present
from crossray.seeds import derived_seed
from crossray.study.names import named

log = logging.getLogger(__name__)

KEYS = ["model", "source", "target", "task"]
TERMS = ("drop", "prevalence", "case_mix", "familiar", "new", "image", "threshold", "noise", "other", "concept")
_ENDS = ("", "_low", "_high")

#: one row a cell and metric; a positive term makes performance worse; log-loss in nats
COLUMNS = [*KEYS, "metric", "images", "positives", "negatives", "source_images", "reason",
           *(f"{term}{end}" for term in TERMS for end in _ENDS),
           *(f"{cause}_present" for cause in CAUSES), "verdict", "why", "decides"]  # fmt: skip
_OFFSETS = ("implied", "recorded", "level", "threshold_shift", "wrong_labels")
#: one row per cell with a verdict: the evidence for it
EVIDENCE_COLUMNS = [*KEYS, *(f"{name}{end}" for name in _OFFSETS for end in _ENDS), "step", "applied",
                    "told_apart", "told_apart_lean", "overlap", "imbalance", "label_rule", "same_labels_p",
                    "taken_alike_p", "as_prevalent_p",
                    *(f"{cause}_{kind}" for cause in CAUSES for kind in ("p", "q", "floor")),
                    "lean_image", "lean_concept", *(f"recorded_{cause}" for cause in CAUSES),
                    *signatures.COLUMNS]  # fmt: skip

#: random halves of a source's test images behind the floor of its terms
_HALVES = 20


@dataclass(frozen=True)
class Described:
    """A target's described test images: labels and logits of these alone, and what they look like.

    Attributes:
        scored: all test images, with what models make of them.
        places: the described ones among them.
        patients: whose these are, as numbers.
        looks: representation -> their features, without what a model makes of them.
        inner: ``model/source`` -> what it makes of them before its last layer; empty unless it is asked for.
    """

    scored: ScoredSplit
    places: NDArray
    patients: NDArray
    looks: Mapping[str, NDArray]
    inner: Mapping[str, NDArray]


def measure(
    study: Study, minimum: int, resamples: int, descriptions: Mapping[str, pd.DataFrame], twins: pd.DataFrame,
    processes: int = 1,
) -> tuple[pd.DataFrame, pd.DataFrame]:  # fmt: skip
    """Explain every source at every target that is not part of it.

    A source that pools data sets has the test images of all of them as its home; it is left out if one is no target.

    Args:
        study: the predictions.
        minimum: positives and negatives that both sides need for a verdict.
        resamples: of patients behind each interval.
        descriptions: target -> table of ``describe_images.py``.
        twins: radiographs that two data sets have: first, second, first_id, second_id; what the source's readers said
            of one is a second reading of the target's.
        processes: that explain cells beside one another; the tables are the same with any number.

    Returns:
        Tables with :data:`COLUMNS` and :data:`EVIDENCE_COLUMNS`.
    """
    described = _described(study, descriptions)
    homes = {
        source: _joined([described[name] for name in members])
        for source, members in study.settings.members.items()
        if members and set(members) <= set(described)
    }
    fitted = dict(_calibrations(study, homes))
    explaining = Explaining(study, minimum, resamples, homes, described, twins, fitted)
    parts = list(fitted)
    cells: list[Cell] = []
    for number, ((trained, task), found) in enumerate(results(explaining, parts, processes), 1):
        log.info("%s, %s: %d of %d", named(trained.model, trained.source), task, number, len(parts))
        cells += found
    cells += _staying(study, homes)
    adjusted = _adjusted(cells)
    rows, evidence = [], []
    for cell, q in zip(cells, adjusted, strict=True):
        rows += list(_rows(cell, q))
        if cell.found:
            evidence.append(_evidence(cell, cell.found, q))
    return pd.DataFrame(rows, columns=COLUMNS), pd.DataFrame(evidence, columns=EVIDENCE_COLUMNS)


@dataclass(frozen=True)
class Cell:
    """A cell with its key, counts (or the reason why there is nothing), and what was found."""

    key: Mapping[str, str]
    counts: Mapping[str, Any]
    found: Explained | None = None
    floor: Mapping[str, Mapping[str, float]] | None = None
    signs: Mapping[str, float] | None = None


def _described(study: Study, descriptions: Mapping[str, pd.DataFrame]) -> dict[str, Described]:
    """Join descriptions with labels and logits.

    Raises:
        UserError: if an image has features but no prediction.
    """
    targets = {scored.dataset: scored for scored in study.targets() if not scored.stays}
    tables = {name: descriptions[name].set_index("image_id") for name in targets}
    for name, table in tables.items():
        here = targets[name].labels.index.isin(table.index)
        check_rows(targets[name].labels[here], table.index, f"descriptions of {name}")
    rows = {name: targets[name].labels.loc[table.index] for name, table in tables.items()}
    looks, inner = representations(tables, rows), inner_components(tables)
    cohorts = study.settings.cohorts
    people = pd.concat([cohorts[name] + "\n" + rows[name]["patient_id"] for name in targets])
    numbers = pd.Series(pd.factorize(people)[0], index=np.repeat(list(targets), [len(rows[name]) for name in targets]))
    return {
        name: Described(scored, scored.labels.index.get_indexer(tables[name].index), numbers[[name]].to_numpy(),
                        looks[name], inner[name])
        for name, scored in targets.items()
    }  # fmt: skip


def _joined(parts: Sequence[Described]) -> Described:
    """Return the described test images of several data sets as those of one."""
    if len(parts) == 1:
        return parts[0]
    images = np.cumsum([0, *(len(part.scored.labels) for part in parts[:-1])])
    return Described(
        joined([part.scored for part in parts]),
        np.concatenate([start + part.places for start, part in zip(images, parts, strict=True)]),
        np.concatenate([part.patients for part in parts]),
        {name: np.concatenate([part.looks[name] for part in parts]) for name in parts[0].looks},
        {name: np.concatenate([part.inner[name] for part in parts]) for name in parts[0].inner},
    )


def _calibrations(
    study: Study, homes: Mapping[str, Described]
) -> Iterator[tuple[tuple[ModelKey, str], NDArray | None]]:
    """Yield each model and task with the model's calibration at home; None where it has not learnt the task."""
    for trained in study.trained():
        if trained.source in homes:
            labels, seeds = study.validation(trained)
            logits = seeds[homes[trained.source].scored.reported_seed(trained)]
            for task in study.settings.tasks:
                learnt = task in logits and task in labels and labels[task].notna().any()
                yield (trained, task), calibration_of(labels, logits, task) if learnt else None


@dataclass(frozen=True)
class Explaining:
    """What the cells of a study are explained from; called with a model and a task it returns their cells.

    Attributes:
        study: the predictions.
        minimum: positives and negatives that both sides need.
        resamples: of patients behind each interval.
        homes: source -> its test images.
        described: target -> its test images.
        twins: radiographs that two data sets have.
        fitted: model and task -> its calibration at home; None where it has not learnt the task.
    """

    study: Study
    minimum: int
    resamples: int
    homes: Mapping[str, Described]
    described: Mapping[str, Described]
    twins: pd.DataFrame
    fitted: Mapping[tuple[ModelKey, str], NDArray | None]

    def __call__(self, part: tuple[ModelKey, str]) -> list[Cell]:
        """Explain a model at every target for a task."""
        trained, task = part
        study, home, fitted = self.study, self.homes[trained.source], self.fitted[part]
        members = study.settings.members[trained.source]
        floor = None
        found = []
        for name, place in self.described.items():
            if name in members:
                continue
            key = dict(zip(KEYS, (trained.model, trained.source, name, task), strict=True))
            own = _own(trained, home, place)
            source, target = (_cases(side, trained, task, fitted, own) for side in (home, place))
            target = _read_again(target, self.described, members, place, task, self.twins)
            counts = _counted(trained, task, home, place, (source, target), self.minimum)
            if counts["reason"] or source is None or target is None:
                found.append(Cell(key, counts))
                continue
            seed = derived_seed(study.settings.evaluation.seed, "explanation", *key.values())
            floor = floor or null_floor(source, _HALVES, seed)
            explained = explain(source, target, self.resamples, seed)
            signs = _signs(trained, task, home, place, (source, target), explained)
            found.append(Cell(key, counts, explained, floor, signs))
        return found


def _staying(study: Study, homes: Collection[str]) -> Iterator[Cell]:
    """Yield a cell without numbers for every pair of which one side's images stay at their site."""
    for trained, name in itertools.product(study.trained(), study.settings.targets):
        members = study.settings.members[trained.source]
        away = [one for one in (name, *members) if one in study.settings.at_sites]
        if away and members and name not in members and (trained.source in homes or set(members) & set(away)):
            for task in study.settings.tasks:
                counts = {"images": 0, "positives": 0, "negatives": 0, "source_images": 0}
                key = dict(zip(KEYS, (trained.model, trained.source, name, task), strict=True))
                yield Cell(key, counts | {"reason": reasons.STAYS_AT_SITE})


def _own(trained: ModelKey, home: Described, place: Described) -> ModelKey | None:
    """Return the target's own model if it has outputs for the test images of both sides, none of which it learnt from.

    What it makes of an image describes the image: differences that the target's readers saw in theirs.
    """
    own = ModelKey(trained.model, place.scored.dataset)
    for side in (home, place):
        if own not in side.scored.logits or own in {*side.scored.refused, *side.scored.missing}:
            return None
        if not np.isfinite(side.scored.reported(own).to_numpy()[side.places]).all():
            return None
    return own


def _cases(
    place: Described, trained: ModelKey, task: str, fitted: NDArray | None, own: ModelKey | None = None
) -> ShiftSample | None:
    """Return the described images whose label is known, with what models make of them for every task.

    Args:
        place: the images.
        trained: the source's model.
        task: whose labels.
        fitted: the model's calibration at home; None where it has not learnt the task.
        own: the target's own model, if it describes images too.
    """
    if fitted is None or task not in place.scored.labels:
        return None
    labels = place.scored.labels[task].to_numpy()[place.places]
    logits = place.scored.reported(trained)
    if task not in logits:
        return None
    outputs = np.c_[logits.to_numpy(), place.scored.reported(own).to_numpy() if own else logits.to_numpy()[:, :0]]
    outputs = outputs[place.places]
    here = ~np.isnan(labels)
    scores = logits[task].to_numpy()[place.places][here]
    rich = _with_inner(place, [trained, own] if own else [trained])
    looks = {RICH: rich, LEAN: place.looks[LEAN]}
    features = {name: np.c_[values, outputs][here] for name, values in looks.items()}
    used = fitted[0] + fitted[1] * scores
    return ShiftSample(labels[here], scores, used, place.patients[here], features, place.looks[TAKEN][here])


def _with_inner(place: Described, models: Sequence[ModelKey]) -> NDArray:
    """Return the rich representation: by the encoder, or lean with what models make of images, equally much of each."""
    inner = [place.inner[name] for one in models if (name := f"{one.model}/{one.source}") in place.inner]
    if not inner:
        return place.looks[RICH]
    return np.c_[place.looks[LEAN], *(part[:, : COMPONENTS // len(inner)] for part in inner)]


def _read_again(
    target: ShiftSample | None, described: Mapping[str, Described], members: Sequence[str], place: Described, task: str,
    twins: pd.DataFrame,
) -> ShiftSample | None:  # fmt: skip
    """Add the source's readers' labels of target images that the source also contains."""
    if target is None:
        return None
    name = place.scored.dataset
    labelled = place.scored.labels.iloc[place.places]
    labelled = labelled.index[labelled[task].notna()]
    second = pd.Series(np.nan, labelled)
    for member in members:
        labels = described[member].scored.labels
        ends = [("first", "second"), ("second", "first")]
        for ours, theirs in ends if task in labels else ():
            part = twins[(twins[ours] == name) & (twins[theirs] == member)].drop_duplicates(f"{ours}_id")
            read = labels[task].reindex(part[f"{theirs}_id"]).set_axis(part[f"{ours}_id"])
            second = second.fillna(read.reindex(labelled))
    return replace(target, second=second.to_numpy(np.float64)) if second.notna().any() else target


def _counted(
    trained: ModelKey, task: str, home: Described, place: Described,
    cases: tuple[ShiftSample | None, ShiftSample | None], minimum: int,
) -> dict[str, Any]:  # fmt: skip
    """Count images of a cell, and give the reason if it has no number, at the source or target."""
    codes = [side.scored.count(trained, side.scored.reported_seed(trained), task)["reason"] for side in (place, home)]
    source, target = cases
    row: dict[str, Any] = {"images": 0, "positives": 0, "negatives": 0, "source_images": 0}
    row["reason"] = next((code for code in codes if code), None)
    if source is None or target is None:
        return row | {"reason": row["reason"] or reasons.NOT_TRAINED}
    row |= {"images": len(target.labels), "positives": int(target.labels.sum()), "source_images": len(source.labels)}
    row["negatives"] = row["images"] - row["positives"]
    fewest = min(min(side.labels.sum(), (1 - side.labels).sum()) for side in (source, target))
    return row | {"reason": row["reason"] or (reasons.TOO_FEW if fewest < minimum else None)}


def _signs(
    trained: ModelKey,
    task: str,
    home: Described,
    place: Described,
    cases: tuple[ShiftSample, ShiftSample],
    found: Explained,
) -> dict[str, float]:
    """Return the signatures of a cell."""
    source, target = cases
    labels = source.labels, target.labels
    other = ModelKey(trained.model, place.scored.dataset)
    own = None
    if other in place.scored.logits and place.scored.measurable(other, task):
        sides = [_cases(side, other, task, np.array([0.0, 1.0])) for side in (home, place)]
        own = (sides[0].scores, sides[1].scores) if sides[0] and sides[1] else None
    row = signatures.readers(labels, (source.scores, target.scores), own)
    return row | dict(signatures.corrections(labels, (source.used, target.used), float(found.implied[0])))


def _adjusted(cells: list[Cell]) -> list[dict[str, float]]:
    """Adjust the p values of each cause for the number of cells (Benjamini and Hochberg 1995); 1 without a number."""
    measured = [place for place, cell in enumerate(cells) if cell.found]
    adjusted = [dict.fromkeys(CAUSES, 1.0) for _ in cells]
    for cause in CAUSES if measured else ():
        values = false_discovery_control([cells[place].found.p[cause] for place in measured])  # type: ignore[union-attr]
        for place, value in zip(measured, values, strict=True):
            adjusted[place][cause] = float(value)
    return adjusted


def _floors(cell: Cell, metric: str) -> dict[str, float]:
    """Return the floor of each term for the sizes of this cell's samples."""
    size = np.sqrt(harmonic(cell.counts["source_images"], cell.counts["images"]))
    return {cause: value / size for cause, value in (cell.floor or {})[metric].items()}


def _rows(cell: Cell, q: Mapping[str, float]) -> Iterator[dict[str, Any]]:
    """Yield a cell's rows, one a metric."""
    for metric in METRICS:
        row = {**cell.key, "metric": metric, **cell.counts}
        if cell.found:
            flags = present(cell.found, q)
            for term in TERMS:
                values = cell.found.main[metric][term]
                row |= with_interval(term, float(values[0]), values[1:])
            judged = judge(cell.found, flags, _floors(cell, metric), metric)
            row |= {f"{cause}_present": flags[cause] for cause in CAUSES}
            row |= {"verdict": judged.verdict, "why": judged.why}
            images = cell.counts["images"], cell.counts["source_images"]
            row["decides"] = cheapest(cell.found, judged, metric, *images)
        yield row


def _evidence(cell: Cell, found: Explained, q: Mapping[str, float]) -> dict[str, Any]:
    """Return the evidence for the verdict, with terms by log-loss."""
    row: dict[str, Any] = dict(cell.key)
    drawn = (found.implied, found.recorded, found.level, -found.rule.shifts, found.rule.noises)
    for name, values in zip(_OFFSETS, drawn, strict=True):
        row[name] = float(values[0])
        row[f"{name}_low"], row[f"{name}_high"] = interval(values[1:])
    rich, lean = found.overlaps.values()
    lean_terms = list(found.terms.values())[1][LOG_LOSS]
    row |= {"step": found.step.doubt or found.step.rule, "applied": float(found.step.offsets[0])}
    row |= {"told_apart": rich.auc, "told_apart_lean": lean.auc, "overlap": rich.effective}
    row |= {"imbalance": rich.imbalance, "label_rule": found.rule.name}
    row |= {"same_labels_p": found.same_labels, "taken_alike_p": found.taken_alike}
    row["as_prevalent_p"] = found.as_prevalent
    floors = _floors(cell, LOG_LOSS)
    for cause in CAUSES:
        row |= {f"{cause}_p": found.p[cause], f"{cause}_q": q[cause], f"{cause}_floor": floors[cause]}
        row[f"recorded_{cause}"] = found.by_record[LOG_LOSS][cause]
    row |= {f"lean_{cause}": float(lean_terms[cause][0]) for cause in ("image", "concept")}
    return row | dict(cell.signs or {})
