"""One cell: a model of a source, a target and a task. Everything is fitted again in every draw of patients."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import norm

from crossray.analysis.resampling import patient_weights
from crossray.analysis.shift.labelling import Rule, compare, split_concept
from crossray.analysis.shift.overlap import Overlap, tell_apart
from crossray.analysis.shift.prevalence import (
    AXIS,
    Step,
    calibration,
    choose_step,
    class_weights,
    distance,
    implied_offset,
    recorded_offset,
)
from crossray.analysis.shift.terms import CAUSES, METRICS, Side, Weightings, decompose
from crossray.seeds import derived_seed

#: metric -> term -> values of each draw, the sample's first
Terms = Mapping[str, Mapping[str, NDArray]]


@dataclass(frozen=True)
class Cases:
    """Test images of one data set whose label is known.

    Attributes:
        labels: 0 or 1, shape (cases,).
        scores: logits of the source's model, shape (cases,).
        used: the same, calibrated on the source's validation split, as the model would be used.
        patients: number of each image's patient; the same number at both places is the same person.
        features: representation -> what the domain classifier sees, shape (cases, features).
    """

    labels: NDArray
    scores: NDArray
    used: NDArray
    patients: NDArray
    features: Mapping[str, NDArray]

    def chosen(self, which: NDArray) -> "Cases":
        """Return some of the cases, by their places or a mask."""
        features = {name: values[which] for name, values in self.features.items()}
        return Cases(self.labels[which], self.scores[which], self.used[which], self.patients[which], features)

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
        fit: distance of the scores after re-weighting by the implied offset.
        p: cause -> p value of its absence.
        by_record: metric -> term -> value, had the labels' offset been taken for prevalence.
    """

    terms: Mapping[str, Terms]
    overlaps: Mapping[str, Overlap]
    rule: Rule
    step: Step
    implied: NDArray
    recorded: NDArray
    fit: float
    p: Mapping[str, float]
    by_record: Mapping[str, Mapping[str, float]]

    @property
    def main(self) -> Terms:
        """Return the terms by the first, richest representation."""
        return next(iter(self.terms.values()))


def explain(source: Cases, target: Cases, resamples: int, seed: int) -> Explained:
    """Split what a model loses between two places.

    Args:
        source: test images of where the model is at home.
        target: test images of the other place, with the representations of the source, the richest first.
        resamples: draws of patients behind each interval; 0 for the sample alone, whose flags then mean nothing.
        seed: of the draws and folds.
    """
    draws = _draws(source, target, resamples, seed)
    fitted = calibration(source.scores, source.labels, draws[0])
    at_source, at_target = (fitted[:, :1] + fitted[:, 1:] * side.scores for side in (source, target))
    implied = implied_offset(at_source, at_target, *draws)
    recorded = recorded_offset(source.labels, target.labels, *draws)
    weights = class_weights(source.labels, draws[0], implied)[0]
    independent = min(len(np.unique(side.patients)) / len(side.labels) for side in (source, target))
    fit = distance(source.scores, weights, target.scores, independent)
    step = choose_step(implied, recorded, fit) if resamples else Step(np.zeros(1), "none", "")
    parts = {name: _split(source, target, draws, step.offsets, name, seed) for name in source.features}
    if step.rule == "images" and next(iter(parts.values()))[1].told_apart:
        # Images that differ in more than the finding are no law of images given the label, so they tell no prevalence.
        step = Step(np.zeros_like(implied), "none", AXIS)
        parts = {name: _split(source, target, draws, step.offsets, name, seed) for name in source.features}
    main, overlap, shared = next(iter(parts.values()))
    variance = _level_variance(at_source[0], step)
    rule = compare(at_target + step.offsets[:, None], target.labels, shared, variance)
    concept = {metric: main[metric]["concept"] for metric in METRICS}
    finer = split_concept(target.used, at_target + step.offsets[:, None], shared, rule, concept)
    terms = {name: part[0] for name, part in parts.items()}
    terms[next(iter(parts))] = {metric: {**main[metric], **finer[metric]} for metric in METRICS}
    error = max(float(implied[1:].std(ddof=1)), 1e-9) if resamples else np.inf
    p = {"prevalence": float(2 * norm.sf(abs(implied[0]) / error)), "image": overlap.p, "concept": rule.p}
    overlaps = {name: part[1] for name, part in parts.items()}
    return Explained(terms, overlaps, rule, step, implied, recorded, fit, p, _by_record(source, target, recorded, seed))


def _draws(source: Cases, target: Cases, resamples: int, seed: int) -> tuple[NDArray, NDArray]:
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
    source: Cases, target: Cases, draws: tuple[NDArray, ...], offsets: NDArray, representation: str, seed: int
) -> tuple[Terms, Overlap, NDArray]:
    """Return terms, overlap, and the target's weights in the shared distribution."""
    prevalent = draws[0] * class_weights(source.labels, draws[0], offsets)
    overlap = tell_apart(
        (source.features[representation], target.features[representation]),
        (prevalent, draws[1]),
        (source.patients, target.patients),
        derived_seed(seed, "folds"),
    )
    shared = draws[1] * (1 - overlap.target)
    weightings = Weightings(draws[0], prevalent, prevalent * overlap.source, shared, draws[1])
    return decompose(source.side, target.side, weightings), overlap, shared


def _level_variance(logits: NDArray, step: Step) -> float:
    """Return the variance of the source rule's level: of its calibration, and of a prevalence step."""
    shares = expit(logits)
    moved = float(step.offsets[1:].var(ddof=1)) if np.any(step.offsets) and len(step.offsets) > 2 else 0.0
    return float(1 / max((shares * (1 - shares)).sum(), 1e-9)) + moved


def _by_record(source: Cases, target: Cases, recorded: NDArray, seed: int) -> dict[str, dict[str, float]]:
    """Return the sample's terms, had what the labels say of prevalence been believed."""
    name = next(iter(source.features))
    terms = _split(source, target, _draws(source, target, 0, seed), recorded[:1], name, seed)[0]
    return {metric: {term: float(values[0]) for term, values in terms[metric].items()} for metric in METRICS}


def null_floor(source: Cases, repeats: int, seed: int) -> dict[str, dict[str, float]]:
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
        terms = _split(sides[0], sides[1], draws, np.zeros(1), next(iter(first_only.features)), seed)[0]
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
