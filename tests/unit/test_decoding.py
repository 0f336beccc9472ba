"""One damaged frame costs itself: codecs that crash, hang or are killed, and files damaged at random."""

import dataclasses
import os
import resource
import signal
import threading
import zlib

import imagecodecs
import numpy as np
import pytest
from pydicom import uid
from pydicom.encaps import encapsulate

import fuzz_dicom
from crossray import codecs, decoding, limits, pixel_data, streams
from crossray.dicom import read_dicom
from crossray.errors import UnusableImageError

RAMP = np.arange(0, 4096, dtype=np.uint16).reshape(64, 64)
CODED = bytes(imagecodecs.jpegls_encode(RAMP))


def decode():
    return decoding.decode(CODED, streams.describe(CODED), RAMP.shape)


def process():
    """Return the number of the process that decodes."""
    decode()
    return decoding._decoder._process.pid


def test_a_process_that_was_killed_is_replaced():
    killed = process()
    os.kill(killed, signal.SIGKILL)
    assert np.array_equal(decode(), RAMP)
    assert process() != killed


def test_a_crash_costs_one_frame(monkeypatch):
    asked = []

    def crash(self, request, content):
        asked.append(request)
        os.kill(self._process.pid, signal.SIGSEGV)
        raise decoding._EndedError("damaged stream: its codec crashed")

    with monkeypatch.context() as patched:
        patched.setattr(decoding._Decoder, "ask", crash)
        with pytest.raises(UnusableImageError, match="damaged stream: its codec crashed"):
            decode()
    assert len(asked) == 2  # something else might have killed the first
    assert np.array_equal(decode(), RAMP)


def test_a_codec_that_keeps_computing_is_ended_by_the_system():
    busy = process()
    os.kill(busy, signal.SIGXCPU)  # what it gets when its processor time is over
    with pytest.raises(UnusableImageError, match=r"not decoded within \d+ s of processor time"):
        decode()
    assert np.array_equal(decode(), RAMP)


class Unraisable:
    """Raise where no exception can be passed on, as compiled codecs do."""

    def __del__(self):
        raise RuntimeError("ojph error")


def test_an_error_that_a_codec_cannot_pass_on_costs_its_frame_and_no_other(monkeypatch):
    def decoded(content, stream, convert, out):
        Unraisable()
        return RAMP

    monkeypatch.setattr("sys.unraisablehook", codecs._unraised.append)
    with os.fdopen(decoding._nameless_file(), "r+b") as file:
        shared = codecs.SharedFile(file.fileno())
        stream = dataclasses.asdict(streams.describe(CODED))
        shared.mapped(len(CODED))[: len(CODED)] = CODED
        request = {"kind": "HTJ2K", "stream": stream, "convert": False, "shape": RAMP.shape, "length": len(CODED)}
        with monkeypatch.context() as patched:
            patched.setattr(codecs, "decode_stream", decoded)
            assert codecs._answer(request, shared) == {"problem": "damaged HTJ2K stream"}
        assert "problem" not in codecs._answer(request, shared)


def test_each_frame_has_processor_time_of_its_own():
    soft = resource.prlimit(process(), resource.RLIMIT_CPU)[0]
    assert codecs.SECONDS <= soft <= codecs.SECONDS + 10


def test_a_codec_that_does_nothing_is_ended(monkeypatch):
    stopped = process()
    monkeypatch.setattr(decoding, "PATIENCE", 0.3)
    os.kill(stopped, signal.SIGSTOP)
    with pytest.raises(UnusableImageError, match="gave no answer within"):
        decode()
    monkeypatch.undo()
    assert np.array_equal(decode(), RAMP)
    assert process() != stopped


def test_an_interrupt_leaves_no_answer_behind(monkeypatch):
    process()

    def interrupt(_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(decoding._Decoder, "_received", interrupt)
        with pytest.raises(KeyboardInterrupt):
            decode()
    assert np.array_equal(decode(), RAMP)


def test_a_fork_and_threads_each_get_their_own_answers():
    process()
    child = os.fork()
    if not child:
        os._exit(0 if np.array_equal(decode(), RAMP) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    results = []
    threads = [threading.Thread(target=lambda: results.append(np.array_equal(decode(), RAMP))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 4


@pytest.mark.parametrize("components", [2, 3])
def test_a_header_that_says_other_components_kills_nothing(write_dicom, components):
    pixels = np.zeros((64, 64, components), np.uint8)
    pixels[..., 0] = RAMP // 16
    stream = bytes(imagecodecs.jpeg2k_encode(pixels, codecformat="j2k", reversible=True, level=0, mct=False))
    path = write_dicom(pixels[..., 0].copy(), syntax=uid.JPEG2000Lossless, data=encapsulate([stream]))
    if components == 3:
        assert np.asarray(read_dicom(path)[0]).shape == (64, 64)
    else:
        with pytest.raises(UnusableImageError, match="2 components"):
            read_dicom(path)


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.8.1"])
def test_little_that_inflates_to_much_is_refused(write_dicom, monkeypatch, syntax):
    monkeypatch.setattr(limits, "LARGEST_BYTES", 1 << 20)
    monkeypatch.setattr(pixel_data, "LARGEST_BYTES", 1 << 20)
    data = bytes(2 << 20)
    if syntax.endswith("8.1"):
        path = write_dicom(RAMP, bits=12, syntax=uid.UID(syntax), data=encapsulate([zlib.compress(data, wbits=-15)]))
        assert np.asarray(read_dicom(path)[0]).shape == RAMP.shape  # no more is inflated than the frame has
        return
    path = write_dicom(RAMP, bits=12, syntax=uid.UID(syntax), data=data)
    assert path.stat().st_size < 10_000
    with pytest.raises(UnusableImageError, match="deflated data of 2 MB, more than 1 MB are not read"):
        read_dicom(path)


def test_files_damaged_at_random_cost_themselves_only(tmp_path):
    generator = np.random.default_rng(5)
    outcomes = []
    for name in fuzz_dicom.SOURCES:
        content = fuzz_dicom.write_source(tmp_path / "whole.dcm", name)
        assert fuzz_dicom.read(tmp_path / "whole.dcm") == "converted", name
        for _ in range(12):
            (tmp_path / "damaged.dcm").write_bytes(fuzz_dicom.damaged(content, generator))
            outcomes.append(fuzz_dicom.read(tmp_path / "damaged.dcm"))
    assert set(outcomes) == {"converted", "rejected"}
