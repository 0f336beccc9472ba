"""Features for the domain classifier: a rich and a lean representation, as a bracket.

Omitting the features of an image shift moves its effect into the label term; irrelevant features cost overlap. So a
verdict must hold with both: rich has components of the encoder, or of the models before their last layer; lean only the
acquisition, the patient, and the outputs of the source's model for each task. How an image was taken is its
acquisition alone.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

RICH, LEAN, TAKEN = "rich", "lean", "taken"
#: principal components of the encoder's features, or of those of two models together
COMPONENTS = 32
#: what columns of descriptions begin with (``describe_images.py``); then come a model, its source and a number
_ENCODED, _ACQUIRED, _INNER = "encoder ", "acquisition ", "inner "


def representations(
    descriptions: Mapping[str, pd.DataFrame], rows: Mapping[str, pd.DataFrame]
) -> dict[str, dict[str, NDArray]]:
    """Turn descriptions into numbers on one scale for all data sets; no label is looked at.

    Args:
        descriptions: data set -> table of ``describe_images.py``, by image_id.
        rows: data set -> rows of the manifest of the same images, in order; view, sex and age may be empty.

    Returns:
        Data set -> representation -> numbers of shape (images, features), without what a model makes of the images.
    """
    pooled = pd.concat(list(descriptions.values()))
    encoded = _components(pooled.filter(like=_ENCODED).to_numpy(np.float64))
    facts = _facts(pd.concat([rows[name] for name in descriptions]))
    acquired = pooled.filter(like=_ACQUIRED).to_numpy(np.float64)
    lean = np.c_[acquired, facts]
    of_all = {RICH: np.c_[lean, encoded], LEAN: lean, TAKEN: acquired}
    found = {representation: _apart(values, descriptions) for representation, values in of_all.items()}
    return {name: {one: found[one][name] for one in of_all} for name in descriptions}


def inner_components(descriptions: Mapping[str, pd.DataFrame]) -> dict[str, dict[str, NDArray]]:
    """Return what models make of images before their last layer, on one scale for all data sets.

    Returns:
        Data set -> ``model/source`` -> components, shape (images, at most :data:`COMPONENTS`), the largest first; a
        data set has no model where descriptions are by an encoder alone.
    """
    pooled = pd.concat([table.filter(like=_INNER) for table in descriptions.values()])
    found: dict[str, dict[str, NDArray]] = {name: {} for name in descriptions}
    models = pooled.columns.str.removeprefix(_INNER).str.rsplit(" ", n=1).str[0]
    for model in dict.fromkeys(models):
        features = pooled.loc[:, models == model].to_numpy(np.float64)
        if not np.isfinite(features).all():  # a training that diverged
            continue
        for name, part in _apart(_components(features), descriptions).items():
            found[name][model] = part
    return found


def _apart(values: NDArray, descriptions: Mapping[str, pd.DataFrame]) -> dict[str, NDArray]:
    """Return rows of all data sets, one after another, as those of each."""
    ends = np.cumsum([len(table) for table in descriptions.values()])[:-1]
    return dict(zip(descriptions, np.split(values, ends), strict=True))


def _components(features: NDArray) -> NDArray[np.float64]:
    """Return the first principal components of standardised features; signs are fixed, so bytes are too."""
    spread = features.std(axis=0)
    known = spread > 1e-6 * max(float(spread.max()), 1e-12)
    scaled = (features[:, known] - features[:, known].mean(axis=0)) / spread[known]
    _, axes = np.linalg.eigh(scaled.T @ scaled / len(scaled))
    axes = axes[:, ::-1][:, :COMPONENTS]
    return scaled @ (axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])]))


def _facts(rows: pd.DataFrame) -> NDArray[np.float64]:
    """Return age and what view and sex are, unknown ones by columns of their own."""
    ages = rows["age"].to_numpy(np.float64)
    unknown = np.isnan(ages)
    middle = float(np.median(ages[~unknown])) if (~unknown).any() else 0.0
    said = pd.get_dummies(rows[["view", "sex"]].fillna("unknown").astype(str)).to_numpy(np.float64)
    return np.c_[np.where(unknown, middle, ages), unknown, said]
