"""How long it takes until a program says its help, and until Snakemake has a plan of the default study."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from graph import PARTS
from measuring import ROOT, SCRIPTS, Row, program

REPETITIONS = 3


def measure(folder: Path) -> Iterator[Row]:
    """Time each program's ``--help``, in turn, and ``snakemake -n`` in a checkout where nothing has run."""
    scripts = sorted(SCRIPTS.glob("*.py"))
    times: dict[str, list[float]] = {script.stem: [] for script in scripts}
    for _ in range(REPETITIONS):
        for script in scripts:
            times[script.stem].append(program(script, "--help"))
    for name, values in times.items():
        yield Row("--help", name, values)
    for part in PARTS:
        source = ROOT / part
        (shutil.copytree if source.is_dir() else shutil.copyfile)(source, folder / part)
    plan = [program("-m", "snakemake", "--cores", "2", "-n", folder=folder) for _ in range(REPETITIONS)]
    yield Row("snakemake -n, default study", "CrossRay", plan)
