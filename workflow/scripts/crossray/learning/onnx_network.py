"""Networks as ONNX files, which contain operators and weights but no code: checked and applied, without torch."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
from numpy.typing import NDArray

from crossray.errors import UserError, cut
from crossray.shards import ImageStore
from crossray.study.stages.apply_network import ApplyNetwork

#: mean and deviation of ImageNet's colours, of levels 0 to 255
_PHOTOGRAPHS = np.array([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]]) * 255


def open_network(path: Path, settings: ApplyNetwork, threads: int = 1) -> onnxruntime.InferenceSession:
    """Open a file of ONNX and check it by applying it to a black image.

    Args:
        path: the file.
        settings: of its input and outputs.
        threads: CPU threads.

    Raises:
        UserError: if it is none, has an operator that onnxruntime lacks, takes other images, or has too few outputs.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 4  # errors are reported in one line
    try:
        session = onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors have no common class
        raise UserError(f"{path}: onnxruntime {onnxruntime.__version__} cannot open it: {_line(error)}") from error
    if len(session.get_inputs()) != 1:
        names = ", ".join(one.name for one in session.get_inputs())
        raise UserError(f"{path}: takes {len(session.get_inputs())} inputs ({names}), not one batch of images")
    wanted = session.get_inputs()[0]
    shape = (1, settings.channels, settings.size, settings.size)
    fits = len(wanted.shape) == 4 and all(
        not isinstance(there, int) or there == here for there, here in zip(wanted.shape[1:], shape[1:], strict=True)
    )
    if wanted.type != "tensor(float)" or not fits:
        raise UserError(
            f"{path}: takes {wanted.type} of shape {_shape(wanted.shape)}, the study gives tensor(float) of shape "
            f"{_shape(('images', *shape[1:]))}; set images.size and input.channels as the network has them"
        )
    try:
        outputs = _run(session, np.zeros(shape, np.float32))
    except Exception as error:
        raise UserError(f"{path}: cannot be applied to an image of {settings.size} px: {_line(error)}") from error
    if outputs.ndim != 2:
        raise UserError(
            f"{path}: its first output has the shape {_shape(outputs.shape)}, not one number a task and image"
        )
    check_outputs(path, settings, outputs.shape[1])
    return session


def check_outputs(path: Path, settings: ApplyNetwork, count: int) -> None:
    """Check that a network has the outputs that tasks are at.

    Raises:
        UserError: if it does not.
    """
    for task, place in settings.tasks.items():
        if place >= count:
            raise UserError(f"{path}: tasks.{task} is output {place}, and the network has outputs 0 to {count - 1}")


def apply(
    session: onnxruntime.InferenceSession, store: ImageStore, rows: NDArray[np.int64], settings: ApplyNetwork
) -> NDArray[np.float32]:
    """Return the outputs of the tasks, in their order, shape (images, tasks).

    Args:
        session: of :func:`open_network`.
        store: where the pixels are.
        rows: the images.
        settings: how the network sees them.
    """
    places = list(settings.tasks.values())
    size = 1 if isinstance(session.get_inputs()[0].shape[0], int) else settings.batch_size
    parts = [_run(session, seen(batch, settings))[:, places] for batch in _batches(store, rows, size)]
    return np.concatenate(parts) if parts else np.empty((0, len(places)), np.float32)


def _batches(store: ImageStore, rows: NDArray[np.int64], size: int) -> Iterator[NDArray[np.uint8]]:
    for start in range(0, len(rows), size):
        yield store.take(rows[start : start + size])


def seen(images: NDArray[np.uint8], settings: ApplyNetwork) -> NDArray[np.float32]:
    """Return what a network sees of stored images, (images, size, size) or (images, size, size, 3).

    Returns:
        float32, shape (images, channels, size, size).
    """
    pixels = images[:, None] if images.ndim == 3 else images.transpose(0, 3, 1, 2)
    mean, deviation = scale(settings)
    return np.ascontiguousarray((pixels - mean[:, None, None]) / deviation[:, None, None], np.float32)


def scale(settings: ApplyNetwork) -> NDArray[np.float64]:
    """Return what is taken from levels 0 to 255 and what they are divided by, shape (2, channels)."""
    if settings.range is None:
        return _PHOTOGRAPHS[:, : settings.channels]
    low, high = settings.range
    return np.repeat([[-low * 255 / (high - low)], [255 / (high - low)]], settings.channels, axis=1)


def _run(session: onnxruntime.InferenceSession, images: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(session.run(None, {session.get_inputs()[0].name: images})[0])


def _shape(sides: object) -> str:
    return f"({', '.join(map(str, sides))})"  # type: ignore[call-overload]


def _line(error: Exception) -> str:
    """Return what onnxruntime says, as one line."""
    return cut(" ".join(str(error).split()), 300)
