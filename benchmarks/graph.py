"""How long Snakemake takes to resolve the graph of a study, by number of data sets.

    python benchmarks/graph.py --folder FOLDER --datasets 1 8 80

Makes a checkout in FOLDER with a study of so many small tables, every model on every target; prints the jobs of the
graph and the seconds of ``snakemake -n`` before anything is there, and when everything is (files without content that
Snakemake was told to hold for results).
"""

import argparse
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("Snakefile", "CITATION.cff", "config", "envs", "profiles", "resources", "workflow")


def make_study(folder: Path, datasets: int) -> None:
    """Write a checkout with a study of so many data sets of two images."""
    folder.mkdir(parents=True)
    for part in PARTS:
        source = ROOT / part
        shutil.copytree(source, folder / part) if source.is_dir() else shutil.copyfile(source, folder / part)
    (folder / "release").mkdir()
    (folder / "release/labels.csv").write_text("image_id,patient_id,path,Effusion\na,1,a.png,1\nb,2,b.png,0\n")
    reader = {"reader": "table", "root": "release", "table": "labels.csv", "tasks": ["Effusion"], "public": True}
    study = {
        "study": "graph",
        "tasks": ["Effusion"],
        "datasets": {f"hospital{number:02d}": reader for number in range(datasets)},
        "models": {"resnet50": {"architecture": "resnet50"}},
    }
    (folder / "study.yaml").write_text(yaml.safe_dump(study))


def snakemake(folder: Path, *words: str) -> tuple[float, str]:
    """Run Snakemake on the study; return seconds and output."""
    command = [sys.executable, "-m", "snakemake", "--cores", "2", *words, "--configfile", "study.yaml"]
    start = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    return time.perf_counter() - start, done.stdout + done.stderr


def pretend_done(folder: Path, plan: str) -> None:
    """Make every output of a plan as an empty file, and let Snakemake take them for results."""
    for outputs in re.findall(r"^    output: (.*)$", plan, re.MULTILINE):
        for name in outputs.split(", "):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    snakemake(folder, "--touch", "--quiet", "all")


def main() -> None:
    """Parse the command line and print a row for each number of data sets."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--folder", required=True, type=Path, help="where to put the checkouts")
    options.add_argument("--datasets", type=int, nargs="+", default=[1, 8, 80], help="numbers of data sets")
    arguments = options.parse_args()
    print(f"{'data sets':>9} {'jobs':>6} {'fresh, s':>9} {'done, s':>8}")
    for datasets in arguments.datasets:
        folder = arguments.folder / str(datasets)
        make_study(folder, datasets)
        fresh, plan = snakemake(folder, "-n")
        jobs = int(re.findall(r"^total +(\d+)$", plan, re.MULTILINE)[-1])
        pretend_done(folder, plan)
        done, answer = snakemake(folder, "-n")
        assert "Nothing to be done" in answer, answer[-2000:]
        print(f"{datasets:>9} {jobs:>6} {fresh:>9.1f} {done:>8.1f}", flush=True)


if __name__ == "__main__":
    main()
