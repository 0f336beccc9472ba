"""Score what is recommended for local images on simulated hospitals of known truth: docs/calibration/adaptation.csv.

A small network with batch norms learns at home (``docs/verdict_families.py`` draws numbers in place of images) and is
adapted to a target in every way, with nested samples of its images, by the library's own code but for the network's
training. The verdict is of other images of the target, and 10,000 further ones judge the ways.

``python docs/adaptation_scores.py [--seed SEED] [--cells CELLS] [FAMILY ...]`` draws the cells that the table lacks.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from scipy.stats import beta
from verdict_families import FAMILIES, ROOT, Hospital, Images, cases, draw

from crossray.analysis.adaptation import METRICS, Local, Used, measured
from crossray.analysis.advice import GOALS, advise
from crossray.analysis.metrics import youden_threshold
from crossray.analysis.shift.cell import explain
from crossray.analysis.shift.prevalence import calibration
from crossray.analysis.shift.terms import AUC, CAUSES, LOG_LOSS
from crossray.analysis.shift.verdict import judge, present
from crossray.figures.adaptation_text import NEAR
from crossray.files import write_csv
from crossray.learning.learnable import first_patients
from crossray.learning.linear_head import fit_heads
from crossray.seeds import derived_seed
from crossray.study.ways import AS_IT_IS, BATCH_NORM, FINE_TUNING, HEAD, RECALIBRATION, SCRATCH, THRESHOLD

TABLE, SCORES = (ROOT / f"docs/calibration/{name}.csv" for name in ("adaptation_cells", "adaptation"))
#: images that the model learns from, that the verdict is of, that judge, and local ones; images of a patient at most
LEARNT, IMAGES, JUDGING, LOCAL, MOST = 2000, 1500, 10_000, 400, 3
SIZES, DRAWS, RESAMPLES = (25, 50, 100, 200), 2, 40
#: the seed that the rule was not made on; it was made on 11
HELD_OUT, MADE_ON = 2026, 11
_WIDTH, _BATCH, _LEAST_BATCHES = 24, 32, 4
_EPOCHS, _RATE, _TUNING_EPOCHS, _TUNING_RATE = 20, 0.005, 10, 0.001
KEY = ["seed", "family", "number", "metric", "images"]
WAYS = [AS_IT_IS, THRESHOLD, RECALIBRATION, BATCH_NORM, HEAD, FINE_TUNING, SCRATCH]


class Network(torch.nn.Module):
    """Two layers with batch norm, and a head."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        torch.manual_seed(seed)
        layers = [torch.nn.Linear(9, _WIDTH), torch.nn.BatchNorm1d(_WIDTH), torch.nn.ReLU()]
        layers += [torch.nn.Linear(_WIDTH, _WIDTH), torch.nn.BatchNorm1d(_WIDTH), torch.nn.ReLU()]
        self.features, self.head = torch.nn.Sequential(*layers), torch.nn.Linear(_WIDTH, 1)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return logits, shape (images,)."""
        return self.head(self.features(inputs))[:, 0]

    def learn(self, images: Images, epochs: int, rate: float, seed: int) -> "Network":
        """Train on images, of which an epoch has at least four batches."""
        generator = np.random.default_rng(seed)
        inputs, labels = (torch.tensor(part, dtype=torch.float32) for part in (images.inputs, images.labels))
        optimiser = torch.optim.Adam(self.parameters(), rate, weight_decay=1e-4)
        length = max(len(labels), _LEAST_BATCHES * _BATCH)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs * (length // _BATCH))
        self.train()
        for _ in range(epochs):
            rounds = -(-length // len(labels))
            order = np.concatenate([generator.permutation(len(labels)) for _ in range(rounds)])[:length]
            for places in order[: length // _BATCH * _BATCH].reshape(-1, _BATCH):
                optimiser.zero_grad()
                logits = self(inputs[places])
                torch.nn.functional.binary_cross_entropy_with_logits(logits, labels[places]).backward()
                optimiser.step()
                schedule.step()
        return self.eval()

    def with_statistics(self, images: Images) -> "Network":
        """Return a copy whose batch norms have the statistics of these images."""
        other = self.copy()
        for layer in other.modules():
            if isinstance(layer, torch.nn.BatchNorm1d):
                layer.reset_running_stats()
                layer.momentum = None
                layer.train()
        with torch.no_grad():
            other(torch.tensor(images.inputs, dtype=torch.float32))
        return other.eval()

    def copy(self) -> "Network":
        """Return a copy."""
        other = Network(0)
        other.load_state_dict(self.state_dict())
        return other.eval()


class Model:
    """A network that learnt at home, with its calibration and threshold of other images there."""

    def __init__(self, generator: np.random.Generator, home: Hospital, seed: int) -> None:
        learnt, validation = (draw(size, generator, home) for size in (LEARNT, LEARNT // 3))
        self.network = Network(seed).learn(learnt, _EPOCHS, _RATE, seed)
        scores = self.scores(validation)
        self.fitted = calibration(scores, validation.labels, np.ones((1, len(scores))))[0]
        self.threshold = youden_threshold(validation.labels, self.used(validation))

    def scores(self, images: Images, network: Network | None = None) -> NDArray[np.float64]:
        """Return logits, those of the home network or of another."""
        with torch.no_grad():
            inputs = torch.tensor(images.inputs, dtype=torch.float32)
            return (network or self.network)(inputs).numpy().astype(float)

    def used(self, images: Images, network: Network | None = None) -> NDArray[np.float64]:
        """Return logits as calibrated at home."""
        return self.fitted[0] + self.fitted[1] * self.scores(images, network)

    def features(self, images: Images) -> NDArray[np.float64]:
        """Return what goes into the head."""
        with torch.no_grad():
            return self.network.features(torch.tensor(images.inputs, dtype=torch.float32)).numpy().astype(float)

    def calibrated(self) -> Network:
        """Return a copy whose head gives calibrated logits."""
        network = self.network.copy()
        with torch.no_grad():
            network.head.weight *= float(self.fitted[1])
            network.head.bias *= float(self.fitted[1])
            network.head.bias += float(self.fitted[0])
        return network


@dataclass(frozen=True)
class Sample:
    """Local images."""

    size: int
    draw: int
    images: Images


def samples(local: Images, seed: int) -> Iterator[Sample]:
    """Yield nested samples of whole patients, and all images."""
    rows = pd.DataFrame({"dataset": "local", "patient_id": local.patients.astype(str), "row": range(len(local.labels))})
    for number in range(DRAWS):
        for size in SIZES:
            chosen = first_patients(rows, size, derived_seed(seed, "adaptation", str(number)))
            yield Sample(size, number, local.chosen(chosen["row"].to_numpy()))
    yield Sample(LOCAL, 0, local)


def ways(model: Model, sample: Sample, judging: Images, seed: int) -> Iterator[tuple[str, Used]]:
    """Yield the model as it is used after each way."""
    images, plain = sample.images, model.used(judging)
    local = Local(images.labels, model.used(images))
    found = youden_threshold(local.labels, local.logits)
    yield AS_IT_IS, Used(plain, model.threshold)
    yield THRESHOLD, Used(plain, model.threshold if np.isnan(found) else found)
    yield RECALIBRATION, Used(local.recalibrated(plain), local.limit)
    other = model.network.with_statistics(images)
    seen = Local(images.labels, model.used(images, other))
    yield BATCH_NORM, Used(seen.recalibrated(model.used(judging, other)), seen.limit)
    labels, before = images.labels[:, None], local.logits[:, None]
    heads = fit_heads(model.features(images), labels, images.patients, before, seed)
    yield HEAD, Used(heads.logits(model.features(judging), plain[:, None])[:, 0], local.limit)
    if len(np.unique(images.labels)) > 1:
        tuned = model.calibrated().learn(images, _TUNING_EPOCHS, _TUNING_RATE, seed)
        yield FINE_TUNING, Used(model.scores(judging, tuned), local.limit)
        own = Network(seed).learn(images, _EPOCHS, _RATE, seed)
        yield SCRATCH, Used(model.scores(judging, own), local.limit)


def verdicts(model: Model, home: Hospital, away: Hospital, generator: np.random.Generator, number: int) -> dict:
    """Return metric -> verdict on other images of both hospitals."""
    most = 1 if number % 2 else MOST
    source, target = (cases(model, draw(IMAGES, generator, hospital, most)) for hospital in (home, away))
    found = explain(source, target, RESAMPLES, number)
    flags = present(found, found.p)
    return {metric: judge(found, flags, dict.fromkeys(CAUSES, 0.0), metric).verdict for metric in (LOG_LOSS, AUC)}


def drawn(name: str, number: int, seed: int, judging: int = JUDGING) -> pd.DataFrame:
    """Draw a cell of a family; return a row for each metric and number of images, with a column for each way."""
    generator = np.random.default_rng(derived_seed(seed, "adaptation", name, str(number)))
    home, away = FAMILIES[name].drawn(generator)
    model = Model(generator, home, number)
    told = verdicts(model, home, away, generator, number)
    local = draw(LOCAL, generator, away, 1 if number % 2 else MOST)
    judges = draw(judging, generator, away)
    counts = np.ones((1, len(judges.labels)))
    rows = []
    for sample in samples(local, number):
        fewest = int(min(sample.images.labels.sum(), (1 - sample.images.labels).sum()))
        for way, used in ways(model, sample, judges, number):
            values = measured(judges.labels, used, counts)
            rows += [{"metric": metric, "images": sample.size, "fewest": fewest, "way": way, "value": values[metric][0]}
                     for metric in METRICS if metric in GOALS]  # fmt: skip
    table = pd.DataFrame(rows)
    wide = table.pivot_table("value", ["metric", "images"], "way").reset_index()
    wide = wide.merge(table.groupby(["images"], as_index=False)["fewest"].mean(), on="images")
    wide["verdict"] = wide["metric"].map(lambda metric: told[AUC if metric == AUC else LOG_LOSS])
    return wide.assign(seed=seed, family=name, number=number)


def scored(cells: pd.DataFrame) -> pd.DataFrame:
    """Return what is recommended in each cell, the best way, and how far the first is behind."""
    rows = []
    for row in cells.to_dict("records"):
        values = {way: row[way] for way in WAYS if not pd.isna(row[way])}
        way = advise(row["verdict"], row["fewest"], row["metric"], tuple(values)).way
        best = (min if row["metric"] == LOG_LOSS else max)(values, key=values.__getitem__)
        rows.append({**{key: row[key] for key in [*KEY, "fewest", "verdict"]}, "advised": way, "best": best,
                     "behind": abs(values[way] - values[best])})  # fmt: skip
    return pd.DataFrame(rows).assign(hindsight=hindsight(cells).to_numpy())


def hindsight(cells: pd.DataFrame) -> pd.Series:
    """Return whether each cell's best way is near the one that is so most often for its goal, size and verdict.

    That way is chosen by these very cells, so no rule that knows goal, size and verdict alone is near more often here.
    """
    losses = cells[WAYS].mul(np.where(cells["metric"] == LOG_LOSS, 1, -1), axis=0)
    near = losses.sub(losses.min(axis=1), axis=0) <= NEAR
    keys = [cells[name] for name in ("metric", "images", "verdict")]
    most = near.groupby(keys).transform("mean").idxmax(axis=1)
    return pd.Series([near.loc[place, way] for place, way in most.items()], cells.index)


def summary(found: pd.DataFrame) -> pd.DataFrame:
    """Count how often what is recommended is near the best way, with exact intervals (Clopper and Pearson 1934)."""
    rows = []
    for metric in [*GOALS, "all"]:
        for images in [*SIZES, LOCAL, 0]:
            here = found[(found["metric"] == metric) | (metric == "all")]
            here = here[(here["images"] == images) | (images == 0)]
            near, count = int((here["behind"] <= NEAR).sum()), len(here)
            low = float(beta.ppf(0.025, near, count - near + 1)) if near else 0.0
            high = float(beta.ppf(0.975, near + 1, count - near)) if near < count else 1.0
            rows.append({"metric": metric, "images": images or "all", "cells": count, "near": near,
                         "share": round(near / max(count, 1), 4), "low": round(low, 4), "high": round(high, 4),
                         "behind": round(float(here["behind"].mean()), 4),
                         "hindsight": round(float(here["hindsight"].mean()), 4)})  # fmt: skip
    return pd.DataFrame(rows)


def write(names: Sequence[str], count: int, seed: int, table: Path) -> pd.DataFrame:
    """Draw the cells that the table does not have yet, and write it after each family."""
    cells = pd.read_csv(table) if table.exists() else pd.DataFrame(columns=[*KEY, "verdict"])
    for name in names:
        done = set(cells.loc[(cells["family"] == name) & (cells["seed"] == seed), "number"])
        new = [drawn(name, number, seed) for number in range(count) if number not in done]
        if new:
            print(name, flush=True)
            cells = pd.concat([cells, *new], ignore_index=True)
            write_csv(table, cells)
    return cells


def main() -> int:
    """Parse the command line, draw and score."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("family", nargs="*", help=f"one of: {'; '.join(FAMILIES)}")
    options.add_argument("--seed", type=int, default=HELD_OUT, help=f"of the cells (default: {HELD_OUT})")
    options.add_argument("--cells", type=int, default=1, help="cells of each family (default: 1)")
    options.add_argument("--table", type=Path, default=TABLE, help="table of cells (default: %(default)s)")
    arguments = options.parse_args()
    torch.set_num_threads(1)
    cells = write(arguments.family or list(FAMILIES), arguments.cells, arguments.seed, arguments.table)
    chosen = cells[(cells["seed"] == arguments.seed) & (cells["number"] < arguments.cells)]
    found = summary(scored(chosen))
    print(found.to_string(index=False))
    if arguments.seed == HELD_OUT:
        write_csv(SCORES, found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
