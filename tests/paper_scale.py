"""A study of the paper's size, made up from its published matrix of AUCs."""

import pandas as pd

from helpers import ROOT
from made_study import Made

PUBLISHED = ROOT / "resources/cohen2020"
COHORTS = {"NIH": "nih", "Google": "nih", "Kaggle": "nih", "MIMIC_CH": "mimic", "MIMIC_NB": "mimic"}


def paper_scale(folder, images=250, seeds=(0,)):
    """Return a study whose true AUCs are the paper's 416 cells, of which all but causes and maps is analysed."""
    cells = pd.read_csv(PUBLISHED / "fig1_auc.csv")
    cells["source"] = cells["source"].replace({"All": "all"})
    tasks = list(dict.fromkeys(cells["task"]))
    targets = list(dict.fromkeys(cells["target"]))
    labels = {target: [t for t in tasks if ((cells["target"] == target) & (cells["task"] == t)).any()]
              for target in targets}  # fmt: skip
    aucs = {(row.source, row.target, row.task): row.auc for row in cells.itertuples()}
    sources = [source for source in dict.fromkeys(cells["source"]) if source != "all"]
    pooled = ["all", "all-but-NIH", "all-but-PC", "all-but-CheX", "all-but-MIMIC_CH"]
    names = {target: target for target in targets}
    return Made(folder, labels, sources + pooled, aucs, tasks, seeds, images, cohorts=COHORTS, paper=names,
                explained=False)  # fmt: skip
