"""The plan of a study: models, the sources and targets of each, and which questions the study can answer."""

import functools
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from crossray.study.checks import check_cohorts
from crossray.study.config import Study
from crossray.study.datasets import Dataset
from crossray.study.evaluation import MODELS
from crossray.study.external import External
from crossray.study.models import OtherModel
from crossray.study.names import ALL_BUT, ELSEWHERE, LOGIT, PROBABILITY, is_pooled, members
from crossray.study.shapes import shape_of
from crossray.study.trained_models import TrainedModel, expand_sweeps, origins

#: more tasks have no matrix each, as nobody could look at them
MOST_PANELS = 30


@dataclass(frozen=True)
class PredictionJob:
    """What a job reads and writes that applies a model of one training to images.

    Attributes:
        reads: the data sets whose images it needs.
        splits: the splits and data sets that it predicts.
        embeds: whether it writes the features of a sample of images too, as the first of a training does.
    """

    reads: tuple[str, ...]
    splits: tuple[tuple[str, str], ...]
    embeds: bool


@dataclass(frozen=True)
class Plan:
    """What a study does.

    Attributes:
        study: its configuration.
        cohorts: data set -> whose patients it has.
        models: every model that is trained, each point of a sweep by itself.
        members: source -> the data sets that it consists of.
        located: targets whose releases say where findings are.
    """

    study: Study
    cohorts: Mapping[str, str]
    models: Mapping[str, TrainedModel]
    members: Mapping[str, tuple[str, ...]]
    located: tuple[str, ...]

    @property
    def external(self) -> Mapping[str, External]:
        """External models, by name."""
        return self.study.external

    @functools.cached_property
    def sources(self) -> tuple[str, ...]:
        """Sources of the trained models and of the external models."""
        elsewhere = (model.source() for model in self.external.values())
        return tuple(dict.fromkeys([*self.study.trained_on(), *elsewhere]))

    @property
    def sources_of(self) -> dict[str, tuple[str, ...]]:
        """Every model's sources."""
        trained = {name: model.sources for name, model in self.models.items()}
        return trained | {name: (model.source(),) for name, model in self.external.items()}

    @property
    def targets(self) -> tuple[str, ...]:
        """What they are tested on."""
        return self.study.tested_on()

    @property
    def here(self) -> tuple[str, ...]:
        """Data sets whose images are here; of others there is a bundle."""
        return tuple(name for name, dataset in self.study.datasets.items() if not dataset.stays_at_its_site())

    @property
    def targets_here(self) -> tuple[str, ...]:
        """Targets whose images are here."""
        return tuple(name for name in self.targets if name in self.here)

    @property
    def invited(self) -> tuple[str, ...]:
        """External models that sites are invited to apply: networks, in alphabetical order."""
        return tuple(sorted(name for name, model in self.external.items() if model.is_network()))

    @property
    def sent(self) -> tuple[str, ...]:
        """Those of them that came in a site's bundle."""
        return tuple(name for name in self.invited if self.external[name].bundle)

    def signer_of(self, model: str) -> str:
        """Return the public key of the site that sent a model: that of its home."""
        return str(getattr(self.study.datasets[self.external[model].source()], "signer", ""))

    @property
    def single_sources(self) -> tuple[str, ...]:
        """Sources that are one data set."""
        return tuple(source for source in self.sources if not is_pooled(source) and source != ELSEWHERE)

    @property
    def pool(self) -> tuple[str, ...]:
        """The data sets that pooled sources and shared networks draw on."""
        return pool_of(self.study)

    def origins_of(self, model: str) -> list[OtherModel]:
        """Return the chain of models and sources that a model's weights come from, the nearest first."""
        return origins(self.models, model)

    def trainings(self, models: Iterable[str]) -> list[dict[str, str]]:
        """Return the model and source of every training of these models."""
        return [{"model": model, "source": source} for model in models for source in self.models[model].sources]

    def foreign_targets(self, source: str) -> list[str]:
        """Return the targets with images here that are no part of a source."""
        return [target for target in self.targets_here if target not in self.members[source]]

    @functools.cached_property
    def reported_models(self) -> tuple[str, ...]:
        """Trained models that figures show: all but the points of sweeps, which have figures of their own."""
        shown = [name for name, model in self.models.items() if not model.point]
        return tuple(shown or list(self.models)[:1])

    @property
    def reported_networks(self) -> tuple[str, ...]:
        """Those of them whose network is trained, step by step."""
        return tuple(name for name in self.reported_models if name in self.networks)

    @property
    def shown_models(self) -> tuple[str, ...]:
        """Models that figures show, including external ones."""
        return *self.reported_models, *self.external

    def scored(self, model: str) -> tuple[str, ...]:
        """Return the data sets for which an external model has outputs."""
        files = self.external[model].scores
        return tuple(name for name in self.predicted if files is None or name in files)

    def predictions_of(self, model: str) -> list[tuple[str, str]]:
        """Return the splits and data sets for which predictions of an external model are written."""
        scored = self.scored(model)
        validation = [("validation", name) for name in scored if not self.study.datasets[name].is_only_tested()]
        return validation + [("test", name) for name in scored if name in self.targets]

    def learnt_from(self, model: str) -> tuple[str, ...]:
        """Return the targets whose patients an external model was trained on, without its home's test split."""
        external = self.external[model]
        told = set(external.learnt_from() or ())
        cohorts = {self.cohorts.get(name, name) for name in told}
        return tuple(
            name for name in self.targets if name != external.home and (name in told or self.cohorts[name] in cohorts)
        )

    @functools.cached_property
    def mitigations(self) -> tuple[str, ...]:
        """Reported models that differ from the first only in their training."""
        if not self.reported_models:
            return ()
        first = self.reported_models[0]
        return tuple(name for name in self.reported_models[1:] if self._differ_in_training_alone(name, first))

    def _differ_in_training_alone(self, name: str, other: str) -> bool:
        """Return whether two models have the same network, from the same weights, and other settings of training."""
        one, two = self.models[name], self.models[other]
        return one.training != two.training and self._network(one) == self._network(two)

    def _network(self, trained: TrainedModel) -> tuple[object, ...]:
        """Return all that decides what a model is, but for how and on what it is trained."""
        model = trained.model
        tasks = self.study.objective_of(trained.sweep), self.study.tasks_of(trained.sweep)
        return (model.architecture, model.stem, model.weights, model.freeze, model.unfreeze_every, model.probe, *tasks)

    @functools.cached_property
    def probes(self) -> tuple[str, ...]:
        """Models of which only the last layer is fitted."""
        return tuple(name for name, trained in self.models.items() if trained.is_probe)

    @functools.cached_property
    def networks(self) -> tuple[str, ...]:
        """Models whose network is trained, step by step."""
        return tuple(name for name in self.models if name not in self.probes)

    @functools.cached_property
    def frozen(self) -> Mapping[str, str]:
        """The frozen networks of probes: name of the first block with a network -> a model of that block."""
        found: dict[str, str] = {}
        for name in self.probes:
            found.setdefault(self.frozen_of(name), name)
        return found

    def frozen_of(self, probe: str) -> str:
        """Return the name under which the features of a probe's network are kept; one for all that have the same."""
        model = self.models[probe].model
        same = (
            self.models[name]
            for name in self.probes
            if (other := self.models[name].model).weights == model.weights
            and (other.architecture, other.stem) == (model.architecture, model.stem)
        )
        return next(same).sweep

    @property
    def explained_models(self) -> tuple[str, ...]:
        """Reported models whose drops are split into causes."""
        return tuple(name for name in self.reported_models if name not in self.mitigations)

    @property
    def describing_models(self) -> tuple[str, ...]:
        """Models that describe images by what goes into their last layer: those explained, if it is asked for."""
        asked = self.study.explanation
        return self.explained_models if asked and asked.encoder == MODELS else ()

    @property
    def explained_externals(self) -> tuple[str, ...]:
        """External models whose drops are split: with a home that has a validation split, and probabilities.

        Those of a site are among them, as their rows say that there are no numbers.
        """
        homes = {name for name in self.study.datasets if name not in self.here or name not in self.study.only_tested()}
        return tuple(
            name
            for name, model in self.external.items()
            if model.home in homes & set(self.scored(name)) and model.kind_of_scale() in (LOGIT, PROBABILITY)
        )

    @property
    def calibrated_models(self) -> tuple[str, ...]:
        """Reported models with a labelled validation split at home, and probabilities."""
        return *self.reported_models, *self.explained_externals

    @property
    def models_on_all_sources(self) -> tuple[str, ...]:
        """Reported models whose network is trained on every source, of which shared networks are made."""
        sources = self.study.trained_on()
        return tuple(
            name for name in self.reported_models if name in self.networks and self.models[name].sources == sources
        )

    @property
    def adapted_model(self) -> str:
        """The model that is adapted to targets: the one that the study names, or the first that figures show."""
        asked = self.study.adaptation
        return (asked and asked.model) or next(iter(self.reported_models), "")

    @functools.cached_property
    def adapted_pairs(self) -> tuple[tuple[str, str], ...]:
        """Pairs of a source and a target that its model is adapted to: those that are named, or all with images."""
        asked = self.study.adaptation
        if asked is None or not self.models:
            return ()
        if asked.pairs:
            return tuple((pair.source, pair.target) for pair in asked.pairs)
        learning = [name for name in self.targets_here if name not in self.study.only_tested()]
        sources = self.models[self.adapted_model].sources
        return tuple((source, name) for source in sources for name in learning if name not in self.members[source])

    @property
    def sweep_points(self) -> tuple[str, ...]:
        """Models that are points of sweeps."""
        return tuple(name for name, model in self.models.items() if model.point)

    @property
    def domains(self) -> tuple[str, ...]:
        """One target for each cohort of patients: data sets that can differ in more than their labels."""
        first: dict[str, str] = {}
        for name in self.targets_here:
            first.setdefault(self.cohorts[name], name)
        return tuple(first.values())

    @property
    def predicted(self) -> tuple[str, ...]:
        """Data sets that models are applied to: those that they are tested on, and those that they learnt from."""
        return tuple(dict.fromkeys([*self.targets, *(name for names in self.members.values() for name in names)]))

    @property
    def predicted_here(self) -> tuple[str, ...]:
        """Those of them whose images are here."""
        return tuple(name for name in self.predicted if name in self.here)

    @functools.cached_property
    def prediction_jobs(self) -> tuple[PredictionJob, ...]:
        """The jobs that apply a model: one for all data sets, or one for every so many."""
        names = self.predicted_here
        most = self.study.predictions_per_job or max(1, len(names))
        starts = range(0, len(names), most)
        return tuple(self._prediction_job(names[start : start + most], first=not start) for start in starts)

    def _prediction_job(self, names: tuple[str, ...], first: bool) -> PredictionJob:
        embeds = first and self.conditions["probe"]
        splits = [("validation", name) for name in names if not self.study.datasets[name].is_only_tested()]
        splits += [("test", name) for name in names if name in self.targets]
        return PredictionJob(tuple(dict.fromkeys([*names, *(self.domains if embeds else ())])), tuple(splits), embeds)

    @property
    def paper(self) -> dict[str, str]:
        """Data sets that Cohen et al. (2020) had too -> its names."""
        return {name: dataset.paper for name, dataset in self.study.datasets.items() if dataset.paper}

    @property
    def phantoms(self) -> tuple[str, ...]:
        """Data sets that are simulated."""
        return tuple(name for name, dataset in self.study.datasets.items() if dataset.reader == "simulated")

    @property
    def real(self) -> tuple[str, ...]:
        """Data sets of patients."""
        return tuple(name for name in self.study.datasets if name not in self.phantoms)

    @property
    def withheld(self) -> tuple[str, ...]:
        """Data sets whose images are not shown."""
        closed = () if self.study.pictures == "all" else self._closed_real()
        return tuple(dict.fromkeys([*closed, *self.study.at_sites()]))

    @property
    def searched(self) -> tuple[str, ...]:
        """Data sets whose images with text are not shown, if the study enables images."""
        shown = self._closed_real() if self.study.pictures == "all" else ()
        return tuple(name for name in shown if name in self.here)

    def _closed_real(self) -> tuple[str, ...]:
        return tuple(name for name in self.real if not self.study.datasets[name].public)

    @property
    def shape(self) -> str:
        """Name of the folder of shards of this study's kind."""
        images = self.study.images
        return shape_of(images.size, images.fit, images.colour)

    @functools.cached_property
    def conditions(self) -> dict[str, bool]:
        """What the study can answer, depending on what it has: two hospitals, the paper's data sets, ..."""
        study, classes = self.study, self.study.is_multiclass()
        transfer = len(self.single_sources) > 1
        learnt = [source for source in study.trained_on() if not is_pooled(source)]
        asked = study.explanation is not None and bool(self.explained_models or self.explained_externals)
        explanation = asked and len(self.targets) > 1 and bool(self.targets_here) and not classes
        attribution = study.evaluation.attribution is not None and bool(self.models)
        return {
            "models": len(self.shown_models) > 1,
            "trained": bool(set(self.reported_models) & set(self.networks)),
            "external": bool(self.external),
            "sweeps": bool(self.sweep_points),
            "transfer": transfer,
            "domains": any(f"{ALL_BUT}{target}" in self.sources for target in self.targets),
            "heads": study.shared_heads is not None and bool(self.models_on_all_sources),
            "explanation": explanation,
            "corrections": explanation
            and study.explanation is not None
            and study.explanation.corrections
            and bool(self.models),
            "adaptation": bool(self.adapted_pairs),
            "monitoring": study.monitoring is not None and bool(self.shown_models) and not classes,
            "truth": explanation
            and set(self.targets) <= set(self.phantoms)
            and not any(getattr(study.datasets[name], "changes", None) for name in self.targets)
            and all(study.datasets[name].public for name in self.targets),
            "labels": len(set(self.cohorts.values())) < len(study.datasets),
            "probe": len(self.domains) > 1 and bool(self.models),
            "attribution": attribution,
            "localisation": attribution and bool(self.located),
            "paper": bool(self.paper),
            "classes": classes,
            "findings": not classes,
            "agreement": len(learnt) > 1 and not classes,
            "panels": len(study.tasks) <= MOST_PANELS,
            "acceptance": study.acceptance is not None,
            "readers": any(_has_readers(study.datasets[name]) for name in self.targets) and not classes,
            "usefulness": study.usefulness is not None and not classes,
            "plan": study.plan is not None and not classes,
            "readings": study.plan is not None and study.plan.readings is not None,
            "counted": bool(set(self.targets) & set(study.counted())) and not classes,
            "read": study.plan is not None and study.plan.labels is not None,
        }


def make_plan(study: Study, cohorts: Mapping[str, str], located: Collection[str]) -> Plan:
    """Return what a study does.

    Args:
        study: its configuration.
        cohorts: data set -> whose patients it has.
        located: data sets whose releases say where findings are.

    Raises:
        UserError: if data sets of one cohort name their patients differently, nothing is left of a pooled source, or
            models cannot be trained as asked.
    """
    check_cohorts(cohorts, {name: dataset.public for name, dataset in study.datasets.items()})
    pool = pool_of(study)
    return Plan(
        study,
        cohorts,
        expand_sweeps(study),
        {source: tuple(members(source, pool, cohorts)) for source in study.trained_on()}
        | {model.source(): (model.home,) if model.home else () for model in study.external.values()},
        tuple(name for name in study.tested_on() if name in located),
    )


def _has_readers(dataset: Dataset) -> bool:
    """Return whether several readers labelled a data set."""
    tasks = getattr(dataset, "tasks", ())
    sources = tasks.values() if isinstance(tasks, Mapping) else ()
    return any(len(getattr(source, "columns", None) or ()) > 1 for source in sources)


def pool_of(study: Study) -> tuple[str, ...]:
    """Return the data sets that pooled sources and shared networks draw on."""
    single = tuple(source for source in study.trained_on() if not is_pooled(source))
    return study.pool or single or tuple(name for name in study.datasets if name not in study.only_tested())
