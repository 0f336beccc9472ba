"""Features of an image without knowledge of its label: from a frozen encoder, and of its acquisition.

A domain classifier with too few features attributes image differences to labels; features trained on labels can be
blind in the same way. So the encoder has random weights, weights learnt from images alone, weights published for
photographs, or custom weights trained on neither site's labels; and a dozen numbers describe exposure and processing.
On request the study's own models describe images beside it, as they see them before their last layer.
"""

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from crossray.learning.models import Network
from crossray.learning.prediction import embed
from crossray.seeds import derived_seed
from crossray.shards import ImageStore, with_rows
from crossray.study.stages.inference import Inference

RANDOM = "random"
ENCODER = "resnet18"
#: what columns of each kind begin with; those of a model go on with its name, its source, and a blank
ENCODED, ACQUIRED, INNER = "encoder ", "acquisition ", "inner "
#: numbers of a model that are kept of each image
PROJECTED = 64

_QUANTILES = (0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98)
#: grey levels that count as black border, and as lead
_BLACK, _LEAD = 8, 247
#: the median absolute deviation of a normal variable, in standard deviations
_MAD = 0.6745


def sample(manifest: pd.DataFrame, store: ImageStore, images: int, seed: int) -> pd.DataFrame:
    """Draw whole patients of the test split until there are so many images; all of them where there are fewer.

    Returns:
        Rows of the manifest in its order, with their place in the store as ``row``; the same for the same seed.
    """
    rows = with_rows(manifest, store, "test")
    patients = rows["patient_id"].drop_duplicates()
    order = patients.sample(frac=1, random_state=derived_seed(seed, store.dataset, "described") % 2**32)
    counts = rows["patient_id"].value_counts().reindex(order)
    kept = order[(counts.cumsum() <= images).to_numpy()]
    return rows[rows["patient_id"].isin(set(kept))].reset_index(drop=True)


def describe(
    encoder: Network, store: ImageStore, rows: pd.DataFrame, settings: Inference, device: torch.device
) -> pd.DataFrame:
    """Describe images.

    Args:
        encoder: a network whose last layer is left out.
        store: where the pixels are.
        rows: the images, with their place as ``row``.
        settings: how networks are applied.
        device: where to compute.

    Returns:
        ``image_id`` and a float32 column for each number.
    """
    places = rows["row"].to_numpy()
    encoded = pd.DataFrame(embed(encoder, store, places, settings, device)).add_prefix(ENCODED)
    acquired = pd.DataFrame([acquisition(image) for image in store.take(places)]).add_prefix(ACQUIRED)
    return pd.concat([rows[["image_id"]], encoded, acquired.astype(np.float32)], axis=1)


def describe_by_models(
    models: Mapping[str, Network], store: ImageStore, places: NDArray[np.int64], settings: Inference,
    device: torch.device, seed: int,
) -> pd.DataFrame:  # fmt: skip
    """Describe images by what models make of them before their last layer.

    Of a wide layer random directions are kept, which nearly keep distances between images (Johnson and Lindenstrauss
    1984); the same for every data set, so that images can be compared.

    Args:
        models: ``model/source`` -> its network.
        store: where the pixels are.
        places: the images, as rows of the store.
        settings: how networks are applied.
        device: where to compute.
        seed: of the directions.

    Returns:
        A float32 column for each number, at most :data:`PROJECTED` of a model.
    """
    parts = []
    for name, network in models.items():
        features = embed(network, store, places, settings, device)
        if features.shape[1] > PROJECTED:
            generator = np.random.default_rng(derived_seed(seed, "inner", name))
            directions = generator.normal(0, PROJECTED**-0.5, (features.shape[1], PROJECTED))
            features = (features.astype(np.float64) @ directions).astype(np.float32)
        parts.append(pd.DataFrame(features).add_prefix(f"{INNER}{name} "))
    return pd.concat(parts, axis=1)


def acquisition(image: NDArray[np.uint8]) -> Mapping[str, float]:
    """Say how a picture was exposed and processed.

    Args:
        image: uint8, shape (size, size).

    Returns:
        Mean, deviation and quantiles of the grey levels (0 to 1); sharpness, the logarithm of the Laplacian's mean
        square; noise, the logarithm of the deviation of what a median filter takes away; the share of the edge lines
        that are black, and of the pixels that are as white as lead; how much brighter the corners are than the middle,
        which is reversed in a picture of the other polarity.
    """
    grey = image.astype(np.float32) / 255
    laplacian = cv2.Laplacian(grey, cv2.CV_32F)
    rest = grey - cv2.medianBlur(image, 3).astype(np.float32) / 255
    spread = float(np.median(np.abs(rest - np.median(rest)))) / _MAD
    quarter = image.shape[0] // 4
    middle = float(grey[quarter:-quarter, quarter:-quarter].mean())
    corners = np.mean([grey[rows, columns].mean() for rows in (slice(quarter), slice(-quarter, None))
                       for columns in (slice(quarter), slice(-quarter, None))])  # fmt: skip
    black = np.r_[image.max(axis=0) <= _BLACK, image.max(axis=1) <= _BLACK]
    quantiles: dict[str, Any] = {f"quantile {q:g}": float(np.quantile(grey, q)) for q in _QUANTILES}
    return {
        "mean": float(grey.mean()), "deviation": float(grey.std()), **quantiles,
        "sharpness": float(np.log(np.mean(laplacian**2) + 1e-6)), "noise": float(np.log(spread + 1e-3)),
        "border": float(black.mean()), "lead": float((image >= _LEAD).mean()), "corners": float(corners) - middle,
    }  # fmt: skip
