"""Which images to attribute: those whose maps can be scored, and the most confident ones of each task.

The scored images depend only on the target, so all models are scored on the same ones.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from crossray.seeds import derived_seed

#: role -> label, and whether the highest logit is wanted or the lowest; the surest right and the surest wrong of each
ROLES = {
    "positive, scored highest": (1, True),
    "positive, scored lowest": (1, False),
    "negative, scored highest": (0, True),
    "negative, scored lowest": (0, False),
}
COLUMNS = ["image_id", "task", "label", "logit", "scored", "role"]


def choose(
    labels: pd.DataFrame,
    logits: pd.DataFrame,
    regions: pd.DataFrame | None,
    tasks: Sequence[str],
    images: int,
    seed: int,
) -> pd.DataFrame:
    """Choose images of a split.

    Args:
        labels: rows of the manifest by image_id.
        logits: one column per task of the model, in the order of ``labels``.
        regions: where findings are (:mod:`crossray.regions`); None where the data set does not say.
        tasks: those that are asked for; others than the model's and the data set's are left out, and those whose
            logits are not numbers.
        images: maximum number of scored images per task.
        seed: of the draw where there are more.

    Returns:
        A table with :data:`COLUMNS`, one row per image and task: ``scored`` for positives with a region, ``role`` for
        the shown ones, empty for others.
    """
    parts = [
        _of_task(labels[task].dropna(), logits[task], _located(regions, task), task, images, derived_seed(seed, task))
        for task in tasks
        if task in labels and task in logits and np.isfinite(logits[task]).all()
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=COLUMNS)


def _located(regions: pd.DataFrame | None, task: str) -> pd.Index:
    return pd.Index([]) if regions is None else pd.Index(regions.loc[regions["task"] == task, "image_id"].unique())


def _of_task(
    labels: pd.Series, logits: pd.Series, located: pd.Index, task: str, images: int, seed: int
) -> pd.DataFrame:
    known = logits.loc[labels.index]
    positives = labels.index[(labels == 1) & labels.index.isin(located)]
    drawn = np.random.default_rng(seed).permutation(len(positives))[:images]
    table = pd.DataFrame({"label": labels.astype(int), "logit": known.astype(float), "scored": False, "role": ""})
    table.loc[positives[np.sort(drawn)], "scored"] = True
    for role, (label, highest) in ROLES.items():
        others = table[(table["label"] == label) & (table["role"] == "")]
        if len(others):
            table.loc[others["logit"].idxmax() if highest else others["logit"].idxmin(), "role"] = role
    chosen = table[table["scored"] | (table["role"] != "")]
    return chosen.rename_axis("image_id").reset_index().assign(task=task)[COLUMNS]
