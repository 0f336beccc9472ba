"""Problems that prevent a study's results, with what to change; and other remarks before a run."""

from collections.abc import Iterator, Sequence

from crossray.checking.cells import Outlook
from crossray.checking.cohorts import Cohort
from crossray.checking.costs import Cost
from crossray.checking.external import wrong_rows
from crossray.checking.warnings import shown
from crossray.errors import listed
from crossray.reasons import (
    NO_PROBABILITY,
    NOT_GIVEN,
    NOT_LABELLED,
    NOT_TRAINED,
    PATIENTS_OVERLAP,
    REASONS,
    STAYS_AT_SITE,
    TOO_FEW,
)
from crossray.study.plan import Plan
from crossray.study.stage_settings.data import small_cells

#: reason -> what to do about it
REMEDIES = {
    NOT_LABELLED: "name a task that the targets label, under the name that they have for it",
    NOT_TRAINED: "train on a source that has positives and negatives of it",
    TOO_FEW: "take more test patients (datasets.*.split), or lower evaluation.minimum",
    PATIENTS_OVERLAP: "set leakage.overlap to move; of models that were trained elsewhere, take other targets",
    STAYS_AT_SITE: "name the model under external, and invite the site again (snakemake invitation)",
    NOT_GIVEN: "name a file of scores for a target (external.*.scores)",
    NO_PROBABILITY: "yes and no have a sensitivity and a specificity; for an AUC ask the maker for scores",
}


def problems(plan: Plan, cohorts: Sequence[Cohort], outlook: Outlook) -> Iterator[str]:
    """Yield problems that would stop a run or leave it without results, each with what to change."""
    for cohort in cohorts:
        yield from _of_files(plan, cohort)
    yield from outlook.problems
    yield from wrong_rows(plan, {cohort.name: cohort.table for cohort in cohorts if cohort.table is not None})
    cells = outlook.cells
    if len(cells) and cells["reason"].notna().all():
        causes = [f"{REASONS[code]} ({listed(rows['task'].unique())}): {REMEDIES[code]}"
                  for code, rows in cells.groupby("reason", sort=False)]  # fmt: skip
        yield f"no cell would have a number. {'. '.join(causes)}"


def _of_files(plan: Plan, cohort: Cohort) -> Iterator[str]:
    if cohort.problem:
        yield f"{cohort.name}: {cohort.problem}"
    if cohort.table is None:
        return
    if cohort.table.empty:
        yield f"{cohort.name}: no image is left; look at the settings that choose images (views, images_per_patient)"
    allowed = plan.study.datasets[cohort.name].max_rejected
    unusable = [kind for kind in cohort.kinds if kind.is_unusable]
    if sum(kind.images for kind in unusable) > allowed * len(cohort.table):
        reasons = listed(dict.fromkeys(reason for kind in unusable for reason in kind.refused))
        names = listed(f"{kind.images} x {kind.name}" for kind in unusable)
        yield (
            f"{cohort.name}: no file that was tried of {names} could be used ({reasons}), more than "
            f"datasets.{cohort.name}.max_rejected = {allowed:g} allows, so that the conversion would stop; mend "
            "or leave out these files, or raise the limit"
        )


def remarks(plan: Plan, cohorts: Sequence[Cohort], outlook: Outlook, cost: Cost | None) -> Iterator[str]:
    """Yield remarks that do not stop a run."""
    tables = [cohort.table for cohort in cohorts if cohort.table is not None]
    unlabelled = [task for task in plan.study.tasks if not any(task in table for table in tables)]
    if unlabelled and len(tables) == len(cohorts):
        yield f"no data set labels {listed(unlabelled)}; a task has the name that the data sets have for it"
    for (first, second), count in outlook.shared.items():
        yield f"{first} and {second} share {_told(plan, count, first, second)} patients, by their identifiers"
    for name, moved in outlook.moved.items():
        if moved:
            images = _told(plan, moved, name, whole=len(outlook.tables[name]))
            yield f"{name}: {images} images change their split, as their patients are in several"
    for cohort in cohorts:
        yield from (f"{cohort.name}: {warning}" for warning in cohort.warnings)
        yield from _remarks_on_files(cohort)
        yield from _remarks_on_labels(plan, cohort)
    if cost and cost.disk_mb > cost.free_mb:
        yield f"the disk has {cost.free_mb / 1000:,.1f} GB left, and {cost.disk_mb / 1000:,.1f} GB would be written"


def _told(plan: Plan, count: int, *names: str, whole: int | None = None) -> str:
    """Write a count of patients or images, perhaps a part of a whole, as data sets that are not public allow."""
    rule = small_cells(plan.study)
    return shown(count, whole, rule.below if rule and set(names) & set(rule.closed) else 0)


def _remarks_on_labels(plan: Plan, cohort: Cohort) -> Iterator[str]:
    if cohort.table is None:
        return
    labels = cohort.table[[task for task in plan.study.tasks if task in cohort.table]]
    if without := int(labels.isna().all(axis=1).sum()):
        images = len(labels)
        count = _told(plan, without, cohort.name, whole=images)
        yield f"{cohort.name}: {count} of {images} images have no label of a task of the study"


def _remarks_on_files(cohort: Cohort) -> Iterator[str]:
    if cohort.repeated_rows:
        yield f"{cohort.name}: {cohort.repeated_rows} rows name a file that an earlier row names too"
    if cohort.missing:
        yield f"{cohort.name}: {cohort.missing} images are missing"
    for kind in cohort.kinds:
        for reason, count in kind.refused.items():
            yield f"{cohort.name}: {count} of the files tried of {kind.name} cannot be used: {reason}"
