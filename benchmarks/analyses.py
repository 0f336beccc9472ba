"""How long the analyses take at the size of Cohen et al. (2020): 416 cells, its test images, 1,000 resamples.

Predictions are made up (half a gigabyte), for three seeds. Given are seconds and peak memory of each analysis, on one
core. The AUCs are the paper's; the eight data sets have the paper's images and positives for testing; a tenth of the
patients have two images, so that nothing is left to DeLong alone.
"""

import time
from collections.abc import Callable, Iterator, Sized
from pathlib import Path

import numpy as np
import pandas as pd
from measuring import ROOT, Row, peak_mb
from scipy.stats import norm

from crossray import manifest
from crossray.analysis import agreement, calibration, comparisons, outputs, performance, subgroups, transfer
from crossray.analysis.cells import Study
from crossray.study.stages.analysis import Analysis

PUBLISHED = ROOT / "resources/cohen2020"
VALIDATION = 2000
SEEDS = 3


def labels_of(counts: pd.DataFrame, generator: np.random.Generator, share: float) -> pd.DataFrame:
    """Draw half of a data set's images, or a share of that, labelled like its column of Table A.1; and validation's."""
    largest, validation = int((counts["positive"] + counts["negative"]).max()), max(200, round(share * VALIDATION))
    total = round(share * largest / 2) + validation
    numbers = np.arange(total)
    table = pd.DataFrame({"image_id": [f"i{n}" for n in numbers], "patient_id": [f"p{n * 10 // 11}" for n in numbers]})
    table = table.assign(study_id=table["image_id"], path=table["image_id"], view=generator.choice(["PA", "AP"], total),
                         sex=generator.choice(["F", "M"], total), age=generator.integers(18, 90, total).astype(float),
                         split=np.where(numbers < validation, "validation", "test"))  # fmt: skip
    for row in counts.itertuples():
        known = row.positive + row.negative
        drawn = (generator.random(total) < row.positive / known).astype(float)
        table[row.task] = np.where(generator.random(total) < known / largest, drawn, np.nan)
    return table


def make(folder: Path, seeds: list[int], share: float = 1) -> Study:
    """Write manifests and predictions, of a share of the paper's images."""
    generator = np.random.default_rng(0)
    cells, counts = (pd.read_csv(PUBLISHED / f"{name}.csv") for name in ("fig1_auc", "tableA1_counts"))
    targets, sources = list(dict.fromkeys(cells["target"])), list(dict.fromkeys(cells["source"]))
    tables = {name: labels_of(counts[counts["dataset"] == name], generator, share) for name in targets}
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
    cohorts = {name: name for name in [*targets, *sources]}
    settings = Analysis.from_dict({
        "models": ["m"], "sources": sources, "sources_of": {"m": sources}, "origins": {"m": []},
        "targets": targets, "seeds": seeds, "members": members, "paper": {},
        "tasks": list(dict.fromkeys(cells["task"])), "objective": "multilabel", "cohorts": cohorts,
        "evaluation": {"minimum": 10, "resamples": 1000, "seed": 0}, "overlap": "move",
    })  # fmt: skip
    return Study(folder / "predictions", folder / "manifests", settings)


def measure(folder: Path) -> Iterator[Row]:
    """Time each analysis of the study once."""
    yield from timed(make(folder, list(range(SEEDS))))


def timed(study: Study) -> Iterator[Row]:
    """Time each analysis of a study once."""
    start = time.perf_counter()
    table, replicates = performance.measure(study)
    yield Row("performance", "CrossRay", [time.perf_counter() - start], peak_mb=peak_mb())
    start = time.perf_counter()
    compared = comparisons.measure(study)
    yield Row("comparisons", "CrossRay", [time.perf_counter() - start], peak_mb=peak_mb())
    analyses: dict[str, Callable[[], Sized]] = {
        "transfer": lambda: transfer.measure(table, replicates, compared),
        "agreement": lambda: agreement.measure(study),
        "calibration": lambda: calibration.measure(study),
        "outputs": lambda: outputs.measure(study, []),
        "subgroups": lambda: subgroups.measure(study),
    }
    for name, analyse in analyses.items():
        start = time.perf_counter()
        assert len(analyse())
        yield Row(name, "CrossRay", [time.perf_counter() - start], peak_mb=peak_mb())
