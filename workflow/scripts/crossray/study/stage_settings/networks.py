"""Settings of the stages that run networks: training, prediction, adaptation, attribution."""

from dataclasses import replace
from typing import Any, TypeVar

from crossray.study.adaptation import Adaptation
from crossray.study.base import taken
from crossray.study.evaluation import Attribution, Explanation
from crossray.study.names import is_pooled
from crossray.study.plan import Plan
from crossray.study.stages.adapt_model import AdaptModel
from crossray.study.stages.attribute_images import AttributeImages
from crossray.study.stages.compute_features import ComputeFeatures
from crossray.study.stages.describe_images import DescribeImages
from crossray.study.stages.fit_probe import FitProbe
from crossray.study.stages.inference import Inference
from crossray.study.stages.predict import Predict
from crossray.study.stages.predict_corrected import PredictCorrected
from crossray.study.stages.train_encoder import TrainEncoder
from crossray.study.stages.train_model import TrainModel
from crossray.study.stages.train_shared_heads import TrainSharedHeads
from crossray.study.training import TrainingRun
from crossray.study.ways import OF_NETWORKS

R = TypeVar("R", bound=TrainingRun)

#: test images of a data set that are described, at most
DESCRIBED = 2000


def is_file(weights: str) -> bool:
    """Return whether weights are a file: published ones have names without a slash or a point."""
    return bool({"/", "."} & set(weights))


def train_model(plan: Plan, model: str, source: str, seed: int) -> TrainModel:
    """Return what decides a model's weights."""
    run = _training(TrainModel, plan, model, seed)
    if is_pooled(source):
        return run
    balance = run.balance if run.balance == "findings" else "images"
    return replace(run, balance=balance, algorithm="erm")


def train_shared_heads(plan: Plan, model: str, penalty: str, seed: int) -> TrainSharedHeads:
    """Return what decides the weights of a network on the whole pool, with or without a penalty."""
    heads = plan.study.shared_heads
    weight = heads.penalty if heads and penalty == "l2" else 0
    run = _training(TrainSharedHeads, plan, model, seed, penalty=weight)
    return replace(run, algorithm="erm")


def _training(kind: type[R], plan: Plan, name: str, seed: int, **more: Any) -> R:
    trained = plan.models[name]
    model, weights = trained.model, trained.model.weights
    return taken(
        kind,
        trained.training,
        architecture=model.architecture,
        stem=model.stem,
        freeze=model.freeze,
        unfreeze_every=model.unfreeze_every,
        weights=weights if isinstance(weights, str) and not is_file(weights) else None,
        seed=seed,
        objective=plan.study.objective_of(trained.sweep),
        tasks=plan.study.tasks_of(trained.sweep),
        **more,
    )


def predict(plan: Plan, embeds: bool) -> Predict:
    """Return what decides predictions, and features of a sample of images where the job writes them too."""
    evaluation = plan.study.evaluation
    sample = {"images": evaluation.probe_images, "seed": evaluation.seed} if embeds else {"images": None}
    return taken(Predict, plan.study.training, **sample)


def predict_corrected(plan: Plan) -> PredictCorrected:
    """Return what decides corrected predictions."""
    evaluation = plan.study.evaluation
    return taken(PredictCorrected, plan.study.training, images=evaluation.probe_images, seed=evaluation.seed)


def adapt_model(plan: Plan, model: str, seed: int) -> AdaptModel:
    """Return what decides the outputs of a model that is adapted to a target."""
    asked = plan.study.adaptation or Adaptation()
    run = _training(
        AdaptModel,
        plan,
        model,
        seed,
        sizes=tuple(sorted(asked.images)),
        draws=asked.draws,
        draws_seed=plan.study.evaluation.seed,
        ways=tuple(way for way in OF_NETWORKS if way in asked.ways),
        tuning_epochs=asked.epochs,
        tuning_rate=asked.learning_rate,
    )
    return replace(run, balance=run.balance if run.balance == "findings" else "images", algorithm="erm")


def train_encoder(plan: Plan) -> TrainEncoder:
    """Return what decides an encoder that learns without labels, beside its images."""
    asked, evaluation = plan.study.explanation or Explanation(), plan.study.evaluation
    return taken(
        TrainEncoder,
        plan.study.training,
        epochs=asked.encoder_epochs,
        images=asked.encoder_images,
        seed=evaluation.seed,
    )


def describe_images(plan: Plan) -> DescribeImages:
    """Return what decides how images are described; the name of a file is no setting, its content is."""
    asked = plan.study.explanation or Explanation()
    encoder = "file" if is_file(asked.encoder) else asked.encoder
    seed = plan.study.evaluation.seed
    return taken(DescribeImages, plan.study.training, images=DESCRIBED, encoder=encoder, seed=seed)


def attribute_images(plan: Plan) -> AttributeImages:
    """Return what decides the attribution maps."""
    study, asked = plan.study, plan.study.evaluation.attribution or Attribution()
    return taken(
        AttributeImages, asked, tasks=study.tasks, batch_size=study.training.batch_size, seed=study.evaluation.seed
    )


def compute_features(plan: Plan, network: str, seed: int) -> ComputeFeatures:
    """Return what decides the features that a frozen network has of images."""
    model = plan.frozen[network]
    start = train_model(plan, model, plan.models[model].sources[0], seed)
    return taken(ComputeFeatures, start, **taken(Inference, plan.study.training).as_dict())


def fit_probe(plan: Plan, model: str, source: str, seed: int) -> FitProbe:
    """Return what decides the last layer of a probe, beside features and labels."""
    return taken(FitProbe, train_model(plan, model, source, seed))
