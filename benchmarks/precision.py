"""What bfloat16 changes: AUCs of one model, predicted in bfloat16 and in float32, on phantoms of two hospitals.

The hospitals are the first two of the default study, smaller; the ResNet50 is trained on the first, for a few epochs,
in the precision that this machine takes. Where the processor has no bfloat16 it is emulated: slower, the same numbers.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd
import stored
import torch
import yaml
from measuring import ROOT, Row

from crossray import manifest
from crossray.datasets.conversion import convert
from crossray.datasets.hospital import write_release
from crossray.datasets.indexing import index
from crossray.files import write_json
from crossray.learning import prediction
from crossray.learning.batches import Examples
from crossray.learning.models import Network, build_model
from crossray.learning.source import load_source
from crossray.learning.training import train
from crossray.planning import study_of
from crossray.shards import ImageStore, with_rows
from crossray.statistics import auc
from crossray.study.base import taken
from crossray.study.config import Study
from crossray.study.hospital import Hospital
from crossray.study.stage_settings.data import convert_shard, index_shards
from crossray.study.stages.inference import Inference
from crossray.study.training import TrainingRun

IMAGES = 2000
EPOCHS = 6


def measure(folder: Path) -> Iterator[Row]:
    """Train once, predict both hospitals in both precisions, compare the AUC of every task."""
    written = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    study = study_of(written)
    places = {name: _hospital(name, study, folder / name) for name in ("north", "south")}
    source = load_source([places["north"][0]], [places["north"][1]], stored.learning(study.tasks))
    network = build_model("resnet50", len(source.tasks), study.images.size)
    settings = taken(TrainingRun, study.training, epochs=EPOCHS, architecture="resnet50", tasks=study.tasks)
    best = train(
        network, source.tasks, source.training, source.validation, settings, folder / "work", torch.device("cpu"),
        folder / "log",
    )  # fmt: skip
    network.body.load_state_dict(best.best)
    moved: list[float] = []
    differences: list[float] = []
    for written_manifest, indexed in places.values():
        store = ImageStore(indexed)
        rows = with_rows(manifest.read(written_manifest), store, "test")
        fast, full = (_logits(network, store, rows, len(source.tasks), kind) for kind in ("bf16-mixed", "32-true"))
        moved.append(float(np.abs(fast - full).mean() / full.std()))
        for number, task in enumerate(source.tasks):
            truth = rows[task].to_numpy()
            differences.append(abs(auc(truth, fast[:, number]) - auc(truth, full[:, number])))
    yield Row("bfloat16, change of a logit", "CrossRay", moved, "standard deviations")
    yield Row("bfloat16, change of an AUC", "CrossRay", differences, "AUC")


def _hospital(name: str, study: Study, folder: Path) -> tuple[Path, Path]:
    """Render a hospital, convert it; return its manifest and its index."""
    labels, *_ = write_release(name, taken(Hospital, study.datasets[name], images=IMAGES), folder / "dicom")
    conversion = convert_shard(study.datasets[name], f"{study.images.size}px", 1)
    listing = replace(index_shards(study.datasets[name], f"{study.images.size}px"), max_rejected=0)
    shard = folder / "made/shards/0000.h5"
    rejected = convert(labels.assign(file=labels["path"]), folder / "dicom", name, conversion, shard)
    write_json(folder / "made/index.json", index([shard], rejected, name, listing))
    patients = pd.factorize(labels["patient_id"])[0]
    split = np.where(patients % 10 < 5, "train", np.where(patients % 10 < 6, "validation", "test"))
    columns = ["image_id", "patient_id", "study_id", "path", "view", "sex", "age"]
    numbers = {name: labels[name].astype(float) for name in ["age", *study.tasks]}
    table = labels[columns].assign(split=split, **numbers)
    manifest.write(folder / "manifest.parquet", table, {})
    return folder / "manifest.parquet", folder / "made/index.json"


def _logits(network: Network, store: ImageStore, rows: pd.DataFrame, tasks: int, kind: str) -> np.ndarray:
    examples = Examples(store, rows["row"].to_numpy(), np.empty((len(rows), tasks), np.float32))
    with patch.object(prediction, "precision", lambda *_: kind):
        return prediction.predict_logits(
            network, examples, Inference(batch_size=64, precision="fastest"), torch.device("cpu")
        )
