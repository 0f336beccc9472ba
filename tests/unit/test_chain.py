"""Every program by its main function, one after the other, each on the files of those before."""

import importlib
import json
import os
import shutil

import pandas as pd
import pytest
from test_training import LEARNING

from crossray.figures.entries import NEEDS
from crossray.figures.registry import FIGURES, TABLES, had
from crossray.pseudonyms import make_key
from crossray.tables.contract import names
from crossray.tables.shift import Shift
from helpers import ROOT

pytestmark = pytest.mark.slow

TASKS = ["Cardiomegaly", "Effusion"]
LABELLING = {"threshold": 0.3, "flipped": 0.0, "unlabelled": []}
SPLIT = {"seed": 0, "train": 0.5, "validation": 0.25, "test": 0.25}
MEMBERS = {"a": ["a"], "b": ["b"], "all": ["a", "b"], "all-but-a": ["b"]}
STUDY = {"models": ["small"], "sources": list(MEMBERS), "sources_of": {"small": list(MEMBERS)},
         "origins": {"small": []}, "targets": ["a", "b"], "seeds": [0], "tasks": TASKS,
         "objective": "multilabel", "counted": [], "at_sites": []}  # fmt: skip
#: all but what has chains of its own: test_localisation, test_shift_tables, test_corrections
LACKING = {
    "acceptance",
    "adaptation",
    "counted",
    "monitoring",
    "usefulness",
    "plan",
    "readings",
    "read",
    "readers",
    "external",
    "attribution",
    "localisation",
    "explanation",
    "corrections",
}
HAD = set(NEEDS) - LACKING - {"truth"}
APPEARANCE = {
    "rows": 48, "aspect": 1.0, "exposure": 1.0, "contrast": 1.0, "blur": 0.0, "noise": 0.01, "marker": "L",
    "photometric": "MONOCHROME2", "bits_stored": 12, "transfer_syntax": "rle", "window": 1.0, "variation": 0.0,
    "collimation": 0.0, "inverted": 0.0, "exaggeration": 0.0, "marked": 1.0,
}  # fmt: skip

SHAPE = {"size": 32, "fit": "crop", "colour": "grey", "burnt_in": "reject"}


def run(program, **options):
    """Call a program's main; keywords become flags, mappings JSON."""
    words = []
    for name, value in options.items():
        values = value if isinstance(value, list) else [json.dumps(value) if isinstance(value, dict) else value]
        words += [f"--{name.replace('_', '-')}", *map(str, values)]
    return importlib.import_module(program).main(words)


def make_hospital(root, name, seed):
    folder = root / "datasets" / name
    findings = ["Cardiomegaly", "Effusion", "Lung Opacity", "Nodule", "Pneumothorax"]
    settings = {
        "images": 48, "seed": seed, "several_images": 0.2, "ap_share": 0.2, "prevalence": dict.fromkeys(findings, 0.5),
        "appearance": APPEARANCE, "labelling": LABELLING,
    }  # fmt: skip
    release = {"dicom": folder / "dicom", "labels": folder / "labels.csv", "truth": folder / "truth.csv",
               "regions": folder / "regions.csv"}  # fmt: skip
    assert run("simulate_hospital", dataset=name, settings=settings, **release) == 0
    make_key(root / "private/pseudonyms.key")
    reading = {"reader": "simulated", "public": False, "split": SPLIT, "labelling": LABELLING, "max_missing": 0}
    assert run("make_manifest", dataset=name, settings=reading, root=release["dicom"], tables=[release["labels"]],
               key=root / "private/pseudonyms.key", lookup=root / f"private/{name}.csv",
               output=folder / "manifest.parquet") == 0  # fmt: skip
    pixels = folder / "32px"
    shards = [pixels / "shards" / f"{number:04d}" for number in range(2)]
    for number, shard in enumerate(shards):
        assert run("convert_shard", dataset=name, shard=number, settings=SHAPE | {"burnt_in_areas": [], "shards": 2},
                   manifest=folder / "manifest.parquet", lookup=root / f"private/{name}.csv", root=release["dicom"],
                   output=f"{shard}.h5", rejected=f"{shard}.rejected.csv") == 0  # fmt: skip
    assert run("index_shards", dataset=name, settings=SHAPE | {"max_rejected": 0.0, "max_missing": 0.0},
               shards=[f"{shard}.h5" for shard in shards], rejected=[f"{shard}.rejected.csv" for shard in shards],
               all_rejected=pixels / "rejected.csv", output=pixels / "index.json") == 0  # fmt: skip


def audit(root):
    manifests = [root / "datasets" / name / "manifest.parquet" for name in "ab"]
    found = root / "study/leakage"
    settings = {"datasets": ["a", "b"], "cohorts": {"a": "a", "b": "b"}, "overlap": "move", "duplicates": "near",
                "tested": []}  # fmt: skip
    assert run("audit_leakage", settings=settings, manifests=manifests,
               indexes=[root / "datasets" / name / "32px/index.json" for name in "ab"],
               pairs=found / "pairs.csv", moves=[found / f"{name}.csv" for name in "ab"],
               output=found / "summary.csv") == 0  # fmt: skip
    for name, manifest in zip("ab", manifests, strict=True):
        assert run("assign_splits", manifest=manifest, settings={"classes": []}, moves=found / f"{name}.csv",
                   output=root / f"study/manifests/{name}.parquet",
                   digest=root / f"study/manifests/{name}.sha256") == 0  # fmt: skip


def members_files(root, source):
    return {"manifests": [root / f"study/manifests/{name}.parquet" for name in MEMBERS[source]],
            "indexes": [root / f"datasets/{name}/32px/index.json" for name in MEMBERS[source]]}  # fmt: skip


def train_heads(root, penalty):
    settings = {
        "architecture": "resnet18", "tasks": TASKS, "seed": 0, "epochs": 1, "batch_size": 8, "precision": "fastest",
        "learning_rate": 0.001,
        "weight_decay": 0.0, "schedule": "constant", "augmentation": {"rotation": 5, "translation": 0.0, "scale": 0.0},
        **LEARNING,
        "penalty": 0.1 if penalty == "l2" else 0,
    }  # fmt: skip
    folder = root / "study/shared_heads/small" / penalty / "0"
    assert run("train_shared_heads", settings=settings, **members_files(root, "all"), checkpoint_dir=folder / "work",
               tensorboard=root / "tensorboard", vectors=folder / "vectors.parquet", history=folder / "history.csv",
               record=folder / "training.json") == 0  # fmt: skip
    assert not (folder / "work").exists()


INFERENCE = {"batch_size": 8, "precision": "fastest"}


def train_and_predict(root, source):
    settings = {
        "architecture": "resnet18", "tasks": TASKS, "seed": 0, "epochs": 1, "batch_size": 8, "precision": "fastest",
        "learning_rate": 0.001,
        "weight_decay": 0.0, "schedule": "constant", "augmentation": {"rotation": 5, "translation": 0.0, "scale": 0.0},
        **LEARNING,
    }  # fmt: skip
    model = root / "study/models/small" / source / "0"
    assert run("train_model", source=source, settings=settings | {"balance": "datasets"}, **members_files(root, source),
               checkpoint_dir=model / "work", tensorboard=root / "tensorboard", weights=model / "weights.safetensors",
               history=model / "history.csv", record=model / "training.json") == 0  # fmt: skip
    assert run("predict", weights=model / "weights.safetensors", **members_files(root, "all"),
               settings=INFERENCE | {"images": 10, "seed": 0}, domains=["a", "b"],
               outputs=[root / "study/predictions/small" / source / "0" / split / f"{target}.parquet"
                        for split in ("validation", "test") for target in "ab"],
               embeddings=root / "study/embeddings/small" / source / "0.parquet") == 0  # fmt: skip


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Return a folder in which every program has run."""
    root = tmp_path_factory.mktemp("chain")
    for seed, name in enumerate("ab"):
        make_hospital(root, name, seed)
    audit(root)
    for source in MEMBERS:
        train_and_predict(root, source)
    for penalty in ("none", "l2"):
        train_heads(root, penalty)
    analyse(root)
    draw(root)
    return root


def analyse(root):
    tables, leakage = root / "study/analysis", root / "study/leakage"
    evaluation = {"minimum": 1, "resamples": 100, "seed": 0}
    settings = STUDY | {"evaluation": evaluation, "overlap": "refuse", "members": MEMBERS, "paper": {"a": "NIH"},
                        "cohorts": {"a": "a", "b": "b"}}  # fmt: skip
    study = {"predictions": root / "study/predictions", "manifests": root / "study/manifests",
             "leakage": leakage / "summary.csv", "settings": settings}  # fmt: skip
    measured = {"performance": tables / "performance.csv", "replicates": tables / "replicates.parquet"}
    assert run("measure_performance", **study, replicates=measured["replicates"], output=measured["performance"]) == 0
    assert run("compare_models", **study, output=tables / "comparisons.csv") == 0
    assert run("measure_transfer", **measured, comparisons=tables / "comparisons.csv",
               output=tables / "transfer.csv", summary=tables / "summary.csv",
               tasks=tables / "tasks.csv", variances=tables / "variances.csv") == 0  # fmt: skip
    summarised = {"datasets": ["a", "b"], "shape": "32px", "tasks": TASKS}
    assert run("summarise_datasets", manifests=root / "study/manifests", datasets=root / "datasets",
               settings=summarised, counts=tables / "datasets.csv", flow=tables / "flow.csv",
               labels=tables / "labels.csv") == 0  # fmt: skip
    for program, outputs in {
        "measure_agreement": {"output": "agreement", "summary": "agreement_summary"},
        "measure_calibration": {
            "output": "calibration",
            "points": "operating_points",
            "bins": "reliability",
            "curves": "roc",
        },
        "measure_subgroups": {"output": "subgroups"},
    }.items():
        assert run(program, **study, **{flag: tables / f"{name}.csv" for flag, name in outputs.items()}) == 0
    compared = {"output": tables / "outputs.csv", "points": tables / "output_points.csv"}
    assert run("compare_outputs", **study | {"settings": settings | {"pairs": []}}, **compared,
               extremes=tables / "output_extremes.csv") == 0  # fmt: skip
    assert run("measure_classes", **study, **measured, output=tables / "classes.csv",
               confusion=tables / "confusion.csv") == 0  # fmt: skip
    assert run("summarise_models", **measured, models=root / "study/models", output=tables / "models.csv",
               settings={"models": ["small"], "members": MEMBERS}) == 0  # fmt: skip
    points = {"small": {"sweep": "small", "point": {"learning_rate": 0.001}}}
    assert run("measure_sweeps", **study | {"settings": settings | {"points": points}}, models=root / "study/models",
               output=tables / "sweeps.csv", choices=tables / "choices.csv") == 0  # fmt: skip
    assert run("compare_labels", **study, pairs=leakage / "pairs.csv", control=tables / "label_control.csv",
               output=tables / "label_agreement.csv") == 0  # fmt: skip
    assert run("compare_domains", **measured, output=tables / "domains.csv") == 0
    embedded = [root / "study/embeddings/small" / source / "0.parquet" for source in MEMBERS]
    assert run("probe_sources", embeddings=embedded, datasets=root / "datasets", output=tables / "probe.csv",
               settings={"shape": "32px"}, confusion=tables / "probe_confusion.csv") == 0  # fmt: skip
    vectors = [root / f"study/shared_heads/small/{penalty}/0/vectors.parquet" for penalty in ("none", "l2")]
    assert run("measure_heads", vectors=vectors, tasks=tables / "tasks.csv", places=tables / "head_places.csv",
               relations=tables / "head_relations.csv", output=tables / "head_distances.csv") == 0  # fmt: skip
    compared = ("performance", "labels", "agreement_summary", "domains", "head_distances", "label_agreement")
    assert run("compare_paper", tables=[tables / f"{name}.csv" for name in compared], settings={"paper": {"a": "NIH"}},
               paper=ROOT / "resources/cohen2020", summary=tables / "paper_summary.csv",
               output=tables / "paper.csv") == 0  # fmt: skip


def draw(root):
    study, figures = root / "study", root / "study/figures"
    shown = {
        "shown": ["small"],
        "trained": ["small"],
        "datasets": ["a", "b"],
        "phantoms": ["a", "b"],
        "real": [],
        "withheld": [],
        "searched": [],
        "shape": "32px",
        "size": 32,
        "resamples": 100,
        "minimum": 1,
    }
    folders = {"datasets": root / "datasets"}
    for name in had(FIGURES, HAD):
        inputs = {"tables": [study / f"analysis/{table}.csv" for table in FIGURES[name].tables],
                  "folders": [folders.get(folder, study / folder) for folder in FIGURES[name].folders]}  # fmt: skip
        outputs = {"svg": figures / f"{name}.svg", "png": figures / f"{name}.png", "caption": figures / f"{name}.json"}
        asked = ("phantoms", "real", *FIGURES[name].settings)
        settings = {key: value for key, value in (STUDY | shown | {"members": MEMBERS}).items() if key in asked}
        assert run("draw_figure", figure=name, **inputs, settings=settings, **outputs) == 0
    asked = {
        "study": "chain", "tasks": TASKS, "datasets": {name: {"reader": "simulated"} for name in "ab"},
        "models": {"small": {"architecture": "resnet18"}}, "images": {"size": 32},
        "training": {"epochs": 1, "batch_size": 8, "balance": "datasets"},
    }  # fmt: skip
    page = {key: STUDY[key] for key in ("sources", "targets", "sources_of", "seeds", "tasks")} | {
        "study": "chain", "title": "A chain", "configuration": asked, "shown": ["small"],
        "models": {"small": {"architecture": "resnet18"}}, "overlap": "move", "members": MEMBERS,
        "datasets": ["a", "b"], "descriptions": {"a": "", "b": ""}, "only_tested": [], "shape": "32px",
        "phantoms": ["a", "b"], "real": [], "searched": [], "figures": had(FIGURES, HAD), "tables": had(TABLES, HAD),
    }  # fmt: skip
    assert run("write_report", study=root / "study", datasets=root / "datasets", settings=page,
               templates=ROOT / "workflow/scripts/crossray/figures/templates", citation=ROOT / "CITATION.cff",
               references=ROOT / "resources/methods/references.bib",
               output=root / "study/report.html") == 0  # fmt: skip


def test_the_chain_ends_in_a_report(study):
    assert "Phantoms, not patients" in (study / "study/report.html").read_text()
    cells = pd.read_csv(study / "study/analysis/performance.csv")
    assert len(cells) == len(MEMBERS) * 2 * len(TASKS)


def test_truth_stays_beside_the_labels(study):
    labels, truth = (pd.read_csv(study / "datasets/a" / name) for name in ("labels.csv", "truth.csv"))
    assert ((truth["Effusion"] >= LABELLING["threshold"]) == (labels["Effusion"] == 1)).all()


def test_the_matrix_is_printed(study, capsys):
    assert importlib.import_module("print_matrix").main([str(study / "study")]) == 0
    printed = capsys.readouterr().out
    assert "rows trained on, columns tested on" in printed
    assert "Report:" in printed
    assert "images or the labels" not in printed


def test_the_causes_of_every_pair_are_printed(study, tmp_path, capsys):
    (tmp_path / "s").mkdir()
    shutil.copytree(study / "study/analysis", tmp_path / "s/analysis")
    pairs = [(a, b) for a in ("a", "b") for b in ("a", "b") if a != b]
    rows = [{"model": "small", "source": a, "target": b, "task": task, "metric": metric, "verdict": verdict}
            for a, b in pairs for metric in ("log-loss", "AUC")
            for task, verdict in zip(TASKS, ["image", "concept", ""], strict=False)]  # fmt: skip
    counts = dict.fromkeys(("images", "positives", "negatives", "source_images"), 9)
    table = pd.DataFrame(rows).assign(**counts).reindex(columns=names(Shift))
    table.to_csv(tmp_path / "s/analysis/shift.csv", index=False)
    transfer = pd.read_csv(tmp_path / "s/analysis/transfer.csv").assign(home_at_chance=False)
    transfer.to_csv(tmp_path / "s/analysis/transfer.csv", index=False)
    assert importlib.import_module("print_matrix").main(["--causes", str(tmp_path / "s")]) == 0
    printed = capsys.readouterr().out
    for a, b in pairs:
        assert (
            f"\n{a} to {b}: worse mainly because the images differ, for {TASKS[0]}; worse mainly because readers call "
            f"the finding by another rule, as a second reading of images shows, for {TASKS[1]}" in printed
        )


def test_images_of_another_size_are_refused(study, capsys):
    weights = study / "study/models/small/a/0/weights.safetensors"
    index = json.loads((study / "datasets/b/32px/index.json").read_text())
    other = study / "datasets/b/32px/other.json"
    other.write_text(json.dumps(index | {"size": 64}))
    status = run("predict", weights=weights, manifests=study / "datasets/b/manifest.parquet", indexes=other,
                 settings=INFERENCE, outputs=study / "elsewhere/test/b.parquet")  # fmt: skip
    assert status == 1
    assert "error: " in capsys.readouterr().err


class TestKeptPredictions:
    """What a training predicted is kept; another target is added to it."""

    @pytest.fixture
    def predict(self, study, tmp_path, capsys, caplog):
        """Return a function that predicts targets' test images with the same model and says which were computed."""
        weights = shutil.copy(study / "study/models/small/a/0/weights.safetensors", tmp_path)

        def predict(*targets, code="1", **changed):
            outputs = [tmp_path / "test" / f"{target}.parquet" for target in targets]
            for path in tmp_path.glob("test/*"):
                path.unlink()  # as Snakemake does
            caplog.clear()
            with caplog.at_level("INFO"):
                assert run("predict", weights=weights, **members_files(study, "all"), code=code, outputs=outputs,
                           settings=INFERENCE | changed) == 0  # fmt: skip
            assert [path for path in outputs if not path.is_file()] == []
            return {target for target in targets if f"{target}: test images as before" not in caplog.text}

        return predict

    def test_an_added_target_is_computed_alone(self, predict, tmp_path):
        assert predict("a") == {"a"}
        before = (tmp_path / "test/a.parquet").read_bytes()
        assert predict("a", "b") == {"b"}
        assert (tmp_path / "test/a.parquet").read_bytes() == before
        assert predict("b") == set()
        assert predict("a", "b") == set()

    def test_other_code_or_another_precision_computes_all(self, predict):
        assert predict("a", "b") == {"a", "b"}
        assert predict("a", "b", code="2") == {"a", "b"}
        assert predict("a", "b", code="2", precision="float32") == {"a", "b"}

    def test_a_damaged_table_is_computed_again(self, predict, tmp_path, caplog):
        assert predict("a", "b") == {"a", "b"}
        good = (tmp_path / "test/a.parquet").read_bytes()
        (kept,) = (tmp_path / "work/test/a").iterdir()
        kept.write_bytes(bytes([good[0] ^ 1]) + good[1:])
        assert predict("a", "b") == {"a"}
        assert "damaged" in caplog.text
        assert (tmp_path / "test/a.parquet").read_bytes() == good

    def test_an_output_is_as_new_as_the_job(self, predict, tmp_path):
        """Snakemake takes an output that is older than an input for stale."""
        predict("a")
        (kept,) = (tmp_path / "work/test/a").iterdir()
        os.utime(kept, (0, 0))
        predict("a")
        assert (tmp_path / "test/a.parquet").stat().st_mtime > 1e9
