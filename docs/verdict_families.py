"""Simulated hospitals as numbers, in families of known truth, for tests and ``docs/verdicts.py``.

An image is eight numbers that its description has too, x1 to x8, and a cue c that only the model reads. Severity is
1.6 [x1 (1 - h) + x6 h] + 0.8 x2 + 0.5 x3 + 0.9 v with h = sg(4 (x5 - 1)), where v is shown by c alone; a label is
positive where severity and a reader's logistic error exceed a cut. x4 is the patient's age, x7 a mark of the site, x8
how well v is shown. Images of a patient are alike (0.7 of each number's variance).
"""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count, permutations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

from crossray.analysis.shift.cell import ShiftSample  # noqa: E402
from crossray.analysis.shift.prevalence import calibration  # noqa: E402
from crossray.analysis.shift.terms import AUC, LOG_LOSS, METRICS, log_losses  # noqa: E402
from crossray.statistics import auc  # noqa: E402

FEATURES, PREVALENCE, ERROR, ALIKE = 8, 0.3, 0.35, 0.7
_AXIS = np.array([1.6, 0.8, 0.5]) / np.linalg.norm([1.6, 0.8, 0.5])
#: cause -> the settings that plant it
PLANTS = {
    "prevalence": ("prevalence",),
    "case_mix": ("severity", "together"),
    "image": ("image", "quality", "lookalike", "noisier", "axis", "harmless"),
    "concept": ("threshold", "noise", "error", "by_age", "by_quality", "subgroup", "unlabelled"),
}


@dataclass(frozen=True)
class Hospital:
    """What differs from the hospital where nothing is planted; sizes are in standard deviations unless said otherwise.

    Attributes:
        image: x5 moves, so that x1 shows severity no more.
        quality: x8 moves, so that c shows v less.
        lookalike: share of the images whose c is another image's.
        noisier: correlation that c loses with itself, its law unchanged.
        axis: images look more severe than they are read.
        harmless: the mark of the site moves.
        prevalence: log-odds of the labels, by resampling.
        severity: patients are sicker, labels follow.
        together: correlation of v with x7.
        threshold: of the labels, in severity.
        noise: share of labels that are flipped.
        error: factor of the readers' errors.
        by_age: threshold for each unit of x4.
        by_quality: threshold for each unit of x8.
        subgroup: threshold where x4 exceeds 0.5.
        unlabelled: images so near to the threshold have no label.
    """

    image: float = 0.0
    quality: float = 0.0
    lookalike: float = 0.0
    noisier: float = 0.0
    axis: float = 0.0
    harmless: float = 0.0
    prevalence: float = 0.0
    severity: float = 0.0
    together: float = 0.0
    threshold: float = 0.0
    noise: float = 0.0
    error: float = 1.0
    by_age: float = 0.0
    by_quality: float = 0.0
    subgroup: float = 0.0
    unlabelled: float = 0.0


@dataclass(frozen=True)
class Images:
    """Labelled images: x of shape (images, 8), c, labels, second labels by home's readers, and whose they are."""

    x: NDArray
    c: NDArray
    labels: NDArray
    second: NDArray
    patients: NDArray

    def chosen(self, rows: NDArray) -> "Images":
        """Return some of the images."""
        return Images(*(part[rows] for part in (self.x, self.c, self.labels, self.second, self.patients)))

    @property
    def inputs(self) -> NDArray:
        """What a model reads."""
        return np.c_[self.x, self.c]


def _alike(generator: np.random.Generator, patients: NDArray, columns: int) -> NDArray:
    """Draw standard normals that a patient's images share in part."""
    shared = generator.standard_normal((patients[-1] + 1, columns))[patients]
    return np.sqrt(ALIKE) * shared + np.sqrt(1 - ALIKE) * generator.standard_normal((len(patients), columns))


def _drawn(images: int, generator: np.random.Generator, planted: Hospital, most: int) -> Images:
    sizes = generator.integers(1, most + 1, images)
    patients = np.repeat(np.arange(images), sizes)[:images]
    normal = _alike(generator, patients, FEATURES + 1)
    x, v = normal[:, :FEATURES], normal[:, FEATURES]
    v = planted.together * x[:, 6] + np.sqrt(1 - planted.together**2) * v
    x[:, 4] = 0.5 * x[:, 4] + planted.image
    x[:, 7] += planted.quality
    x[:, :3] += planted.severity * _AXIS
    turned = expit(4 * (x[:, 4] - 1))
    severity = 1.6 * (x[:, 0] * (1 - turned) + x[:, 5] * turned) + 0.8 * x[:, 1] + 0.5 * x[:, 2] + 0.9 * v
    swapped = generator.random(images) < planted.lookalike
    kept = np.where(swapped, 0.0, 1 - planted.noisier)
    shown = kept * v + np.sqrt(1 - kept**2) * _alike(generator, patients, 1)[:, 0]
    c = shown + 0.3 * np.exp(0.8 * x[:, 7]) * generator.standard_normal(images)
    cut = CUT + planted.threshold + planted.by_age * x[:, 3] + planted.by_quality * x[:, 7]
    cut = cut + planted.subgroup * (x[:, 3] > 0.5)
    level = severity + generator.logistic(scale=ERROR * planted.error, size=images) - cut
    labels = (level > 0) != (generator.random(images) < planted.noise)
    second = severity + generator.logistic(scale=ERROR, size=images) > CUT
    x[:, 6] += planted.harmless
    x[:, :3] += planted.axis * _AXIS
    found = Images(x, c, labels.astype(float), second.astype(float), patients)
    return found.chosen(np.abs(level) >= planted.unlabelled)


def draw(images: int, generator: np.random.Generator, planted: Hospital, most: int = 1) -> Images:
    """Draw labelled images of a hospital, with at most so many a patient."""
    found = _drawn((6 if planted.prevalence else 2) * images, generator, planted, most)
    if not planted.prevalence:
        return found.chosen(np.arange(len(found.labels)) < images)
    positives = int(generator.binomial(images, expit(logit(found.labels.mean()) + planted.prevalence)))
    kept = [
        generator.choice(np.flatnonzero(found.labels == one), size, replace=False)
        for one, size in ((1, positives), (0, images - positives))
    ]
    return found.chosen(generator.permutation(np.concatenate(kept)))


@dataclass(frozen=True)
class Family:
    """Cells with the same causes planted, in sizes drawn anew for each.

    Attributes:
        planted: setting of the target -> the least and largest size.
        identifiable: whether no other family has the same law of descriptions and labels.
        source: settings of the source.
        second: images of the target that home's readers read as well.
        tuned: whether limits were set on it.
    """

    planted: Mapping[str, tuple[float, float]]
    identifiable: bool
    source: Mapping[str, float] = field(default_factory=dict)
    second: int = 0
    tuned: bool = True

    def drawn(self, generator: np.random.Generator) -> tuple[Hospital, Hospital]:
        """Draw the source's and the target's settings."""
        sizes = {name: float(generator.uniform(*ends)) for name, ends in self.planted.items()}
        return Hospital(**self.source), Hospital(**{**self.source, **sizes})


SECOND = 400
#: name -> family; those without a second reading whose law another has are not identifiable (docs/shift.md)
FAMILIES = {
    "nothing": Family({}, True),
    "site mark": Family({"harmless": (0.3, 0.8)}, True),
    "harder images": Family({"image": (0.5, 1.1)}, True),
    "poorer images": Family({"quality": (0.6, 1.4)}, True, tuned=False),
    "more prevalent": Family({"prevalence": (0.5, 1.5)}, True),
    "less prevalent": Family({"prevalence": (-1.5, -0.5)}, True),
    "sicker patients": Family({"severity": (0.3, 0.9)}, True),
    "along severity": Family({"axis": (0.3, 0.9)}, False),
    "stricter rule": Family({"threshold": (0.4, 1.2)}, False),
    "looser rule": Family({"threshold": (-1.2, -0.4)}, False, tuned=False),
    "wrong labels": Family({"noise": (0.04, 0.15)}, False),
    "softer readers": Family({"error": (2.5, 5.0)}, False, tuned=False),
    "sharper readers": Family({"error": (0.05, 0.4)}, False, tuned=False),
    "rule by age": Family({"by_age": (0.5, 1.2)}, False, tuned=False),
    "rule by quality": Family({"by_quality": (0.5, 1.2)}, False, tuned=False),
    "stricter in a subgroup": Family({"subgroup": (0.8, 2.0)}, False),
    "near the threshold unlabelled": Family({"unlabelled": (0.3, 0.8)}, False, tuned=False),
    "near the threshold unlabelled at home": Family(
        {"unlabelled": (0.0, 0.0)}, False, source={"unlabelled": 0.6}, tuned=False
    ),
    "cue of another image": Family({"lookalike": (0.25, 0.6)}, False),
    "noisier cue": Family({"noisier": (0.3, 0.8)}, False, tuned=False),
    "findings go together otherwise": Family({"together": (-0.4, 0.2)}, False, source={"together": 0.8}, tuned=False),
    "harder images, more prevalent": Family({"image": (0.5, 1.1), "prevalence": (0.5, 1.5)}, True),
    "harder images, looser rule": Family({"image": (0.5, 1.1), "threshold": (-1.2, -0.4)}, False, tuned=False),
    "sicker patients, stricter rule": Family({"severity": (0.3, 0.9), "threshold": (0.3, 0.9)}, False),
    "more prevalent, stricter rule": Family({"prevalence": (0.5, 1.5), "threshold": (0.4, 1.2)}, False, tuned=False),
    "sicker patients, harder images": Family({"severity": (0.3, 0.9), "image": (0.5, 1.1)}, True, tuned=False),
    "stricter rule, second reading": Family({"threshold": (0.4, 1.2)}, True, second=SECOND),
    "wrong labels, second reading": Family({"noise": (0.04, 0.15)}, True, second=SECOND),
    "stricter in a subgroup, second reading": Family({"subgroup": (0.8, 2.0)}, True, second=SECOND),
    "cue of another image, second reading": Family({"lookalike": (0.25, 0.6)}, True, second=SECOND),
    "noisier cue, second reading": Family({"noisier": (0.3, 0.8)}, True, second=SECOND),
}

#: of severity, that home's readers call positive from
CUT = 1.095


class Reader:
    """A model that learnt at home, by logistic regression or boosted trees, and its calibration on other images."""

    def __init__(self, generator: np.random.Generator, home: Hospital, images: int, trees: bool = False) -> None:
        learnt, validation = (draw(size, generator, home) for size in (images, images // 3))
        self._model = (
            HistGradientBoostingClassifier(max_iter=60, max_leaf_nodes=15)
            if trees
            else LogisticRegression(max_iter=300)
        ).fit(learnt.inputs, learnt.labels)
        scores = self.scores(validation)
        self.fitted = calibration(scores, validation.labels, np.ones((1, len(scores))))[0]

    def scores(self, images: Images) -> NDArray[np.float64]:
        """Return logits."""
        return self._model.decision_function(images.inputs)

    def used(self, images: Images) -> NDArray[np.float64]:
        """Return calibrated logits."""
        return self.fitted[0] + self.fitted[1] * self.scores(images)


_PATIENTS = count()


def cases(reader: Reader, images: Images) -> ShiftSample:
    """Return a model's cases, described as in a study by much and by little; patients are others each time."""
    scores = reader.scores(images)
    owners = images.patients + 10**7 * next(_PATIENTS)
    shown = images.x[:, [3, 4, 6, 7]]
    features = {"rich": np.c_[images.x, scores], "lean": np.c_[shown, scores]}
    return ShiftSample(images.labels, scores, reader.used(images), owners, features, shown[:, 1:])


def planted_terms(
    reader: Reader, source: Hospital, target: Hospital, images: int = 20_000
) -> dict[str, dict[str, float]]:
    """Return metric -> cause -> its share of what is lost: its Shapley value over which causes are planted."""
    changed = {name: getattr(target, name) for name in vars(target) if getattr(target, name) != getattr(source, name)}
    active = [cause for cause, names in PLANTS.items() if any(name in changed for name in names)]
    lost: dict[frozenset[str], dict[str, float]] = {}

    def loss(causes: Iterable[str]) -> dict[str, float]:
        key = frozenset(causes)
        if key not in lost:
            some = {name: changed[name] for cause in key for name in PLANTS[cause] if name in changed}
            drawn = draw(images, np.random.default_rng(999), Hospital(**{**vars(source), **some}))
            used = reader.used(drawn)
            lost[key] = {LOG_LOSS: float(log_losses(used, drawn.labels).mean()), AUC: 1 - auc(drawn.labels, used)}
        return lost[key]

    found = {metric: dict.fromkeys(PLANTS, 0.0) for metric in METRICS}
    orders = list(permutations(active))
    for order in orders:
        for place, cause in enumerate(order):
            before, after = loss(order[:place]), loss(order[: place + 1])
            for metric, terms in found.items():
                terms[cause] += (after[metric] - before[metric]) / len(orders)
    return found
