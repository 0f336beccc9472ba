"""Write docs/rehearsal.md: what ran at the paper's size, and what a whole study takes. Run by ``make rehearse``."""

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from cost_at_scale import trained_images
from performance import BATCH_GPU, ROOT, Results, read_results, value
from performance import RESULTS as BENCHMARKS

from crossray.files import write_text
from crossray.planning import study_of

PAGE = ROOT / "docs/rehearsal.md"
#: images of the paper's tables, and of a data set's images those that train, validate and test
OF_THE_PAPER, TRAIN, VALIDATE, TEST = 249_855, 0.4, 0.1, 0.5
READINGS, CACHES = ("mapped", "memory", "local"), ("cold", "warm")
GPUS = 8
#: seconds of a search for near-duplicates, by the square of images (docs/performance.md: 8.5 s for 100,000)
ALL_PAIRS = 8.5 / 100_000**2


@dataclass(frozen=True)
class Part:
    """A part of the whole study.

    Attributes:
        name: what is done.
        one: hours with one GPU.
        eight: hours with eight.
        known: how that is known.
    """

    name: str
    one: float
    eight: float
    known: str


def read_rehearsal(folder: Path = BENCHMARKS / "rehearsal") -> tuple[Results, Mapping[str, Any]]:
    """Return the rows of all parts as one table beside those of other benchmarks, and the facts of each part."""
    parts = read_results(folder)
    facts = {part: json.loads((folder / f"{part}.json").read_text(encoding="utf-8")) for part in parts}
    rows = {case: row for part in parts.values() for case, row in part.items()}
    return {**read_results(), "rehearsal": rows}, facts


def own(results: Results, case: str) -> float:
    """Return a figure of the rehearsal.

    Raises:
        SystemExit: if it is not there.
    """
    found = value(results, "rehearsal", case, "CrossRay")
    if found is None:
        sys.exit(f"benchmarks/results/rehearsal has no row {case!r}: run make rehearse, all parts of it")
    return found


def peak(results: Results, case: str) -> str:
    """Return the most memory that a case took, in MB."""
    return results["rehearsal"][case, "CrossRay"]["peak_mb"] or ""


def readings(results: Results) -> Iterator[str]:
    """Yield the table of ways to read."""
    yield "| `reading` | page cache | loading, s | GB of shards | of the disk, GB | batches, images/s | of the disk, GB | peak of its own memory, MB | growth in an epoch, MB |"  # noqa: E501
    yield "|---|---|---|---|---|---|---|---|---|"
    for reading in READINGS:
        for cache in CACHES:
            load, batches = f"load, {reading}, {cache}", f"epoch of batches, {reading}, {cache}"
            grown = f"{batches}, memory grows by"
            yield (
                f"| {reading} | {cache} | {own(results, load):.3g} | {own(results, f'{load}, shards'):.3g} | "
                f"{own(results, f'{load}, of the disk'):.2f} | {own(results, batches):,.0f} | "
                f"{own(results, f'{batches}, of the disk'):.2f} | {peak(results, grown)} | {own(results, grown):+.1f} |"
            )


def networks(results: Results, facts: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a step and a prediction took; the facts are those of the training."""
    yield from ["| what | page cache | images/s | peak memory, MB |", "|---|---|---|---|"]
    for name, kind in (("a step of training", "training, mapped"), ("a prediction", "predictions")):
        for cache in CACHES:
            case = f"{kind}, {cache}, image"
            yield f"| {name} | {cache} | {1 / own(results, case):,.3g} | {peak(results, case)} |"
    for cache in CACHES:
        yield f"| reading of all predictions | {cache} | {own(results, f'reading of predictions, {cache}'):,.0f} | |"
    if facts["steps"]:
        epoch = TRAIN * facts["images"] * own(results, "training, mapped, warm, image")
        yield ""
        yield f"{facts['steps']} steps were run, not an epoch. By them one of {TRAIN * facts['images']:,.0f} images"
        yield f"would take {epoch / 60:,.0f} minutes here: an estimate."


def parts(results: Results, facts: Mapping[str, Any]) -> list[Part]:
    """Return the parts of the study ``config/studies/cohen2020.yaml``; the facts are those of each part of the run."""
    study = study_of(yaml.safe_load((ROOT / "config/studies/cohen2020.yaml").read_text(encoding="utf-8")))
    trained, epochs, seeds = trained_images(study), study.training.epochs, len(study.seeds)
    total, longest = seeds * sum(trained), max(trained)
    step = value(results, "training_gpu", "CUDA, 224 px, step", "CrossRay") or sys.exit("no GPU has been measured")
    ran = bool(facts["training"]["gpu"])
    a_step = own(results, "training, mapped, warm, image")
    rate = 1 / a_step if ran else BATCH_GPU / step
    forward = rate * a_step / own(results, "predictions, warm, image")
    loaded = own(results, "load, mapped, cold, shards") * 1e9 / facts["reading"]["size"] ** 2
    loading = own(results, "load, mapped, cold") / loaded
    cold = max(0.0, 1 / own(results, "epoch of batches, mapped, cold") - 1 / rate)
    predicted = len(trained) * seeds * TEST * OF_THE_PAPER
    elsewhere = json.loads((BENCHMARKS / "machine_gpu.json").read_text(encoding="utf-8"))["gpu"]
    whose = "measured in this run, whole epochs" if ran else f"measured on one {elsewhere}, steps, scaled by images"

    def of_trainings(name: str, seconds_an_image: float, share: float, known: str) -> Part:
        one, alone = (share * count * seconds_an_image / 3600 for count in (total, longest))
        return Part(name, one, max(one / GPUS, alone), known)

    return [
        of_trainings(f"steps of {len(trained) * seeds} trainings, {epochs} epochs", epochs / rate, 1, whose),
        of_trainings("validation after each epoch", epochs / forward, VALIDATE / TRAIN,
                     f"reckoned: {forward / rate:.1f} times as quick as a step, as in this run"),
        of_trainings("each training's shards compared with their digests", loading, 1 / TRAIN,
                     "measured in this run, cold, scaled by images"),
        of_trainings("first epoch, where the cache is cold again", cold, 1,
                     "measured in this run as reading alone, set against the GPU's steps"),
        Part("predictions", predicted / forward / 3600, predicted / forward / 3600 / GPUS, "reckoned, as validation"),
        *on_processors(results, facts),
    ]  # fmt: skip


def on_processors(results: Results, facts: Mapping[str, Any]) -> Iterator[Part]:
    """Yield what no GPU helps with, as far as it was run."""
    scale = {part: OF_THE_PAPER / each["images"] for part, each in facts.items()}
    if "audit" in facts:
        searched = ALL_PAIRS * OF_THE_PAPER**2
        yield _on_one("audit of duplicates", own(results, "audit") * scale["audit"] + searched,
                      "measured, scaled by images, and comparing all pairs by performance.md")  # fmt: skip
    if "analyses" in facts:
        spent = sum(float(row["median"]) for (case, _), row in results["rehearsal"].items() if "analysis," in case)
        yield _on_one("analyses, one after the other", spent * scale["analyses"],
                      f"measured on {1 / scale['analyses']:.0%} of the images, scaled by them")  # fmt: skip
    if "page" in facts:
        spent = sum(own(results, f"page, {name}") for name in ("tables", "figures", "page"))
        known = "measured: 3 seeds, all cells, few images; the analyses again"
        yield _on_one("further tables, figures, page", spent, known)


def _on_one(name: str, seconds: float, known: str) -> Part:
    """Return a part that takes as long whatever the GPUs."""
    return Part(name, seconds / 3600, seconds / 3600, known)


def page(results: Results, facts: Mapping[str, Any]) -> str:
    """Return the page."""
    missing = [part for part in ("audit", "analyses", "page") if part not in facts]
    found, facts = parts(results, facts), facts["training"]
    where = facts["gpu"] or f"{facts['cores']} cores of {facts['processor']}, no GPU"
    lines = [
        "# Rehearsal", "",
        f"`make rehearse` runs what a study of the paper's size needs, on shards of {facts['images']:,} images of",
        f"{facts['size']} px ({facts['images'] / OF_THE_PAPER:.0%} of the paper's {OF_THE_PAPER:,}), and writes this",
        "page. Pixels are noise; data sets, tasks, positives, unlabelled images and shared cohorts are in the",
        "proportions of the paper's Table A.1. [cost-at-scale.md](cost-at-scale.md) reckons the steps of training;",
        "this page counts what else a study does.", "",
        f"Run: {facts['date']}, {where} ({', '.join(facts['extensions'])}), Python {facts['python']}, torch "
        f"{facts['torch']}. The load of the machine was {facts['load']:.1f} at the start"
        f"{'' if facts['load'] < 1 else ', so other work ran beside it: trust ratios more than seconds'}.", "",
        "## Reading", "",
        "A training first compares every shard with its digest, which reads it once, then goes through the images in",
        "random order; here without a network. Cold: pages of the shards were dropped before each of the two. GB of",
        "the disk are those that the system counted for the process; a virtual disk may have a cache of its own.", "",
        *readings(results), "",
        "Growth is the slope of the process's own memory over an epoch; more than 25 MB would fail the rehearsal.",
        "Mapped pages are the system's cache and do not count. `memory` holds the pixels, which is its peak.", "",
        "## Network", "", *networks(results, facts), "",
        "## Audit, analyses, page", "",
        "| what | seconds | peak memory, MB |", "|---|---|---|",
        *_lasting(results), "",
        "The audit's memory counts mapped pages of the shards.",
        f"The audit compared {own(results, 'audit, images'):,.0f} images and found",
        f"{own(results, 'audit, exact links'):,.0f} links between data sets of a cohort that have the same film, and",
        f"all {own(results, 'audit, inverted copies found'):,.0f} films that had been put there again, inverted.", "",
        "## The whole study", "",
        "`config/studies/cohen2020.yaml` on a ResNet50, after conversion:", "",
        "| part | hours, one GPU | hours, eight GPUs | how it is known |", "|---|---|---|---|",
        *(f"| {part.name} | {part.one:,.2f} | {part.eight:,.2f} | {part.known} |" for part in found),
        f"| **all** | {sum(part.one for part in found):,.1f} | {sum(part.eight for part in found):,.1f} | |", "",
        "With eight GPUs each has a training; the longest training is the least that these parts can take. What needs",
        "no GPU is counted on one core, after all the rest, at the load of this run; a cluster runs it beside."
        f"{' Not run here, and not counted: ' + ', '.join(missing) + '.' if missing else ''}", "",
    ]  # fmt: skip
    return "\n".join(lines)


def _lasting(results: Results) -> Iterator[str]:
    for (case, _), row in results["rehearsal"].items():
        if case.startswith(("audit", "analysis", "page")) and row["unit"] == "s":
            yield f"| {case} | {float(row['median']):,.3g} | {row['peak_mb']} |"


if __name__ == "__main__":
    write_text(PAGE, page(*read_rehearsal()))
    sys.exit(0)
