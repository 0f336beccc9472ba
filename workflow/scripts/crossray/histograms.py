"""Histograms of a model's outputs by label and group: what a site sends that sends no rows (docs/bundles.md).

Bins are ranges of logits, the lower edge included. Their edges come from a list that is public before anybody looks at
an output: the thresholds of the invitation, and a fixed grid. A grid of one's own outputs would tell these.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from crossray.study.base import LeftOut, Settings

#: the first bin begins at minus this, and the last one ends here
END: Final = 1e9
#: edges that every model has: twenty for each logit up to 12, and then each a twentieth farther away than the last
_NEAR, _FAR = np.round(np.arange(1, 241) / 20, 2), 12 * 1.05 ** np.arange(1, 200)
GRID: Final = tuple(map(float, [*-_FAR[::-1], *-_NEAR[::-1], 0.0, *_NEAR, *_FAR]))
#: edge of the grid -> its place, counted from that of 0
_PLACE = {edge: place - len(GRID) // 2 for place, edge in enumerate(GRID)}

#: the attribute, and its only group, of the histogram of all images
ALL: Final = "all"

#: where in their bins images are taken to lie; all but the first are for bounds: positives high and negatives low, the
#: reverse, all low, all high
Arrangement = Literal["middle", "best", "worst", "low", "high"]
MIDDLE: Final = "middle"
EXTREMES: Final[tuple[Arrangement, ...]] = ("best", "worst", "low", "high")


@dataclass(frozen=True, kw_only=True)
class Worth(Settings):
    """What the interval of an AUC takes beside it (:class:`crossray.analysis.intervals.Measured`), in three digits."""

    ratio: float
    "The moderated variance over that of Newcombe's method 5 of as many patients as there are images."
    freedom: float
    "Degrees of freedom of the moderated variance."


@dataclass(frozen=True, kw_only=True)
class Sizes(Settings):
    """How many images of a group a task is labelled for."""

    images: int
    "Images whose label is known."
    patients: int
    "Patients of these."
    positives: int
    "Images with the finding."
    negatives: int
    "Images without it."
    positive_patients: int
    "Patients with a positive image; a multiple of `below` that is at most this where the number would tell of few."
    negative_patients: int
    "The same of negative images."


@dataclass(frozen=True, kw_only=True)
class Held(Settings):
    """How many test images a group has."""

    images: int
    "Images."
    patients: LeftOut[int] = None
    "Patients; left out where some are in several groups, as differences would tell how many."


@dataclass(frozen=True, kw_only=True)
class Bins(Settings):
    """Images of a group in each bin."""

    positives: tuple[int, ...]
    "Those with the finding."
    negatives: tuple[int, ...]
    "Those without it."
    worth: LeftOut[Worth] = None
    "Of its AUC; left out where a class has no image."


@dataclass(frozen=True, kw_only=True)
class Histogram(Settings):
    """Images by bin, group and label."""

    edges: tuple[float, ...]
    "Where bins begin, and the last one ends."
    groups: Mapping[str, Bins]
    "Group to its images."


#: task to attribute to group
TaskSizes = Mapping[str, Mapping[str, Mapping[str, Sizes]]]
#: task to attribute
TaskHistograms = Mapping[str, Mapping[str, Histogram]]


@dataclass(frozen=True, kw_only=True)
class OfModel(Settings):
    """What a site sends of one model, and of the labels of its tasks."""

    images: int
    "Test images of the site."
    sizes: TaskSizes
    "Of the tasks that are told."
    histograms: TaskHistograms
    "Of those that the model has outputs for."


@dataclass(frozen=True, kw_only=True)
class Counts(Settings):
    """What a site sends that sends no rows."""

    below: int
    "Fewest patients of a cell that is not empty."
    images: int
    "Test images."
    patients: int
    "Patients of these."
    labelled: Held
    "Those with a label of one of the study's tasks."
    groups: Mapping[str, Mapping[str, Held]]
    "Attribute to group to how many images and patients it has."
    sizes: TaskSizes
    "Of the tasks that are told."
    histograms: Mapping[str, TaskHistograms]
    "Model to its histograms."

    def of_model(self, model: str) -> OfModel:
        """Return what is said of a model."""
        return OfModel(images=self.images, sizes=self.sizes, histograms=self.histograms[model])


def finest(
    logits: NDArray,
    cells: NDArray,
    patients: NDArray,
    thresholds: Sequence[float],
    below: int,
    grid: Sequence[float] = GRID,
) -> tuple[float, ...] | None:
    """Choose as many edges as there can be so that each cell of each bin has no patient, or at least so many.

    Thresholds come first, in their order, and each is an edge if it can be; then edges of the grid, from the left. Of
    those between which no cell gains more than ``below`` patients the roundest is taken: the first one would tell where
    the last image before it lies.

    Args:
        logits: shape (images,).
        cells: number of the cell of each image, as of its group and label, from 0, or -1, in each of several ways to
            part them, shape (images, ways).
        patients: number of the patient of each, from 0, shape (images,).
        thresholds: edges to have rather than those of the grid.
        below: fewest patients of a cell that is not empty.
        grid: edges that there may be beside thresholds, in order.

    Returns:
        The edges; None where a cell is too small even in one bin that holds all.
    """
    order = np.argsort(logits, kind="stable")
    logits, cells, patients = np.clip(logits[order], -END, np.nextafter(END, 0)), cells[order], patients[order]

    def is_safe(low: float, high: float) -> bool:
        start, end = np.searchsorted(logits, (low, high))
        return all(_is_safe(way, patients[start:end], below) for way in cells[start:end].T)

    if not is_safe(-END, END):
        return None
    edges = [-END, END]
    for limit in thresholds:
        if limit in edges or not -END < limit < END:
            continue
        place = int(np.searchsorted(edges, limit))
        if is_safe(edges[place - 1], limit) and is_safe(limit, edges[place]):
            edges.insert(place, float(limit))
    for low, high in list(itertools.pairwise(edges)):
        start, end = np.searchsorted(logits, (low, high))
        inside = np.array([edge for edge in grid if low < edge < high])
        if start < end and len(inside):
            cuts = np.searchsorted(logits[start:end], inside)
            edges += inside[_Scan(cells[start:end], patients[start:end], below).cuts(cuts, _roundness(inside))].tolist()
    return tuple(sorted(edges))


def _is_safe(cells: NDArray, patients: NDArray, below: int) -> bool:
    """Return whether each cell of some images has so many patients."""
    pairs = np.unique(np.stack([cells, patients])[:, cells >= 0], axis=1)
    return bool((np.unique(pairs[0], return_counts=True)[1] >= below).all())


def _roundness(edges: NDArray) -> NDArray[np.int64]:
    """Return how often 2 divides the place of edges in the grid, as a power of 2; thresholds are round."""
    places = np.array([_PLACE.get(edge, 0) for edge in edges.tolist()], np.int64)
    return np.where(places == 0, len(GRID), places & -places)


class _Scan:
    """Images in the order of their outputs, which are cut from the left."""

    def __init__(self, cells: NDArray, patients: NDArray, below: int) -> None:
        self._below, self._images = below, len(cells)
        ways = [_one_of_each(way, patients) for way in cells.T]
        self._kinds = [kinds for kinds, _ in ways]
        self._before = [before for _, before in ways]
        last = [_one_of_each(way[::-1], patients[::-1]) for way in cells.T]
        first = np.concatenate([kinds[::-1] & (before[::-1, None] < 0) for kinds, before in last], axis=1)
        self._after = np.zeros((self._images + 1, first.shape[1]), np.int64)
        self._after[:-1] = np.cumsum(first[::-1], axis=0)[::-1]

    def cuts(self, cuts: NDArray, roundness: NDArray) -> list[int]:
        """Return which edges to take.

        Args:
            cuts: images before each edge, shape (edges,).
            roundness: of each edge.
        """
        found: list[int] = []
        start = 0
        while (edge := self._next(start, cuts, roundness)) is not None:
            found.append(edge)
            start = int(cuts[edge])
        return found

    def _next(self, start: int, cuts: NDArray, roundness: NDArray) -> int | None:
        """Return the next edge after so many images."""
        size = 8 * self._below
        while True:
            stop = min(start + size, self._images)
            near = np.flatnonzero((cuts > start) & (cuts <= stop) & (cuts < self._images))
            counts = self._counts(start, stop)[cuts[near] - start]
            safe = self._are_enough(counts) & self._are_enough(self._after[cuts[near]])
            near, counts = near[safe], counts[safe]
            alike = (counts <= counts[:1] + self._below).all(axis=1)
            if stop == self._images or not alike.all():
                return int(near[alike][roundness[near[alike]].argmax()]) if len(near) else None
            size *= 2

    def _counts(self, start: int, stop: int) -> NDArray[np.int64]:
        """Count the patients of each cell among the first 0, 1, 2, ... images of a range."""
        ways = zip(self._kinds, self._before, strict=True)
        fresh = [kinds[start:stop] & (before[start:stop, None] < start) for kinds, before in ways]
        counts = np.zeros((stop - start + 1, sum(one.shape[1] for one in fresh)), np.int64)
        np.cumsum(np.concatenate(fresh, axis=1), axis=0, out=counts[1:])
        return counts

    def _are_enough(self, counts: NDArray) -> NDArray[np.bool_]:
        return ((counts == 0) | (counts >= self._below)).all(axis=1)


def _one_of_each(cells: NDArray, patients: NDArray) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Return which cell each image is in, shape (images, cells), and the last image of its cell and patient before it.

    Of the first one of a patient in a cell that is -1.
    """
    owners = cells * (int(patients.max(initial=0)) + 1) + patients
    order = np.argsort(owners, kind="stable")
    before = np.full(len(cells), -1, np.int64)
    same = owners[order][1:] == owners[order][:-1]
    before[order[1:][same]] = order[:-1][same]
    return cells[:, None] == np.unique(cells[cells >= 0]), before


def binned(logits: NDArray, edges: Sequence[float]) -> NDArray[np.int64]:
    """Count images in each bin."""
    inside = np.clip(logits, -END, np.nextafter(END, 0))
    return np.bincount(np.searchsorted(edges, inside, side="right") - 1, minlength=len(edges) - 1)


def places(edges: Sequence[float], arrangement: Arrangement) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the logit that the positives, and the one that the negatives, of each bin are taken to have.

    The middle is that of the probabilities, so that bins without an end on one side have one too.
    """
    low, high = np.array(edges[:-1]), np.nextafter(np.array(edges[1:]), -np.inf)
    middle = np.clip(logit((expit(low) + expit(high)) / 2), low, high)
    of: dict[Arrangement, tuple[NDArray, NDArray]] = {
        "middle": (middle, middle), "best": (high, low), "worst": (low, high), "low": (low, low), "high": (high, high),
    }  # fmt: skip
    return of[arrangement]


def as_images(bins: Bins, edges: Sequence[float], arrangement: Arrangement) -> tuple[NDArray, NDArray]:
    """Return labels and logits of as many images as bins hold, positives first; they are nobody's."""
    of_positives, of_negatives = places(edges, arrangement)
    logits = np.concatenate([of_positives.repeat(bins.positives), of_negatives.repeat(bins.negatives)])
    return np.repeat([1.0, 0.0], [sum(bins.positives), sum(bins.negatives)]), logits


#: returns what the interval of an AUC takes: of labels, logits and patients
Weighing = Callable[[NDArray, NDArray, NDArray], Worth]


def in_digits(value: float) -> float:
    """Return a number in three digits."""
    return float(f"{value:.3g}")
