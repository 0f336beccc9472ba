"""The calibration error without its bias (Kumar and others 2019), of a sample and of each resample of its patients."""

import numpy as np
from numpy.typing import NDArray

from crossray.analysis.metrics import calibration_bins, calibration_chance, calibration_error
from crossray.analysis.resampling import weighted_sums

#: bins of equal width
BINS = 10


def binned_sums(labels: NDArray, given: NDArray, weights: NDArray) -> NDArray[np.float64]:
    """Return sums of images, probabilities and positives in each bin, of the sample and then of each resample.

    Args:
        labels: 0 or 1, shape (images,).
        given: probabilities, shape (images,).
        weights: how often each image is in each resample, shape (resamples, images).

    Returns:
        Shape (1 + resamples, 3, bins).
    """
    member = np.eye(BINS)[calibration_bins(given, BINS)]
    columns = np.concatenate([member, member * given[:, None], member * labels[:, None]], axis=1)
    sums = np.concatenate([columns.sum(axis=0)[None], weighted_sums(weights, columns)])
    return sums.reshape(len(sums), 3, BINS)


def errors(labels: NDArray, given: NDArray, patients: NDArray, binned: NDArray) -> tuple[float, NDArray[np.float64]]:
    """Return the error of the sample, and that of each resample, shape (resamples,).

    Args:
        labels: 0 or 1, shape (images,).
        given: probabilities, shape (images,).
        patients: whose each image is, shape (images,).
        binned: what :func:`binned_sums` returned of them.
    """
    images, probabilities, positives = (binned[1:, part] for part in range(3))
    with np.errstate(invalid="ignore", divide="ignore"):
        gaps = np.nansum((probabilities - positives) ** 2 / images, axis=1)
    # A resample's gaps vary by chance as often again as the sample's own.
    squares = (gaps - 2 * calibration_chance(labels, given, patients, BINS)) / images.sum(axis=1)
    return calibration_error(labels, given, patients, BINS), np.sqrt(np.maximum(squares, 0.0))
