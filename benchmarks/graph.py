"""How long Snakemake takes to resolve the graph of a study, by number of data sets.

Each study has so many small tables, every model on every target. Given are the jobs of the graph and the seconds of
``snakemake -n`` before anything is there, and when everything is (files without content that Snakemake was told to hold
for results). 80 data sets, of which docs/reruns.md tells, take an hour: set ``DATASETS``.
"""

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import yaml
from measuring import ROOT, Row

DATASETS = (1, 8)
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


def measure(folder: Path) -> Iterator[Row]:
    """Plan a study of each number of data sets, fresh and done."""
    for datasets in DATASETS:
        place = folder / str(datasets)
        make_study(place, datasets)
        fresh, plan = snakemake(place, "-n")
        yield Row(f"graph of {datasets} data sets, jobs", "CrossRay", [_jobs(plan)], "jobs")
        pretend_done(place, plan)
        done, answer = snakemake(place, "-n")
        assert "Nothing to be done" in answer, answer[-2000:]
        yield Row(f"graph of {datasets} data sets, fresh", "CrossRay", [fresh])
        yield Row(f"graph of {datasets} data sets, done", "CrossRay", [done])


def _jobs(plan: str) -> int:
    return int(re.findall(r"^total +(\d+)$", plan, re.MULTILINE)[-1])
