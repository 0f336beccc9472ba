"""Real radiographs through the generic reader, a small version of config/studies/open-xrays.yaml."""

import pandas as pd
import pytest
import yaml

from helpers import ROOT

pytestmark = [pytest.mark.workflow, pytest.mark.whole]

STUDY = ROOT / "config/studies/open-xrays.yaml"
FOLDERS = {name: ROOT / dataset["root"] for name, dataset in yaml.safe_load(STUDY.read_text())["datasets"].items()}


@pytest.mark.skipif(
    not all(folder.is_dir() for folder in FOLDERS.values()),
    reason=f"the open radiographs are not at {', '.join(str(dataset) for dataset in FOLDERS.values())}",
)
def test_cells_without_a_partner_stay_empty_with_their_reason(checkout, tmp_path):
    study = yaml.safe_load(STUDY.read_text())
    for name, dataset in study["datasets"].items():
        labels = pd.read_csv(FOLDERS[name] / dataset["table"], dtype=str)
        labels.groupby("patient_id").head(2).iloc[::3].head(150).to_csv(tmp_path / f"{name}.csv", index=False)
        dataset |= {"root": str(FOLDERS[name].resolve()), "table": str(tmp_path / f"{name}.csv")}
    study |= {
        "models": {"small": {"architecture": "resnet18"}}, "images": {"size": 32},
        "training": {"epochs": 1, "batch_size": 16}, "evaluation": {"minimum": 3, "resamples": 100},
    }  # fmt: skip
    checkout.write("open-xrays.yaml", yaml.safe_dump(study))
    checkout.snakemake(study="open-xrays.yaml")

    cells = pd.read_csv(checkout.folder / "results/open-xrays/analysis/performance.csv")
    assert (cells["auc"].isna() == cells["reason"].notna()).all()
    reason = cells.set_index(["source", "target", "task"])["reason"]
    auc = cells.set_index(["source", "target", "task"])["auc"]
    for source, target in [("nih", "kermany"), ("kermany", "nih"), ("nih", "nih"), ("kermany", "kermany")]:
        assert auc[(source, target, "Abnormal")] > 0
    for task in set(study["tasks"]) - {"Abnormal", "Pneumonia"}:
        assert reason[("nih", "kermany", task)] == reason[("kermany", "kermany", task)] == "L"
        assert reason[("kermany", "nih", task)] == "M"
    for path in (checkout.folder / "results").rglob("*"):
        if path.is_file():
            assert b"TEST^" not in path.read_bytes(), path
    assert 'class="banner"' not in (checkout.folder / "results/open-xrays/report.html").read_text()
