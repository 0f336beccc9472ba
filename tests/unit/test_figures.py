"""Figures and the report, on a made-up study whose names are difficult."""

import base64
import gzip
import json
import re
import shutil
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from crossray import manifest
from crossray.figures import samples, sweeps
from crossray.figures.counts import behind_means
from crossray.figures.entries import MISSING
from crossray.figures.registry import FIGURES, TABLES, had
from crossray.figures.style import AUC_DOMAIN, AUC_RANGE, DATASET_COLOURS, signed
from crossray.figures.summary_text import leakage_sentences
from crossray.study.stages.draw_figure import DrawFigure
from crossray.tables import of_rows
from crossray.tables.sweeps import Choices, Sweeps
from made_study import words_of


def texts(svg):
    return " ".join(ElementTree.fromstring(svg.read_text()).itertext())


def svgs(study):
    return sorted((study.folder / "figures").glob("*.svg"))


def test_the_matrix_shows_numbers_reasons_and_what_is_below_chance(made):
    words = texts(made.folder / "figures/task_matrices.svg")
    table = pd.read_csv(made.folder / "analysis/performance.csv")
    shown = table[(table["seed"] == "mean of trainings") & table["auc"].notna()]
    assert (shown["auc"] < 0.5).any()
    assert (shown["auc_high"] < 0.5).any()
    for value, high in zip(shown["auc"], shown["auc_high"], strict=True):
        assert f"{'▼ ' if high < 0.5 else ''}{value:.2f}" in words
    assert " L" in words


@pytest.mark.slow
def test_no_figure_says_what_only_a_program_would(made, empty):
    for study in (made, empty):
        for path in svgs(study):
            for wrong in ("null", "NaN", "nan", "undefined", "None", "<NA>"):
                assert not re.search(rf"\b{wrong}\b", texts(path)), (path.name, wrong)


def test_every_svg_is_well_formed_named_and_has_its_own_ids(made):
    seen = set()
    assert len(svgs(made)) == len(FIGURES)
    for path in svgs(made):
        root = ElementTree.fromstring(path.read_text())
        assert root.get("role") == "img"
        assert "<img" not in path.read_text()
        ids = set(re.findall(r'\bid="([^"]+)"', path.read_text()))
        assert root.get("aria-labelledby").split()[0] in ids
        used = set(re.findall(r'url\(#([^)"]+)\)', path.read_text()))
        assert used <= ids
        assert not ids & seen
        seen |= ids


@pytest.fixture
def undrawn(made, tmp_path, monkeypatch):
    """Return the small study without its figures, to draw otherwise; PNGs, which follow from the SVGs, are empty."""
    monkeypatch.setattr("vl_convert.svg_to_png", lambda *_, **__: b"")
    shutil.copytree(made.folder, tmp_path / "again", ignore=shutil.ignore_patterns("figures"))
    return replace(made, folder=tmp_path / "again")


@pytest.mark.slow
def test_two_drawings_of_the_same_have_the_same_bytes(made, undrawn):
    again = undrawn.draw()
    for path in sorted(made.folder.glob("figures/*.[sj]*")):
        assert path.read_bytes() == (again.folder / "figures" / path.name).read_bytes(), path.name


def test_every_figure_has_a_title_a_caption_and_a_way_to_read_it(made):
    for name in FIGURES:
        words = words_of(made.folder, name)
        assert all(words[key] for key in ("title", "caption", "reading")), name


@pytest.mark.slow
def test_a_study_without_a_single_number_can_be_drawn(empty):
    figures = empty.folder / "figures"
    for name, words in {
        "auc_matrix": "No pair of different hospitals", "drop": "No drop can be measured",
        "tasks": "No task can be measured", "agreement": "No two models can be compared",
        "reliability": "No calibration can be measured",
        "roc": "No ROC curve can be drawn", "domains": "No domain was left out",
        "subgroups": "No group is large enough", "label_control": "No model can be tested by two labellings",
    }.items():  # fmt: skip
        assert words in texts(figures / f"{name}.svg"), name


def test_colours_are_as_many_as_the_papers_data_sets():
    assert len(set(DATASET_COLOURS)) == 8
    assert len(AUC_RANGE) == len(AUC_DOMAIN)


@pytest.mark.parametrize(("value", "text"), [(0.123, "+0.12"), (-0.123, "-0.12"), (-0.001, "0.00"), (0.0, "0.00")])
def test_differences_have_a_sign_and_nothing_has_none(value, text):
    assert signed(value) == text


def leakage_table(before=3, after=0):
    rows = [
        {"source": source, "target": target, "exact": 2, "near": 1, "shared_patients": 4,
         "overlap_before": before, "overlap": after, "moved": 5, "reason": None}
        for source in ("north", "south") for target in ("north", "south")
    ]  # fmt: skip
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("overlap", "words"),
    [
        ("move", "moved to one split (10 images moved); 0 cases remain"),
        ("refuse", "not reported (O)"),
        ("keep", "too optimistic"),
    ],
)
def test_the_page_says_what_the_audit_found_and_what_was_done(overlap, words):
    sentences = " ".join(leakage_sentences(leakage_table(), overlap))
    assert "found 6 exact and 3 near duplicates within and across data sets" in sentences
    assert "12 patients are in two data sets" in sentences
    assert "In 12 cases, a test image is of a patient" in sentences
    assert words in sentences
    assert "No test image" in leakage_sentences(leakage_table(0), overlap)[-1]
    clean = leakage_table(0).assign(exact=0, near=0, shared_patients=0)
    assert "found no duplicates" in leakage_sentences(clean, overlap)[0]
    assert len(leakage_sentences(clean, overlap)) == 2


def test_text_from_the_data_is_escaped(made):
    html = made.page()
    assert "<img src=x" not in html
    assert "&lt;img src=x onerror" in html


def test_a_mark_that_turns_text_around_is_seen_on_the_page(made):
    html = made.page(title="A \u202etitle", descriptions=dict.fromkeys(made.labels, "\u2067x"))
    assert not {"\u202e", "\u2067"} & set(html)
    assert "A [U+202E]title" in html


def test_the_report_answers_first_and_holds_everything(made):
    html = made.page()
    summary = pd.read_csv(made.folder / "analysis/summary.csv").set_index("source").loc["all sources"]
    sentence = (
        f"Mean AUC drops by {summary['drop']:.2f} "
        f"(95% interval {summary['drop_low']:.2f} to {summary['drop_high']:.2f})"
    )
    assert sentence in html
    assert html.index("Mean AUC drops by") < html.index("<svg")
    for name in FIGURES:
        assert f'id="figure-{name}"' in html
    for name in TABLES:
        assert f'download="s-{name}.csv.gz"' in html
    assert not re.search(r'(?:src|href)="(?!data:|#)', html)
    assert len(set(re.findall(r'\bid="([^"]+)"', html))) == len(re.findall(r'\bid="([^"]+)"', html))


def test_downloads_are_the_tables(made):
    html = made.page()
    for name, entry in TABLES.items():
        encoded = re.search(rf'download="s-{name}.csv.gz" href="data:application/gzip;base64,([^"]+)"', html).group(1)
        offered = gzip.decompress(base64.b64decode(encoded)).decode().splitlines()
        written = (made.folder / entry.path).read_text().splitlines()
        part = re.search(rf'download="s-{name}.csv.gz"[^>]*>These ([\d,]+) of ([\d,]+) rows', html)
        rows = [int(number.replace(",", "")) for number in part.groups()] if part else [len(written) - 1] * 2
        assert [len(offered) - 1, len(written) - 1] == rows
        assert bool(part) == (rows[1] > 1_700)
        assert offered[0] == written[0]


def test_numbers_of_the_page_are_the_tables(made):
    """Twenty cells of the table, the matrix and the explorer show the same string."""
    html, svg = made.page(), texts(made.folder / "figures/auc_matrix.svg")
    cells = json.loads(re.search(r'id="cells">(.*?)</script>', html, re.DOTALL).group(1))
    pairs = pd.read_csv(made.folder / "analysis/transfer.csv")
    for row in pairs[pairs["auc"].notna()].itertuples():
        place = [0, cells["sources"].index(row.source), cells["targets"].index(row.target)]
        shown = next(cell for cell in cells["views"]["Mean of tasks"] if cell[:3] == place)
        assert f"{shown[7]:.3f}" == f"{row.auc:.3f}"
        assert f"{row.auc:.2f}" in svg
        assert f"<td>{row.auc:.3f}</td>" in html


def test_the_matrix_says_how_many_stand_behind_each_cell(made):
    html, svg = made.page(), texts(made.folder / "figures/auc_matrix.svg")
    cells = json.loads(re.search(r'id="cells">(.*?)</script>', html, re.DOTALL).group(1))
    table = pd.read_csv(made.folder / "analysis/performance.csv")
    table = table[(table["seed"] == "mean of trainings") & table["auc"].notna()]
    pairs = table.groupby(["source", "target"])
    assert len(pairs) > 10
    for (source, target), rows in pairs:
        place = [0, cells["sources"].index(source), cells["targets"].index(target)]
        shown = next(cell for cell in cells["views"]["Mean of tasks"] if cell[:3] == place)
        least, most = rows["positives"].min(), rows["positives"].max()
        positives = f"{least}" if least == most else f"{least} to {most}"
        assert shown[4:7] == [positives, rows["images"].max(), rows["patients"].max()]
        assert shown[15] == len(rows)
        assert f"n = {rows['images'].max()}" in svg
        assert f"{positives} pos." in svg


def test_counts_that_are_not_shown_are_not_worked_out_from_the_matrix():
    row = {"model": "m", "source": "a", "target": "b", "auc": 0.7, "images": 90, "patients": 80}
    rows = pd.DataFrame([row | {"task": "A", "positives": 9.0}, row | {"task": "B", "positives": float("nan")}])
    behind = behind_means(rows).loc["m", "a", "b"]
    assert behind[["images", "patients"]].tolist() == [90, 80]
    assert behind[["least", "most"]].isna().all()


def test_the_explorer_has_every_cell_and_every_measure(made):
    data = json.loads(re.search(r'id="cells">(.*?)</script>', made.page(), re.DOTALL).group(1))
    assert len(data["views"]) == 4
    assert all(len(cells) == 6 * 3 for cells in data["views"].values())
    assert list(data["measures"]) == ["auc", "drop", "lift", "error"]
    assert "NaN" not in json.dumps(data)
    table = pd.read_csv(made.folder / "analysis/performance.csv")
    row = table[(table["seed"] == "mean of trainings") & table["auc"].notna()].iloc[0]
    place = [0, data["sources"].index(row["source"]), data["targets"].index(row["target"])]
    cell = next(cell for cell in data["views"][row["task"]] if cell[:3] == place)
    assert cell[13] == pytest.approx(row["average_precision"] / (row["positives"] / row["images"]), abs=1e-4)


@pytest.mark.slow
def test_the_banner_is_there_for_phantoms_alone(undrawn):
    every = list(undrawn.labels)
    study = undrawn.draw(phantoms=every)
    assert 'class="banner"' not in study.page()
    html = study.page(phantoms=every)
    assert 'class="banner"' in html
    assert html.count("Phantoms, not patients.") > len(FIGURES)
    assert "synthetic demonstration" in html
    assert 'download="phantoms-s-transfer.csv.gz"' in html
    for path in svgs(study):
        assert "Phantoms, not patients: simulated images" in texts(path), path.name


@pytest.mark.slow
def test_a_report_without_numbers_says_so(empty):
    html = re.sub(r"base64,[A-Za-z0-9+/=%]+", "", empty.page())  # pictures may spell anything
    assert "Internal and external AUCs could not be compared" in html
    for wrong in (">nan<", ">None<", "NaN", ">undefined<"):
        assert wrong not in html


def test_a_study_says_which_analyses_it_lacks(made):
    html = made.page(figures=had(FIGURES, ()), tables=had(TABLES, ()))
    for words in MISSING.values():
        assert words.replace("'", "&#39;") in html
    assert 'id="agreement"' not in html
    whole = made.page()
    assert not any(words.replace("'", "&#39;") in whole for words in MISSING.values())


def test_equal_inputs_give_equal_pages(made):
    assert made.page() == made.page()


def test_sample_images_come_from_the_training_split(make_dataset, tmp_path):
    folder = make_dataset("north", images=40)
    (tmp_path / "manifests").mkdir()
    (folder / "manifest.parquet").rename(tmp_path / "manifests/north.parquet")
    settings = DrawFigure(datasets=("north",), shape="32px", tasks=("A", "B"), withheld=(), searched=(), size=32)
    chosen = samples.choose(tmp_path / "manifests", tmp_path / "datasets", settings)
    assert len(chosen) == 6
    assert all(url.startswith("data:image/jpeg") for url in chosen["url"])
    assert set(np.concatenate(chosen["findings"].to_numpy())) <= {"A", "B", "no finding"}
    assert set(chosen["split"]) == {"train"}
    path = tmp_path / "manifests/north.parquet"
    manifest.write(path, manifest.read(path).assign(split="test", A=0.0, B=np.nan), {})
    only_tested = samples.choose(tmp_path / "manifests", tmp_path / "datasets", settings)
    assert len(only_tested) == 6
    assert set(map(tuple, only_tested["findings"])) == {("no finding", "1 not labelled")}
    caption = samples.gallery(only_tested, settings).caption
    assert "north has none, so its test split is shown." in caption


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ({"A": 1, "B": 0}, ["A"]), ({"A": 0, "B": 0}, ["no finding"]), ({"A": np.nan, "B": np.nan}, ["not labelled"]),
        ({"A": 0, "B": np.nan}, ["no finding", "1 not labelled"]), ({"A": 1, "B": np.nan}, ["A"]),
        ({"A": 1, "B": 1, "C": 1, "D": 1}, ["A", "B", "and 2 more"]),
    ],
)  # fmt: skip
def test_an_unknown_label_is_no_finding_and_no_absence_of_one(labels, words):
    assert samples.caption_words(labels) == words


def test_a_sweep_at_many_pairs_shows_those_at_home_and_says_how_many_it_leaves_out():
    names = [f"h{i}" for i in range(8)]
    points = [
        {"sweep": "swept", "model": f"swept-{rate}", "setting": "learning_rate", "value": rate, "source": source,
         "target": target, "tasks": 3, "training_images": 50, "auc": 0.7, "auc_low": 0.6, "auc_high": 0.8}
        for source in names for target in names for rate in (0.001, 0.01)
    ]  # fmt: skip
    table = of_rows(points, Sweeps)
    choices = of_rows([], Choices)
    figure = sweeps.draw(table, choices, DrawFigure(seeds=(0,), resamples=100))
    drawn = json.dumps(figure.chart.to_dict())
    assert all(f"{name} to {name}" in drawn for name in names)
    assert len(re.findall(r"h\d to h\d", drawn)) == 16
    assert "48 further pairs are only in the table." in figure.caption
