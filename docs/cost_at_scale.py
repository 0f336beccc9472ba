"""Write docs/cost-at-scale.md: what large studies need, reckoned from benchmarks/results. Run by ``make bench``."""

import csv
import sys
from collections.abc import Iterator

import yaml
from performance import BATCH_GPU, ROOT, Results, read_results, value

from crossray.files import write_text
from crossray.learning.models import build_model
from crossray.planning import cohort_of, study_of
from crossray.study.config import Study
from crossray.study.names import members
from crossray.study.plan import pool_of

PAGE = ROOT / "docs/cost-at-scale.md"
FILMS = 400_000
#: cores of a machine as clusters have them
CORES = 32
SIZES = (224, 512)
#: images a second of ResNet50 in mixed precision on one A100 as NVIDIA publishes (DeepLearningExamples), until there is
#: one of our own
PUBLISHED_RATE = 2_470


def conversion(results: Results) -> Iterator[str]:
    """Yield what it takes to convert films of each syntax."""
    if "conversion" not in results:
        yield "Not measured yet; `make bench` does."
        return
    yield from [f"| syntax | hours, one core | hours, {CORES} cores | machines for a night of 8 hours | films, TB |",
                "|---|---|---|---|---|"]  # fmt: skip
    for (case, contender), row in results["conversion"].items():
        size = value(results, "conversion", f"{case}, file", "")
        if contender == "CrossRay" and size is not None:
            hours = FILMS * float(row["median"]) / 3600
            machines = max(1, -int(-hours // (8 * CORES)))
            yield f"| {case} | {hours:,.1f} | {hours / CORES:,.2f} | {machines} | {FILMS * size / 1e6:,.1f} |"


def trained_images(study: Study) -> list[int]:
    """Return on how many images the paper's study trains for each of its sources, in an epoch."""
    with (ROOT / "resources/cohen2020/tableA1_counts.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    datasets = study.datasets
    images = {
        name: dataset.split.train
        * max(int(row["positive"]) + int(row["negative"]) for row in rows if row["dataset"] == dataset.paper)
        for name, dataset in datasets.items()
    }
    cohorts = {name: cohort_of(name, dataset) for name, dataset in datasets.items()}
    sources = [members(source, pool_of(study), cohorts) for source in study.trained_on()]
    return [round(sum(images[name] for name in source)) for source in sources]


def page(results: Results) -> str:
    """Return the page."""
    written = yaml.safe_load((ROOT / "config/studies/cohen2020.yaml").read_text(encoding="utf-8"))
    study = study_of(written)
    trained, epochs = trained_images(study), study.training.epochs
    images, longest = len(study.seeds) * sum(trained), epochs * max(trained)
    step = value(results, "training_gpu", "CUDA, 224 px, step", "CrossRay")
    rate = BATCH_GPU / step if step else PUBLISHED_RATE
    whose = "our own figure" if step else "the public figure for one A100; no GPU of ours has been measured yet"
    network = build_model("resnet50", len(study.tasks), study.images.size)
    weights = 4 * sum(tensor.numel() for tensor in network.parameters()) / 1e6
    trainings = len(study.trained_on()) * len(study.seeds)
    hours = images * epochs / rate / 3600
    lines = [
        "# What large studies cost", "",
        "Estimated by `docs/cost_at_scale.py` from the figures of [performance.md](performance.md); not run. What was",
        "run, on shards of the paper's structure, and what else a study takes: [rehearsal.md](rehearsal.md).", "",
        f"## Converting {FILMS:,} films of 2500 x 2048 pixels to 224 px", "", *conversion(results), "",
        "Shards are converted independently, so time scales with cores until the disk is the limit; a network file",
        f"system rarely delivers what {CORES} cores read of raw films{_pace(results)}.", "",
        "## Disk space", "", "| size | pixels of 400,000 films, GB |", "|---|---|",
        *(f"| {size} px | {FILMS * size**2 / 1e9:,.0f} |" for size in SIZES), "",
        f"A training of ResNet50 keeps {weights:,.0f} MB of weights, and while it runs two checkpoints of",
        f"{5 * weights:,.0f} MB: weights, the three moments of Adam with AMSGrad, and the best weights so far.", "",
        "## Training the paper's study", "",
        f"`config/studies/cohen2020.yaml`: {len(study.trained_on())} sources x {len(study.seeds)} seeds = {trainings}",
        f"trainings of {epochs} epochs; an epoch of all has {images:,} images by the paper's Table A.1. At {rate:,.0f}",
        f"images a second ({whose}; ResNet50, 224 px, bf16):", "",
        "| GPUs | hours |", "|---|---|", f"| one | {hours:,.0f} |",
        f"| eight, a training on each | {hours / 8:,.1f}; the longest training is {longest / rate / 3600:,.1f} |", "",
        "Predictions add little: a forward pass of half of the images for each model and target.", "",
    ]  # fmt: skip
    return "\n".join(lines)


def _pace(results: Results) -> str:
    """Say how many GB a second a machine's cores read of raw films; nothing where it was not measured."""
    size, seconds = value(results, "conversion", "raw, file", ""), value(results, "conversion", "raw", "CrossRay")
    return f", {CORES * size / seconds / 1e3:,.1f} GB a second" if size and seconds else ""


if __name__ == "__main__":
    write_text(PAGE, page(read_results()))
    sys.exit(0)
