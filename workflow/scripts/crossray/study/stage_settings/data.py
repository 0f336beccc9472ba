"""Settings of the stages that read releases, convert images and split patients."""

from collections.abc import Iterable
from typing import Any

from crossray.study.base import taken
from crossray.study.config import Study
from crossray.study.datasets import Dataset
from crossray.study.plan import Plan
from crossray.study.small_cells import SmallCells
from crossray.study.stages.assign_splits import AssignSplits
from crossray.study.stages.audit_leakage import AuditLeakage
from crossray.study.stages.convert_shard import ConvertShard
from crossray.study.stages.forget import Forget
from crossray.study.stages.index_shards import IndexShards
from crossray.study.stages.retrieve_release import RetrieveRelease
from crossray.study.stages.simulate_hospital import SimulateHospital
from crossray.study.stages.summarise_datasets import SummariseDatasets


def small_cells(study: Study) -> SmallCells | None:
    """Return which counts tables do not show; nothing where all data sets are public."""
    closed, limit = study.closed(), study.small_cells
    return SmallCells(below=limit, closed=tuple(closed)) if closed and limit > 1 else None


def simulate_hospital(dataset: Dataset) -> SimulateHospital:
    """Return the settings of a simulated hospital."""
    return taken(SimulateHospital, dataset)


def retrieve_release(dataset: Dataset, views: Iterable[str]) -> RetrieveRelease:
    """Return what decides which objects of an archive become images; ``views`` are those of the label policy."""
    return taken(RetrieveRelease, dataset, views=tuple(views))


def convert_shard(dataset: Dataset, shape: str, shards: int) -> ConvertShard:
    """Return what decides the pixels of a shard.

    Args:
        dataset: whose images they are.
        shape: name of the folder of shards.
        shards: number of the data set's shards.
    """
    return taken(ConvertShard, dataset, **facts_of_shape(shape), shards=shards)


def index_shards(dataset: Dataset, shape: str) -> IndexShards:
    """Return what decides an index beside shards."""
    return taken(IndexShards, dataset, **facts_of_shape(shape))


def facts_of_shape(shape: str) -> dict[str, Any]:
    """Return the size, the fit and the colour that the name of a folder of shards stands for."""
    size, *rest = shape.split("-")
    return {
        "size": int(size.removesuffix("px")),
        "fit": "pad" if "pad" in rest else "crop",
        "colour": "rgb" if "rgb" in rest else "grey",
    }


def audit_leakage(plan: Plan) -> AuditLeakage:
    """Return what decides the audit of leakage."""
    study = plan.study
    return taken(
        AuditLeakage,
        study.leakage,
        small_cells=small_cells(study),
        datasets=tuple(study.datasets),
        cohorts=plan.cohorts,
        tested=tuple(study.only_tested()),
        at_sites=tuple(study.at_sites()),
    )


def assign_splits(plan: Plan) -> AssignSplits:
    """Return what decides the manifests of a study."""
    return AssignSplits(classes=plan.study.tasks if plan.study.is_multiclass() else ())


def summarise_datasets(plan: Plan) -> SummariseDatasets:
    """Return the settings of the counts of data sets."""
    study, hidden = plan.study, small_cells(plan.study)
    return SummariseDatasets(
        datasets=tuple(study.datasets),
        at_sites=tuple(study.at_sites()),
        counted=tuple(study.counted()),
        shape=plan.shape,
        tasks=study.tasks,
        small_cells=hidden,
    )


def forget(plan: Plan, releases: Iterable[str]) -> Forget:
    """Return the settings of the program that removes patients; ``releases`` are paths that are not results."""
    return Forget(cohorts=plan.cohorts, releases=tuple(releases))
