"""One cell: a model of a source, a target and a task. Everything is refitted in every draw of patients."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit
from scipy.stats import norm

from crossray.analysis.resampling import patient_weights
from crossray.analysis.shift import rule_of
from crossray.analysis.shift.case_mix import DIFFERENT, CaseMix, matched, same_labels
from crossray.analysis.shift.labelling import Rule, compare, split_concept
from crossray.analysis.shift.overlap import Overlap, tell_apart
from crossray.analysis.shift.prevalence import (
    Step,
    calibration,
    choose_step,
    class_weights,
    implied_offset,
    implied_weights,
    level_offset,
    recorded_offset,
)
from crossray.analysis.shift.second_reading import Reread, reread, spread_of_readings
from crossray.analysis.shift.terms import CAUSES, METRICS, Side, Weightings, decompose
from crossray.seeds import derived_seed

#: metric -> term -> values of each draw, the sample's first
Terms = Mapping[str, Mapping[str, NDArray]]


@dataclass(frozen=True)
class ShiftSample:
    """Test images of one data set whose label is known.

    Attributes:
        labels: 0 or 1, shape (cases,).
        scores: logits of the source's model, shape (cases,).
        used: the same, calibrated on the source's validation split, as the model would be used.
        patients: number of each image's patient; the same number at both places is the same person.
        features: representation -> what the domain classifier sees, shape (cases, features).
        taken: how images were taken, whatever they show, shape (cases, features).
        second: of a target's images, what the source's readers said of them in a second reading, NaN where they did
            not see them; shape (cases,), or nothing.
    """

    labels: NDArray
    scores: NDArray
    used: NDArray
    patients: NDArray
    features: Mapping[str, NDArray]
    taken: NDArray
    second: NDArray | None = None

    def chosen(self, which: NDArray) -> "ShiftSample":
        """Return some of the cases, by their places or a mask."""
        features = {name: values[which] for name, values in self.features.items()}
        second = None if self.second is None else self.second[which]
        return ShiftSample(
            self.labels[which],
            self.scores[which],
            self.used[which],
            self.patients[which],
            features,
            self.taken[which],
            second,
        )

    @property
    def side(self) -> Side:
        """Return labels and logits of the model as it is used."""
        return Side(self.labels.astype(np.float64), self.used)


@dataclass(frozen=True)
class Explained:
    """What is known of a cell.

    Attributes:
        terms: representation -> metric -> term -> values of each draw.
        overlaps: representation -> what the domain classifier says.
        rule: how labels relate on shared images, by the first representation.
        step: the prevalence step.
        implied: offset of the prevalence by the images, of each draw.
        recorded: offset by the labels.
        level: how much higher the log-odds of the target's labels are, image by image.
        p: cause -> p value of its absence.
        same_labels: p value of labels that are the same where scores are.
        taken_alike: p value of scores that are the same among images that were taken alike; NaN where not asked.
        as_prevalent: p value of scores that are those of the source at the implied prevalence.
        by_record: metric -> term -> value, had the labels' offset been taken for prevalence.
        reread: what a second reading of the target's images says, if there is one.
        reading_spread: metric -> standard deviation of the labels' part for a second reading of one image.
    """

    terms: Mapping[str, Terms]
    overlaps: Mapping[str, Overlap]
    rule: Rule
    step: Step
    implied: NDArray
    recorded: NDArray
    level: NDArray
    p: Mapping[str, float]
    same_labels: float
    taken_alike: float
    as_prevalent: float
    by_record: Mapping[str, Mapping[str, float]]
    reread: Reread | None
    reading_spread: Mapping[str, float]

    @property
    def main(self) -> Terms:
        """Return the terms by the first, richest representation."""
        return next(iter(self.terms.values()))


@dataclass(frozen=True)
class _Part:
    """A cell by one representation; weights and shares of each draw."""

    terms: Terms
    overlap: Overlap
    shared: tuple[NDArray, NDArray]
    foreseen: tuple[NDArray, NDArray]


def explain(source: ShiftSample, target: ShiftSample, resamples: int, seed: int) -> Explained:
    """Split a model's drop between two places.

    Args:
        source: internal test images of the model.
        target: test images of the other place, with the representations of the source, the richest first.
        resamples: draws of patients behind each interval; 0 for the sample alone, whose flags then mean nothing.
        seed: of the draws and folds.
    """
    draws = _draws(source, target, resamples, seed)
    fitted = calibration(source.scores, source.labels, draws[0])
    at_source, at_target = (fitted[:, :1] + fitted[:, 1:] * side.scores for side in (source, target))
    implied = implied_offset(at_source, at_target, *draws)
    recorded = recorded_offset(source.labels, target.labels, *draws)
    level = level_offset(at_target, target.labels, draws[1])
    step = choose_step(implied, recorded, level) if resamples else Step(np.zeros(1), "none", "")
    same = same_labels(fitted, calibration(target.scores, target.labels, draws[1]))
    mix = _mix(source, target, draws, step, same, seed)
    at_implied = draws[0] * implied_weights(at_source, draws[0], implied)
    parts = {name: _split(source, target, draws, step, mix, name, seed) for name in source.features}
    name, main = next(iter(parts.items()))
    foreseen = logit(main.foreseen[1])
    rule = compare(foreseen, target.labels, main.shared[1])
    concept = {metric: main.terms[metric]["concept"] for metric in METRICS}
    finer = split_concept(target.used, foreseen, main.shared[1], rule, concept)
    terms = {one: part.terms for one, part in parts.items()}
    terms[name] = {metric: {**main.terms[metric], **finer[metric]} for metric in METRICS}
    error = max(float(implied[1:].std(ddof=1)), 1e-9) if resamples else np.inf
    p = {
        "prevalence": float(2 * norm.sf(abs(implied[0]) / error)),
        "case_mix": mix.p,
        "image": main.overlap.p,
        "concept": _other_rule(source, target, main, name, seed),
    }
    return Explained(
        terms, {one: part.overlap for one, part in parts.items()}, rule, step, implied, recorded, level, p,
        same, mix.taken_alike, matched((source.scores, target.scores), (at_implied, draws[1])).p,
        _by_record(source, target, recorded, seed), reread(target.side, target.second, draws[1]),
        spread_of_readings(target.side, main.foreseen[1][0], derived_seed(seed, "readings")),
    )  # fmt: skip


def _other_rule(source: ShiftSample, target: ShiftSample, part: _Part, name: str, seed: int) -> float:
    """Return the p value of one rule at both sides, the smaller of two tests' (Bonferroni)."""
    by_draws = rule_of.no_difference((source.labels, target.labels), part.foreseen, part.shared)
    by_model = rule_of.no_gain(
        target.labels, part.foreseen[1][0], target.features[name], part.shared[1][0], target.patients,
        derived_seed(seed, "own rule"),
    )  # fmt: skip
    return min(1.0, 2 * min(by_draws, by_model))


def _mix(
    source: ShiftSample, target: ShiftSample, draws: tuple[NDArray, NDArray], step: Step, same: float, seed: int
) -> CaseMix:
    """Return what brings the source's severities to the target's: nothing where prevalence or the way of taking does.

    Sicker patients keep the labels of images with equal scores (``same`` is their p value), and are sicker among images
    that were taken alike too. If neither holds, the scores differ by how images were taken.
    """
    nothing, scores = CaseMix(np.ones_like(draws[0]), 1.0), (source.scores, target.scores)
    if step.rule != "none":
        return nothing
    mix = matched(scores, draws)
    if same > DIFFERENT:
        return mix
    taken, patients = (source.taken, target.taken), (source.patients, target.patients)
    overlap = tell_apart(taken, draws, patients, derived_seed(seed, "taken"))
    alike = matched(scores, (draws[0] * overlap.source, draws[1] * (1 - overlap.target))).p
    return replace(nothing if alike > DIFFERENT else mix, taken_alike=alike)


def _draws(source: ShiftSample, target: ShiftSample, resamples: int, seed: int) -> tuple[NDArray, NDArray]:
    """Return counts of each side's images, shape (1 + resamples, cases): the samples, then resamples of patients.

    Where both sides have the same patients, as in two labellings of the same images, they are drawn together.
    """
    if np.intersect1d(source.patients, target.patients).size:
        together = np.r_[source.patients, target.patients]
        both = patient_weights(together, resamples, derived_seed(seed, "both"))
        first, second = both[:, : len(source.labels)], both[:, len(source.labels) :]
    else:
        first = patient_weights(source.patients, resamples, derived_seed(seed, "source"))
        second = patient_weights(target.patients, resamples, derived_seed(seed, "target"))
    ones = np.ones((1, len(source.labels))), np.ones((1, len(target.labels)))
    return np.concatenate([ones[0], first]), np.concatenate([ones[1], second])


def _split(
    source: ShiftSample,
    target: ShiftSample,
    draws: tuple[NDArray, ...],
    step: Step,
    mix: CaseMix,
    representation: str,
    seed: int,
) -> _Part:
    """Return terms, overlap, weights in the shared distribution, and what the source's readers would say."""
    prevalent = draws[0] * class_weights(source.labels, draws[0], step.offsets)
    severe = prevalent * mix.weights
    features, patients = (
        (source.features[representation], target.features[representation]),
        (source.patients, target.patients),
    )
    overlap = tell_apart(features, (severe, draws[1]), patients, derived_seed(seed, "folds"))
    shared = severe * overlap.source, draws[1] * (1 - overlap.target)
    foreseen = rule_of.foreseen(
        (source.scores, target.scores), features, source.labels, prevalent, patients, derived_seed(seed, "rule")
    )
    weightings = Weightings(draws[0], prevalent, severe, *shared, draws[1])
    return _Part(decompose(source.side, target.side, weightings, foreseen), overlap, shared, foreseen)


def _by_record(source: ShiftSample, target: ShiftSample, recorded: NDArray, seed: int) -> dict[str, dict[str, float]]:
    """Return the sample's terms if prevalence had been taken from the labels."""
    name = next(iter(source.features))
    nothing = CaseMix(np.ones((1, len(source.labels))), 1.0)
    terms = _split(
        source, target, _draws(source, target, 0, seed), Step(recorded[:1], "agree", ""), nothing, name, seed
    ).terms
    return {metric: {term: float(values[0]) for term, values in terms[metric].items()} for metric in METRICS}


def null_floor(source: ShiftSample, repeats: int, seed: int) -> dict[str, dict[str, float]]:
    """Return how large a term comes out where nothing differs: between random halves of the source's patients.

    Returns:
        Metric -> cause -> 95th percentile of the term's size, for one image a side: divide by the root of the
        harmonic number of images, n m / (n + m), as sampling errors shrink.
    """
    generator = np.random.default_rng(seed)
    _, owners = np.unique(source.patients, return_inverse=True)
    first_only = replace(source, features=dict(list(source.features.items())[:1]))
    found: dict[str, dict[str, list[float]]] = {metric: {cause: [] for cause in CAUSES} for metric in METRICS}
    for _ in range(repeats):
        halves = (generator.permutation(owners.max() + 1) % 2)[owners]
        sides = [first_only.chosen(halves == half) for half in (0, 1)]
        if min(side.labels.sum() for side in sides) < 2 or min((1 - side.labels).sum() for side in sides) < 2:
            continue
        draws = _draws(sides[0], sides[1], 0, 0)
        step = Step(np.zeros(1), "none", "")
        mix = matched((sides[0].scores, sides[1].scores), draws)
        terms = _split(sides[0], sides[1], draws, step, mix, next(iter(first_only.features)), seed).terms
        root = np.sqrt(harmonic(len(sides[0].labels), len(sides[1].labels)))
        for metric in METRICS:
            for cause, values in found[metric].items():
                values.append(abs(float(terms[metric][cause][0])) * root)
    return {
        metric: {cause: float(np.quantile(values, 0.95)) if values else 0.0 for cause, values in of_metric.items()}
        for metric, of_metric in found.items()
    }


def harmonic(first: int, second: int) -> float:
    """Return n m / (n + m), the size of a sample whose mean is as uncertain as the difference of two means."""
    return first * second / (first + second)
