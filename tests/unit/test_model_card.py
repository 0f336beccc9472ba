"""The model card of a made-up study: the numbers of its tables, in words and as Hugging Face reads them."""

import re
import shutil

import pandas as pd
import pytest
from huggingface_hub import ModelCard

from crossray.errors import UserError
from crossray.shell.model_card import card
from crossray.shell.trained import Facts


def facts(analysed, **changes):
    performance = pd.read_csv(analysed.folder / "analysis/performance.csv")
    first = performance.dropna(subset="auc").iloc[0]
    known = {
        "study": "made", "model": first["model"], "source": first["source"], "seed": int(analysed.seeds[0]),
        "datasets": (first["source"],), "tasks": tuple(analysed.tasks), "objective": "multilabel",
        "architecture": "resnet50", "size": 32, "channels": 1, "fit": "crop", "colour": "grey", "burnt_in": "reject",
        "sha256": "0" * 64,
    }  # fmt: skip
    return Facts(**known | changes)


def section(text, name):
    return text.split(f"## {name}\n")[1].split("\n## ")[0]


def test_a_card_has_every_auc_with_its_interval(analysed):
    own = facts(analysed)
    text = card(analysed.folder, own, 1e-6)
    performance = pd.read_csv(analysed.folder / "analysis/performance.csv", dtype={"seed": str})
    rows = performance[(performance["model"] == own.model) & (performance["source"] == own.source)
                       & (performance["seed"] == str(own.seed))]  # fmt: skip
    assert len(rows) > 3
    lines = [
        line.split(" | ") for line in section(text, "Performance").splitlines() if re.match(r"\| (in|ex)ternal", line)
    ]
    assert len(lines) == len(rows)
    for row, cells in zip(rows.itertuples(), lines, strict=True):
        assert cells[0] == ("| internal" if row.target == own.source else "| external")
        assert [cell.replace("\\", "") for cell in cells[1:3]] == [row.target, row.task]
        number = f"{row.auc:.2f}" if row.auc == row.auc else f"**{row.reason}**"
        assert cells[6].startswith(number)
        if row.auc == row.auc and row.auc_low <= 0.5:
            assert f"For {cells[2]} at {row.target}: it is not shown to be better than chance" in text


def test_a_linear_probe_is_told_with_the_network_that_it_keeps(analysed):
    trained = card(analysed.folder, facts(analysed), 1e-6)
    assert "linear probe" not in trained
    text = card(analysed.folder, facts(analysed, frozen="a file with the SHA-256 abc"), 1e-6)
    assert "A linear probe on frozen features of a resnet50 that rates chest radiographs" in text
    assert "Only the last layer was fitted; the weights below it are of" in text
    assert "a file with the SHA-256 abc" in text


def test_a_name_that_is_markup_is_shown_as_it_is(analysed):
    """The made-up study has a finding whose name is an image with a script."""
    text = card(analysed.folder, facts(analysed), 1e-6).split("\n---\n", 1)[1]
    before, block, after = re.split(r"```(?:yaml)?\n.*?```", text, flags=re.DOTALL)
    assert "<img src=x" in text
    assert all("\\<img src=x" in part and " <img" not in part for part in (before, after))
    assert "<" not in block


def test_hugging_face_reads_its_metadata(analysed):
    text = card(analysed.folder, facts(analysed), 1e-6)
    read = ModelCard(text)
    results = read.data.eval_results
    performance = pd.read_csv(analysed.folder / "analysis/performance.csv", dtype={"seed": str})
    assert {round(one.metric_value, 4) for one in results} <= {round(auc, 4) for auc in performance["auc"].dropna()}
    assert len(results) > 3
    assert all("95% interval" in one.metric_name for one in results)
    assert read.data.pipeline_tag == "image-classification"


def test_counts_that_are_not_shown_stay_so(analysed, tmp_path):
    shutil.copytree(analysed.folder, tmp_path / "made")
    path = tmp_path / "made/analysis/performance.csv"
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    table["positives"], table["negatives"] = "<5", "hidden"
    table.to_csv(path, index=False)
    lines = section(card(tmp_path / "made", facts(analysed), 0.0), "Performance").splitlines()
    rows = [line for line in lines if line.startswith("| internal")]
    assert rows
    assert all(" | \\<5 | hidden | " in line for line in rows)


def test_names_make_no_markup(analysed):
    own = facts(analysed, tasks=("Mass | [x](http://a)", "<b>"), study="made")
    text = card(analysed.folder, own, 1e-6)
    assert "Mass \\| \\[x\\](http://a)" in text
    assert "\\<b\\>" in text
    assert "<b>" not in text.split("```yaml")[0]


def test_a_study_that_was_not_evaluated_is_told(analysed, tmp_path):
    with pytest.raises(UserError, match=r"performance.csv: missing, and the model card is made of it; run the study"):
        card(tmp_path, facts(analysed), 1e-6)
