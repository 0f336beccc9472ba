"""Settings of each stage: exactly those that decide its result, and nothing else of the configuration."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from crossray.study.adaptation import Adaptation
from crossray.study.base import taken
from crossray.study.config import Study
from crossray.study.datasets import CONSECUTIVE, Dataset
from crossray.study.evaluation import Attribution, Explanation
from crossray.study.external import External, NetworkInput, SimulatedReader
from crossray.study.film_plan import LISTED, FilmPlan, Widths
from crossray.study.monitoring import Monitoring
from crossray.study.names import MULTICLASS, MULTILABEL, PROBABILITY, is_pooled
from crossray.study.plan import Plan
from crossray.study.small_cells import SmallCells
from crossray.study.stages.adapt_model import AdaptModel
from crossray.study.stages.analysis import Analysis, ExternalModel, Intervals
from crossray.study.stages.apply_network import ApplyNetwork
from crossray.study.stages.assign_splits import AssignSplits
from crossray.study.stages.attribute_images import AttributeImages
from crossray.study.stages.audit_leakage import AuditLeakage
from crossray.study.stages.chart_months import ChartMonths
from crossray.study.stages.check_verdicts import CheckVerdicts, Planted
from crossray.study.stages.choose_films import ChooseFilms
from crossray.study.stages.compare_models import CompareModels, Primary
from crossray.study.stages.compare_outputs import ComparedPair, CompareOutputs
from crossray.study.stages.compare_paper import ComparePaper
from crossray.study.stages.convert_shard import ConvertShard
from crossray.study.stages.describe_images import DescribeImages
from crossray.study.stages.draw_figure import DrawFigure
from crossray.study.stages.estimate_films import EstimateFilms
from crossray.study.stages.estimate_unlabelled import EstimateUnlabelled
from crossray.study.stages.explain_drops import ExplainDrops, Verdicts
from crossray.study.stages.forget import Forget
from crossray.study.stages.index_shards import IndexShards
from crossray.study.stages.judge_acceptance import JudgeAcceptance
from crossray.study.stages.measure_adaptation import MeasureAdaptation
from crossray.study.stages.measure_bounds import MeasureBounds
from crossray.study.stages.measure_corrections import MeasureCorrections
from crossray.study.stages.measure_external import MeasureExternal
from crossray.study.stages.measure_localisation import Attributed, MeasureLocalisation
from crossray.study.stages.measure_sweeps import MeasureSweeps, SweepPoint
from crossray.study.stages.measure_usefulness import MeasureUsefulness
from crossray.study.stages.place_scores import PlaceScores
from crossray.study.stages.plan_films import PlanFilms
from crossray.study.stages.predict import Predict
from crossray.study.stages.predict_corrected import PredictCorrected
from crossray.study.stages.probe_sources import ProbeSources
from crossray.study.stages.read_scores import ReadScores
from crossray.study.stages.retrieve_release import RetrieveRelease
from crossray.study.stages.simulate_hospital import SimulateHospital
from crossray.study.stages.simulate_scores import SimulateScores
from crossray.study.stages.summarise_datasets import SummariseDatasets
from crossray.study.stages.summarise_models import SummariseModels
from crossray.study.stages.train_model import TrainModel
from crossray.study.stages.train_shared_heads import TrainSharedHeads
from crossray.study.thresholds import limit_of_probability
from crossray.study.training import TrainingRun
from crossray.study.usefulness import Usefulness
from crossray.study.ways import OF_NETWORKS

R = TypeVar("R", bound=TrainingRun)
A = TypeVar("A", bound=Analysis)
U = TypeVar("U", bound=MeasureUsefulness)


#: test images of a data set that are described, at most
DESCRIBED = 2000


def is_file(weights: str) -> bool:
    """Return whether weights are a file: published ones have names without a slash or a point."""
    return bool({"/", "."} & set(weights))


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
        AttributeImages,
        asked,
        tasks=study.tasks,
        batch_size=study.training.batch_size,
        seed=study.evaluation.seed,
    )


def probe_sources(plan: Plan) -> ProbeSources:
    """Return what decides the prediction of data sets."""
    return ProbeSources(shape=plan.shape, small_cells=small_cells(plan.study))


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


def measure_external(plan: Plan) -> MeasureExternal:
    """Return the settings of the measurement of external models."""
    return _analysis(MeasureExternal, plan, plan.shown_models, claims=_claims(plan))


def analysis(plan: Plan) -> Analysis:
    """Return what analyses of the predictions of all models need of the study."""
    return _analysis(Analysis, plan, plan.sources_of)


def _analysis(kind: type[A], plan: Plan, models: Iterable[str], **more: Any) -> A:
    study, names = plan.study, tuple(models)
    return kind(
        models=names,
        sources=plan.sources,
        sources_of={name: plan.sources_of[name] for name in names},
        origins={
            name: tuple(step.source for step in plan.origins_of(name)) if name in plan.models else () for name in names
        },
        external={name: external_model(plan, name) for name in names if name in plan.external},
        members=plan.members,
        targets=plan.targets,
        seeds=study.seeds,
        tasks=study.tasks,
        objective=MULTICLASS if study.is_multiclass() else MULTILABEL,
        cohorts=plan.cohorts,
        paper=plan.paper,
        evaluation=taken(Intervals, study.evaluation),
        overlap=study.leakage.overlap,
        at_sites=tuple(study.at_sites()),
        counted=tuple(name for name in plan.targets if name in study.counted()),
        small_cells=small_cells(study),
        **more,
    )


def compare_models(plan: Plan) -> CompareModels:
    """Return the settings of the tests of differences."""
    models = tuple(plan.models)
    primary = tuple(taken(Primary, named, model=named.model or models[0]) for named in plan.study.evaluation.primary)
    return _analysis(CompareModels, plan, (*plan.models, *plan.external), primary=primary)


def compare_outputs(plan: Plan) -> CompareOutputs:
    """Return the settings of the comparison of outputs."""
    pairs = tuple(taken(ComparedPair, pair) for pair in plan.study.evaluation.pairs)
    return _analysis(CompareOutputs, plan, plan.sources_of, pairs=pairs)


def measure_sweeps(plan: Plan) -> MeasureSweeps:
    """Return the settings of the measurement of sweeps."""
    models = {name: plan.models[name] for name in plan.sweep_points}
    points = {name: SweepPoint(sweep=model.sweep, point=model.point) for name, model in models.items()}
    return _analysis(MeasureSweeps, plan, plan.models, points=points)


def measure_localisation(plan: Plan) -> MeasureLocalisation:
    """Return the settings of the localisation scores."""
    images = plan.study.images
    attributed = taken(Attributed, attribute_images(plan))
    return _analysis(
        MeasureLocalisation, plan, plan.reported_models, attribution=attributed, size=images.size, fit=images.fit
    )


def explain_drops(plan: Plan) -> ExplainDrops:
    """Return the settings of the split of drops into causes."""
    verdicts = taken(Verdicts, plan.study.explanation or Explanation())
    models = *plan.explained_models, *plan.explained_externals
    return _analysis(ExplainDrops, plan, models, explanation=verdicts)


def judge_acceptance(plan: Plan) -> JudgeAcceptance:
    """Return the settings of acceptance."""
    criteria = plan.study.acceptance or {}
    return _analysis(JudgeAcceptance, plan, plan.shown_models, acceptance=criteria, claims=_claims(plan))


def measure_usefulness(plan: Plan) -> MeasureUsefulness:
    """Return what the measures of usefulness are told."""
    return _usefulness(MeasureUsefulness, plan)


def measure_bounds(plan: Plan) -> MeasureBounds:
    """Return what the bounds of what counts give are told."""
    return _usefulness(MeasureBounds, plan, usefulness=plan.conditions["usefulness"])


def _usefulness(kind: type[U], plan: Plan, **more: Any) -> U:
    study, asked = plan.study, plan.study.usefulness or Usefulness()
    consecutive = tuple(name for name in plan.targets if study.datasets[name].sampling == CONSECUTIVE)
    return _analysis(
        kind,
        plan,
        plan.shown_models,
        thresholds=asked.thresholds,
        consecutive=consecutive,
        prevalence={name: _prevalence(study, name) for name in plan.targets},
        **more,
    )


def _film_plan(plan: Plan) -> FilmPlan:
    """Return what is asked about films to read; a study that asks nothing has rules too."""
    return plan.study.plan or FilmPlan(tasks={}, widths=Widths())


def plan_films(plan: Plan) -> PlanFilms:
    """Return what decides how many films have to be read."""
    return taken(PlanFilms, _film_plan(plan))


def choose_films(plan: Plan) -> ChooseFilms:
    """Return what decides which films are read."""
    asked = _film_plan(plan)
    models = [name for name in plan.shown_models if name != asked.labels]
    wanted = tuple(name for name in asked.widths.wanted() if name in LISTED)
    return _analysis(
        ChooseFilms,
        plan,
        models,
        expected=asked.tasks,
        wanted=wanted,
        readings=asked.readings or 0,
        whole_patients=asked.whole_patients,
        list_seed=asked.seed,
    )


def estimate_films(plan: Plan) -> EstimateFilms:
    """Return what decides the estimates from films that were read."""
    asked = _film_plan(plan)
    return _analysis(
        EstimateFilms,
        plan,
        plan.shown_models,
        labels=asked.labels or "",
        read=tuple(asked.tasks),
        whole_patients=asked.whole_patients,
    )


def _prevalence(study: Study, dataset: str) -> dict[str, float]:
    """Return the shares that count in place of a data set's own: those where models are to be used come first."""
    sampling = study.datasets[dataset].sampling
    known = dict(sampling) if isinstance(sampling, Mapping) else {}
    used = {task: one.prevalence for task, one in (study.acceptance or {}).items() if one.prevalence is not None}
    return {task: float(share) for task, share in (known | used).items()}


def _claims(plan: Plan) -> dict[str, dict[str, dict[str, Any]]]:
    """Return what makers of models claim, by model and task."""
    return {name: {task: one.as_dict() for task, one in model.claim.items()} for name, model in plan.external.items()}


def check_verdicts(plan: Plan) -> CheckVerdicts:
    """Return the settings of the check of verdicts."""
    hospitals = {name: taken(Planted, plan.study.datasets[name]) for name in plan.phantoms}
    return _analysis(CheckVerdicts, plan, plan.explained_models, hospitals=hospitals)


def measure_corrections(plan: Plan) -> MeasureCorrections:
    """Return the settings of the measurement of corrections."""
    return _analysis(MeasureCorrections, plan, plan.reported_models, mitigations=plan.mitigations)


def measure_adaptation(plan: Plan) -> MeasureAdaptation:
    """Return the settings of the measurement of adaptation."""
    models = [plan.adapted_model] if plan.adapted_pairs else []
    ways = (plan.study.adaptation or Adaptation()).ways
    return _analysis(MeasureAdaptation, plan, models, pairs=plan.adapted_pairs, ways=ways)


def estimate_unlabelled(plan: Plan) -> EstimateUnlabelled:
    """Return the settings of the estimates without labels."""
    asked = plan.study.monitoring or Monitoring()
    return _analysis(
        EstimateUnlabelled, plan, plan.shown_models, calibrated=plan.calibrated_models, tolerance=asked.tolerance
    )


def chart_months(plan: Plan) -> ChartMonths:
    """Return the settings of the control charts."""
    asked = plan.study.monitoring or Monitoring()
    return _analysis(
        ChartMonths,
        plan,
        plan.shown_models,
        calibrated=plan.calibrated_models,
        baseline=asked.baseline,
        false_alarms=asked.false_alarms,
        tolerance=asked.tolerance,
    )


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


def compare_paper(plan: Plan) -> ComparePaper:
    """Return the settings of the comparison with the paper."""
    return ComparePaper(paper=plan.paper, small_cells=small_cells(plan.study))


def summarise_models(plan: Plan) -> SummariseModels:
    """Return the settings of the summary of models."""
    return SummariseModels(models=plan.shown_models, members=plan.members, external=tuple(plan.external))


def forget(plan: Plan, releases: Iterable[str]) -> Forget:
    """Return the settings of the program that removes patients; ``releases`` are paths that are not results."""
    return Forget(cohorts=plan.cohorts, releases=tuple(releases))


def draw_figure(plan: Plan) -> DrawFigure:
    """Return all settings that figures can use."""
    study = plan.study
    return DrawFigure(
        models=plan.shown_models,
        trained=plan.reported_models,
        sources_of={name: plan.models[name].sources for name in plan.reported_models},
        sources=plan.sources,
        targets=plan.targets,
        members=plan.members,
        datasets=tuple(study.datasets),
        tasks=study.tasks,
        seeds=study.seeds,
        size=study.images.size,
        shape=plan.shape,
        fit=study.images.fit,
        methods=attribute_images(plan).methods,
        resamples=study.evaluation.resamples,
        minimum=study.evaluation.minimum,
        at_sites=tuple(study.at_sites()),
        counted=tuple(name for name in plan.targets if name in study.counted()),
        phantoms=plan.phantoms,
        real=plan.real,
        withheld=plan.withheld,
        searched=plan.searched,
    )
