"""Checkpoints of a training: atomic writes, the last two kept, damaged ones detected, one writer at a time."""

import errno
import logging
import os
import zipfile
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout
from lightning_fabric.plugins.io.torch_io import TorchCheckpointIO

from crossray.errors import UserError
from crossray.files import later_than_now, read_json, replacing
from crossray.learning import processes
from crossray.learning.record import training_key

log = logging.getLogger(__name__)

LAST = "last.ckpt"
BEFORE = "before.ckpt"

#: what file systems without locks answer, as Lustre mounted without flock or NFS without a lock service
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


class RotatedFiles(TorchCheckpointIO):
    """Writes each checkpoint to a temporary name, syncs it, and renames it; the last one becomes the one before."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        """Write ``checkpoint`` to ``path``, whole or not at all."""
        last = Path(os.path.relpath(path))  # Lightning's are absolute
        with replacing(last) as partial:
            torch.save(checkpoint, partial)
            if last.exists():
                last.replace(last.with_name(BEFORE))

    def load_checkpoint(self, path: Any, map_location: Any = None, weights_only: bool | None = None) -> dict[str, Any]:
        """Read a checkpoint without running code from it."""
        return torch.load(path, map_location=map_location, weights_only=True)


def whole_checkpoints(work: Path) -> Iterator[Path]:
    """Yield the checkpoints in a work folder that are whole, the newest first; name those that are not."""
    for path in (work / LAST, work / BEFORE):
        if is_whole(path):
            yield path
        elif path.exists():
            log.warning("%s is damaged and is not used", path)


def is_whole(path: Path) -> bool:
    """Tell whether a checkpoint is there and every part of it has the checksum that ``torch.save`` gave it."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None
    except Exception:  # a damaged archive fails in many ways, and a missing one in one
        return False


def train_once(
    program: str, arguments: Namespace, results: Sequence[Path], train: Callable[[Namespace, str], None]
) -> None:
    """Run a training under a lock, unless its record and results already exist.

    Processes that train together all run it, and the first of them looks and locks for all.

    Args:
        program: its name, for the key.
        arguments: the program's options (:func:`crossray.learning.options.training_options`) and ``settings``.
        results: the files that it writes before the record.
        train: what trains and writes; gets the arguments and the key.
    """
    if not processes.is_first():
        logging.getLogger().setLevel(logging.WARNING)  # only one of them logs
    files = [*arguments.manifests, *arguments.indexes, *filter(None, [arguments.initial])]
    key = training_key(program, arguments.settings, files)
    with only_writer(arguments.checkpoint_dir.parent) if processes.is_first() else nullcontext():
        if processes.agreed(lambda: is_finished(arguments.record, key, *results)):
            log.info("this model is already trained, with these settings, code and data")
        else:
            train(arguments, key)
        if processes.is_first():
            _date_back(arguments)


def _date_back(arguments: Namespace) -> None:
    """Give a training's inputs the time of now where theirs lies in the future, as the clock was turned back.

    Snakemake deletes the results of a job as soon as one of its inputs is newer than they are.
    """
    beside = [manifest.with_suffix(".sha256") for manifest in arguments.manifests]
    shards = [path for index in arguments.indexes for path in (index.parent / "shards").glob("*.h5")]
    before = [arguments.initial, arguments.initial.with_name("training.json")] if arguments.initial else []
    for path in later_than_now([*arguments.manifests, *arguments.indexes, *beside, *shards, *before]):
        log.warning("%s has a file time in the future: the clock was turned back; it is set to now", path)
        try:
            os.utime(path)
        except OSError as error:
            log.warning("%s: its file time could not be set (%s)", path, (error.strerror or "no reason given").lower())


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Keep other trainings of the same model out, and wait for one that a stopped workflow left running.

    Where the file system refuses locks, a training goes on without one and says so.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / ".lock", fallback_to_soft=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        log.info("another process, left over from a stopped workflow, is training this model; waiting for it")
        lock.acquire()
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        log.warning(
            "%s: this file system does not support locks (%s); training continues without. Before you restart "
            "a stopped workflow, end the trainings that it left running",
            lock.lock_file,
            os.strerror(error.errno).lower(),
        )
    try:
        yield
    finally:
        lock.release()


def is_finished(record: Path, key: str, *others: Path) -> bool:
    """Tell whether a training with this key has written its record, which comes last, and its other files."""
    if not record.exists() or not all(map(os.path.exists, others)):
        return False
    try:
        return read_json(record).get("key") == key
    except UserError:
        log.warning("%s is damaged and is not used", record)
        return False
