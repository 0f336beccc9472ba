"""A hospital that sends a bundle, the coordinator, and the pooled study that nobody could run: the same numbers."""

import contextlib
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from crossray import manifest, tables
from crossray.datasets.bundles import invitation, sealing
from crossray.figures.registry import TABLES, had
from crossray.planning import plan_of
from crossray.pseudonyms import pseudonym
from crossray.tables.lookup import Lookup
from helpers import ROOT, dicom_file
from workflow_helpers import Checkout, copy_workflow, same_key

pytestmark = [pytest.mark.workflow, pytest.mark.whole]

TASKS = ("Effusion", "Nodule")
#: in every name, identifier and file of the site
MARK = "Zxqwville"
IMAGES = 120


def hospital(folder, seed, mark):
    """Write a hospital of tiny DICOM files and its table, some patients with two images; the mark is in every name."""
    generator = np.random.default_rng(seed)
    rows = []
    for number in range(IMAGES):
        patient = number if number % 3 else number // 2
        labels = {task: int(generator.random() < 0.4) for task in TASKS}
        pixels = generator.integers(0, 160, (48, 48)).astype(np.uint8)
        for place, task in enumerate(TASKS):
            pixels[8 + 16 * place : 24 + 16 * place] += np.uint8(40 * labels[task])
        name = f"{mark}_{seed}_{number}.dcm"
        dicom_file(folder / "dicom" / name, pixels, PatientName=f"{mark}^P{number}", PatientID=f"{mark}{patient}",
                   AccessionNumber=f"{mark}{number}")  # fmt: skip
        facts = {"image_id": f"{mark}i{number}", "patient_id": f"{mark}p{patient}", "study_id": f"{mark}s{number // 2}"}
        facts |= {"path": f"dicom/{name}", "view": "PA", "sex": "FM"[patient % 2], "age": 20 + patient % 60}
        rows.append(facts | labels | {"ward": "AB"[patient % 4 // 2]})
    table = pd.DataFrame(rows)
    table.loc[::7, "Nodule"] = np.nan
    table.to_csv(folder / "labels.csv", index=False)


def block(folder, **more):
    """Return the block of a data set that the reader ``table`` reads."""
    columns = {name: name for name in ("study_id", "view", "sex", "age")}
    return {"reader": "table", "root": str(folder), "table": "labels.csv", "columns": columns, "tasks": list(TASKS),
            "strata": ["ward"], "sampling": "consecutive", **more}  # fmt: skip


def models(folder):
    """Write two networks that nobody trained: one of random weights, and one that sees where findings are drawn."""
    import safetensors.torch
    import torch

    from crossray.learning.models import build_body

    torch.manual_seed(0)
    safetensors.torch.save_file(build_body("resnet18", 2, 32, 1).state_dict(), folder / "random.safetensors")
    flat = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(32 * 32, 2))
    rows = torch.zeros(2, 32, 32)
    rows[0, 6:15], rows[1, 17:26] = 0.0002, 0.0002
    flat[1].weight.data = rows.flatten(1)
    torch.onnx.export(flat.eval(), (torch.zeros(2, 1, 32, 32),), folder / "vendor.onnx", dynamo=False,
                      input_names=["x"], dynamic_axes={"x": {0: "n"}})  # fmt: skip


def study(**datasets):
    """Return the coordinator's study."""
    common = {"tasks": {task: place for place, task in enumerate(TASKS)}, "input": {"channels": 1}}
    limits = dict.fromkeys(TASKS, 0.0)
    vendor = common | {"onnx": "vendor.onnx", "home": "home", "threshold": limits, "trained_on": ["home"],
                       "claim": {"Effusion": {"auc": 0.9}}}  # fmt: skip
    random = common | {"architecture": "resnet18", "weights": "random.safetensors", "threshold": limits}
    return {
        "study": "sites", "tasks": list(TASKS), "models": {}, "datasets": datasets,
        "external": {"vendor": vendor, "random": random},
        "images": {"size": 32}, "evaluation": {"minimum": 5, "resamples": 100}, "leakage": {"overlap": "keep"},
        "usefulness": {}, "acceptance": {"Effusion": {"auc": 0.6}}, "explanation": {"minimum": 5, "resamples": 50},
    }  # fmt: skip


@dataclass(frozen=True)
class Sites:
    """The three checkouts."""

    coordinator: Checkout
    site: Checkout
    pooled: Checkout

    def table(self, checkout, name):
        """Return a table of the study as text."""
        path = "leakage/summary.csv" if name == "leakage" else f"analysis/{name}.csv"
        return tables.read_texts(checkout.folder / "results/sites" / path)


def wanted(checkout):
    """Return the tables that the study in a checkout has."""
    with contextlib.chdir(checkout.folder):
        plan, _ = plan_of(yaml.safe_load(Path("study.yaml").read_text()))
    fulfilled = [need for need, holds in plan.conditions.items() if holds]
    return [f"results/sites/{TABLES[name].path}" for name in had(TABLES, fulfilled)]


def commands(begins):
    """Return the block of commands in docs/bundles.md that begins with these words."""
    page = (ROOT / "docs/bundles.md").read_text(encoding="utf-8")
    (found,) = [block for block in page.split("```bash\n") if block.startswith(f"# {begins}")]
    return found.partition("```")[0]


def as_written(checkout, begins):
    """Run the commands of the docs in a checkout, and return what they print."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(["bash", "-ec", commands(begins)], cwd=checkout.folder, env=os.environ | {"PATH": path},
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    return done.stdout


def seal(coordinator, site):
    """Invite the site, and let it seal its bundle, by the commands of the docs."""
    coordinator.write("study.yaml", yaml.safe_dump(study(home=HOME, site_a=BUNDLE)))
    as_written(coordinator, "at the coordinator: writes")
    shutil.copyfile(coordinator.folder / "results/sites/invitation.zip", site.folder / "invitation.zip")
    hospital(site.folder / MARK, 2, MARK)
    asked = {"invitation": "invitation/invitation.json", "site": "site_a", "dataset": "ours", "key": "private/site.key"}
    site.write("ours.yaml", yaml.safe_dump({"datasets": {"ours": block(MARK, role="test")}, "bundle": asked}))
    site.write("shown.txt", as_written(site, "at the site"))
    shutil.copyfile(site.folder / "results/sites/bundle.zip", coordinator.folder / "site_a.zip")
    shutil.copyfile(site.folder / "site_a.pub", coordinator.folder / "site_a.pub")


def pool(site, folder):
    """Write the site's hospital with the identifiers that its bundle gave: what the pooled study would have had."""
    terms = invitation.read(site.folder / "invitation/invitation.json")
    salt = sealing.salt_of(site.folder / "private/bundles", terms)
    lookup = tables.read(site.folder / "private/ours.csv", Lookup).set_index("released_image_id")
    told = manifest.read(site.folder / "results/sites/manifests/ours.parquet").set_index("image_id")
    shutil.copytree(site.folder / MARK, folder)
    table = pd.read_csv(folder / "labels.csv")
    names = lookup.loc[table["image_id"], "image_id"]
    rows = told.loc[names].reset_index()
    for kind in ("image_id", "patient_id", "study_id"):
        table[kind] = [pseudonym(text, salt, kind) for text in rows[kind]]
    table.to_csv(folder / "labels.csv", index=False)


HOME = block("home", split={"train": 0.1, "validation": 0.3, "test": 0.6})
BUNDLE = {"reader": "bundle", "path": "site_a.zip", "signer": "site_a.pub", "sampling": "consecutive"}


@pytest.fixture(scope="module")
def sites(made_once):
    def run(folder):
        coordinator, site, pooled = (copy_workflow(folder / name) for name in ("coordinator", "site", "pooled"))
        for one in (coordinator, pooled):
            same_key(one.folder)
            hospital(one.folder / "home", 1, "home")
            models(one.folder)
        seal(coordinator, site)
        pool(site, pooled.folder / "site_a")
        pooled.write("study.yaml", yaml.safe_dump(study(home=HOME, site_a=block("site_a", role="test"))))
        for one in (coordinator, pooled):
            one.snakemake(*wanted(one), study="study.yaml")

    folder = made_once("bundles", run)
    return Sites(*(Checkout(folder / name) for name in ("coordinator", "site", "pooled")))


def test_every_table_that_outputs_labels_and_strata_determine_is_that_of_the_pooled_study(sites):
    found = {path.stem for path in (sites.pooled.folder / "results/sites/analysis").glob("*.csv")}
    determined = sorted(one.NAME for one in tables.contracts() if one.NAME in found and not one.FROM_IMAGES)
    assert len(determined) > 20
    for name in determined:
        ours, theirs = sites.table(sites.coordinator, name), sites.table(sites.pooled, name)
        pd.testing.assert_frame_equal(ours, theirs, obj=name)


def test_what_needs_images_has_reason_s_and_no_number(sites):
    for name in ("shift", "leakage"):
        table = sites.table(sites.coordinator, name)
        contract = tables.contract_of(name)
        rows = table[(table["source"] == "site_a") | (table["target"] == "site_a")]
        assert len(rows)
        assert set(rows["reason"]) == {"S"}
        numbers = rows.drop(columns=[*contract.KEY, "reason"])
        assert numbers.isin(["0"]).where(numbers.notna(), True).all(axis=None)
        assert sites.table(sites.pooled, name)["reason"].ne("S").all()


def test_nothing_of_the_site_leaves_it_but_what_its_officer_saw(sites):
    lookup = pd.read_csv(sites.site.folder / "private/ours.csv", dtype=str)
    secrets = [text.encode() for text in (MARK, MARK.lower(), *lookup["image_id"])] + [MARK.encode("utf-16-le")]
    kept = [sites.coordinator.folder / name for name in ("results", "logs", "private", "benchmarks")]
    files = [path for folder in kept for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 50
    for path in (sites.coordinator.folder / "site_a.zip", *files):
        content = path.read_bytes()
        assert not [secret for secret in secrets if secret in content], path
    page = (sites.site.folder / "shown.txt").read_text()
    assert f"{IMAGES} rows, one for each test image" in page
    with zipfile.ZipFile(sites.coordinator.folder / "site_a.zip") as bundle:
        shown = sites.site.folder / "results/sites/bundle_preview/rows.csv"
        assert bundle.read("rows.csv") == shown.read_bytes()


def test_no_other_target_of_a_site_makes_a_bundle(sites):
    words = ["-m", "snakemake", "-n", "--cores", "1", "--configfile", "invitation/study.yaml", "ours.yaml"]
    done = subprocess.run([sys.executable, *words], cwd=sites.site.folder, capture_output=True, text=True, check=True)
    assert "write_report" in done.stdout + done.stderr
    assert "seal_bundle" not in done.stdout + done.stderr
