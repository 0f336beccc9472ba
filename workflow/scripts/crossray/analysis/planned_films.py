"""Which films are planned: how many for each number of each finding that has a wanted width."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from crossray.analysis.sample_sizes import effect_of, images_for, interval_of, sample_of
from crossray.study.film_plan import ALL, Expected
from crossray.study.stages.plan_films import PlanFilms
from crossray.tables import of_rows
from crossray.tables.film_plan import SampleSizes


def plan(settings: PlanFilms) -> pd.DataFrame:
    """Return a row for each measure of each task that has a wanted width, and one for all of a task.

    Returns:
        A table of :class:`crossray.tables.film_plan.SampleSizes`.
    """
    rows: list[dict[str, Any]] = []
    for task, expected in settings.tasks.items():
        own = [{"task": task} | row for row in _rows(expected, settings)]
        most: Mapping[str, Any] = max(own, key=lambda row: row["images"])
        names = ("task", "positives", "negatives", "images", "patients")
        rows += [*own, {name: most[name] for name in names} | {"measure": ALL}]
    return of_rows(rows, SampleSizes)


def _rows(expected: Expected, settings: PlanFilms) -> Iterator[dict[str, Any]]:
    effect, each = effect_of(settings), float(settings.images_per_patient)
    for measure, wanted in settings.widths.wanted().items():
        images = images_for(measure, wanted, expected, effect, each)
        positives = math.ceil(images * float(expected.prevalence))
        sample = sample_of(images, expected, effect, each)
        value, low, high = interval_of(measure, expected, sample)
        yield {
            "measure": measure, "expected": value, "expected_low": low, "expected_high": high, "wanted_width": wanted,
            "positives": positives, "negatives": images - positives, "images": images,
            "patients": math.ceil(images / each),
        }  # fmt: skip
