"""What a training leaves beside its weights: one row an epoch, and the record of the run."""

import shutil
from argparse import Namespace
from pathlib import Path

import pandas as pd
import pytorch_lightning
import torch

from crossray.files import write_json
from crossray.learning.hardware import precision
from crossray.learning.models import Network
from crossray.learning.record import learnt_record
from crossray.learning.source import Source
from crossray.learning.training import BestEpoch
from crossray.tables import write
from crossray.tables.training import History


def write_history_and_record(
    arguments: Namespace, name: str, key: str, source: Source, best: BestEpoch, device: torch.device, result: Path,
    network: Network,
) -> None:  # fmt: skip
    """Write both, the record last, and only then drop the checkpoints.

    Args:
        arguments: the program's options (:func:`crossray.learning.options.training_options`) and ``settings``.
        name: the source's.
        key: digest of all that decides the result (:func:`crossray.learning.record.training_key`).
        source: what it was trained on.
        best: the epoch that is kept, and the history.
        device: where it was trained.
        result: the file that was learnt.
        network: the network that learnt it.
    """
    write(arguments.history, pd.DataFrame(best.history).astype({"epoch": int}), History)
    facts = learnt_record(name, key, source, arguments.settings, device, result, network, arguments.initial)
    facts["versions"][pytorch_lightning.__name__] = pytorch_lightning.__version__
    facts |= {
        "notes": [*([best.outcome] if best.outcome else []), *source.notes],
        "best_epoch": best.best_epoch,
        "diverged": best.diverged,
        "precision": precision(arguments.settings.precision, device),
    }
    write_json(arguments.record, facts)
    shutil.rmtree(arguments.checkpoint_dir)
