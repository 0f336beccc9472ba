"""A study made up from known AUCs: manifests, predictions and pixels, and every analysis, figure and page of it."""

import shutil
from dataclasses import replace

import numpy as np
import pandas as pd

from crossray import manifest, predicted_counts, predictions
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
from crossray.analysis.shift import tables as shift
from crossray.analysis.shift import truth
from crossray.analysis.watching import Rule
from crossray.datasets.bundles import counts
from crossray.figures import report
from crossray.figures.drawing import draw_figure
from crossray.figures.registry import FIGURES, TABLES
from crossray.figures.style import notice, write
from crossray.files import read_json, write_csv
from crossray.study.base import taken
from crossray.study.config import Images
from crossray.study.config import Study as Configuration
from crossray.study.datasets import Dataset
from crossray.study.evaluation import Evaluation
from crossray.study.models import Model
from crossray.study.stages.analysis import ExternalModel
from crossray.study.stages.choose_films import ChooseFilms
from crossray.study.stages.draw_figure import DrawFigure
from crossray.study.stages.estimate_films import EstimateFilms
from crossray.study.stages.measure_bounds import MeasureBounds
from crossray.study.stages.measure_sweeps import SweepPoint
from crossray.study.stages.summarise_datasets import SummariseDatasets
from crossray.study.stages.write_report import WriteReport
from crossray.study.training import Augmentation, Training
from crossray.study.ways import AS_IT_IS, BATCH_NORM, OF_NETWORKS, OF_OUTPUTS
from crossray.tables import contract_of, read
from crossray.tables import write as write_table
from helpers import ROOT
from made_files import MadeFiles


class Made(MadeFiles):
    """A made-up study with its tables, figures and page."""

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
            figure = draw_figure(name, tables, [self.folder / folder for folder in entry.folders], asked)
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
