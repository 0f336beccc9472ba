"""What a site's counts say, as images of nobody: so many with each label, each with the logit of its bin.

They are read by analyses that ask for them (``study.targets(counts=True)``), and of the tables of these only the
columns that histograms determine are written (:mod:`crossray.determined`). Which image of one model is which of
another, which images are of one patient, and how tasks or groups go together is not known; what is made here means
nothing there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crossray import manifest
from crossray.analysis.intervals import interval, measure_auc, newcombe_variance
from crossray.histograms import ALL, Arrangement, Bins, Histogram, OfModel, Sizes, Worth, as_images, in_digits

if TYPE_CHECKING:
    from crossray.analysis.cells import ModelKey


def worth(labels: NDArray, scores: NDArray, patients: NDArray) -> Worth:
    """Return what the interval of an AUC takes beside its value, in three digits.

    How many patients have several images of a label is not told: the ratio is that to the variance of as many patients
    as there are images, so that the variance is the same at the limit that is nearer to chance.

    Args:
        labels: 0 or 1, both present, shape (images,).
        scores: larger is more positive, shape (images,).
        patients: whose each image is, shape (images,).
    """
    owners = np.unique(patients, return_inverse=True)[1]
    found = measure_auc(labels, scores, owners, int(owners.max()) + 1)
    positives = int((np.asarray(labels) == 1).sum())
    limit = min(interval(found), key=lambda one: abs(one - 0.5))
    of_images = newcombe_variance(limit, positives, len(labels) - positives)
    ratio = found.ratio * float(newcombe_variance(limit, found.positives, found.negatives) / of_images)
    return Worth(ratio=in_digits(ratio), freedom=in_digits(found.freedom))


@dataclass(frozen=True)
class Made:
    """Images of nobody.

    Attributes:
        labels: rows as of a manifest, of as many images as the site has; each is of another patient.
        logits: model -> one float64 column per task, in the order of ``labels``.
        sizes: task -> what the site says of it; tasks of which it says nothing are left out.
        worths: (model, task) -> what the interval of an AUC takes.
    """

    labels: pd.DataFrame
    logits: "Mapping[ModelKey, pd.DataFrame]"
    sizes: Mapping[str, Sizes]
    worths: "Mapping[tuple[ModelKey, str], Worth]"


def images_of(found: "Mapping[ModelKey, OfModel]", tasks: Sequence[str], arrangement: Arrangement) -> Made:
    """Make images of histograms.

    Args:
        found: model -> what a site sent.
        tasks: of the study.
        arrangement: where in their bins they lie.
    """
    first = next(iter(found.values()), OfModel(images=0, sizes={}, histograms={}))
    sizes = {task: first.sizes[task][ALL][ALL] for task in tasks if task in first.sizes}
    names = pd.Index([f"image {number}" for number in range(first.images)], name="image_id")
    labels = pd.DataFrame(index=names).assign(**{name: None for name in manifest.FIXED_COLUMNS if name != "image_id"})
    labels = labels.assign(patient_id=names, age=np.nan)
    for task, size in sizes.items():
        truth = np.full(first.images, np.nan)
        truth[: size.images] = np.repeat([1.0, 0.0], [size.positives, size.negatives])
        labels[task] = truth
    logits, worths = {}, {}
    for one, sent in found.items():
        logits[one] = pd.DataFrame(index=names)
        for task in sizes:
            if task not in sent.histograms:
                continue
            bins, edges = bins_of(sent.histograms[task][ALL], ALL)
            outputs = np.full(first.images, np.nan)
            outputs[: sizes[task].images] = as_images(bins, edges, arrangement)[1]
            logits[one][task] = outputs
            if bins.worth:
                worths[one, task] = bins.worth
    return Made(labels, logits, sizes, worths)


def bins_of(histogram: Histogram, group: str) -> tuple[Bins, tuple[float, ...]]:
    """Return the bins of a group, and their edges."""
    return histogram.groups[group], histogram.edges
