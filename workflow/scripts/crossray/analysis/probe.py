"""Can a classifier tell the data sets apart? From tiny images, and from what each model makes of the images.

A model that can tell hospitals apart can use what it knows of a hospital instead of what it sees of a disease (Zech et
al., PLOS Medicine 2018). A data set that is recognised from 16 x 16 pixels differs in plain sight.
"""

from collections.abc import Mapping

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import binomtest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from crossray.shards import ImageStore

#: ``accuracy`` is the mean over data sets of the share of test images that are recognised, ``chance`` that of guessing
COLUMNS = ["features", "datasets", "images", "accuracy", "accuracy_low", "accuracy_high", "chance"]
CONFUSION_COLUMNS = ["features", "dataset", "predicted", "images", "share", "share_low", "share_high"]

IMAGES = "images, 16 x 16 pixels"
_SIDE = 16


def thumbnails(store: ImageStore, image_ids: pd.Series) -> NDArray[np.float64]:
    """Return images at 16 x 16 pixels, flattened, 0 to 1."""
    small = [
        cv2.resize(image, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).ravel()
        for image in store.take(store.rows(image_ids))
    ]
    return np.array(small, np.float64) / 255


def measure(samples: Mapping[str, pd.DataFrame], seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Train a logistic regression on each kind of features and test it on other patients.

    Args:
        samples: kind of features -> dataset, split (train or test), and one numeric column a feature.
        seed: of the bootstrap.

    Returns:
        Tables with :data:`COLUMNS` and :data:`CONFUSION_COLUMNS`; intervals by resampling images within data sets
        (one image a patient) and by Wilson.
    """
    rows, confusion = [], []
    for features, table in samples.items():
        names = list(dict.fromkeys(table["dataset"]))
        numbers = table.drop(columns=["dataset", "split"]).to_numpy(float)
        train = (table["split"] == "train").to_numpy()
        probe = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=2000, class_weight="balanced"))
        probe.fit(numbers[train], table["dataset"][train])
        tested = table.loc[~train, ["dataset"]].assign(predicted=probe.predict(numbers[~train]))
        right = {name: (part["predicted"] == name).to_numpy() for name, part in tested.groupby("dataset", sort=False)}
        low, high = _interval(list(right.values()), seed)
        rows.append((features, len(names), len(tested), np.mean([hit.mean() for hit in right.values()]), low, high,
                     1 / len(names)))  # fmt: skip
        for name in names:
            part = tested[tested["dataset"] == name]
            for predicted in names:
                hits = int((part["predicted"] == predicted).sum())
                bounds = binomtest(hits, len(part)).proportion_ci(method="wilson")
                confusion.append((features, name, predicted, hits, hits / len(part), bounds.low, bounds.high))
    return pd.DataFrame(rows, columns=COLUMNS), pd.DataFrame(confusion, columns=CONFUSION_COLUMNS)


def _interval(right: list[NDArray], seed: int) -> tuple[float, float]:
    """Percentile interval of the mean over data sets, images resampled within each."""
    generator = np.random.default_rng(seed)
    drawn = [generator.binomial(len(hit), hit.mean(), 1000) / len(hit) for hit in right]
    low, high = np.quantile(np.mean(drawn, axis=0), [0.025, 0.975])
    return float(low), float(high)
