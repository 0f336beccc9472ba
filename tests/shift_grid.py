"""Simulated hospitals as numbers: eight features, one finding, one planted cause, whose cost is known.

A hospital's severity is 1.6 [x1 (1 - h) + x6 h] + 0.8 x2 + 0.5 x3 with h = sg(4 (x5 - 1)); a label is positive where it
and some logistic noise exceed a cut. An image shift moves x5, so that the cue x1 dies while severity keeps its
law; a prevalence shift resamples the classes; a threshold shift moves the cut; noise flips labels.
"""

from itertools import count, permutations

import numpy as np
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from crossray.analysis.shift.cell import Cases
from crossray.analysis.shift.terms import log_losses

FEATURES, PREVALENCE, NOISE = 8, 0.3, 0.35
#: name -> (planted settings, the cause)
GRID = {"nothing": ({}, None), "harmless site": ({"harmless": 0.6}, None), "along severity": ({"axis": 0.7}, "axis"),
        "no overlap": ({"image": 2.0}, "image")}  # fmt: skip
for _level, (_image, _offset, _noise) in enumerate([(0.5, 0.5, 0.04), (0.8, 1.0, 0.08), (1.1, 1.5, 0.15)], 1):
    GRID |= {
        f"image {_level}": ({"image": _image}, "image"),
        f"more prevalent {_level}": ({"prevalence": _offset}, "prevalence"),
        f"less prevalent {_level}": ({"prevalence": -_offset}, "prevalence"),
        f"stricter {_level}": ({"threshold": _offset}, "concept"),
        f"looser {_level}": ({"threshold": -_offset}, "concept"),
        f"noisy labels {_level}": ({"noise": _noise}, "concept"),
        f"image and prevalence {_level}": ({"image": _image, "prevalence": _offset}, "mixture"),
        f"image and threshold {_level}": ({"image": _image, "threshold": -_offset}, "mixture"),
        f"prevalence and threshold {_level}": ({"prevalence": _offset, "threshold": _offset}, "mixture"),
        f"image and noise {_level}": ({"image": _image, "noise": _noise}, "mixture"),
    }
_PLAYERS = {"prevalence": ("prevalence",), "image": ("image", "harmless", "axis"), "concept": ("threshold", "noise")}


def _raw(images, generator, image=0.0):
    x = generator.standard_normal((images, FEATURES))
    x[:, 4] = 0.5 * x[:, 4] + image
    turned = expit(4 * (x[:, 4] - 1))
    severity = 1.6 * (x[:, 0] * (1 - turned) + x[:, 5] * turned) + 0.8 * x[:, 1] + 0.5 * x[:, 2]
    return x, severity + generator.logistic(scale=NOISE, size=images)


CUT = float(np.quantile(_raw(400_000, np.random.default_rng(12345))[1], 1 - PREVALENCE))


def hospital(images, generator, image=0.0, prevalence=0.0, threshold=0.0, noise=0.0, harmless=0.0, axis=0.0):
    """Return features (images, 8) and labels."""
    x, level = _raw(6 * images if prevalence else images, generator, image)
    if prevalence:
        called = level > CUT
        positives = int(generator.binomial(images, expit(logit(called.mean()) + prevalence)))
        kept = [generator.choice(np.flatnonzero(called == one), size, replace=size > (called == one).sum())
                for one, size in ((True, positives), (False, images - positives))]  # fmt: skip
        kept = generator.permutation(np.concatenate(kept))
        x, level = x[kept], level[kept]
    labels = level > CUT + threshold
    if noise:
        labels = labels != (generator.random(images) < noise)
    x[:, 6:] += harmless
    x[:, :3] += axis * np.array([1.6, 0.8, 0.5]) / np.linalg.norm([1.6, 0.8, 0.5])
    return x, labels.astype(int)


def reader(generator, images):
    """Train a model at the hospital where nothing is planted."""
    return LogisticRegression(max_iter=300).fit(*hospital(images, generator))


_PATIENTS = count()


def cases(model, x, labels, patients=None):
    """Return a model's cases, features as the one representation; patients are others each time."""
    scores = model.decision_function(x)
    owners = (np.arange(len(labels)) if patients is None else patients) + 10**6 * next(_PATIENTS)
    return Cases(labels.astype(float), scores, scores, owners, {"features": x})


def planted_terms(model, planted, images=60_000):
    """Return each cause's share of the lost log-loss: its Shapley value over which causes are planted."""
    active = [name for name, keys in _PLAYERS.items() if any(key in planted for key in keys)]
    lost = {}

    def loss(names):
        if names not in lost:
            some = {key: planted[key] for name in names for key in _PLAYERS[name] if key in planted}
            x, labels = hospital(images, np.random.default_rng(999), **some)
            lost[names] = log_losses(model.decision_function(x), labels).mean()
        return lost[names]

    found = dict.fromkeys(_PLAYERS, 0.0)
    orders = list(permutations(active))
    for order in orders:
        for place, name in enumerate(order):
            found[name] += (loss(frozenset(order[: place + 1])) - loss(frozenset(order[:place]))) / len(orders)
    return found
