"""Compare labels with torchxrayvision's, image by image, and write docs/label-comparison.md.

Both read the label tables that the torchxrayvision package holds. Ours are of the default policy with every view.
"""

import functools
import importlib
import importlib.util
import logging
import sys
import tempfile
import types
import unittest.mock
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

from crossray.datasets import find_reader  # noqa: E402
from crossray.datasets.configured import with_policy  # noqa: E402
from crossray.planning import study_of  # noqa: E402

ANY = ""
PAGE = ROOT / "docs" / "label-comparison.md"

#: data set -> reader, its table in the package, their class, and their column with the image's name
COMPARED = {
    "nih": ("Data_Entry_2017_v2020.csv.gz", "NIH_Dataset", "Image Index"),
    "nih_google": ("google2019_nih-chest-xray-labels.csv.gz", "NIH_Google_Dataset", "Image Index"),
    "rsna": ("kaggle_stage_2_train_labels.csv.zip", "RSNA_Pneumonia_Dataset", "patientId"),
    "siim": ("siim-pneumothorax-train-rle.csv.gz", "SIIM_Pneumothorax_Dataset", "ImageId"),
    "padchest": ("PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv.gz", "PC_Dataset", "ImageID"),
    "chexpert": ("chexpert_train.csv.gz", "CheX_Dataset", "Path"),
    "openi": ("NLMCXR_reports.tgz", "Openi_Dataset", "imageid"),
    "vindr": ("vinbigdata-train.csv.gz", "VinDr_Dataset", "image_id"),
}

#: their names of tasks that are ours under another
NAMES = {"Pulmonary Fibrosis": "Fibrosis", "Aortic enlargement": "Aortic Enlargement"}

#: (data set, task or any, how) -> why they differ; a difference without a reason here makes the program fail
_UNCHANGED = "the report is to be left out, the film is bad, only changes are named, or no finding is listed at all"
_MAJORITY = "theirs: any of the three radiologists; ours: two of them (agreement)"
REASONS = {
    ("padchest", ANY, "we unknown, they 0"): _UNCHANGED,
    ("padchest", "Infiltration", "we 1, they 0"): "miliary opacities are below infiltrates in PadChest's tree",
    ("padchest", "Emphysema", "we 0, they 1"): "subcutaneous emphysema is not in the lung",
    ("padchest", "Emphysema", "we unknown, they 1"): "subcutaneous emphysema, in a report that is otherwise unknown",
    ("padchest", "Effusion", "we 1, they 0"): "loculated fissural effusion and hydropneumothorax hold pleural fluid",
    ("padchest", "Effusion", "we 0, they 1"): "pericardial effusion is not pleural",
    ("padchest", "Effusion", "we unknown, they 1"): "pericardial effusion, in a report that is otherwise unknown",
    ("padchest", "Nodule", "we 0, they 1"): "a pseudonodule is no nodule",
    ("padchest", "Nodule", "we unknown, they 1"): "a pseudonodule, in a report that is otherwise unknown",
    ("padchest", "Mass", "we 0, they 1"): "mediastinal, pleural, breast and soft tissue masses are not in the lung",
    ("padchest", "Mass", "we unknown, they 1"): "such a mass, in a report that is otherwise unknown",
    ("padchest", "Aortic Elongation", "we 0, they 1"): "supra aortic elongation is of the arteries above the arch",
    ("padchest", "Aortic Elongation", "we unknown, they 1"): "the same, in a report that is otherwise unknown",
    ("padchest", "Hilar Enlargement", "we 0, they 1"): "calcified adenopathy is a scar, not an enlargement",
    ("padchest", "Hilar Enlargement", "we unknown, they 1"): "the same, in a report that is otherwise unknown",
    ("padchest", "Tuberculosis", "we 0, they 1"): "tuberculosis sequelae are past, not tuberculosis",
    ("padchest", "Tuberculosis", "we unknown, they 1"): "the same, in a report that is otherwise unknown",
    ("openi", "Cardiomegaly", "we 1, they 0"): "an enlarged heart",
    ("openi", "Effusion", "we 1, they 0"): "pleural fluid",
    ("openi", "Effusion", "we 0, they 1"): "pericardial effusion is not pleural",
    ("openi", "Emphysema", "we 0, they 1"): "subcutaneous emphysema is not in the lung",
    ("openi", "Fibrosis", "we 1, they 0"): "fibroses, the plural",
    ("openi", "Fibrosis", "we 0, they 1"): "cystic fibrosis is another disease",
    ("openi", "Mass", "we 0, they 1"): "mediastinal, paratracheal and thyroid masses are not in the lung",
    ("openi", "Granuloma", "we 0, they 1"): "a granulomatous disease or infection names no granuloma",
    ("vindr", ANY, "we 0, they 1"): _MAJORITY,
}


@functools.cache
def tables() -> Path:
    """Return the folder of label tables in the installed package."""
    spec = importlib.util.find_spec("torchxrayvision")
    if spec is None or spec.origin is None:
        raise SystemExit("torchxrayvision is not installed: make install")
    return Path(spec.origin).parent / "data"


def theirs(name: str) -> pd.DataFrame:
    """Return their labels of every image, by the image's name."""
    module = _datasets_module()
    _, class_name, column = COMPARED[name]
    arguments: dict[str, Any] = {"imgpath": tempfile.gettempdir()}
    if name not in ("siim", "vindr", "rsna"):
        arguments["unique_patients"] = False
    if name not in ("siim", "vindr"):
        arguments["views"] = ["*"]
    dataset = getattr(module, class_name)(**arguments)
    index = dataset.csv[column].astype(str)
    index = index.str.replace("CheXpert-v1.0-small/", "").str.replace(r"\.(png|jpg)$", "", regex=True)
    labels = pd.DataFrame(dataset.labels, columns=[NAMES.get(task, task) for task in dataset.pathologies], index=index)
    return labels[~labels.index.duplicated()]


def _datasets_module() -> types.ModuleType:
    """Import their module of data sets; the packages for reading images, which labels do not need, may be missing."""
    for unused in ("skimage", "skimage.io", "skimage.transform", "skimage.color", "imageio"):
        sys.modules.setdefault(unused, unittest.mock.MagicMock())
    package = types.ModuleType("torchxrayvision")
    package.__path__ = [str(tables().parent)]
    sys.modules["torchxrayvision"] = package
    return importlib.import_module("torchxrayvision.datasets")


def ours(name: str) -> pd.DataFrame:
    """Return our labels of every image, by the image's name."""
    with tempfile.TemporaryDirectory() as folder:
        block = {"reader": name, "root": folder, "table": str(tables() / COMPARED[name][0]), "max_missing": 1}
        study = {"study": "labels", "tasks": ["any"], "datasets": {name: block | {"views": ["ANY"]}}}
        settings = study_of(study).datasets[name]
        reader = find_reader(name)
        table = reader.read(reader.locate(name, settings), with_policy(name, settings)).table
    fixed = ["patient_id", "study_id", "path", "view", "sex", "age"]
    return table.drop(columns=fixed).set_index("image_id")


def differences(name: str) -> Iterator[tuple[str, int, dict[str, int]]]:
    """Yield for each task that both have: its name, the images compared, and how many differ in which way."""
    left, right = ours(name), theirs(name)
    common = left.index.intersection(right.index)
    for task in [task for task in left if task in right]:
        mine, other = left.loc[common, task].to_numpy(), right.loc[common, task].to_numpy()
        counts = {
            f"we {_WORDS[a]}, they {_WORDS[b]}": int((_is(mine, a) & _is(other, b)).sum())
            for a in _WORDS
            for b in _WORDS
            if a != b
        }
        yield task, len(common), {how: count for how, count in counts.items() if count}


_WORDS = {1: "1", 0: "0", None: "unknown"}


def _is(values: np.ndarray, label: int | None) -> np.ndarray:
    return np.isnan(values) if label is None else values == label


def page() -> str:
    """Return the page, in Markdown.

    Raises:
        KeyError: if labels differ for a reason that is not in :data:`REASONS`.
    """
    lines, summary = [], ["| data set | images | tasks | labels compared | equal |", "|---|---|---|---|---|"]
    for name in COMPARED:
        images = tasks = differing = 0
        for task, images, counts in differences(name):  # noqa: B007  # the same number for every task
            tasks += 1
            for how, count in counts.items():
                reason = REASONS.get((name, task, how)) or REASONS[name, ANY, how]
                lines.append(f"| {name} | {task} | {how} | {count:,} | {reason} |")
                differing += count
        labels = images * tasks
        summary.append(f"| {name} | {images:,} | {tasks} | {labels:,} | {labels - differing:,} |")
    details = ["| data set | task | how | images | why |", "|---|---|---|---|---|", *lines]
    return "\n".join([*HEAD, *summary, "", "## Every difference", "", *details, ""])


HEAD = [
    "# Labels compared with torchxrayvision's, image by image",
    "",
    "Written by `docs/label_comparison.py` from the label tables in the package torchxrayvision 1.5.7, with every view",
    "and all images of a patient. PadChest: 2,245 images have no counterpart, as that library leaves out unlabelled",
    "reports, children and files that it knows to be broken; they are not compared.",
    "",
]


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    PAGE.write_text(page(), encoding="utf-8")
