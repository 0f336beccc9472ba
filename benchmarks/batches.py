"""Shuffled batches of 64 images of 224 px to tensors, beside torchxrayvision's data set class on 1024 px PNG.

CrossRay reads shards with one process. torchxrayvision reads PNG files with a worker for each core, and crops, resizes
and augments as its training script does; CrossRay augments on the device, which counts as training.
"""

import importlib.util
import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import cv2
import films
import numpy as np
import stored
from measuring import Row, interleaved, missing

from crossray.learning.batches import training_batches
from crossray.learning.source import load_source

SIZE = 224
BATCH = 64
IMAGES = 8192
REPETITIONS = 5
PNG_SIDE = 1024


def measure(folder: Path) -> Iterator[Row]:
    """Time an epoch of CrossRay's batches and two batches of torchxrayvision's."""
    tasks = ["Effusion", "Nodule"]
    written, index = stored.write_dataset(folder / "made", IMAGES, SIZE, tasks)
    training = load_source([written], [index], stored.learning(tasks)).training
    loader = training_batches(training, BATCH, "images", 0)
    contenders = {"CrossRay": lambda: [images.shape for images, *_ in loader]}
    counts = {"CrossRay": len(loader) * BATCH}
    if not missing("torchxrayvision", "skimage", "imageio"):
        peer = _torchxrayvision(folder / "png")
        contenders["torchxrayvision"] = lambda: [batch["img"].shape for batch in itertools.islice(peer, 2)]
        counts["torchxrayvision"] = 2 * BATCH
    yield from interleaved("shuffled batches", contenders, REPETITIONS, counts)


def _torchxrayvision(folder: Path) -> object:
    """Return torchxrayvision's loader of its table's first images, made up, with the transforms of its script."""
    import pandas as pd
    import torch
    import torchvision
    from torchxrayvision import datasets

    folder.mkdir()
    places = importlib.util.find_spec("torchxrayvision").submodule_search_locations
    table = pd.read_csv(Path(places[0]) / "data/Data_Entry_2017_v2020.csv.gz", nrows=20 * BATCH)
    table = table[table["View Position"] == "PA"].groupby("Patient ID").head(1).head(2 * BATCH)
    table.to_csv(folder / "table.csv", index=False)
    for number, name in enumerate(table["Image Index"]):
        cv2.imwrite(str(folder / name), (films.film(8, PNG_SIDE, PNG_SIDE, number)).astype(np.uint8))
    crop, resize = datasets.XRayCenterCrop(), datasets.XRayResizer(SIZE)
    affine = torchvision.transforms.RandomAffine(45, (0.15, 0.15), (0.85, 1.15))
    steps = [datasets.ToPILImage(), affine, torchvision.transforms.ToTensor()]
    dataset = datasets.NIH_Dataset(
        str(folder), str(folder / "table.csv"), views=["PA"], transform=torchvision.transforms.Compose([crop, resize]),
        data_aug=torchvision.transforms.Compose(steps),
    )  # fmt: skip
    return torch.utils.data.DataLoader(dataset, batch_size=BATCH, shuffle=True, num_workers=os.cpu_count() or 1)
