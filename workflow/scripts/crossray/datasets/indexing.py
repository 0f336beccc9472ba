"""The index of a data set's shards, which says whether they are others."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from crossray.errors import FILE_NOT_FOUND, UserError
from crossray.images import preprocessing
from crossray.shards import shard_entry
from crossray.study.stages.index_shards import IndexShards

log = logging.getLogger(__name__)


def index(shards: Sequence[Path], rejected: pd.DataFrame, dataset: str, settings: IndexShards) -> dict[str, Any]:
    """List the shards of a data set with their digests.

    Args:
        shards: the shards' files, in order.
        rejected: the images left out of all of them.
        dataset: name of the data set.
        settings: those of the index.

    Raises:
        UserError: if more than those shares, or every image, were left out; the message has the commonest reasons.
    """
    entries = [shard_entry(path) for path in shards]
    images = sum(entry["images"] for entry in entries)
    _check_limits(rejected, images, dataset, settings)
    log.info("%d images in %d shards, %d rejected", images, len(entries), len(rejected))
    return {
        "dataset": dataset,
        "size": settings.size,
        "preprocessing": preprocessing(settings.fit, settings.burnt_in, settings.colour),
        "images": images,
        "rejected": len(rejected),
        "shards": entries,
    }


def _check_limits(rejected: pd.DataFrame, images: int, dataset: str, settings: IndexShards) -> None:
    """Check how many images are missing, and how many cannot be used; each has its own limit."""
    missing, total = rejected["reason"] == FILE_NOT_FOUND, images + len(rejected)
    for limit, share, left_out in (
        ("max_rejected", settings.max_rejected, rejected[~missing]),
        ("max_missing", settings.max_missing, rejected[missing]),
    ):
        if len(left_out) > share * total or (len(left_out) and not images):
            counts = left_out["reason"].value_counts().head(5)
            reasons = "; ".join(f"{count} x {reason}" for reason, count in counts.items())
            raise UserError(
                f"data set {dataset}: {len(left_out)} of {total} images cannot be used, more than {limit} = {share:g} "
                f"allows. Commonest reasons: {reasons}. The files are listed in the *.rejected.csv beside the shards; "
                f"mend them, or raise datasets.{dataset}.{limit}"
            )
    if not images:
        raise UserError(f"data set {dataset}: its shards hold no image; look at its manifest and its settings")
