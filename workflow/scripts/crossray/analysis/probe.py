"""Can a classifier predict the data set? From tiny images, and from each model's features.

A model that recognises hospitals can use the hospital instead of signs of disease (Zech et al., PLOS Medicine 2018).
A data set that is recognised from 16 x 16 pixels differs visibly.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import binomtest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from crossray import reasons
from crossray.shards import ImageStore
from crossray.tables import of_rows
from crossray.tables.probe import Probe, ProbeConfusion

IMAGES = "images, 16 x 16 pixels"
_SIDE = 16


def thumbnails(store: ImageStore, image_ids: pd.Series) -> NDArray[np.float64]:
    """Return images at 16 x 16 pixels, flattened, 0 to 1."""
    small = [
        cv2.resize(image, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).ravel()
        for image in store.take(store.rows(image_ids))
    ]
    return np.array(small, np.float64) / 255


def measure(samples: Mapping[str, pd.DataFrame]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Train a logistic regression on each kind of features and test it on other patients.

    Data sets without training images, as those that are only tested on, cannot be learnt and do not count as places
    that an image may come from; they are named instead.

    Args:
        samples: kind of features -> dataset, split (train or test), and one numeric column a feature.

    Returns:
        Tables of :class:`Probe` and :class:`ProbeConfusion`; intervals by Wilson (one image a patient), that
        of the accuracy recovered from those of the data sets. A row without numbers has reason F, fewer than two data
        sets to tell apart, or D, features of a model whose training diverged.
    """
    rows, confusion = [], []
    for features, table in samples.items():
        splits = table.groupby("dataset", sort=False)["split"].agg(set)
        names = [str(name) for name in splits.index if splits[name] == {"train", "test"}]
        row: dict[str, Any] = {"features": features, "datasets": len(names)}
        row["left_out"] = ", ".join(str(name) for name in splits.index if name not in names)
        table = table[table["dataset"].isin(names)]
        numbers = table.drop(columns=["dataset", "split"]).to_numpy(float)
        if len(names) < 2:
            rows.append(row | {"images": 0, "reason": reasons.TOO_FEW})
        elif not np.isfinite(numbers).all():
            rows.append(row | {"images": 0, "reason": reasons.DIVERGED})
        else:
            tested = _predicted(table, numbers)
            rows.append(row | _accuracy(tested))
            confusion += [{"features": features} | cell for cell in _confusion(tested, names)]
    return of_rows(rows, Probe), of_rows(confusion, ProbeConfusion)


def _predicted(table: pd.DataFrame, numbers: NDArray) -> pd.DataFrame:
    """Learn from the training images, and return dataset and predicted of the test images."""
    train = (table["split"] == "train").to_numpy()
    probe = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=2000, class_weight="balanced"))
    probe.fit(numbers[train], table["dataset"][train])
    return table.loc[~train, ["dataset"]].assign(predicted=probe.predict(numbers[~train]))


def _accuracy(tested: pd.DataFrame) -> dict[str, Any]:
    right = [(part["predicted"] == name).to_numpy() for name, part in tested.groupby("dataset", sort=False)]
    low, high = _interval(right)
    accuracy = float(np.mean([hit.mean() for hit in right]))
    return {"images": len(tested), "accuracy": accuracy, "accuracy_low": low, "accuracy_high": high,
            "chance": 1 / len(right)}  # fmt: skip


def _confusion(tested: pd.DataFrame, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    for name, predicted in itertools.product(names, names):
        part = tested[tested["dataset"] == name]
        hits = int((part["predicted"] == predicted).sum())
        bounds = binomtest(hits, len(part)).proportion_ci(method="wilson")
        yield {"dataset": name, "predicted": predicted, "images": hits, "share": hits / len(part),
               "share_low": bounds.low, "share_high": bounds.high}  # fmt: skip


def _interval(right: list[NDArray]) -> tuple[float, float]:
    """Interval of the mean over data sets, from Wilson's of each (MOVER; Zou and Donner 2008); never of width 0."""
    bounds = [binomtest(int(hit.sum()), len(hit)).proportion_ci(method="wilson") for hit in right]
    shares = np.array([hit.mean() for hit in right])
    below = np.linalg.norm(shares - [bound.low for bound in bounds]) / len(right)
    above = np.linalg.norm([bound.high for bound in bounds] - shares) / len(right)
    return max(float(shares.mean() - below), 0.0), min(float(shares.mean() + above), 1.0)
