"""Decoding in a separate process, which is replaced if it crashes; only one frame is lost.

The process is started when the first compressed frame comes and lives as long as this one. Streams and values pass
through memory that both map, so that a frame costs two copies more than within one process.
"""

import atexit
import dataclasses
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import threading
from multiprocessing import Pipe
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crossray import codecs
from crossray.errors import UnusableImageError
from crossray.streams import Stream

#: seconds until a process is ended that neither answers nor computes, which would end it (:data:`codecs.SECONDS`)
PATIENCE = 600.0

_POLL = 0.1
#: one thread, as shards are converted side by side; and freed memory is kept (glibc), which is wanted again at once
_ENVIRONMENT = {
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 30),
}

_PACKAGES = Path(__file__).resolve().parent.parent


class _EndedError(Exception):
    """The process must be replaced; the text is the reason if another one ends as well."""

    def __init__(self, reason: str, again: bool = True) -> None:
        super().__init__(reason)
        self.again = again


class _Decoder:
    """The process, and what is shared with it."""

    def __init__(self) -> None:
        self._here, there = Pipe()
        self._file = _nameless_file()
        self.shared = codecs.SharedFile(self._file)
        paths = [str(_PACKAGES), *filter(None, [os.environ.get("PYTHONPATH")])]
        with there:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", codecs.__name__, str(there.fileno()), str(self._file)],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                pass_fds=(there.fileno(), self._file),
                env={**os.environ, **_ENVIRONMENT, "PYTHONPATH": os.pathsep.join(paths)},
            )  # fmt: skip

    def ask(self, request: dict[str, object], content: bytes) -> NDArray:
        """Have a stream decoded.

        Raises:
            UnusableImageError: if it is damaged; the process goes on.
            _EndedError: if the process died or does not answer.
        """
        self.shared.mapped(len(content))[: len(content)] = content
        try:
            self._here.send_bytes(json.dumps(request | {"length": len(content)}).encode())
            answer = json.loads(self._received())
        except (EOFError, OSError, ValueError) as error:
            raise self._why() from error
        if "problem" in answer:
            raise UnusableImageError(answer["problem"])
        dtype, shape, start = np.dtype(answer["dtype"]), tuple(answer["shape"]), int(answer["start"])
        memory = self.shared.mapped(start + dtype.itemsize * math.prod(shape))
        return np.ndarray(shape, dtype, memory, start).copy()

    def _received(self) -> bytes:
        """Wait for the answer; turns are counted, not seconds, as a batch system may suspend both processes."""
        for _ in range(round(PATIENCE / _POLL)):
            if self._here.poll(_POLL):
                return self._here.recv_bytes()
        raise _EndedError(f"damaged stream: its codec gave no answer within {PATIENCE:.0f} s", again=False)

    def _why(self) -> _EndedError:
        """Say why the process, which closed its end, is gone."""
        self._process.kill()
        if self._process.wait() == -signal.SIGXCPU:
            return _EndedError(f"damaged stream: not decoded within {codecs.SECONDS} s of processor time", again=False)
        return _EndedError("damaged stream: its codec crashed")

    def close(self) -> None:
        self._here.close()
        self._process.kill()
        self._process.wait()
        os.close(self._file)


def _nameless_file() -> int:
    """Open a file that no folder lists, in memory where the system can."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("crossray-frames")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


_lock = threading.Lock()
_decoder: _Decoder | None = None


def _forget() -> None:
    """Leave the process to the parent after a fork: two who ask would get one another's answers."""
    global _decoder, _lock
    _decoder, _lock = None, threading.Lock()


os.register_at_fork(after_in_child=_forget)


def decode(content: bytes, stream: Stream, shape: tuple[int, int], convert: bool = False) -> NDArray:
    """Decode a compressed frame.

    Args:
        content: the stream.
        stream: what its markers say.
        shape: rows and columns that it must have.
        convert: whether brightness and colour differences of a JPEG become red, green, blue.

    Returns:
        Values of shape (rows, columns) or (rows, columns, components).

    Raises:
        UnusableImageError: if the stream is damaged, of another shape, or kills or keeps its codec.
    """
    return _asked(
        {"kind": stream.kind, "stream": dataclasses.asdict(stream), "convert": convert, "shape": shape}, content
    )


def decode_png(content: bytes, shape: tuple[int, int]) -> NDArray:
    """Decode a PNG file with every bit that it has; as :func:`decode`."""
    return _asked({"kind": "PNG", "shape": shape}, content)


def _asked(request: dict[str, object], content: bytes) -> NDArray:
    """Ask the process, and another one if it dies: something else may have killed it."""
    global _decoder
    with _lock:
        try:
            for last in (False, True):
                _decoder = _decoder or _Decoder()
                try:
                    return _decoder.ask(request, content)
                except _EndedError as ended:
                    close()
                    if last or not ended.again:
                        raise UnusableImageError(str(ended)) from ended
        except UnusableImageError:
            raise
        except BaseException:  # an interrupt: the pending answer belongs to no one
            close()
            raise
    raise AssertionError("the last turn returns or raises")


@atexit.register
def close() -> None:
    """End the process, if there is one; the next frame gets another."""
    global _decoder
    if _decoder is not None:
        _decoder.close()
        _decoder = None
