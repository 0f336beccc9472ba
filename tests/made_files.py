"""Files of a made-up study, as rules before the analyses would write them."""

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import norm

from crossray import manifest, maps, regions
from crossray.analysis.cells import Study
from crossray.analysis.shift import truth
from crossray.datasets.indexing import index
from crossray.figures.attributions import ROLES
from crossray.figures.entries import NEEDS
from crossray.figures.registry import had
from crossray.files import write_csv, write_json
from crossray.shards import write_shard
from crossray.study.acceptance import Criteria
from crossray.study.base import taken
from crossray.study.film_plan import Expected, Widths
from crossray.study.hospital import Appearance, Labelling
from crossray.study.names import members
from crossray.study.stages.analysis import Analysis
from crossray.study.stages.check_verdicts import Planted
from crossray.study.stages.draw_figure import DrawFigure
from crossray.study.stages.index_shards import IndexShards
from crossray.study.stages.judge_acceptance import JudgeAcceptance
from crossray.study.stages.measure_localisation import AttributionMaps, MeasureLocalisation
from crossray.study.stages.measure_usefulness import MeasureUsefulness
from crossray.study.stages.plan_films import PlanFilms
from helpers import manifest_table

EVALUATION = {"minimum": 5, "resamples": 100, "seed": 0}


def with_opinions(table, task):
    """Return a manifest with what three readers say of a task, each wrong in another tenth of the images."""
    place = np.arange(len(table)) // 5 % 10
    said = {f"{task}{manifest.BY}reader {n}": (table[task] - (place == n)).abs() for n in (1, 2, 3)}
    return table.assign(**said)


@dataclass
class MadeFiles:
    """A made-up study: its settings, and the files that analyses read.

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
        attributed = AttributionMaps(methods=("grad_cam", "input_gradients"), tasks=tuple(self.tasks))
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
