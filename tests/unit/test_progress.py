"""What the terminal says of a run."""

import io
import logging

import pytest

from crossray.progress import LINES, Progress


@pytest.fixture
def run():
    """Return a function that hands a record to the filter and returns what was printed, and the filter."""
    now, stream = [0.0], io.StringIO()
    progress = Progress(frozenset({"train_model"}), stream, lambda: now[0])

    def run(event, seconds=0.0, message="", **values):
        now[0] += seconds
        record = logging.LogRecord("snakemake", logging.INFO, "", 0, message, None, None)
        vars(record).update(values, event=event)
        shown = progress.filter(record)
        printed = stream.getvalue()
        stream.seek(0)
        stream.truncate()
        return printed + ("+" if shown else "")

    run.progress = progress
    return run


def job(run, number, rule, seconds, done, total, **wildcards):
    """Begin and finish a job, and return the line that says so."""
    run("job_info", jobid=number, rule_name=rule, wildcards=wildcards)
    run("job_finished", seconds, job_id=number)
    return run("progress", done=done, total=total)


def test_each_finished_job_is_one_line(run):
    assert job(run, 3, "convert_shard", 7, 1, 4, dataset="north", shard="0001") == (
        "1 of 4 done: convert_shard north 0001 (7 s)\n"
    )


def test_the_time_left_follows_the_jobs_of_each_rule(run):
    run("run_info", stats={"convert_shard": 2, "train_model": 3, "total": 5})
    assert "left" not in job(run, 1, "convert_shard", 10, 1, 5)  # how long a training takes nobody knows yet
    assert job(run, 2, "train_model", 120, 2, 5).endswith("about 4 min left\n")  # one conversion, two trainings
    assert run.progress.seconds_left() == 10 + 2 * 120


def test_jobs_beside_one_another_shorten_what_is_left(run):
    run("run_info", stats={"train_model": 4, "total": 4})
    for number in (1, 2):
        run("job_info", jobid=number, rule_name="train_model", wildcards={})
    run("job_finished", 100, job_id=1)
    run("job_finished", 0, job_id=2)
    assert run.progress.seconds_left() == 100  # the other two, beside one another


def test_the_last_job_leaves_no_time(run):
    run("run_info", stats={"train_model": 1, "total": 1})
    assert job(run, 1, "train_model", 9, 1, 1) == "1 of 1 done: train_model (9 s)\n"


def test_a_failed_job_is_named_with_the_end_of_its_own_log(run, tmp_path):
    log = tmp_path / "job.log"
    log.write_text("\n".join(f"line {number}." for number in range(100)) + "\nerror: labels.csv: row 3 is wrong\n")
    run("job_info", jobid=1, rule_name="make_manifest", wildcards={"dataset": "north"})
    printed = run("job_error", jobid=1, rule_name="make_manifest", log=[str(log)], shellcmd="python long command")
    assert printed.startswith("\nmake_manifest north failed.\n")
    assert printed.endswith("    error: labels.csv: row 3 is wrong\n")
    assert len(printed.splitlines()) == 3 + LINES
    assert "long command" not in printed


def test_a_failed_job_without_a_log_is_named(run, tmp_path):
    assert run("job_error", jobid=1, rule_name="predict", log=[str(tmp_path / "gone.log")]).endswith("is empty.\n")


@pytest.mark.parametrize("event", ["job_info", "shellcmd", "resources_info", "job_started"])
def test_what_a_scheduler_says_is_not_shown(run, event):
    assert run(event, jobid=1, rule_name="a", wildcards=None) == ""


def test_everything_else_is_shown(run):
    assert run(None, message="Nothing to be done") == "+"
    assert run("error", message="WorkflowError") == "+"
    assert run(None, message="Select jobs to execute...") == ""
    assert run("error", message="RuleException:\nCalledProcessError in file x\nCommand 'python ...'") == ""
