"""Settings of the stages of invitations and bundles, each made of the plan."""

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, Literal, TypeVar

from crossray.study import layout
from crossray.study.base import taken
from crossray.study.plan import Plan
from crossray.study.stage_settings.external import apply_network, external_model
from crossray.study.stages.binding import Binding
from crossray.study.stages.inference import Inference
from crossray.study.stages.open_bundle import OpenBundle
from crossray.study.stages.place_bundle import PlaceBundle
from crossray.study.stages.seal_bundle import SealBundle
from crossray.study.stages.take_model import TakeModel
from crossray.study.stages.write_invitation import WriteInvitation
from crossray.study.thresholds import curve_thresholds, limit_of_probability

B = TypeVar("B", bound=Binding)

#: fewest patients of a cell of counts, where the study withholds no more
_FEWEST = 5


def _binding(kind: type[B], plan: Plan, code: Mapping[str, str], **more: Any) -> B:
    """Return settings that bind a site to the coordinator's invitation, and more."""
    return taken(
        kind,
        plan.study.images,
        study=plan.study.study,
        tasks=plan.study.tasks,
        models={name: apply_network(plan, name).to_json() for name in plan.invited},
        code=code,
        **more,
    )


def write_invitation(plan: Plan, code: Mapping[str, str]) -> WriteInvitation:
    """Return the settings of an invitation; ``code`` are the digests of the programs whose results sites send."""
    study = plan.study
    inference, models = taken(Inference, study.training).as_dict(), {}
    for name in plan.invited:
        block = study.external[name].as_dict()
        file = "onnx" if "onnx" in block else "weights"
        kind = PurePath(plan.external[name].network() or layout.SENT_MODEL).suffix
        kept = ("architecture", "tasks", "input", "output")
        models[name] = {key: block[key] for key in kept if key in block}
        models[name][file] = f"invitation/models/{name}{kind}"
    configuration = {
        "study": study.study, "tasks": list(study.tasks), "models": {}, "external": models,
        "images": {key: getattr(study.images, key) for key in ("size", "fit", "colour")}, "training": inference,
    }  # fmt: skip
    return _binding(WriteInvitation, plan, code, configuration=configuration, **_asked_of_counts(plan))


def _asked_of_counts(plan: Plan) -> dict[str, Any]:
    """Return what is asked of counts: bins should end at models' thresholds, then at those of decision curves."""
    limits: dict[str, dict[str, tuple[float, ...]]] = {}
    asked = plan.study.usefulness
    curve = tuple(map(limit_of_probability, curve_thresholds(*asked.thresholds))) if asked else ()
    for name in plan.invited:
        given = external_model(plan, name).thresholds or {}
        limits[name] = {
            task: (*([given[task]] if task in given else []), *curve) for task in plan.external[name].tasks or {}
        }
    return {"below": max(plan.study.small_cells, _FEWEST), "thresholds": limits}


def seal_bundle(plan: Plan, code: Mapping[str, str]) -> SealBundle:
    """Return the settings of the bundle of a site's study, which must have a block ``bundle``."""
    asked = plan.study.bundle
    assert asked is not None
    return _binding(SealBundle, plan, code, site=asked.site, level=asked.level, below=asked.below)


def open_bundle(plan: Plan, code: Mapping[str, str], dataset: str) -> OpenBundle:
    """Return what a bundle must answer."""
    return _binding(OpenBundle, plan, code, site=dataset, level=_level(plan, dataset), **_asked_of_counts(plan))


def take_model(plan: Plan, model: str) -> TakeModel:
    """Return what the model that a site sent must be."""
    return taken(TakeModel, apply_network(plan, model), site=plan.external[model].source())


def place_bundle(plan: Plan, model: str, dataset: str) -> PlaceBundle:
    """Return what decides the predictions that a site sent."""
    external = plan.external[model]
    scale, level = external.kind_of_scale(), _level(plan, dataset)
    return PlaceBundle(tasks=tuple(external.tasks or ()), scale=scale, level=level)


def _level(plan: Plan, dataset: str) -> Literal["counts", "rows"]:
    """Return what a site sends."""
    return "counts" if plan.study.datasets[dataset].sends_counts() else "rows"
