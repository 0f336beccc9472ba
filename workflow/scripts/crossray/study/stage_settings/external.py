"""Settings of the stages of external models."""

from collections.abc import Mapping

from crossray.study.base import taken
from crossray.study.external import External, NetworkInput, SimulatedReader
from crossray.study.names import PROBABILITY
from crossray.study.plan import Plan
from crossray.study.stages.analysis import ExternalModel
from crossray.study.stages.apply_network import ApplyNetwork
from crossray.study.stages.place_scores import PlaceScores
from crossray.study.stages.read_scores import ReadScores
from crossray.study.stages.simulate_scores import SimulateScores
from crossray.study.thresholds import limit_of_probability


def read_scores(plan: Plan, model: str, dataset: str) -> ReadScores:
    """Return what decides how a model's scores for a data set are read."""
    external = plan.external[model]
    return taken(
        ReadScores,
        external,
        tasks=plan.study.tasks,
        limits=external.limits(),
        scale=external.kind_of_scale(),
        public=plan.study.datasets[dataset].public,
    )


def place_scores(external: External) -> PlaceScores:
    """Return what decides the predictions that are made of scores."""
    return PlaceScores(unit=external.unit(), scale=external.kind_of_scale())


def simulate_scores(plan: Plan, model: str) -> SimulateScores:
    """Return what decides the scores of a simulated reader."""
    return taken(SimulateScores, plan.external[model].simulated or SimulatedReader(), tasks=plan.study.tasks)


def apply_network(plan: Plan, model: str) -> ApplyNetwork:
    """Return what decides the predictions of an external network."""
    external, seen = plan.external[model], plan.external[model].input or NetworkInput()
    return taken(
        ApplyNetwork,
        plan.study.training,
        architecture=external.architecture,
        tasks=external.tasks or {},
        size=plan.study.images.size,
        channels=seen.channels,
        range=None if isinstance(seen.range, str) else seen.range,
        output=external.output,
    )


def external_model(plan: Plan, model: str) -> ExternalModel:
    """Return what analyses need to know of an external model."""
    external, targets = plan.external[model], plan.scored(model)
    limits, chosen_on = external.threshold, None
    if isinstance(limits, Mapping):
        is_probability = external.kind_of_scale() == PROBABILITY
        limits = {task: limit_of_probability(limit) if is_probability else limit for task, limit in limits.items()}
    else:
        home = external.home
        home = home if home in targets and home not in plan.study.only_tested() else None
        limits, chosen_on = None, limits or home
    return ExternalModel(
        source=external.source(),
        scale=external.kind_of_scale(),
        targets=targets,
        refused=plan.learnt_from(model),
        is_known=external.learnt_from() is not None,
        thresholds=limits,
        chosen_on=chosen_on,
    )
