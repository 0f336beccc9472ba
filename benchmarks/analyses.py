"""How long the analyses take at the size of Cohen et al. (2020): 416 cells, its test images, 1,000 resamples.

    python benchmarks/analyses.py --folder FOLDER --seeds 3

Writes made-up predictions to FOLDER (half a gigabyte) and prints seconds and peak memory of each analysis, on one core.
Its AUCs are the paper's; the eight data sets have the paper's images and positives for testing; a tenth of the patients
have two images, so that nothing is left to DeLong alone.
"""

import argparse
import os
import resource
import sys
import time
from pathlib import Path

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

import numpy as np
import pandas as pd
from scipy.stats import norm

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "workflow" / "scripts"))

from crossray import manifest
from crossray.analysis import agreement, calibration, comparisons, outputs, performance, subgroups, transfer
from crossray.analysis.cells import Study

PUBLISHED = Path(__file__).parent.parent / "resources/cohen2020"
VALIDATION = 2000


def labels_of(counts: pd.DataFrame, generator: np.random.Generator) -> pd.DataFrame:
    """Draw half of a data set's images, labelled like its column of Table A.1, and some for validation."""
    total = int((counts["positive"] + counts["negative"]).max()) // 2 + VALIDATION
    numbers = np.arange(total)
    table = pd.DataFrame({"image_id": [f"i{n}" for n in numbers], "patient_id": [f"p{n * 10 // 11}" for n in numbers]})
    table = table.assign(study_id=table["image_id"], path=table["image_id"], view=generator.choice(["PA", "AP"], total),
                         sex=generator.choice(["F", "M"], total), age=generator.integers(18, 90, total).astype(float),
                         split=np.where(numbers < VALIDATION, "validation", "test"))  # fmt: skip
    for row in counts.itertuples():
        known = row.positive + row.negative
        drawn = (generator.random(total) < row.positive / known).astype(float)
        table[row.task] = np.where(generator.random(total) < known / 2 / (total - VALIDATION), drawn, np.nan)
    return table


def make(folder: Path, seeds: list[int]) -> Study:
    """Write manifests and predictions."""
    generator = np.random.default_rng(0)
    cells, counts = (pd.read_csv(PUBLISHED / f"{name}.csv") for name in ("fig1_auc", "tableA1_counts"))
    targets, sources = list(dict.fromkeys(cells["target"])), list(dict.fromkeys(cells["source"]))
    tables = {name: labels_of(counts[counts["dataset"] == name], generator) for name in targets}
    for name, table in tables.items():
        manifest.write(folder / f"manifests/{name}.parquet", table, {})
    aucs = {(row.source, row.target, row.task): row.auc for row in cells.itertuples()}
    for source in sources:
        learnt = list(dict.fromkeys(cells[cells["source"] == source]["task"]))
        home = source if source in targets else targets[0]
        for target, split in [*((t, "test") for t in targets), (home, "validation")]:
            rows = tables[target][tables[target]["split"] == split]
            for seed in seeds:
                logits = {"image_id": rows["image_id"].to_numpy()}
                for task in learnt:
                    skill = np.sqrt(2) * norm.ppf(aucs.get((source, target, task), 0.7))
                    truth = np.nan_to_num(rows[task].to_numpy()) if task in rows else 0.0
                    logits[task] = (skill * truth + generator.normal(size=len(rows))).astype(np.float32)
                path = folder / f"predictions/m/{source}/{seed}/{split}/{target}.parquet"
                path.parent.mkdir(parents=True, exist_ok=True)
                pd.DataFrame(logits).to_parquet(path, index=False)
    members = {source: [source if source in targets else targets[0]] for source in sources}
    registers = {name: name for name in [*targets, *sources]}
    settings = {
        "models": ["m"], "sources": sources, "targets": targets, "seeds": seeds, "members": members, "paper": {},
        "tasks": list(dict.fromkeys(cells["task"])), "objective": "multilabel", "registers": registers,
        "evaluation": {"minimum": 10, "resamples": 1000, "seed": 0},
    }  # fmt: skip
    return Study(folder / "predictions", folder / "manifests", settings)


def timed(name: str, start: float, count: int) -> float:
    """Print what an analysis took and return the time."""
    now, peak = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{name}: {now - start:.0f} s, {count:,} rows, {peak:.1f} GB at most so far", flush=True)
    return time.perf_counter()


def main() -> None:
    """Parse the command line."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--folder", required=True, type=Path, help="where to write predictions")
    options.add_argument("--seeds", type=int, default=3, help="trainings of each model (default: 3)")
    arguments = options.parse_args()
    study = make(arguments.folder, list(range(arguments.seeds)))
    now = time.perf_counter()
    table, replicates = performance.measure(study)
    now = timed("performance", now, len(table))
    now = timed("transfer", now, len(transfer.measure(table, replicates)[0]))
    now = timed("comparisons", now, len(comparisons.measure(study)))
    now = timed("agreement", now, len(agreement.measure(study)[0]))
    now = timed("calibration", now, len(calibration.measure(study)[1]))
    now = timed("outputs", now, len(outputs.measure(study, [])[0]))
    timed("subgroups", now, len(subgroups.measure(study)))


if __name__ == "__main__":
    main()
