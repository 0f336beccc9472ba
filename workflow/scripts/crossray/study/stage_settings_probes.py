"""Settings of the stages of linear probes: exactly those that decide their results."""

from crossray.study.base import taken
from crossray.study.plan import Plan
from crossray.study.stage_settings import train_model
from crossray.study.stages.compute_features import ComputeFeatures
from crossray.study.stages.fit_probe import FitProbe
from crossray.study.stages.inference import Inference


def compute_features(plan: Plan, network: str, seed: int) -> ComputeFeatures:
    """Return what decides the features that a frozen network has of images."""
    model = plan.frozen[network]
    start = train_model(plan, model, plan.models[model].sources[0], seed)
    return taken(ComputeFeatures, start, **taken(Inference, plan.study.training).as_dict())


def fit_probe(plan: Plan, model: str, source: str, seed: int) -> FitProbe:
    """Return what decides the last layer of a probe, beside features and labels."""
    return taken(FitProbe, train_model(plan, model, source, seed))
