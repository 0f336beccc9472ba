"""Jobs that an earlier run, whose Snakemake was killed, left in SLURM's queue."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from crossray.errors import UserError, listed


def begin_run(record: Path, run: str | None) -> None:
    """Note a run of a study, unless jobs of the one before are still in the queue.

    Nobody hears what these jobs write, so their steps would run twice, side by side.

    Args:
        record: a file with the name that the jobs of the last run have in SLURM.
        run: the name that the jobs of this run will have; None where SLURM does not run them.

    Raises:
        UserError: if jobs are left; it says which and how to end them.
    """
    before = record.read_text(encoding="utf-8").split() if record.exists() else []
    if before and (left := jobs_named(before)):
        raise UserError(
            f"{len(left)} jobs of an earlier run of this study are still in SLURM's queue ({listed(left)}), and no run "
            f"waits for them. Cancel them; training resumes from checkpoints: scancel --name={','.join(before)}"
        )
    if run:
        record.parent.mkdir(parents=True, exist_ok=True)
        record.write_text(f"{run}\n", encoding="utf-8")


def jobs_named(names: Sequence[str]) -> list[str]:
    """Return number, state and comment (rule and wildcards) of the jobs that wait or run under these names.

    Raises:
        UserError: if SLURM does not answer.
    """
    if not shutil.which("squeue"):
        return []
    words = ["squeue", "--noheader", "--format=%i %T %k", f"--name={','.join(names)}"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserError(
            f"squeue does not answer ({done.stderr.strip()}), so whether jobs of an earlier run go on is unknown"
        )
    return [line.strip() for line in done.stdout.splitlines() if line.strip()]
