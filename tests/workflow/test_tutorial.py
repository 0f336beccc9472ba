"""The commands of docs/tutorial.md, as they stand there, on made films in the layout of its two releases."""

import os
import re
import subprocess
import zipfile
from io import BytesIO

import numpy as np
import pandas as pd
import PIL.Image
import pytest

from helpers import ROOT
from workflow_helpers import same_key, server

PAGE = (ROOT / "docs/tutorial.md").read_text(encoding="utf-8")
STUDY = "config/studies/children-adults.yaml"
#: all of the page but the installation, which this test stands in
COMMANDS = [block for block in re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL) if "make install" not in block]


def film(seed, abnormal, kind):
    """Return a made film of noise, brighter where it is abnormal, as the bytes of a file."""
    pixels = np.random.default_rng(seed).integers(0, 160 + 90 * abnormal, (40, 48), dtype=np.uint8)
    PIL.Image.fromarray(pixels).save(file := BytesIO(), kind)
    return file.getvalue()


def guangzhou(path, train=30, test=15):
    """Write a zip in the layout of ChestXRay2017.zip, with what a Mac leaves in an archive."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("chest_xray/.DS_Store", b"")
        archive.writestr("__MACOSX/chest_xray/train/._NORMAL", b"")
        for seed in range(2 * (train + test)):
            number, abnormal = divmod(seed, 2)
            split = "train" if number < train else "test"
            kind = ("bacteria", "virus")[number % 2]
            normal = f"{'NORMAL2-' * (number % 2)}IM-{number:04d}-0001.jpeg"
            name = f"PNEUMONIA/person{number}_{kind}_{seed}.jpeg" if abnormal else f"NORMAL/{normal}"
            archive.writestr(f"chest_xray/{split}/{name}", film(seed, abnormal, "jpeg"))
        # a number that is in train too, and a film that is in train too, under another name
        archive.writestr("chest_xray/test/PNEUMONIA/person3_virus_900.jpeg", film(900, 1, "jpeg"))
        archive.writestr("chest_xray/test/PNEUMONIA/person800_virus_901.jpeg", film(11, 1, "jpeg"))


def shenzhen(path, films=80):
    """Write a zip in the layout of ChinaSet_AllFiles.zip."""
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(1, films + 1):
            name = f"CHNCXR_{number:04d}_{number % 2}"
            archive.writestr(f"ChinaSet_AllFiles/CXR_png/{name}.png", film(1000 + number, number % 2, "png"))
            archive.writestr(f"ChinaSet_AllFiles/ClinicalReadings/{name}.txt", "male 45yrs\nnormal\n")
        archive.writestr("ChinaSet_AllFiles/CXR_png/Thumbs.db", b"")


def test_the_study_on_the_page_is_the_one_that_the_commands_run():
    shown = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL).group(1)
    text = (ROOT / STUDY).read_text(encoding="utf-8")
    assert "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#")) == shown


@pytest.mark.workflow
@pytest.mark.whole
def test_the_commands_lead_from_the_files_as_downloaded_to_an_answer(checkout):
    same_key(checkout.folder)
    guangzhou(checkout.folder / "ChestXRay2017.zip")
    shenzhen(checkout.folder / "ChinaSet_AllFiles.zip")
    checkout.change(STUDY, "size: 64", "size: 32")
    checkout.change(STUDY, "epochs: 12", "epochs: 2")
    unpack, run = COMMANDS
    assert unpack.count("\n") == run.count("\n") == 2
    environment = os.environ | {"PATH": f"{server().python.parent}:{os.environ['PATH']}"}
    told = ""
    for block in (unpack, run):
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block],
            cwd=checkout.folder, env=environment, capture_output=True, text=True,
        )  # fmt: skip
        told += done.stdout + done.stderr
        assert done.returncode == 0, told[-6000:]
    assert "No problems found: the study can run." in told
    assert "Is it the images or the labels?" in told
    assert "Primary: resnet18, guangzhou (internal) minus shenzhen (external)" in told
    cells = pd.read_csv(checkout.folder / "results/children-adults/analysis/performance.csv")
    assert len(cells) == 4
    assert cells["auc"].notna().all()
    manifest = pd.read_parquet(checkout.folder / "results/children-adults/manifests/guangzhou.parquet")
    split = manifest.set_index("patient_id")["split"]
    assert len(split) == split.index.nunique() == 92
    assert split["train/PNEUMONIA/person5"] == split["test/PNEUMONIA/person800"]  # the same film, so the same child
    assert split["train/PNEUMONIA/person3"] != "test" == split["test/PNEUMONIA/person3"]
    assert (checkout.folder / "results/children-adults/report.html").is_file()
