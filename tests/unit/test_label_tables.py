"""Labels of the real tables: the paper's counts by policy `paper`, and torchxrayvision's labels image by image.

The tables are those inside the torchxrayvision package; they come without images.
"""

import importlib.util
from pathlib import Path

import pandas as pd
import pytest

from helpers import ROOT, dataset, read_images

SPEC = importlib.util.find_spec("torchxrayvision")
pytestmark = [
    pytest.mark.whole,
    pytest.mark.skipif(SPEC is None, reason="the package torchxrayvision, which holds the tables, is missing"),
]

PAPER = pd.read_csv(ROOT / "resources/cohen2020/tableA1_counts.csv")
#: the paper's name -> reader and tables
TABLES = {
    "NIH": ("nih", {"table": "Data_Entry_2017_v2020.csv.gz"}),
    "PC": ("padchest", {"table": "PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv.gz"}),
    "CheX": ("chexpert", {"table": "chexpert_train.csv.gz"}),
    "Google": ("nih_google", {"table": "google2019_nih-chest-xray-labels.csv.gz"}),
    "OpenI": ("openi", {"table": "NLMCXR_reports.tgz", "views_table": "nlmcxr_tsne_pa.csv.gz"}),
    "Kaggle": ("rsna", {"table": "kaggle_stage_2_train_labels.csv.zip"}),
}
#: what the version of 2020 of the NIH's table gives, the only one at hand; the paper used that of 2017
NIH_2020 = {
    "Atelectasis": 1665, "Cardiomegaly": 777, "Consolidation": 436, "Edema": 78, "Effusion": 1240, "Emphysema": 266,
    "Fibrosis": 566, "Hernia": 81, "Infiltration": 3451, "Mass": 1284, "Nodule": 1670, "Pleural_Thickening": 754,
    "Pneumonia": 174, "Pneumothorax": 252,
}  # fmt: skip


def read(name, root, **settings):
    reader, tables = TABLES[name]
    folder = Path(SPEC.origin).parent / "data"
    settings |= {key: str(folder / file) for key, file in tables.items()}
    settings = dataset(reader, root=str(root), max_missing=1, **settings)
    return read_images(settings, name).table


@pytest.mark.parametrize("name", ["PC", "CheX", "Google", "OpenI", "Kaggle"])
def test_policy_paper_gives_the_counts_of_table_a1(tmp_path, name):
    table = read(name, tmp_path, policy="paper")
    expected = PAPER[PAPER["dataset"] == name].set_index("task")
    assert len(expected) == {"PC": 15, "CheX": 11, "Google": 3, "OpenI": 16, "Kaggle": 2}[name]
    found = {task: ((table[task] == 1).sum(), (table[task] == 0).sum()) for task in expected.index}
    assert found == {task: (row["positive"], row["negative"]) for task, row in expected.iterrows()}


def test_the_nihs_counts_differ_only_as_its_newer_table_does(tmp_path):
    table = read("NIH", tmp_path, policy="paper")
    assert len(table) == 30805
    assert {task: (table[task] == 1).sum() for task in NIH_2020} == NIH_2020
    assert set(PAPER[PAPER["dataset"] == "NIH"]["task"]) == set(NIH_2020)


def test_the_default_policy_mixes_no_images(tmp_path):
    """One image a patient, CheXpert: the true first images have fewer labels than the original's mixture."""
    table = read("CheX", tmp_path, images_per_patient="first")
    effusion = table["Effusion"]
    assert (int((effusion == 1).sum()), int((effusion == 0).sum())) == (17827, 19173)


def test_every_difference_to_torchxrayvision_has_its_reason(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    import label_comparison

    assert label_comparison.PAGE.read_text(encoding="utf-8") == label_comparison.page()
