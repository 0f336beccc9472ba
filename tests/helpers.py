"""What tests share that is no fixture."""

from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parent.parent


def manifest_table(images, tasks, seed=0, patients=None):
    """Make a manifest of random labels, three images in five for training."""
    generator = np.random.default_rng(seed)
    numbers = np.arange(images)
    owners = numbers if patients is None else numbers % patients
    table = pd.DataFrame(
        {
            "image_id": [f"i{n}" for n in numbers],
            "patient_id": [f"p{n}" for n in owners],
            "study_id": [f"s{n}" for n in numbers],
            "path": [f"{n}.dcm" for n in numbers],
            "view": "PA",
            "sex": ["F", "M"] * (images // 2) + ["F"] * (images % 2),
            "age": 50.0,
            "split": np.array(["train", "train", "train", "validation", "test"])[owners % 5],
        }
    )
    for task in tasks:
        table[task] = generator.integers(0, 2, images).astype(float)
    return table
