"""The command that applies a trained model to image files."""

import logging
import re
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from crossray.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

    from crossray.shell.model import Model

#: of :data:`crossray.learning.attribution.METHODS`, which needs torch
_METHODS = ("grad_cam", "integrated_gradients", "input_gradients")


def predict_options(options: ArgumentParser) -> None:
    """Add the options of the command."""
    options.add_argument(
        "model", type=Path, metavar="MODEL",
        help="folder of a trained model, results/STUDY/models/MODEL/SOURCE/SEED, or of an exported one",
    )  # fmt: skip
    options.add_argument("files", type=Path, nargs="+", metavar="FILE", help="image files: DICOM, PNG or JPEG")
    options.add_argument("--output", type=Path, metavar="FILE", help="CSV to write (default: standard output)")
    options.add_argument(
        "--at", metavar="DATASET",
        help="data set of the model's study whose validation images say what a logit means, for the column "
        "recalibrated (default: the source)",
    )  # fmt: skip
    options.add_argument(
        "--map", type=Path, metavar="FOLDER",
        help="folder for pictures of the evidence: of each image for the findings that it is called positive for, or "
        "else for the most probable one",
    )  # fmt: skip
    options.add_argument(
        "--method", choices=_METHODS, default=_METHODS[0], help="how evidence is found, for --map (default: grad_cam)"
    )


def predict_files(arguments: Namespace) -> None:
    """Write what a model says of image files.

    Raises:
        UserError: if there is no model, no file can be used, or an output is there already.
    """
    from crossray.files import csv_text, write_csv
    from crossray.shell.model import Model

    logging.getLogger().setLevel(logging.WARNING)
    if arguments.map and arguments.map.exists():
        raise UserError(f"{arguments.map}: is there already; name a new folder for the maps, or move it")
    model = Model(arguments.model)
    table = model.predict(arguments.files, arguments.at)
    unusable = table[table["logit"].isna()].drop_duplicates("file")
    for file, note in zip(unusable["file"], unusable["note"], strict=True):
        print(f"{file}: cannot be used: {note}", file=sys.stderr)
    if arguments.output:
        write_csv(arguments.output, table)
    else:
        print(csv_text(table), end="")
    if arguments.map:
        _write_maps(model, table.dropna(subset="logit"), arguments.map, arguments.method)
    if len(unusable) == len(set(table["file"])):
        raise UserError("no file can be used; see what is said of each")


def _write_maps(model: "Model", table: "pd.DataFrame", folder: Path, method: str) -> None:
    """Write a picture for each file and finding that it is called positive for, or else its most probable one."""
    from crossray.figures.pixels import evidence_jpeg

    folder.mkdir(parents=True)
    for number, (file, rows) in enumerate(table.groupby("file", sort=False), start=1):
        positive = rows[rows["positive"].fillna(False).astype(bool)]
        chosen = positive if len(positive) else rows.nlargest(1, "probability")
        pixels = model.pixels(str(file))
        grey = pixels if pixels.ndim == 2 else pixels.mean(axis=2).astype(pixels.dtype)
        for task in chosen["task"]:
            heat = model.evidence_in(pixels, task, method)
            name = re.sub(r"[^\w.-]+", "-", f"{number:04d}-{Path(str(file)).stem}-{task}")
            (folder / f"{name}.jpg").write_bytes(evidence_jpeg(grey, heat, heat < 0))
