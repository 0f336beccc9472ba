"""The command that takes a model out of a study: ONNX, safetensors, facts and a model card."""

import logging
import shutil
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from crossray.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from crossray.shell.trained import Facts, Trained

#: images of the study that the ONNX file is checked on
_CHECKED = 256


def export_options(options: ArgumentParser) -> None:
    """Add the options of the command."""
    options.add_argument(
        "model", type=Path, metavar="MODEL",
        help="folder of a trained model, results/STUDY/models/MODEL/SOURCE/SEED, or one above just one model",
    )  # fmt: skip
    options.add_argument(
        "--output", type=Path, metavar="FOLDER", help="folder to write (default: STUDY-MODEL-SOURCE-SEED)"
    )


def export_model(arguments: Namespace) -> None:
    """Write the files of a model, whole or not at all.

    Raises:
        UserError: if there is no model, the study has not been evaluated, or the ONNX file computes something else.
    """
    from crossray.files import write_json, write_text
    from crossray.learning.models import load_model
    from crossray.shell.model_card import card
    from crossray.shell.onnx_export import compare, write_onnx
    from crossray.shell.trained import CARD, FACTS, ONNX, WEIGHTS, facts_of, find_trained

    logging.getLogger().setLevel(logging.WARNING)  # the exporter tells of each of its steps
    trained = find_trained(arguments.model)
    if trained.exported:
        raise UserError(f"{trained.exported}: is exported already; name a model in the results of a study")
    facts = facts_of(trained)
    folder = arguments.output or Path(facts.name)
    if folder.exists():
        raise UserError(f"{folder}: is there already; name another folder with --output, or move it")
    network, _, size = load_model(trained.weights)
    images = _test_images(trained, facts)
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        write_onnx(partial / ONNX, network, size, facts.as_dict())
        apart = compare(partial / ONNX, network, images)
        shutil.copyfile(trained.weights, partial / WEIGHTS)
        write_json(partial / FACTS, facts.as_dict())
        write_text(partial / CARD, card(trained.study, facts, apart))
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    print(f"{folder}: {facts.architecture}, {len(facts.tasks)} tasks, {facts.size} px")
    print(f"  {ONNX}: logits of {len(images)} images of {facts.datasets[0]} differ from torch's by at most {apart:.1e}")
    print(f"  {WEIGHTS}, {FACTS}, and {CARD}: the model card; read where the model must not be used")


def _test_images(trained: "Trained", facts: "Facts") -> "NDArray[np.uint8]":
    """Return test images of the source, or others of its data set if it has none.

    Raises:
        UserError: if they are no longer there.
    """
    import numpy as np

    from crossray import manifest
    from crossray.shards import ImageStore, with_rows
    from crossray.study import folders

    name = facts.datasets[0]
    store = ImageStore(trained.index(name, facts.shape))
    store.check()
    table = manifest.read(trained.study / "manifests" / folders.MANIFEST.format(dataset=name))
    rows = [with_rows(table, store, split)["row"].to_numpy() for split in manifest.SPLITS[::-1]]
    return store.take(np.concatenate(rows)[:_CHECKED])
