"""The answer of ``check`` as text for a terminal. Of data sets that are not public it holds counts alone.

Of these counts it shows those that the tables of a run show (:mod:`crossray.small_cells`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from crossray.analysis.datasets import count_labels, describe
from crossray.checking.cells import Outlook
from crossray.checking.cohorts import Cohort
from crossray.checking.costs import Cost
from crossray.errors import listed
from crossray.manifest import SPLITS
from crossray.reasons import REASONS
from crossray.small_cells import withhold
from crossray.study.plan import Plan
from crossray.study.stage_settings.data import small_cells

#: places of a cell without a number that are named
_NAMED = 4


def page(plan: Plan, cohorts: Sequence[Cohort], outlook: Outlook, cost: Cost | None) -> Iterator[str]:
    """Yield the lines of what was found, without problems and remarks."""
    study = plan.study
    yield f"Study {study.study}: {_count(len(plan.sources), 'source')}, {_count(len(plan.targets), 'target')}, " \
        f"{_count(len(study.tasks), 'task')}, {_count(len(plan.sources_of), 'model')}, " \
        f"{_count(len(study.seeds), 'seed')}"  # fmt: skip
    yield from _datasets(plan, cohorts, outlook)
    yield from _positives(plan, outlook.tables)
    yield from _matrix(plan, outlook.cells)
    if cost:
        yield from _costs(plan, cost)
    else:
        unread = [cohort.name for cohort in cohorts if cohort.problem]
        yield f"\nNo estimate of what the run costs, as {listed(unread)} cannot be read"


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _shown(plan: Plan, rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Return a table of counts as a run would write it."""
    table, rule = pd.DataFrame(list(rows)), small_cells(plan.study)
    return withhold(table, rule.below, rule.closed) if rule and len(table) else table


def _datasets(plan: Plan, cohorts: Sequence[Cohort], outlook: Outlook) -> Iterator[str]:
    counts = _shown(plan, (row for name, table in outlook.tables.items() for row in describe(name, table, {})))
    rows = {}
    for cohort in cohorts:
        if cohort.name in outlook.tables:
            missing = "-" if cohort.missing is None else f"{cohort.missing}"
            here = counts[counts["dataset"] == cohort.name].set_index(["property", "value"])
            images, patients = here.loc[("all", "all"), ["images", "patients"]]
            rows[cohort.name] = {"images": _told(images), "missing": missing, "patients": _told(patients)}
            of_splits = here["images"].get("split", {})
            rows[cohort.name] |= {split: _told(of_splits.get(split, 0)) for split in SPLITS}
    if rows:
        yield "\nImages, and how they are split\n"
        yield pd.DataFrame.from_dict(rows, orient="index").to_string()
    yield from _people(counts)
    notes = [f"{cohort.name}: {cohort.note}" for cohort in cohorts if cohort.note]
    kinds = [
        f"{cohort.name}: {kind.images:,} x {kind.name}; {kind.decoded} of {kind.decoded + sum(kind.refused.values())} "
        f"tried can be used, {1000 * kind.seconds:.0f} ms each"
        for cohort in cohorts
        for kind in cohort.kinds
    ]
    if notes or kinds:
        yield ""
    yield from [*notes, *kinds]


def _people(counts: pd.DataFrame) -> Iterator[str]:
    """Show how many images have which sex, view, age and stratum, as understood."""
    if counts.empty:
        return
    yield "\nSex, view, age and strata of images, as understood\n"
    shown = counts[~counts["property"].isin(["all", "split", "rejected"])]
    for name, rows in shown.groupby("dataset", sort=False):
        parts = [
            f"{what} " + ", ".join(f"{row.value} {_told(row.images)}" for row in part.itertuples())
            for what, part in rows.groupby("property", sort=False)
        ]
        yield f"{name}: {'; '.join(parts)}"


def _positives(plan: Plan, tables: Mapping[str, pd.DataFrame]) -> Iterator[str]:
    if not tables:
        return
    yield f"\nPositives of {', '.join(SPLITS)}; - is not labelled\n"
    tasks = plan.study.tasks
    counts = _shown(plan, (row for name, table in tables.items() for row in count_labels(name, table, tasks)))
    positives = counts.set_index(["dataset", "task", "split"])["positives"]
    cells = {
        name: [
            " ".join(_told(positives[name, task, split]) for split in SPLITS)
            if task in table and table[task].notna().any()
            else "-"
            for task in tasks
        ]
        for name, table in tables.items()
    }
    yield pd.DataFrame(cells, index=list(tasks)).to_string()


def _told(count: Any) -> str:
    """Write a count, or what stands in its place where it is not shown."""
    return count if isinstance(count, str) else f"{int(count)}"


def _matrix(plan: Plan, cells: pd.DataFrame) -> Iterator[str]:
    """Show for each source and target how many tasks will have a number."""
    if cells.empty:
        return
    numbered = cells["reason"].isna()
    yield f"\n{numbered.sum():,} of {len(cells):,} cells (model x source x target x task) will have a number"
    for model in plan.shown_models:
        shown = cells[cells["model"] == model]
        if shown.empty:
            continue
        counts = shown.assign(number=shown["reason"].isna()).pivot_table(
            index="source", columns="target", values="number", aggfunc="sum", sort=False
        )
        yield f"\n{model}: tasks of {len(plan.study.tasks)} with a number, rows trained on, columns tested on\n"
        yield counts.astype(int).rename_axis(index=None, columns=None).to_string()
    if not numbered.all():
        yield "\nWithout a number"
    for reason, rows in cells[~numbered].groupby("reason", sort=False):
        yield f"  {reason}  {_count(len(rows), 'cell')}: {REASONS[reason]}: {_places(rows)}"


def _places(rows: pd.DataFrame) -> str:
    """Name tasks with the targets where they have no number."""
    tasks = [f"{task} at {listed(part['target'].unique(), _NAMED)}" for task, part in rows.groupby("task", sort=False)]
    return f"{'; '.join(tasks[:_NAMED])}{f' and {len(tasks) - _NAMED} more tasks' if len(tasks) > _NAMED else ''}"


def _costs(plan: Plan, cost: Cost) -> Iterator[str]:
    yield "\nAn estimate of what the run costs, without predictions, analyses and the start of its jobs"
    if cost.timed:
        yield (
            f"  conversion  {_span(cost.conversion_hours)} on {_count(cost.cores, 'core')}, from "
            f"{_count(cost.timed, 'file')} decoded here"
        )
    if cost.trainings:
        hours = "; ".join(f"{_span(value)} on {name}" for name, value in cost.hours.items())
        yield (
            f"  training    {_count(cost.trainings, 'training')}, {cost.trained_images:,} images in all epochs: "
            f"{hours} (measured with ResNet50, scaled to {plan.study.images.size} px)"
        )
    if cost.probes:
        hours = "; ".join(f"{_span(value)} on {name}" for name, value in cost.feature_hours.items())
        yield (
            f"  features    of {cost.seen_images:,} images, once, for {_count(cost.probes, 'probe')}: {hours}; each is "
            "then fitted in seconds to minutes"
        )
    if cost.encoded_images:
        hours = "; ".join(f"{_span(value)} on {name}" for name, value in cost.encoder_hours.items())
        yield f"  encoder     learns without labels from {cost.encoded_images:,} images in all epochs: {hours}"
    weights = " and weights (of ResNet50)" if cost.trainings or cost.probes else ""
    yield f"  memory      {cost.memory_mb / 1000:,.0f} GB for the largest job, by what the workflow asks for"
    yield (f"  disk        {cost.disk_mb / 1000:,.1f} GB of pixels{weights}, {cost.free_mb / 1000:,.0f} GB free")


def _span(hours: float) -> str:
    if hours < 1 / 60:
        return "less than a minute"
    return f"{hours * 60:.0f} min" if hours < 1.5 else f"{hours:,.0f} h" if hours < 72 else f"{hours / 24:,.0f} days"
