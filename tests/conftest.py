"""Small data that every test can have: DICOM files, manifests and shards made on the spot; nothing is left running."""

import os
import shutil
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

# Two workers with two threads each would wait for each other: matrices of a tiny study took four times as long.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import hypothesis
import numpy as np
import pandas as pd
import pytest
from filelock import FileLock

from crossray import manifest
from crossray.datasets.indexing import index
from crossray.files import write_csv, write_json
from crossray.shards import write_shard
from crossray.study.stages.index_shards import IndexShards
from helpers import SESSION, dicom_file, manifest_table, processes_with


@pytest.fixture(scope="session")
def made_once(tmp_path_factory):
    """Return a function that fills a folder that all workers share, unless another worker did, and returns it."""
    base = tmp_path_factory.getbasetemp()

    def made_once(name, fill):
        folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
        done = folder.with_suffix(".done")
        with FileLock(folder.with_suffix(".lock")):
            if not done.exists():
                shutil.rmtree(folder, ignore_errors=True)  # of a worker that failed
                folder.mkdir()
                fill(folder)
                done.touch()
        return folder

    return made_once


@pytest.fixture
def tell(record_property):
    """Return a function that puts a line under the results of the tests, from whichever worker."""
    return lambda line: record_property("told", line)


hypothesis.settings.register_profile("no clock", deadline=None)
hypothesis.settings.load_profile("no clock")

#: modules whose tests share no fixture of their module and take long: both workers take some
SPREAD = ("test_calibration_of_statistics.py", "test_faults.py", "test_reruns.py")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Give each worker a module at a time, whose fixtures its tests share, but single tests of those that spread."""
    from xdist.scheduler import LoadScopeScheduling

    class ByModule(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            module = nodeid.split("::")[0]
            return nodeid if module.endswith(SPREAD) else module

    return ByModule(config, log)


def pytest_configure(config):
    """Mark this session and what it starts; Ctrl-C ends what it starts, even if a shell began it in the background."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if not hasattr(config, "workerinput"):
        os.environ[SESSION] = str(os.getpid())


def left_over():
    """Return the processes that tests of this session started and did not end."""
    found = processes_with(f"{SESSION}={os.environ[SESSION]}")
    return {number: words for number, words in found.items() if number != os.getpid()}


@pytest.fixture(scope="session", autouse=True)
def end_codec():
    """End the process that decodes for this one, which would end with it, before anyone looks for what is left."""
    yield
    if module := sys.modules.get("crossray.decoding"):
        module.close()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    """Fail if a test left a process, once those that are ending had time to; end it."""
    if hasattr(session.config, "workerinput") or not Path("/proc").is_dir():
        return
    for _ in range(600):
        if not (left := left_over()):
            return
        time.sleep(0.1)
    session.config.left = left
    session.exitstatus = pytest.ExitCode.TESTS_FAILED
    for number in left:
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)


def pytest_terminal_summary(terminalreporter):
    """Print what tests told, and what they left."""
    for number, words in getattr(terminalreporter.config, "left", {}).items():
        terminalreporter.write_line(f"FAILED: a test left process {number}: {words[:300]}", red=True)
    for report in terminalreporter.getreports("passed"):
        for name, line in report.user_properties:
            if name == "told" and report.when == "call":
                terminalreporter.write_line(line)


@pytest.fixture
def write_dicom(tmp_path):
    """Return a function that writes an array as DICOM under a name; keywords set header elements."""

    def write(pixels, name="image.dcm", **elements):
        return dicom_file(tmp_path / name, pixels, **elements)

    return write


@pytest.fixture
def make_dataset(tmp_path):
    """Return a function that writes manifest, shards and index of a small data set under ``datasets/{name}``."""

    def make(name, images=60, tasks=("A", "B"), size=32, shards=2, patients=None, edit=None):
        folder = tmp_path / "datasets" / name
        table = manifest_table(images, tasks, seed=len(name), patients=patients)
        if edit:
            edit(table)
        manifest.write(folder / "manifest.parquet", table, {"dataset": name, "tasks": list(tasks), "settings": {}})
        generator = np.random.default_rng(1)
        files = []
        for number, part in enumerate(np.array_split(np.arange(images), shards)):
            # The first task shows as brightness, so that a model has something to learn.
            noise = generator.integers(0, 60, (len(part), size, size))
            pixels = (noise + 150 * np.nan_to_num(table[tasks[0]].to_numpy())[part][:, None, None]).astype(np.uint8)
            files.append(folder / f"{size}px" / "shards" / f"{number:04d}.h5")
            write_shard(files[-1], pixels, list(table["image_id"].iloc[part]), size, {"dataset": name})
        rejected = pd.DataFrame(columns=["image_id", "path", "reason"])
        shape = {"size": size, "fit": "crop", "colour": "grey", "burnt_in": "reject"}
        rule = IndexShards(**shape, max_rejected=0.01, max_missing=0.01)
        facts = index(files, rejected, name, rule)
        write_csv(folder / f"{size}px" / "rejected.csv", rejected)
        write_json(folder / f"{size}px" / "index.json", facts)
        return folder

    return make
