"""Settings of the stages that measure, and of figures."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from crossray.study.adaptation import Adaptation
from crossray.study.base import taken
from crossray.study.config import Study
from crossray.study.datasets import CONSECUTIVE
from crossray.study.evaluation import Explanation
from crossray.study.film_plan import LISTED, FilmPlan, Widths
from crossray.study.monitoring import Monitoring
from crossray.study.names import MULTICLASS, MULTILABEL
from crossray.study.plan import Plan
from crossray.study.stage_settings.data import small_cells
from crossray.study.stage_settings.external import external_model
from crossray.study.stage_settings.networks import attribute_images
from crossray.study.stages.analysis import Analysis, Intervals
from crossray.study.stages.chart_months import ChartMonths
from crossray.study.stages.check_verdicts import CheckVerdicts, Planted
from crossray.study.stages.choose_films import ChooseFilms
from crossray.study.stages.compare_models import CompareModels, Primary
from crossray.study.stages.compare_outputs import CompareOutputs
from crossray.study.stages.compare_paper import ComparePaper
from crossray.study.stages.draw_figure import DrawFigure
from crossray.study.stages.estimate_films import EstimateFilms
from crossray.study.stages.estimate_unlabelled import EstimateUnlabelled
from crossray.study.stages.explain_drops import ExplainDrops, Verdicts
from crossray.study.stages.judge_acceptance import JudgeAcceptance
from crossray.study.stages.measure_adaptation import MeasureAdaptation
from crossray.study.stages.measure_bounds import MeasureBounds
from crossray.study.stages.measure_corrections import MeasureCorrections
from crossray.study.stages.measure_external import MeasureExternal
from crossray.study.stages.measure_localisation import AttributionMaps, MeasureLocalisation
from crossray.study.stages.measure_sweeps import MeasureSweeps, SweepPoint
from crossray.study.stages.measure_usefulness import MeasureUsefulness
from crossray.study.stages.plan_films import PlanFilms
from crossray.study.stages.probe_sources import ProbeSources
from crossray.study.stages.summarise_models import SummariseModels
from crossray.study.usefulness import Usefulness

A = TypeVar("A", bound=Analysis)
U = TypeVar("U", bound=MeasureUsefulness)


def probe_sources(plan: Plan) -> ProbeSources:
    """Return what decides the prediction of data sets."""
    return ProbeSources(shape=plan.shape, small_cells=small_cells(plan.study))


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
    return _analysis(CompareOutputs, plan, plan.sources_of, pairs=plan.study.evaluation.pairs)


def measure_sweeps(plan: Plan) -> MeasureSweeps:
    """Return the settings of the measurement of sweeps."""
    models = {name: plan.models[name] for name in plan.sweep_points}
    points = {name: SweepPoint(sweep=model.sweep, point=model.point) for name, model in models.items()}
    return _analysis(MeasureSweeps, plan, plan.models, points=points)


def measure_localisation(plan: Plan) -> MeasureLocalisation:
    """Return the settings of the localisation scores."""
    images = plan.study.images
    attributed = taken(AttributionMaps, attribute_images(plan))
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


def compare_paper(plan: Plan) -> ComparePaper:
    """Return the settings of the comparison with the paper."""
    return ComparePaper(paper=plan.paper, small_cells=small_cells(plan.study))


def summarise_models(plan: Plan) -> SummariseModels:
    """Return the settings of the summary of models."""
    return SummariseModels(models=plan.shown_models, members=plan.members, external=tuple(plan.external))


def draw_figure(plan: Plan) -> DrawFigure:
    """Return all settings that figures can use."""
    study = plan.study
    return DrawFigure(
        models=plan.shown_models,
        trained=tuple(name for name in plan.reported_models if name in plan.networks),
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
