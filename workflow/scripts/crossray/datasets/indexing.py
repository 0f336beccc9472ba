"""The index of a data set's shards, which says whether they are others."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from crossray.errors import UserError
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
        UserError: if more than that share, or every image, was left out; the message has the commonest reasons.
    """
    entries = [shard_entry(path) for path in shards]
    images = sum(entry["images"] for entry in entries)
    total = images + len(rejected)
    if not images or len(rejected) > settings.max_rejected * total:
        counts = rejected["reason"].value_counts().head(5)
        reasons = "; ".join(f"{count} x {reason}" for reason, count in counts.items())
        raise UserError(
            f"data set {dataset}: {len(rejected)} of {total} images cannot be used, more than max_rejected = "
            f"{settings.max_rejected:g} allows. Commonest reasons: {reasons}. The files are listed in the "
            f"*.rejected.csv beside the shards; mend them, or raise datasets.{dataset}.max_rejected"
        )
    log.info("%d images in %d shards, %d rejected", images, len(entries), len(rejected))
    return {
        "dataset": dataset,
        "size": settings.size,
        "preprocessing": preprocessing(settings.fit, settings.burnt_in, settings.colour),
        "images": images,
        "rejected": len(rejected),
        "shards": entries,
    }
