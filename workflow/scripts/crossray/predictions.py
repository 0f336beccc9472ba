"""Predictions, the hub: a model's outputs for a split of a data set, whatever wrote the file.

One row per image, study or patient; the first column identifies it (``image_id``, ``study_id`` or ``patient_id``), and
each further one is a task. The Parquet file's own metadata say the unit and the scale of the numbers: ``logit``,
``probability``, ``score`` (which only ranks) or ``binary``. A missing number is one that a model did not give.

Of a site that sends counts alone the unit is ``bin``, and a row is a histogram (:mod:`crossray.predicted_counts`).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.parquet

from crossray.errors import UserError
from crossray.files import damaged, read_parquet, replacing
from crossray.study.names import BINARY_ANSWER, LOGIT, PROBABILITY, SCORE, UNITS

_METADATA_KEY = b"crossray"
_VERSION = 1
_SCALES = (LOGIT, PROBABILITY, SCORE, BINARY_ANSWER)
#: the unit of a site's counts, which no reader of rows takes
BIN = "bin"


@dataclass(frozen=True)
class Predictions:
    """What a file of predictions holds.

    Attributes:
        table: float64, one column per task, indexed by identifiers; NaN where a number is missing.
        unit: what a row is about, image, study or patient.
        scale: what the numbers are.
    """

    table: pd.DataFrame
    unit: str = "image"
    scale: str = LOGIT

    def as_logits(self) -> pd.DataFrame:
        """Return the outputs, probabilities as logits; those of 0 and 1 as the nearest numbers that have one."""
        if self.scale != PROBABILITY:
            return self.table
        least = np.finfo(np.float64).eps / 2
        inside = self.table.clip(least, 1 - least)
        return np.log(inside) - np.log1p(-inside)


def write(path: Path, table: pd.DataFrame, scale: str = LOGIT, unit: str = "image") -> None:
    """Write predictions, whole or not at all.

    Args:
        path: the file.
        table: the identifier of the unit in the first column, then one column per task.
        scale: what the numbers are.
        unit: what a row is about.
    """
    write_described(path, table, {"unit": unit, "scale": scale})


def write_described(path: Path, table: pd.DataFrame, facts: Mapping[str, object]) -> None:
    """Write a table that says what it is."""
    arrow = pyarrow.Table.from_pandas(table, preserve_index=False)
    text = json.dumps({"version": _VERSION, **facts}, sort_keys=True)
    described = {**(arrow.schema.metadata or {}), _METADATA_KEY: text.encode()}
    with replacing(path) as partial:
        pyarrow.parquet.write_table(arrow.replace_schema_metadata(described), partial)


def read(path: Path) -> Predictions:
    """Read predictions; a file without metadata has logits of images.

    Raises:
        UserError: if it is no file of predictions, one of a version that is not known, or holds counts.
    """
    facts = facts_of(path)
    unit, scale = str(facts["unit"]), str(facts["scale"])
    if unit == BIN:
        raise UserError(f"{path}: holds a site's counts, and rows are wanted; ask the site for the level rows")
    table = read_parquet(path, [UNITS[unit]]).set_index(UNITS[unit])
    return Predictions(table.astype(np.float64), unit, scale)


def facts_of(path: Path) -> dict[str, Any]:
    """Return what a file says of itself.

    Raises:
        UserError: if it is no file of predictions, or one of a version that is not known.
    """
    try:
        stored = (pyarrow.parquet.read_schema(path).metadata or {}).get(_METADATA_KEY)
        facts = json.loads(stored) if stored else {"version": _VERSION, "unit": "image", "scale": LOGIT}
    except FileNotFoundError:
        raise
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise damaged(path, "says not what its numbers are") from error
    if facts.get("version") != _VERSION or facts.get("unit") not in (*UNITS, BIN) or facts.get("scale") not in _SCALES:
        raise damaged(path, "declares a scale of its numbers that this version of CrossRay does not know")
    return dict(facts)


def placed(scores: pd.DataFrame, rows: pd.DataFrame, unit: str) -> pd.DataFrame:
    """Return one row for each image, study or patient of a split, those without a score with none.

    Args:
        scores: as :func:`crossray.datasets.scores.identified` returns them.
        rows: of the manifest, the images of the split that have pixels, in order.
        unit: what there is a score for.
    """
    wanted = list(dict.fromkeys(rows[UNITS[unit]].dropna()))
    return scores.set_index(UNITS[unit]).reindex(wanted).rename_axis(UNITS[unit]).reset_index()
