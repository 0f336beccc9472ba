"""Near-duplicate radiographs: the same film stored again, rescaled, compressed, inverted, or in another window.

Chest radiographs look all alike, so low frequencies and grey levels say little, and a black frame makes strangers
alike. An image is described by the middle frequencies of its thumbnail, after the grey levels were equalised, which no
monotone window changes and inversion only negates, and faded out towards the border. All pairs are compared, block by
block, and none is missed: leading components of the descriptions bound their correlation, and rule out nearly all.
"""

import hashlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import pandas as pd
import scipy.stats
from numpy.typing import NDArray
from scipy.signal.windows import tukey
from scipy.sparse import coo_array
from scipy.sparse.csgraph import minimum_spanning_tree

log = logging.getLogger(__name__)

#: correlation from which two images may be near-duplicates. Among the 1.5 million pairs of 1,743 open radiographs at
#: 64 px (NIH, Kermany), two patients had 0.74 at most, and two exposures of one patient 0.90. Copies had at least 0.92
#: if they were inverted, rescaled to half or 3/4, changed by a gamma of 0.6 to 2.2, windowed from the 10th to the 90th
#: percentile, cropped by 1% a side, or turned by 1 degree; so had all that were compressed (JPEG, quality 50) at 224
#: px, and 99.5% of those compressed at 64 px. Cropped by 2%, one in five is found or fewer; by 3%, none.
SIMILAR = 0.91
#: where unrelated images are more alike than that, as phantoms are, the threshold rises until so many false pairs are
#: expected in all, but not above this
_FALSE_PAIRS, _HIGHEST = 0.01, 0.99
#: random pairs by which that is measured, and the fewest images
_MEASURED, _FEWEST = 200_000, 100

_THUMBNAIL = 32
#: the part of each side over which an image fades out, half of it at either end
_FADED = 0.5
#: sums of horizontal and vertical frequency that are kept: below it all chests are alike, above it is noise
_FREQUENCIES = (10, 28)
_FLAT = 1e-3

#: images that are compared with as many others at a time; their products stay in the processor's cache
_BLOCK = 1024
#: images by which leading components are found, and pairs whose correlations are computed at a time
_SAMPLE, _CHUNK = 20_000, 20_000
#: to how many components of a matrix product the correlation of one pair that is left comes in time
_COST = 20_000
#: more than float32 is off in sums of a few hundred products
_ROUNDING = 1e-4
#: links that are collected until only the closest that hold groups together are kept
_MOST_LINKS = 1_000_000


@dataclass(frozen=True)
class Descriptors:
    """What images are compared by, 776 bytes an image.

    Attributes:
        digests: uint64 of shape (images, 2): a digest of the pixels; equal for equal images.
        patterns: float16 of shape (images, frequencies): unit vectors, or zero for an image without any structure.
    """

    digests: NDArray[np.uint64]
    patterns: NDArray[np.float16]


def describe(images: NDArray[np.uint8]) -> Descriptors:
    """Describe images, each by itself: the description does not depend on what else is in the batch.

    Args:
        images: levels of shape (images, size, size), or (images, size, size, 3), whose brightness is described.
    """
    digests = [hashlib.blake2b(image.tobytes(), digest_size=16).digest() for image in images]
    numbers = np.frombuffer(b"".join(digests), np.uint64).reshape(-1, 2)
    side = (_THUMBNAIL, _THUMBNAIL)
    thumbnails = [cv2.resize(_brightness(image), side, interpolation=cv2.INTER_AREA) for image in images]
    fading = tukey(_THUMBNAIL + 2, _FADED)[1:-1]
    faded = _equalised(np.array(thumbnails, np.uint8).reshape(-1, *side)) * np.outer(fading, fading)
    down, across = np.mgrid[:_THUMBNAIL, :_THUMBNAIL]
    frequency = down + across
    kept = (frequency >= _FREQUENCIES[0]) & (frequency <= _FREQUENCIES[1])
    patterns = np.zeros((len(images), np.count_nonzero(kept)), np.float16)
    for pattern, image in zip(patterns, faded, strict=True):
        # Spectra of radiographs fall off; without weights the lowest frequencies alone would decide.
        weighted = cv2.dct(image)[kept] * frequency[kept]
        length = np.linalg.norm(weighted)
        if length > _FLAT:
            pattern[:] = weighted / length
    return Descriptors(numbers, patterns)


def _brightness(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)


def concatenate(parts: Sequence[Descriptors]) -> Descriptors:
    """Join the descriptors of several batches."""
    return Descriptors(
        np.concatenate([part.digests for part in parts]), np.concatenate([part.patterns for part in parts])
    )


def _equalised(thumbnails: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Replace each grey level by its mean rank in its image, from -0.5 to 0.5; inversion negates it exactly."""
    count, pixels = len(thumbnails), _THUMBNAIL**2
    levels = thumbnails.reshape(count, pixels).astype(np.int64)
    counts = np.bincount((levels + 256 * np.arange(count)[:, None]).ravel(), minlength=256 * count).reshape(count, 256)
    ranks = (np.cumsum(counts, axis=1) - counts / 2) / pixels - 0.5
    return np.take_along_axis(ranks, levels, axis=1).reshape(thumbnails.shape)


def find_duplicates(descriptors: Descriptors) -> pd.DataFrame:
    """Find images that show the same radiograph.

    Images that are alike are linked, not each with each: equal ones to the first of them, near ones by the closest
    pairs that hold their group together. So a thousand copies give 999 pairs. Images without any structure are only
    equal or not. The order of the images decides nothing. Mirrored copies, and copies that were turned by more than a
    degree or two or cropped by more than a hundredth of a side, are not found.

    Args:
        descriptors: of all images.

    Returns:
        Pairs of rows, ``first`` < ``second``, in order, with ``kind`` (``exact`` or ``near``), ``similarity`` (the
        correlation of the descriptions, :func:`threshold` to 1) and ``inverted`` (dark and light are exchanged).
    """
    _, representative, group = np.unique(descriptors.digests, axis=0, return_index=True, return_inverse=True)
    group = group.ravel()
    others = np.flatnonzero(representative[group] != np.arange(len(group)))
    exact = pd.DataFrame({"first": representative[group[others]], "second": others})
    exact = exact.assign(kind="exact", similarity=1.0, inverted=False)
    # From here on in the order of the digests, so that neither samples nor ties hang on the order of the images.
    structured = representative[np.any(descriptors.patterns[representative] != 0, axis=1)]
    near = _near(descriptors.patterns[structured].astype(np.float32))
    ends = structured[near[["first", "second"]].to_numpy()]
    near = near.assign(first=ends.min(axis=1), second=ends.max(axis=1))
    return pd.concat([exact, near]).sort_values(["first", "second"]).reset_index(drop=True)


def _near(patterns: NDArray[np.float32]) -> pd.DataFrame:
    """Link different images that are alike."""
    similar = threshold(patterns)
    links = pd.DataFrame({"first": np.empty(0, np.int64), "second": np.empty(0, np.int64), "correlation": np.empty(0)})
    more, collected, compared = [links], 0, 0
    for first, second in _candidates(patterns, similar):
        correlation = _correlations(patterns, first, second)
        close = np.abs(correlation) >= similar
        found = {"first": first[close], "second": second[close], "correlation": correlation[close]}
        if close.any():
            more.append(pd.DataFrame(found))
        collected, compared = collected + int(close.sum()), compared + len(first)
        if collected > _MOST_LINKS:
            more, collected = [_forest(pd.concat(more), len(patterns))], 0
    links = _forest(pd.concat(more), len(patterns))
    log.info("%d different images, %d pairs compared in full, alike from %.3f on", len(patterns), compared, similar)
    correlation = links.pop("correlation")
    return links.assign(kind="near", similarity=correlation.abs().clip(upper=1.0), inverted=correlation < 0)


def _forest(links: pd.DataFrame, count: int) -> pd.DataFrame:
    """Keep the closest links that hold the groups together; of some and then of the rest, they are those of all."""
    first, second = links["first"].to_numpy(), links["second"].to_numpy()
    # Weights from 1 on: a sparse graph would take 0 for no edge.
    graph = coo_array((2 - links["correlation"].abs(), (first, second)), shape=(count, count))
    tree = minimum_spanning_tree(graph.tocsr()).tocoo()
    return links[np.isin(first * count + second, tree.row.astype(np.int64) * count + tree.col)]


def _correlations(
    patterns: NDArray[np.float32], first: NDArray[np.int64], second: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the correlation of each pair of rows."""
    found = np.empty(len(first))
    for start in range(0, len(first), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        found[chunk] = np.einsum("ij,ij->i", patterns[first[chunk]], patterns[second[chunk]])
    return found


def threshold(patterns: NDArray[np.float32]) -> float:
    """Return the correlation from which two of these images are near-duplicates.

    Correlations of unrelated images are about normal by Fisher's transform (Biometrika, 1915). Their median and spread,
    over random pairs, say from where on hardly any pair of all is expected by chance.

    Returns:
        :data:`SIMILAR` or more.
    """
    count = len(patterns)
    if count < _FEWEST:
        return SIMILAR
    first, second = np.random.default_rng(1).integers(0, count, (2, _MEASURED))
    different = first != second
    found = _correlations(patterns, first[different], second[different])
    transformed = np.arctanh(np.clip(found, -0.999999, 0.999999))
    spread = scipy.stats.median_abs_deviation(transformed, scale="normal")
    chance = scipy.stats.norm.isf(_FALSE_PAIRS / (count * (count - 1)))
    return float(np.clip(np.tanh(np.median(transformed) + chance * spread), SIMILAR, _HIGHEST))


def _candidates(patterns: NDArray[np.float32], similar: float) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield pairs of rows, first < second, among them all that correlate by ``similar`` or more, of either sign.

    With some of the coordinates of unit vectors x and y, and the lengths x' and y' of what these leave, the correlation
    is at most the product of the coordinates and x'y' more (Cauchy and Schwarz). Rows are taken in the order of what is
    left of them, so that one limit is nearly right for all products of two blocks.
    """
    leading, left = _leading(patterns, similar)
    order = np.argsort(left, kind="stable")
    leading, left = leading[order], left[order]
    blocks = [slice(start, start + _BLOCK) for start in range(0, len(order), _BLOCK)]
    for number, rows in enumerate(blocks):
        for columns in blocks[number:]:
            products = leading[rows] @ leading[columns].T
            np.abs(products, out=products)
            limit = similar - _ROUNDING - left[rows][-1] * left[columns][-1]
            row, column = np.divmod(np.flatnonzero(products >= limit), products.shape[1])
            bounds = products[row, column] + left[rows][row] * left[columns][column]
            kept = (bounds >= similar - _ROUNDING) & ((rows != columns) | (row < column))
            one, other = order[rows][row[kept]], order[columns][column[kept]]
            yield np.minimum(one, other), np.maximum(one, other)


def _leading(patterns: NDArray[np.float32], similar: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return leading components of patterns, shape (images, components), and the length of what they leave.

    As many as let the whole search end soonest: with fewer of them, more pairs are left to be compared in full.
    """
    # Digests are random, so the first images are a sample of all.
    sample = patterns[:_SAMPLE]
    axes = np.ascontiguousarray(np.linalg.eigh(sample.T @ sample)[1][:, ::-1])
    places = sample @ axes
    left = np.sqrt(np.maximum(1 - np.cumsum(places**2, axis=1), 0))
    one, other = np.arange(0, len(places) - 1, 2), np.arange(1, len(places), 2)
    bounds = np.abs(np.cumsum(places[one] * places[other], axis=1)) + left[one] * left[other]
    costs = np.arange(1, places.shape[1] + 1) + _COST * np.mean(bounds >= similar, axis=0) if len(one) else np.ones(1)
    kept = int(np.argmin(costs)) + 1
    leading, length = np.empty((len(patterns), kept), np.float32), np.empty(len(patterns), np.float32)
    for start in range(0, len(patterns), _CHUNK):
        rows = slice(start, start + _CHUNK)
        places = patterns[rows] @ axes
        leading[rows], length[rows] = places[:, :kept], np.linalg.norm(places[:, kept:], axis=1)
    return leading, length
