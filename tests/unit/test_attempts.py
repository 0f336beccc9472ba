"""Why a job failed, whether it is tried again, and with what; jobs that an earlier run left."""

import logging
from argparse import Namespace
from enum import Enum
from types import SimpleNamespace

import pytest

from crossray.attempts import Attempts, Cause, failure_of
from crossray.errors import UserError
from crossray.program import run
from crossray.slurm import begin_run

STATUS = "SLURM-job '7' failed, SLURM status is: '{}'. Detailed failure reason unavailable."


@pytest.mark.parametrize(
    ("message", "text", "cause"),
    [
        ("", "reading\nerror: labels.csv: row 2, column A: no label\n", Cause.USER),
        ("", "usage: train_model.py\ntrain_model.py: error: argument --threads: invalid int value\n", Cause.USER),
        (STATUS.format("FAILED"), "error: this job asked for 1 GPU and sees 0\n", Cause.USER),
        ("SLURM sbatch failed. The error message was 'Requested node configuration is not available'.", "", Cause.USER),
        ("SLURM sbatch failed. The error message was 'Socket timed out on send/recv'.", "", Cause.UNKNOWN),
        (STATUS.format("OUT_OF_MEMORY"), "", Cause.MEMORY),
        (STATUS.format("FAILED"), "slurmstepd: error: Detected 1 oom_kill event in StepId=7.0.\n", Cause.MEMORY),
        (STATUS.format("CANCELLED"), "slurmstepd: error: StepId=7.0 exceeded memory limit (9 > 8), being killed\n"
                                     "slurmstepd: error: *** JOB 7 ON n CANCELLED AT 12:00 ***\n", Cause.MEMORY),
        (STATUS.format("FAILED"), "/bin/bash: line 2:  9 Killed   python train_model.py\n", Cause.MEMORY),
        ("", "Traceback:\nnumpy._core._exceptions._ArrayMemoryError: Unable\nMemoryError\n", Cause.MEMORY),
        (STATUS.format("TIMEOUT"), "slurmstepd: error: *** JOB 7 ON n CANCELLED DUE TO TIME LIMIT ***\n", Cause.TIME),
        ("", "slurmstepd: error: *** JOB 7 ON n CANCELLED AT 12:00 DUE TO TIME LIMIT ***\nKilled\n", Cause.TIME),
        (STATUS.format("NODE_FAIL"), "", Cause.MACHINE),
        (STATUS.format("CANCELLED"), "Killed\n", Cause.MACHINE),
        (STATUS.format("FAILED"), "error that may pass: shard.h5: stale file handle\n", Cause.UNKNOWN),
        (STATUS.format("FAILED"), "error: a file\nTraceback:\nZeroDivisionError\n", Cause.UNKNOWN),
        (STATUS.format("FAILED"), "", Cause.UNKNOWN),
    ],
)  # fmt: skip
def test_what_ended_a_job(tmp_path, message, text, cause):
    (tmp_path / "job.log").write_text(text)
    failure = failure_of(message, [tmp_path / "gone.log", tmp_path / "job.log"])
    assert failure.cause is cause
    if cause is Cause.USER and text:
        assert failure.words == text.splitlines()[-1]
        assert failure.file == tmp_path / "job.log"


def test_the_log_of_an_earlier_job_is_not_read(tmp_path):
    log = tmp_path / "job.log"
    log.write_text("error: a table is missing\n")
    assert failure_of("", [log], since=log.stat().st_mtime + 1).cause is Cause.UNKNOWN


class Event(Enum):
    JOB_ERROR, GROUP_ERROR, PROGRESS = range(3)


@pytest.fixture
def watched():
    """Return a logger that attempts watch, the numbers of jobs that are stopped, what is said, and the attempts."""
    asked = SimpleNamespace(mem_mb=1500, runtime=30)
    rule = SimpleNamespace(name="convert_shard")
    jobs = {n: SimpleNamespace(rule=rule, wildcards=["north", str(n)], resources=asked) for n in (1, 2)}
    stopped, said = [], []
    attempts = Attempts(0, jobs.get, stopped.append, said.append)
    logger = logging.Logger("like Snakemake's")
    logger.addHandler(logging.NullHandler())
    logger.addFilter(attempts)
    return logger, stopped, said, attempts


def info(number, *logs, message=None):
    return {"rule_name": "convert_shard", "jobid": number, "log": [str(log) for log in logs], "rule_msg": message}


def test_an_error_to_mend_stops_a_job_and_every_job_of_its_group(watched, tmp_path):
    logger, stopped, said, attempts = watched
    (tmp_path / "1.log").write_text("fine\n")
    (tmp_path / "2.log").write_text("error: 30 of 60 images cannot be read\n")
    infos = [info(number, tmp_path / f"{number}.log") for number in (1, 2)]
    logger.error("group", extra={"event": Event.GROUP_ERROR, "job_error_info": infos, "aux_logs": [None]})
    for one in infos:
        logger.error("job", extra=one | {"event": Event.JOB_ERROR, "indent": True})
    assert stopped == [1, 2]
    assert len(said) == 1
    assert "error: 30 of 60 images cannot be read" in said[0]
    assert str(tmp_path / "2.log") in said[0]
    assert attempts.short("convert_shard", ["north", "2"], Cause.MEMORY) == 0


@pytest.mark.parametrize(
    ("status", "memory", "time"), [("OUT_OF_MEMORY", 1, 0), ("TIMEOUT", 0, 1), ("NODE_FAIL", 0, 0), ("FAILED", 1, 1)]
)
def test_a_job_gets_more_of_what_it_was_short_of_and_of_nothing_else(watched, tmp_path, status, memory, time):
    logger, stopped, said, attempts = watched
    (tmp_path / "slurm.log").write_text("it began\n")
    extra = info(1, tmp_path / "slurm.log", message=STATUS.format(status))
    logger.error("job", extra=extra | {"event": Event.JOB_ERROR, "indent": False})
    logger.error("another one", extra={"event": Event.PROGRESS})
    assert stopped == []
    assert attempts.short("convert_shard", ["north", "1"], Cause.MEMORY) == memory
    assert attempts.short("convert_shard", ["north", "1"], Cause.TIME) == time
    assert attempts.short("convert_shard", ["north", "2"], Cause.MEMORY) == 0
    if memory + time == 1:
        assert ("out of memory, with mem_mb=1500" if memory else "out of time, with runtime=30") in said[0]
        assert str(tmp_path / "slurm.log") in said[0]


def test_a_gpu_whose_memory_is_full_is_told_as_something_to_mend(capsys):
    class OutOfMemoryError(RuntimeError):
        """torch's."""

    def fill(_):
        raise OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB.\nmore")

    assert run(fill, Namespace()) == 1
    assert capsys.readouterr().err.startswith("error: a GPU's memory is too small (CUDA out of memory. Tried")


@pytest.fixture
def queue(tmp_path, monkeypatch):
    """Return a function that says what squeue answers."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")

    def answer(text, status=0):
        program = tmp_path / "bin/squeue"
        program.write_text(f"#!/bin/sh\necho \"$@\" >> {tmp_path}/asked\nprintf '{text}'\nexit {status}\n")
        program.chmod(0o700)

    return answer


def test_a_run_begins_where_the_one_before_left_no_job(queue, tmp_path):
    record = tmp_path / "logs/study/slurm_run.txt"
    queue("9 RUNNING rule_train_model_wildcards_small_north_0\n")
    begin_run(record, "crossray_1")  # the first one asks nobody
    with pytest.raises(UserError, match=r"1 jobs .*\(9 RUNNING rule_train_model.*scancel --name=crossray_1$"):
        begin_run(record, "crossray_2")
    with pytest.raises(UserError, match="still in SLURM's queue"):
        begin_run(record, None)  # not one on this machine either
    queue("", status=1)
    with pytest.raises(UserError, match="squeue does not answer"):
        begin_run(record, "crossray_2")
    queue("")
    begin_run(record, "crossray_2")
    assert record.read_text() == "crossray_2\n"
    assert "--name=crossray_1" in (tmp_path / "asked").read_text()
