"""Figures and the report, on tables made up to be difficult."""

import base64
import json
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pandas as pd
import pytest

from crossray.figures import auc_matrix, drop, patients, prevalence, report, samples, task_matrices, training_curves
from crossray.figures.contents import FIGURES
from crossray.figures.style import AUC_RANGE, DATASET_COLOURS, write
from crossray.files import write_csv, write_json, write_text
from helpers import ROOT

EVIL = "<img src=x onerror=alert(1)>&\"'"
SETTINGS = {
    "study": "s", "title": f"Title {EVIL}", "tasks": [f"Mass {EVIL}", "Edema"], "sources": ["north", "south"],
    "targets": ["north", "south"], "seeds": [0], "models": {"resnet50": {"architecture": "resnet50"}},
    "datasets": {"north": {"description": EVIL}, "south": {"description": ""}}, "images": {"size": 32, "fit": "crop"},
    "training": {"epochs": 2, "learning_rate": 0.001, "schedule": "cosine", "weight_decay": 0, "batch_size": 8,
                 "augmentation": {"rotation": 1, "translation": 0, "scale": 0}},
    "evaluation": {"resamples": 100, "minimum": 5, "seed": 0}, "phantoms": [],
    "order": ["north", "south"], "shape": "32px", "leakage": {"overlap": "move"},
}  # fmt: skip
FLAT = SETTINGS | {"resamples": 100, "minimum": 5, "size": 32}


def performance_table(empty=False):
    rows = []
    for source in SETTINGS["sources"]:
        for target in SETTINGS["targets"]:
            for task in SETTINGS["tasks"]:
                value = None if empty or (task == "Edema" and source != target) else 0.9 if source == target else 0.45
                rows.append({
                    "model": "resnet50", "source": source, "target": target, "task": task, "seed": "0", "images": 80,
                    "patients": 70, "positives": 30, "negatives": 50, "reason": "L" if value is None else None,
                    "auc": value, "auc_low": value and value - 0.05, "auc_high": value and value + 0.05,
                })  # fmt: skip
    return pd.DataFrame(rows).astype({"auc": float, "auc_low": float, "auc_high": float})


def transfer_tables(empty=False):
    pairs, summary = [], []
    for source in SETTINGS["sources"]:
        for target in SETTINGS["targets"]:
            row = {
                "model": "resnet50",
                "source": source,
                "target": target,
                "tasks": 0 if empty else 1,
                "reason": "L" if empty else None,
            }
            home = source == target
            numbers = {"auc": 0.9 if home else 0.45, "auc_low": 0.4, "auc_high": 0.95, "shared_tasks": 1}
            numbers |= {} if home else {"drop": 0.45, "drop_low": 0.3, "drop_high": 0.6}
            pairs.append(row | ({} if empty else numbers))
    for scope in [*SETTINGS["sources"], "all sources"]:
        row = {"model": "resnet50", "source": scope, "pairs": 0 if empty else 2, "possible_pairs": 2}
        for name, value in (("home_auc", 0.9), ("away_auc", 0.45), ("drop", 0.45)):
            row |= {name: None if empty else value, f"{name}_low": None if empty else value - 0.1,
                    f"{name}_high": None if empty else value + 0.1}  # fmt: skip
        summary.append(row)
    names = ["auc", "auc_low", "auc_high", "drop", "drop_low", "drop_high", "shared_tasks"]
    frame = pd.DataFrame(pairs).reindex(columns=["model", "source", "target", "tasks", "reason", *names])
    return frame.astype(dict.fromkeys(names, float)), pd.DataFrame(summary)


def history_table():
    rows = [
        {"model": "resnet50", "source": s, "seed": "0", "epoch": e, "train_loss": 2 / e, "validation_loss": 2.1 / e,
         "validation_auc": 0.5 + e / 10, "kept": e == 2}
        for s in SETTINGS["sources"] for e in (1, 2)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def label_table():
    rows = [
        {"dataset": d, "task": t, "split": "all", "positives": 1, "negatives": 3, "unknown": 0, "prevalence": 0.25,
         "prevalence_low": 0.1, "prevalence_high": 0.5}
        for d in SETTINGS["datasets"] for t in SETTINGS["tasks"]
    ]  # fmt: skip
    return pd.DataFrame(rows)


def count_table():
    rows = [
        {"dataset": d, "property": p, "value": v, "images": 10, "patients": 8}
        for d in SETTINGS["datasets"]
        for p, v in [("all", "all"), ("view", "PA"), ("sex", "F"), ("age", "18-39"), ("age", "not recorded")]
    ]
    return pd.DataFrame(
        [*rows, {"dataset": "north", "property": "rejected", "value": "all", "images": 1, "patients": None}]
    )


def every_figure(empty=False):
    pairs, summary = transfer_tables(empty)
    pixel = "data:image/jpeg;base64," + base64.b64encode(b"x").decode()
    images = pd.DataFrame([{"dataset": "north", "column": 1, "url": pixel, "findings": [EVIL]}])
    return {
        "auc_matrix": auc_matrix.draw(pairs, summary, FLAT),
        "task_matrices": task_matrices.draw(performance_table(empty), FLAT),
        "drop": drop.draw(pairs, summary, FLAT),
        "training_curves": training_curves.draw(history_table(), FLAT),
        "prevalence": prevalence.draw(label_table(), FLAT),
        "patients": patients.draw(count_table(), FLAT),
        "samples": samples.draw(images, FLAT),
    }


def write_all(folder, phantoms=(), empty=False):
    for name, figure in every_figure(empty).items():
        paths = [folder / "figures" / f"{name}.{kind}" for kind in ("svg", "png", "json")]
        write(figure, {"phantoms": list(phantoms)}, *paths)
    return folder / "figures"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    return write_all(tmp_path_factory.mktemp("study"))


def texts(svg):
    return " ".join(ElementTree.fromstring(svg.read_text()).itertext())


def test_the_matrix_shows_numbers_reasons_and_what_is_below_chance(drawn):
    words = texts(drawn / "task_matrices.svg")
    assert "0.90" in words
    assert "▼ 0.45" in words
    assert " L" in words
    for wrong in ("null", "NaN", "nan", "undefined", "None"):
        assert wrong not in words


def test_every_svg_is_well_formed_named_and_has_its_own_ids(drawn):
    seen = set()
    for path in drawn.glob("*.svg"):
        root = ElementTree.fromstring(path.read_text())
        assert root.get("role") == "img"
        assert "onerror" not in "".join(root.itertext()) or "<img" not in path.read_text()
        ids = set(re.findall(r'\bid="([^"]+)"', path.read_text()))
        assert root.get("aria-labelledby").split()[0] in ids
        used = set(re.findall(r'url\(#([^)"]+)\)', path.read_text()))
        assert used <= ids
        assert not ids & seen
        seen |= ids


def test_two_drawings_of_the_same_have_the_same_bytes(drawn, tmp_path):
    again = write_all(tmp_path)
    for path in sorted(drawn.iterdir()):
        assert path.read_bytes() == (again / path.name).read_bytes(), path.name


def test_phantoms_are_called_phantoms_on_every_figure(tmp_path):
    for path in write_all(tmp_path, phantoms=["north"]).glob("*.svg"):
        assert "Phantoms, not patients" in texts(path), path.name


def test_a_study_without_a_single_number_can_be_drawn(tmp_path):
    figures = write_all(tmp_path, empty=True)
    assert "No pair of different hospitals" in texts(figures / "auc_matrix.svg")
    assert "No loss can be measured" in texts(figures / "drop.svg")


def test_colours_are_as_many_as_the_papers_data_sets():
    assert len(set(DATASET_COLOURS)) == 8
    assert len(AUC_RANGE) == 5


def leakage_table(before=3, after=0):
    rows = [
        {"source": source, "target": target, "exact": 2, "near": 1, "shared_patients": 4,
         "overlap_before": before, "overlap": after, "moved": 5}
        for source in SETTINGS["sources"] for target in SETTINGS["targets"]
    ]  # fmt: skip
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("overlap", "words"),
    [("move", "moved to one split (10 images moved); 0 are left"), ("refuse", "not given (O)"), ("keep", "too good")],
)
def test_the_page_says_what_the_audit_found_and_what_was_done(overlap, words):
    sentences = " ".join(report.leakage_sentences(leakage_table(), overlap))
    assert (
        "found 6 times an image that equals one of the same or another data set, and 3 times one that nearly"
        in sentences
    )
    assert "12 patients are in two data sets" in sentences
    assert "12 times, a test image is of a patient" in sentences
    assert words in sentences
    assert "No test image" in report.leakage_sentences(leakage_table(0), overlap)[-1]
    clean = leakage_table(0).assign(exact=0, near=0, shared_patients=0)
    assert "found no radiograph twice" in report.leakage_sentences(clean, overlap)[0]
    assert len(report.leakage_sentences(clean, overlap)) == 2


@pytest.fixture
def page(tmp_path, drawn):
    """Return a function that renders the report of the made-up study."""

    def render(phantoms=(), empty=False):
        folder, settings = tmp_path / "study", SETTINGS | {"phantoms": list(phantoms)}
        write_all(folder, phantoms, empty)
        pairs, summary = transfer_tables(empty)
        tables = {"performance": performance_table(empty), "transfer": pairs, "summary": summary,
                  "datasets": count_table(), "labels": label_table()}  # fmt: skip
        for name, table in tables.items():
            write_csv(folder / "analysis" / f"{name}.csv", table)
        write_csv(folder / "leakage" / "summary.csv", leakage_table())
        for name in SETTINGS["datasets"]:
            place = tmp_path / "datasets" / name / "32px"
            write_json(place / "index.json", {"images": 10, "rejected": 1})
            write_csv(place / "rejected.csv", pd.DataFrame([{"image_id": "i", "path": "secret/path", "reason": EVIL}]))
            write_text(folder / "manifests" / f"{name}.parquet", "x")
            record = {"source": name, "notes": [EVIL], "images": {"train": 3, "validation": 2}, "best_epoch": 1,
                      "device": {"name": "cpu"}, "precision": "32-true"}  # fmt: skip
            write_json(folder / "models/resnet50" / name / "0/training.json", record)
        templates = ROOT / "workflow/scripts/crossray/figures/templates"
        return report.render(folder, tmp_path / "datasets", settings, templates, ROOT / "CITATION.cff")

    return render


def test_text_from_the_data_is_escaped(page):
    html = page()
    assert "<img src=x" not in html
    assert "&lt;img src=x onerror" in html


def test_the_report_answers_first_and_holds_everything(page):
    html = page()
    assert "Models lose 0.45 (95 % interval 0.35 to 0.55) of mean AUC outside" in html
    assert html.index("Models lose") < html.index("<svg")
    for name in FIGURES:
        assert f'id="figure-{name}"' in html
    for name in report.TABLES:
        assert f'download="s-{name}.csv"' in html
    assert "secret/path" not in html
    assert not re.search(r'(?:src|href)="(?!data:|#)', html)
    assert len(set(re.findall(r'\bid="([^"]+)"', html))) == len(re.findall(r'\bid="([^"]+)"', html))


def test_downloads_are_the_tables(page, tmp_path):
    html = page()
    encoded = re.search(r'download="s-performance.csv" href="data:text/csv;base64,([^"]+)"', html).group(1)
    assert base64.b64decode(encoded) == (tmp_path / "study/analysis/performance.csv").read_bytes()


def test_the_explorer_has_every_cell(page):
    data = json.loads(re.search(r'id="cells">(.*?)</script>', page(), re.DOTALL).group(1))
    assert len(data["views"]) == 3
    assert all(len(cells) == 4 for cells in data["views"].values())
    assert "NaN" not in json.dumps(data)


def test_the_banner_is_there_for_phantoms_alone(page):
    assert 'class="banner"' not in page()
    html = page(phantoms=["north"])
    assert 'class="banner"' in html
    assert html.count("Phantoms, not patients") > len(FIGURES)
    assert 'download="phantoms-s-transfer.csv"' in html


def test_a_report_without_numbers_says_so(page):
    html = page(empty=True)
    assert "No model could be compared between home and elsewhere" in html
    for wrong in (">nan<", ">None<", "NaN", ">undefined<"):
        assert wrong not in html


def test_equal_inputs_give_equal_pages(page):
    assert page() == page()


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [(0.1, 0.3, "Models lose 0.20"), (-0.3, -0.1, "Models gain 0.20"), (-0.1, 0.5, "No loss outside")],
)
def test_the_answer_follows_the_interval(low, high, words):
    pairs, summary = transfer_tables()
    middle = (low + high) / 2
    summary.loc[summary["source"] == "all sources", ["drop", "drop_low", "drop_high"]] = [middle, low, high]
    assert report.answer(summary, pairs).startswith(words)


def test_sample_images_come_from_the_training_split(make_dataset, tmp_path):
    folder = make_dataset("north", images=40)
    (tmp_path / "manifests").mkdir()
    (folder / "manifest.parquet").rename(tmp_path / "manifests/north.parquet")
    settings = {"datasets": ["north"], "shape": "32px", "tasks": ["A", "B"]}
    chosen = samples.choose(tmp_path / "manifests", tmp_path / "datasets", settings)
    assert len(chosen) == 6
    assert all(url.startswith("data:image/jpeg") for url in chosen["url"])
    assert set(np.concatenate(chosen["findings"].to_numpy())) <= {"A", "B", "no finding"}
