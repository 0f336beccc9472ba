"""Jobs that fail: why, said in the main output, and whether they are tried again."""

import time

from snakemake.logging import logger

from crossray.attempts import Attempts, Cause
from crossray.slurm import begin_run


def running_job(number):
    """Return a running job by its number, taken out of its group if it is in one."""
    running = [one for job in list(workflow.scheduler.running) for one in (job.jobs if job.is_group() else [job])]
    return next((job for job in running if workflow.dag.jobid(job) == number), None)


def try_no_more(number):
    """Make this attempt of a job, and of its group, the last."""
    for job in list(workflow.scheduler.running):
        if number in (workflow.dag.jobid(one) for one in (job.jobs if job.is_group() else [job])):
            job._attempt = job.restart_times + 1  # its setter would have the resources reckoned anew


def check_left_over():
    """Stop if SLURM still has jobs of an earlier run of this study whose Snakemake has ended; record this run's job name."""
    with raised_as(WorkflowError):
        begin_run(Path(f"logs/{STUDY.study}/slurm_run.txt"), getattr(workflow.scheduler._executor, "run_uuid", None))


ATTEMPTS = Attempts(time.time(), running_job, try_no_more, logger.error)
if workflow.is_main_process:
    logger.addFilter(ATTEMPTS)
