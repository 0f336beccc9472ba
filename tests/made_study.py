"""A study made up from known AUCs: manifests, predictions and pixels, and every analysis, figure and page of it."""

import shutil
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import norm

from crossray import manifest, maps, predicted_counts, predictions, regions
from crossray.analysis import (
    acceptance,
    adaptation,
    agreement,
    bounds,
    calibration,
    charts,
    chosen_films,
    classes,
    comparisons,
    corrections,
    counted,
    datasets,
    domains,
    external,
    heads,
    label_agreement,
    localisation,
    models,
    outputs,
    paper,
    performance,
    planned_films,
    probe,
    read_films,
    readers,
    roc,
    subgroups,
    sweep_points,
    transfer,
    unlabelled,
    usefulness,
    variances,
)
from crossray.analysis.cells import Study
from crossray.analysis.shift import tables as shift
from crossray.analysis.shift import truth
from crossray.analysis.watching import Rule
from crossray.datasets.bundles import counts
from crossray.datasets.indexing import index
from crossray.figures import report
from crossray.figures.attributions import ROLES
from crossray.figures.drawing import drawn
from crossray.figures.entries import NEEDS
from crossray.figures.registry import FIGURES, TABLES, had
from crossray.figures.style import notice, write
from crossray.files import read_json, write_csv, write_json
from crossray.shards import write_shard
from crossray.study.acceptance import Criteria
from crossray.study.base import taken
from crossray.study.config import Images
from crossray.study.config import Study as Configuration
from crossray.study.datasets import Dataset
from crossray.study.evaluation import Evaluation
from crossray.study.film_plan import Expected, Widths
from crossray.study.hospital import Appearance, Labelling
from crossray.study.models import Model
from crossray.study.names import members
from crossray.study.stages.analysis import Analysis, ExternalModel
from crossray.study.stages.check_verdicts import Planted
from crossray.study.stages.choose_films import ChooseFilms
from crossray.study.stages.draw_figure import DrawFigure
from crossray.study.stages.estimate_films import EstimateFilms
from crossray.study.stages.index_shards import IndexShards
from crossray.study.stages.judge_acceptance import JudgeAcceptance
from crossray.study.stages.measure_bounds import MeasureBounds
from crossray.study.stages.measure_localisation import Attributed, MeasureLocalisation
from crossray.study.stages.measure_sweeps import SweepPoint
from crossray.study.stages.measure_usefulness import MeasureUsefulness
from crossray.study.stages.plan_films import PlanFilms
from crossray.study.stages.summarise_datasets import SummariseDatasets
from crossray.study.stages.write_report import WriteReport
from crossray.study.training import Augmentation, Training
from crossray.study.ways import AS_IT_IS, BATCH_NORM, OF_NETWORKS, OF_OUTPUTS
from crossray.tables import contract_of, read
from crossray.tables import write as write_table
from helpers import ROOT, manifest_table

EVALUATION = {"minimum": 5, "resamples": 100, "seed": 0}


def with_opinions(table, task):
    """Return a manifest with what three readers say of a task, each wrong in another tenth of the images."""
    place = np.arange(len(table)) // 5 % 10
    said = {f"{task}{manifest.BY}reader {n}": (table[task] - (place == n)).abs() for n in (1, 2, 3)}
    return table.assign(**said)


@dataclass
class Made:
    """A made-up study.

    Attributes:
        folder: where it lies, laid out as the workflow does.
        labels: data set -> the tasks that it labels.
        sources: data sets and pooled sources.
        aucs: (source, target, task) -> true AUC of the model there; 0.7 where it is not named.
        cohorts: data set -> whose patients it has; its own where left out.
        paper: data set -> its name in the paper.
        classes: whether tables and figures of classes are made too, the first positive task being the class.
        explained: whether causes of losses, maps of where models look and sweeps are made too.
        tested: data sets that are only tested on, all of whose images are test images.
        diverged: sources whose training diverged, so that no output of the first seed is a number.
    """

    folder: Path
    labels: dict[str, list[str]]
    sources: list[str]
    aucs: dict[tuple[str, str, str], float]
    tasks: list[str]
    seeds: tuple[int, ...] = (0,)
    images: int = 200
    patients: int | None = None
    cohorts: dict[str, str] | None = None
    paper: dict[str, str] | None = None
    evaluation: dict | None = None
    classes: bool = False
    explained: bool = True
    tested: tuple[str, ...] = ()
    diverged: tuple[str, ...] = ()

    @property
    def settings(self):
        """Return what the workflow would hand to analyses and figures."""
        cohorts = {name: name for name in self.labels} | (self.cohorts or {})
        single = [source for source in self.sources if source in self.labels]
        return {
            "models": ["resnet50"], "shown": ["resnet50"], "trained": ["resnet50"], "sources": self.sources,
            "sources_of": {"resnet50": self.sources}, "origins": {"resnet50": []},
            "targets": list(self.labels), "seeds": list(self.seeds),
            "tasks": self.tasks, "objective": "multilabel", "cohorts": cohorts, "paper": self.paper or {},
            "overlap": "move",
            "members": {source: members(source, single, cohorts) for source in self.sources},
            "evaluation": self.evaluation or EVALUATION, "datasets": list(self.labels), "resamples": 100,
            "minimum": (self.evaluation or EVALUATION)["minimum"], "size": 32,
            "shape": "32px", "phantoms": [], "real": list(self.labels), "withheld": [],
            "searched": [], "counted": [], "at_sites": [],
            "fit": "crop", "methods": ["grad_cam", "input_gradients"],
        }  # fmt: skip

    def for_figures(self, **more):
        """Return all that figures can ask of the study."""
        settings = self.settings | more
        return DrawFigure.from_dict({field.name: settings[field.name] for field in fields(DrawFigure)})

    @property
    def localised(self):
        """Return what maps there are."""
        attributed = Attributed(methods=("grad_cam", "input_gradients"), tasks=tuple(self.tasks))
        return taken(MeasureLocalisation, self.study.settings, attribution=attributed, size=32, fit="crop")

    def had(self, entries):
        """Return which of all figures or tables this study has."""
        lacking = set() if self.classes else {"classes"}
        lacking |= set() if self.explained else {
            "explanation", "corrections", "truth", "attribution", "localisation", "models", "sweeps", "acceptance",
            "external", "usefulness", "readers", "plan", "readings", "read", "adaptation", "counted", "monitoring",
        }  # fmt: skip
        return had(entries, set(NEEDS) - lacking)

    @property
    def study(self):
        """Return the study as analyses see it."""
        settings = {field.name: self.settings[field.name] for field in fields(Analysis) if field.name in self.settings}
        return Study(self.folder / "predictions", self.folder / "manifests", Analysis.from_dict(settings))

    @property
    def criteria(self):
        """Return what models have to reach for the first two tasks."""
        asked = Criteria(auc=0.75, sensitivity=0.6, specificity=0.6, prevalence=0.1, per_day=100)
        criteria = {self.tasks[0]: asked, self.tasks[1]: Criteria(sensitivity=0.8)}
        return taken(JudgeAcceptance, self.study.settings, acceptance=criteria, claims={})

    @property
    def asked_of_use(self):
        """Return what is asked of usefulness: the first data set is enriched with its first task, others are not."""
        first, *others = self.labels
        known = {name: {} for name in self.labels} | {first: {self.tasks[0]: 0.1}}
        return taken(
            MeasureUsefulness, self.study.settings, thresholds=(0.1, 0.6), consecutive=tuple(others), prevalence=known
        )

    @property
    def film_plan(self):
        """Return what is expected of a model for the first task, and how wide intervals may be."""
        expected = Expected(prevalence=0.1, auc=0.85, sensitivity=0.8, specificity=0.75, acts_from=0.1)
        return PlanFilms(tasks={self.tasks[0]: expected}, widths=Widths(auc=0.1, net_benefit=0.04))

    @property
    def verdicts(self):
        """Return when causes are named: positives and negatives a side, and resamples behind each interval."""
        return (self.evaluation or EVALUATION)["minimum"], 50

    def make(self):
        """Write manifests, pixels, predictions and records of trainings; return the study."""
        generator = np.random.default_rng(5)
        tables = {}
        for name, tasks in self.labels.items():
            table = manifest_table(self.images, tasks, seed=len(tables), patients=self.patients)
            ages = generator.integers(20, 90, len(table)).astype(float)
            tables[name] = table.assign(view=generator.choice(["PA", "AP"], len(table)), age=ages)
            if name in self.tested:
                tables[name]["split"] = "test"
            if self.explained:
                tables[name] = self._with_more(name, tables[name])
            manifest.write(self.folder / f"manifests/{name}.parquet", tables[name], {})
            self._pixels(name, tables[name], generator)
        for source in self.sources:
            own = self.settings["members"][source]
            learnt = [task for task in self.tasks if any(task in self.labels[name] for name in own)]
            shared = {name: generator.normal(size=(len(table), len(learnt))) for name, table in tables.items()}
            for seed in self.seeds:
                for target, split in [*((t, "test") for t in tables), *((name, "validation") for name in own)]:
                    here = (tables[target]["split"] == split).to_numpy()
                    noise = (shared[target] + 0.2 * generator.normal(size=shared[target].shape))[here] / np.sqrt(1.04)
                    path = self.folder / f"predictions/resnet50/{source}/{seed}/{split}/{target}.parquet"
                    path.parent.mkdir(parents=True, exist_ok=True)
                    logits = self._logits(source, target, tables[target][here], learnt, noise)
                    if source in self.diverged and seed == self.seeds[0]:
                        logits[learnt] = np.nan
                    logits.to_parquet(path, index=False)
                self._record(source, seed)
        for name, table in tables.items() if self.explained else ():
            self._regions(name, table, generator)
            known = regions.read(self.folder / "datasets" / name / "regions.parquet")
            truth = {key: regions.on_square(part, 32, "crop") for key, part in known.groupby(["image_id", "task"])}
            for source in self.sources:
                self._maps(source, name, table[table["split"] == "test"], truth, generator)
        return self

    def _with_more(self, name, table):
        """Return the manifest of the first data set with several readers, and that of the last one with months."""
        names = list(self.labels)
        if name == names[0]:
            table = with_opinions(table, self.labels[name][0])
        return table.assign(**{manifest.MONTHS: np.arange(len(table)) // 5 % 10 + 0.0}) if name == names[-1] else table

    def _regions(self, name, table, generator):
        """Every positive has a box that begins in the upper left quarter."""
        rows = []
        for task in self.labels[name]:
            for image in table.loc[table[task] == 1, "image_id"]:
                left, top = generator.integers(2, 14, 2) / 32
                rows.append((image, task, regions.BOX, left, top, left + 0.25, top + 0.25, 32, 32, 1.0, 0, 0, ""))
        found = pd.DataFrame(rows, columns=regions.COLUMNS)
        regions.write(self.folder / "datasets" / name / "regions.parquet", found)

    def _maps(self, source, target, rows, truth, generator):
        """Maps that are the region where the target is the source, and else noise."""
        own = self.settings["members"][source]
        tasks = [task for task in self.labels[target] if any(task in self.labels[name] for name in own)]
        found, heats = [], []
        for method in self.settings["methods"]:
            for weights in ("trained", "random"):
                for task in tasks if source not in self.diverged else ():
                    for place, row in enumerate(rows[rows[task].notna()].to_dict("records")):
                        role = ROLES[place] if place < len(ROLES) else ""
                        noise = generator.random((32, 32))
                        here = truth.get((row["image_id"], task), noise)
                        heats.append(here if weights == "trained" and source == target else noise)
                        scored = row[task] == 1
                        found.append(
                            (len(found), row["image_id"], task, int(row[task]), 0.5, scored, role, method, weights)
                        )
        columns = ["map", "image_id", "task", "label", "logit", "scored", "role", "method", "weights"]
        folder = self.folder / "attributions/resnet50" / source / target
        write_csv(folder / "images.csv", pd.DataFrame(found, columns=columns))
        maps.write(folder / "maps.h5", [np.array(heats).reshape(-1, 32, 32)], len(heats), 32)

    def _logits(self, source, target, rows, learnt, noise):
        logits = {"image_id": rows["image_id"].to_numpy()}
        for column, task in enumerate(learnt):
            skill = np.sqrt(2) * norm.ppf(self.aucs.get((source, target, task), 0.7))
            truth = rows[task].to_numpy() if task in rows else np.zeros(len(rows))
            logits[task] = skill * (truth - 0.5) + noise[:, column]
        return pd.DataFrame(logits)

    def _pixels(self, name, table, generator):
        place = self.folder / "datasets" / name / "32px"
        write_shard(place / "shards/0000.h5", generator.integers(0, 255, (len(table), 32, 32), np.uint8),
                    list(table["image_id"]), 32, {"dataset": name})  # fmt: skip
        rejected = pd.DataFrame(columns=["image_id", "path", "reason"])
        rule = IndexShards(size=32, fit="crop", colour="grey", burnt_in="reject", max_rejected=0.01, max_missing=0.01)
        write_json(place / "index.json", index([place / "shards/0000.h5"], rejected, name, rule))
        write_csv(place / "rejected.csv", rejected)

    def _record(self, source, seed):
        folder = self.folder / f"models/resnet50/{source}/{seed}"
        rows = [{"epoch": e, "train_loss": 2 / e, "validation_loss": 2.1 / e, "validation_auc": 0.5 + e / 10}
                for e in (1, 2)]  # fmt: skip
        write_csv(folder / "history.csv", pd.DataFrame(rows))
        diverged = source in self.diverged and seed == self.seeds[0]
        notes = ["diverged: outputs are not numbers after epoch 2 of 2"] if diverged else []
        record = {"source": source, "notes": notes, "images": {"train": 3, "validation": 2},
                  "best_epoch": 0 if diverged else 2,
                  "device": {"name": "cpu"}, "precision": "32-true"}  # fmt: skip
        write_json(folder / "training.json", record)

    def analyse(self):
        """Run every analysis and write its tables; return the study."""
        study, settings = self.study, self.settings
        table, replicates = performance.measure(study)
        self._write(performance=table)
        table = read(self.folder / "analysis/performance.csv", contract_of("performance"))
        compared = comparisons.measure(study)
        pairs, summary, tasks = transfer.measure(table, replicates, compared)
        self._write(transfer=pairs, summary=summary, tasks=tasks, comparisons=compared)
        self._write(variances=variances.measure(table, replicates, compared))
        if self.classes:
            named, confusion = classes.measure(study, table, replicates)
            self._write(classes=named, confusion=confusion)
        self._write(domains=domains.measure(table, replicates), subgroups=subgroups.measure(study))
        cost = {"resnet50": {"architecture": "resnet50", "parameters": 23_500_000, "operations": 8.2e9}}
        self._write(models=models.measure(table, replicates, ["resnet50"], settings["members"], cost))
        points = {"resnet50": SweepPoint(sweep="resnet50", point={"learning_rate": 0.001})}
        measured = sweep_points.measure(study, points, dict.fromkeys(study.trained(), 3.0))
        self._write(sweeps=measured, choices=sweep_points.choose(study, points, measured))
        kappas, mean_kappas = agreement.measure(study)
        points, errors, bins = calibration.measure(study)
        differences, drawn, extremes = outputs.measure(study, [])
        self._write(agreement=kappas, agreement_summary=mean_kappas, operating_points=points, calibration=errors)
        if self.explained:
            judged, thresholds, groups = acceptance.judge(study, self.criteria)
            self._write(acceptance=judged, thresholds=thresholds, acceptance_groups=groups)
            self._write(sample_sizes=planned_films.plan(self.film_plan))
            self._read_films(study)
            curves, distributions = usefulness.measure(study, self.asked_of_use)
            self._write(decision_curve=curves, score_distribution=distributions)
            self._count(study)
            by_reader, agreements = readers.measure(study)
            self._write(reader_labels=by_reader, reader_agreement=agreements)
        self._write(reliability=bins, roc=roc.measure(study), outputs=differences)
        self._write(output_points=drawn, output_extremes=extremes)
        claimed = {"reader": {task: {"auc": 0.99} for task in self.tasks}}
        claims, refusals, versions = external.measure(self._with_reader(study), claimed)
        self._write(claims=claims, refusals=refusals, versions=versions)
        if self.explained:
            self._explain(study)
        found = label_agreement.matches(self.twins())
        manifests = {name: manifest.read(self.folder / f"manifests/{name}.parquet").set_index("image_id")
                     for name in self.labels}  # fmt: skip
        agreed = label_agreement.measure(study, found, manifests)
        self._write(label_agreement=agreed, label_control=label_agreement.measure_control(study, found))
        places, distances, relations = heads.measure(self.vectors(), tasks)
        self._write(head_places=places, head_distances=distances, head_relations=relations)
        features = self.features()
        lost = {f"resnet50 of {source}": features.assign(**{"feature 0": np.nan}) for source in self.diverged}
        probed, confusion = probe.measure({probe.IMAGES: features} | lost)
        self._write(probe=probed, probe_confusion=confusion)
        described, labels, flow = datasets.summarise(
            self.folder / "manifests", self.folder / "datasets",
            SummariseDatasets(datasets=tuple(self.labels), shape="32px", tasks=tuple(self.tasks)),
        )  # fmt: skip
        self._write(datasets=described, labels=labels, flow=flow)
        tables = {name: read(self.folder / f"analysis/{name}.csv", contract_of(name))
                  for name in ("performance", "labels", "agreement_summary", "domains", "head_distances",
                               "label_agreement")}  # fmt: skip
        beside, by_quantity = paper.compare(tables, ROOT / "resources/cohen2020", settings["paper"])
        self._write(paper=beside, paper_summary=by_quantity)
        leakage = [{"source": s, "target": t, "exact": 0, "near": 0, "shared_patients": 0, "overlap_before": 0,
                    "overlap": 0, "moved": 0, "reason": None} for s in self.labels for t in self.labels]  # fmt: skip
        write_csv(self.folder / "leakage/summary.csv", pd.DataFrame(leakage))
        return self

    def _count(self, study):
        """Measure the first training as if every data set were a site that sends counts."""
        folder, seed = self.folder / "counted", self.seeds[0]
        for name in self.labels:
            table = manifest.read(self.folder / f"manifests/{name}.parquet")
            table = table[table["split"] == "test"].reset_index(drop=True)
            for source in self.sources:
                path = f"resnet50/{source}/{seed}/test/{name}.parquet"
                outputs = {"resnet50": predictions.read(self.folder / "predictions" / path).table.fillna(0)}
                site = counts.Site(table, outputs, subgroups.named_groups(table), self.tasks, {}, 5, counted.worth)
                predicted_counts.write(folder / path, counts.gather(site).of_model("resnet50"))
        names = tuple(self.labels)
        facts = {"resnet50": ExternalModel(source="elsewhere", scale="logit", targets=names)}
        told = replace(self.asked_of_use, external=facts, counted=names, at_sites=names)
        asked = taken(MeasureBounds, told, usefulness=True)
        self._write(bounds=bounds.measure(replace(study, predictions=folder, settings=asked), asked))

    def _with_reader(self, study):
        """Return the study with a model that was trained elsewhere: the first source's, as if it were somebody's."""
        source, seed, reader = self.sources[-1], self.seeds[-1], "reader"
        folder = self.folder / f"predictions/{reader}/elsewhere"
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copytree(
            self.folder / f"predictions/resnet50/{source}/{seed}", folder / str(self.seeds[0]), dirs_exist_ok=True
        )
        facts = ExternalModel(source="elsewhere", scale="logit", targets=tuple(self.labels))
        settings = replace(
            study.settings,
            models=(*study.settings.models, reader),
            sources_of={**study.settings.sources_of, reader: ("elsewhere",)},
            origins={**study.settings.origins, reader: ()},
            members={**study.settings.members, "elsewhere": ()},
            external={reader: facts},
        )
        return replace(study, settings=settings)

    def _read_films(self, study):
        """List films by the models, and estimate from the labels of the manifests, as a reader would give them."""
        expected = dict.fromkeys(self.tasks[:2], self.film_plan.tasks[self.tasks[0]])
        asked = taken(
            ChooseFilms, study.settings, expected=expected, wanted=("auc",), readings=60, whole_patients=False,
            list_seed=0,
        )  # fmt: skip
        chosen = {target: (films, gains) for target, films, gains in chosen_films.choose(study, asked)}
        reader, seed = "labels", str(self.seeds[0])
        facts = ExternalModel(source="elsewhere", scale="binary", targets=tuple(self.labels))
        for name in self.labels:
            path = self.folder / f"predictions/{reader}/elsewhere/{seed}/test/{name}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            table = manifest.read(self.folder / f"manifests/{name}.parquet")
            here = [task for task in self.tasks if task in table]
            rows = table.loc[table["split"] == "test", ["image_id", *here]]
            predictions.write(path, rows, "binary")
        settings = replace(
            study.settings, models=(*study.settings.models, reader),
            sources_of={**study.settings.sources_of, reader: ("elsewhere",)},
            origins={**study.settings.origins, reader: ()}, members={**study.settings.members, "elsewhere": ()},
            external={reader: facts},
        )  # fmt: skip
        read_by = taken(EstimateFilms, settings, labels=reader, read=tuple(expected), whole_patients=False)
        lists = {target: films for target, (films, _) in chosen.items()}
        gains = pd.concat([found for _, found in chosen.values()], ignore_index=True)
        found = read_films.measure(replace(study, settings=settings), read_by, lists)
        self._write(reading_gains=gains, read_films=found)

    def _explain(self, study):
        looked, looked_on_average = localisation.measure(
            study, self.localised, self.folder / "attributions", self.folder / "datasets"
        )
        self._write(localisation=looked, localisation_summary=looked_on_average)
        twins = label_agreement.matches(self.twins())
        terms, evidence = shift.measure(study, *self.verdicts, self.descriptions(), twins)
        self._write(shift=terms, shift_evidence=evidence)
        self._correct()
        given_back, groups = corrections.measure(study, [], self.folder / "corrected", terms, evidence)
        self._write(corrections=given_back, corrections_by_verdict=groups)
        pairs = self._adapt()
        worth, advice = adaptation.measure(study, self.folder / "adapted", pairs, (*OF_OUTPUTS, *OF_NETWORKS), terms)
        self._write(adaptation=worth, adaptation_advice=advice)
        guessed, errors = unlabelled.measure(study, study.settings.models, 0.3, terms)
        self._write(unlabelled=guessed, unlabelled_errors=errors)
        rule = Rule(baseline=3, false_alarms=0.05, tolerance=0.1)
        watched, months, alarms = charts.measure(
            study, study.settings.models, study.settings.models, rule, self.descriptions()
        )
        self._write(watched=watched, control_charts=months, alarms=alarms)
        planted, acceptance = truth.measure(study, self.hospitals(), terms)
        self._write(shift_truth=planted, shift_acceptance=acceptance)

    def _write(self, **tables):
        for name, table in tables.items():
            write_table(self.folder / f"analysis/{name}.csv", table, contract_of(name))

    def twins(self):
        """Return pairs of images with one image_id in the first two data sets of each cohort."""
        columns = ["dataset", "image_id", "other_dataset", "other_image_id"]
        cohorts, rows = self.settings["cohorts"], []
        names = list(self.labels)
        for place, first in enumerate(names):
            for second in names[place + 1 :]:
                if cohorts[first] == cohorts[second]:
                    rows += [(first, f"i{n}", second, f"i{n}") for n in range(self.images)]
        return pd.DataFrame(rows, columns=columns)

    def vectors(self):
        """Return weight vectors for an output of each data set and task, twice as close with the penalty."""
        generator, found = np.random.default_rng(1), {}
        for penalty, spread in (("none", 1.0), ("l2", 0.5)):
            rows = [(name, task, *(generator.normal(size=4) * spread)) for name, tasks in self.labels.items()
                    for task in tasks]  # fmt: skip
            columns = ["dataset", "task", *(f"weight {i}" for i in range(4))]
            found["resnet50", penalty, "0"] = pd.DataFrame(rows, columns=columns)
            if self.diverged and penalty == "l2":
                found["resnet50", penalty, "0"][columns[2:]] = np.nan
        return found

    def features(self):
        """Return features of which one tells the data sets apart."""
        generator = np.random.default_rng(2)
        splits = {name: ["test"] * 60 if name in self.tested else ["train", "test"] * 30 for name in self.labels}
        parts = [pd.DataFrame({"dataset": name, "split": splits[name],
                               "feature 0": 3.0 * place + generator.normal(size=60),
                               "feature 1": generator.normal(size=60)})
                 for place, name in enumerate(self.labels)]  # fmt: skip
        return pd.concat(parts, ignore_index=True)

    def descriptions(self):
        """Return what test images look like: the first data set's encoder features differ."""
        generator, found = np.random.default_rng(3), {}
        for name in self.labels:
            rows = manifest.read(self.folder / f"manifests/{name}.parquet")
            ids = rows.loc[rows["split"] == "test", ["image_id"]].reset_index(drop=True)
            values = generator.normal(size=(len(ids), 6)) + 0.3 * (len(found) == 0)
            columns = [*(f"encoder {i}" for i in range(4)), "acquisition mean", "acquisition noise"]
            found[name] = pd.concat([ids, pd.DataFrame(values, columns=columns)], axis=1)
        return found

    def _adapt(self):
        """Write what becomes of the first source's model elsewhere: nothing but surer logits; return pairs."""
        source, generator = self.sources[0], np.random.default_rng(8)
        own = self.settings["members"][source]
        targets = [name for name in self.labels if name not in own and name not in self.tested]
        for target, seed in [(target, seed) for target in targets for seed in self.seeds]:
            table = manifest.read(self.folder / f"manifests/{target}.parquet")
            test = pd.read_parquet(self.folder / f"predictions/resnet50/{source}/{seed}/test/{target}.parquet")
            local = table[table["split"] != "test"]
            noise = generator.normal(size=(len(local), test.shape[1] - 1))
            seen = self._logits(source, target, local, list(test.columns[1:]), noise)
            parts = []
            for images, draw in ((20, 0), (20, 1), (40, 0), (40, 1), (len(local), 0)):
                some = seen.sample(images, random_state=draw) if images < len(local) else seen
                facts = {"images": images, "draw": draw}
                parts += [some.assign(split="local", way=way, **facts) for way in (AS_IT_IS, BATCH_NORM)]
                parts += [
                    test.assign(**{task: 1.2 * test[task] for task in test.columns[1:]}, split="test", way=way, **facts)
                    for way in OF_NETWORKS
                ]
            path = self.folder / f"adapted/resnet50/{source}/{seed}/{target}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            pd.concat(parts, ignore_index=True).to_parquet(path, index=False)
        return [(source, target) for target in targets]

    def _correct(self):
        """Write logits after corrections: none changes anything but one, which pushes all logits up."""
        for path in self.folder.glob("predictions/*/*/*/test/*.parquet"):
            model, source, seed, _, name = path.relative_to(self.folder / "predictions").parts
            logits = pd.read_parquet(path)
            tasks = [column for column in logits if column != "image_id"]
            up = logits.assign(**{task: logits[task] + 1 for task in tasks}, correction="batch norm")
            place = self.folder / "corrected" / model / source / seed / name
            place.parent.mkdir(parents=True, exist_ok=True)
            pd.concat([logits.assign(correction="resolution"), up]).to_parquet(place, index=False)

    def hospitals(self):
        """Return the data sets as if they were simulated hospitals that differ in their label rule."""
        found = {}
        for place, name in enumerate(self.labels):
            rows = manifest.read(self.folder / f"manifests/{name}.parquet").set_index("image_id")
            severities = rows[self.labels[name]].reindex(columns=self.tasks, fill_value=0.0)
            rule = Labelling(threshold=0.5, flipped=0.1 * place)
            prevalence = dict.fromkeys(self.tasks, 0.5)
            settings = Planted(seed=0, prevalence=prevalence, appearance=Appearance(), labelling=rule)
            found[name] = truth.Hospital(settings, severities)
        return found

    def _kinds(self, phantoms):
        """Return which data sets are phantoms, and which are not."""
        return {"phantoms": list(phantoms), "real": [name for name in self.labels if name not in phantoms]}

    def draw(self, phantoms=(), figures=None, **more):
        """Draw every figure, or those that are named; return the study."""
        settings = self.settings | self._kinds(phantoms) | more
        for name in figures or self.had(FIGURES):
            entry = FIGURES[name]
            tables = [self.folder / f"analysis/{table}.csv" for table in entry.tables]
            asked = DrawFigure.from_dict({key: settings[key] for key in ("phantoms", "real", *entry.settings)})
            figure = drawn(name, tables, [self.folder / folder for folder in entry.folders], asked)
            paths = [self.folder / "figures" / f"{name}.{kind}" for kind in ("svg", "png", "json")]
            write(figure, *paths, notice(asked.phantoms, asked.real))
        return self

    def page(self, phantoms=(), **more):
        """Return the report."""
        told = replace(self.for_page(phantoms), **more)
        templates = ROOT / "workflow/scripts/crossray/figures/templates"
        references = ROOT / "resources/methods/references.bib"
        return report.render(self.folder, self.folder / "datasets", told, templates, ROOT / "CITATION.cff", references)

    def for_page(self, phantoms=()):
        """Return what the report is told."""
        return taken(
            WriteReport, self.for_figures(**self._kinds(phantoms)), study="s", title="Made up",
            configuration=self._configuration(), models={"resnet50": Model()}, overlap="move",
            descriptions=dict.fromkeys(self.labels, ""), only_tested=self.tested, shown=("resnet50",),
            figures=self.had(FIGURES), tables=self.had(TABLES),
        )  # fmt: skip

    def _configuration(self):
        """Return the configuration that a study of this kind would have."""
        training = Training(epochs=2, schedule="cosine", weight_decay=0, batch_size=8, label_smoothing=0.1,
                            positive_weights="balanced", algorithm="coral",
                            augmentation=Augmentation(rotation=1, translation=0, scale=0, contrast=0.5))  # fmt: skip
        roles = {name: "test" if name in self.tested else "train" for name in self.labels}
        datasets = {name: Dataset(reader="table", role=role) for name, role in roles.items()}
        asked = self.study.settings.evaluation
        evaluation = Evaluation(minimum=asked.minimum, resamples=asked.resamples, seed=asked.seed)
        return Configuration(
            study="s", tasks=tuple(self.tasks), datasets=datasets, objective=self.settings["objective"],
            models={"resnet50": Model()}, images=Images(size=32), training=training, evaluation=evaluation,
        ).as_dict()  # fmt: skip


def words_of(folder, name):
    """Return the title, caption and reading of a figure."""
    return read_json(folder / "figures" / f"{name}.json")


#: a name that must be escaped
EVIL = "<img src=x onerror=alert(1)>&\"'"
TASKS = [f"Mass {EVIL}", "Edema", "Hernia"]


def small(folder, **more):
    """Three data sets, the third a second reading of the first; models are good at home and worse than chance away."""
    labels = {"north": TASKS, "south": TASKS[:2], "reread": TASKS}
    aucs = {(source, target, task): 0.9 if source == target else 0.3
            for source in labels for target in labels for task in TASKS}  # fmt: skip
    sources = ["north", "south", "reread", "all", "all-but-north", "all-but-south"]
    return Made(folder, labels, sources, aucs, TASKS, seeds=(0, 1), cohorts={"reread": "north"},
                paper={"north": "NIH", "south": "PC"}, classes=True, **more)  # fmt: skip
