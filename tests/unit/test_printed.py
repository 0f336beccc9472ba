"""Tables for print have the numbers of the study's tables, with what is withheld there, in three forms that agree."""

import csv
import html
import re
import shutil

import pandas as pd
import pytest

from crossray.manuscript.printed import PRINTED, write_printed
from crossray.manuscript.study_results import StudyResults
from crossray.texts import from_cell
from helpers import ROOT

KINDS = ("csv", "html", "tex")


@pytest.fixture(scope="module")
def printed(analysed, tmp_path_factory):
    """Return the folder of tables for print of the small study, of which one count is small, and its tables."""
    folder = tmp_path_factory.mktemp("printed")
    shutil.copytree(analysed.folder / "analysis", folder / "analysis")
    labels = pd.read_csv(folder / "analysis/labels.csv", dtype=str)
    place = labels.index[labels["split"] == "test"][0]
    labels.loc[place, ["positives", "negatives", "positive_patients"]] = ["<5", "hidden", "<5"]
    labels.loc[place, ["prevalence", "prevalence_low", "prevalence_high"]] = None
    labels.to_csv(folder / "analysis/labels.csv", index=False)
    names = write_printed(StudyResults(folder, analysed.folder / "datasets", analysed.for_page()), folder / "print")
    assert sorted(names) == sorted(path.name for path in (folder / "print").iterdir())
    return folder


def rows_of(folder, name):
    with (folder / f"print/{name}.csv").open() as file:
        return [{name: from_cell(cell) for name, cell in row.items()} for row in csv.DictReader(file)]


def test_the_workflow_and_the_library_name_the_same_tables():
    rules = (ROOT / "workflow/rules/common.smk").read_text()
    assert f"PRINTED = {tuple(PRINTED)!r}".replace("'", '"') in rules
    assert f"PRINTED_KINDS = {KINDS!r}".replace("'", '"') in rules


def test_patients_and_images_are_those_of_every_data_set_finding_and_split(printed):
    labels = pd.read_csv(printed / "analysis/labels.csv", dtype=str).fillna("-")
    shown = {(row["data set"], row["finding"]): row for row in rows_of(printed, "labels")}
    parts = labels[labels["split"] != "all"]
    assert len(shown) * 3 == len(parts)
    for row in parts.itertuples():
        split = {"train": "training"}.get(row.split, row.split)
        cells = shown[row.dataset, row.task]
        assert cells[f"{split}: patients"] == f"{row.patients} ({row.positive_patients})"
        counts = [cells[f"{split}: {word}"] for word in ("positive", "negative", "unlabelled")]
        assert counts == [row.positives, row.negatives, row.unknown]
    assert "<5" in (printed / "print/labels.csv").read_text()


def test_positives_are_those_of_the_labels_and_a_finding_that_nobody_looked_for_is_not_labelled(printed):
    labels = pd.read_csv(printed / "analysis/labels.csv", dtype=str)
    shown = {(row["data set"], row["value"]): row for row in rows_of(printed, "datasets")
             if row["characteristic"] == "positive"}  # fmt: skip
    heads = {"all": "all", "train": "training", "validation": "validation", "test": "test"}
    told = {(row.dataset, row.task, row.split): shown[row.dataset, row.task][heads[row.split]]
            for row in labels.itertuples() if heads[row.split] in shown[row.dataset, row.task]}  # fmt: skip
    nowhere = labels[labels["patients"] == "0"]
    assert len(nowhere)
    for row in labels.itertuples():
        counts = "not labelled" if row.patients == "0" else f"{row.positives} ({row.positive_patients})"
        assert told[row.dataset, row.task, row.split] in (counts, "<5")


def test_the_matrix_has_every_pair_with_its_interval_and_drop(printed):
    pairs = pd.read_csv(printed / "analysis/transfer.csv")
    shown = {(row["model"], row["trained on"], row[""]): row for row in rows_of(printed, "transfer")}
    assert len(shown) == 2 * len(pairs[["model", "source"]].drop_duplicates())
    for row in pairs.to_dict("records"):
        auc, drop = (shown[row["model"], row["source"], measure][row["target"]] for measure in ("AUC", "drop"))
        limits = f"{row['auc_low']:.2f} to {row['auc_high']:.2f}"
        assert auc == (row["reason"] if pd.isna(row["auc"]) else f"{row['auc']:.2f} ({limits})")
        if row["source"] == row["target"]:
            assert drop == "internal"
        elif not pd.isna(row["drop"]):
            assert abs(float(drop.split()[0]) - row["drop"]) <= 0.0051
        else:
            assert drop in ("", "at chance")


def test_operating_points_name_their_thresholds_and_what_they_rest_on(printed):
    points = pd.read_csv(printed / "analysis/operating_points.csv")
    carried = points[(points["rule"] == "youden") & (points["chosen_on"] == "source's validation split")]
    shown = rows_of(printed, "operating_points")
    assert len(shown) == carried["sensitivity"].notna().sum() > 10
    single = [row for row in shown if row["finding"] != "mean of tasks"]
    assert all(re.fullmatch(r"\d+ of \d+", row["positive"]) for row in single)
    assert all(re.fullmatch(r"-?\d+\.\d\d", row["threshold"]) for row in single)
    assert all(re.fullmatch(r"\d\.\d\d \(\d\.\d\d to \d\.\d\d\)", row["specificity"]) for row in shown)


@pytest.mark.parametrize("name", PRINTED)
def test_the_three_forms_say_the_same(printed, name):
    wanted = [cell for row in rows_of(printed, name) for cell in list(row.values())[3:] if cell]
    latex = (printed / f"print/{name}.tex").read_text()
    page = (printed / f"print/{name}.html").read_text()
    body = latex.split("\\endlastfoot")[1].split("\\end{longtable}")[0]
    said = re.sub(r"\\multirow\[c\]\{\d+\}\{\*\}\{(.*?)\} &", r"\1 &", body).replace(r"\textless ", "<")
    cells = [cell.strip() for line in said.strip().split("\\\\") for cell in line.split(" & ")]
    assert all(cell in cells for cell in wanted)
    texts = [html.unescape(re.sub("<[^>]*>", "", text)).strip() for text in re.findall("<t[dh][^>]*>.*?</t[dh]>", page)]
    assert all(cell in texts for cell in wanted)
    assert latex.count("\\toprule") == 2  # of the first page and of those that follow
    columns = len(re.search(r"\\begin\{longtable\}\{([lr]+)\}", latex)[1])
    lines = [line for line in body.splitlines() if line.endswith(r"\\")]
    assert lines
    assert {len(re.split(r"(?<!\\)&", line)) for line in lines} == {columns}
    assert not re.search(r"\bnan\b|None|<NA>|\d\.0\b", "\n".join(wanted))


def test_tables_written_again_are_the_same(printed, analysed, tmp_path):
    write_printed(StudyResults(printed, analysed.folder / "datasets", analysed.for_page()), tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        path.name: path.read_bytes() for path in (printed / "print").iterdir()
    }
