"""Three hospitals that send bundles, the coordinator, and the pooled study that nobody could run: the same numbers."""

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
from crossray.tables.contract import columns
from crossray.tables.lookup import Lookup
from helpers import ROOT, dicom_file
from workflow_helpers import Checkout, copy_workflow, same_key, server

pytestmark = [pytest.mark.workflow, pytest.mark.whole]

TASKS = ("Effusion", "Nodule")
#: site -> what is in every name, identifier and file of it
MARKS = {"site_a": "Zxqwville", "site_b": "Qvzkdale", "site_c": "Wjxpton"}
IMAGES = 180
LEVELS = ("rows", "counts")


def hospital(folder, seed, mark):
    """Write a hospital of tiny DICOM files and its table, some patients with two images; the mark is in every name."""
    generator = np.random.default_rng(seed)
    rows = []
    for number in range(IMAGES):
        patient = number if number % 3 else number // 2
        labels = {task: int(generator.random() < 0.4) for task in TASKS}
        pixels = generator.integers(0, 120, (48, 48)).astype(np.uint8)
        for place, task in enumerate(TASKS):  # fainter in some than what others have without the finding
            pixels[8 + 16 * place : 24 + 16 * place] += np.uint8(30 * labels[task] + generator.integers(0, 50))
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
    rows[0, 6:15], rows[1, 17:26] = 0.00005, 0.00005
    flat[1].weight.data, flat[1].bias.data = rows.flatten(1), torch.full((2,), 3.5)
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
    """The checkouts: coordinators that take rows and counts, the pooled study, and the sites by their names."""

    rows: Checkout
    counts: Checkout
    pooled: Checkout
    sites: dict[str, Checkout]

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


def as_written(checkout, begins, without=None):
    """Run the commands of the docs in a checkout, but for the lines that have a word, and return what they print."""
    path = f"{server().python.parent}:{os.environ['PATH']}"
    lines = [line for line in commands(begins).splitlines() if not (without and without in line)]
    done = subprocess.run(["bash", "-ec", "\n".join(lines)], cwd=checkout.folder, env=os.environ | {"PATH": path},
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    return done.stdout


def coordinate(checkout, level):
    """Write the study of a coordinator who takes bundles of a level."""
    sites = {site: {"reader": "bundle", "path": f"{site}.{level}.zip", "signer": f"{site}.pub", "level": level,
                    "sampling": "consecutive"} for site in MARKS}  # fmt: skip
    checkout.write("study.yaml", yaml.safe_dump(study(home=HOME, **sites)))


def seal(invitation_file, name, site, coordinators):
    """Let a site seal its bundles of both levels, by the commands of the docs, and send them."""
    mark, asked = MARKS[name], {"site": name, "dataset": "ours", "key": "private/site.key"}
    shutil.copyfile(invitation_file, site.folder / "invitation.zip")
    hospital(site.folder / mark, ord(name[-1]), mark)
    own = {"datasets": {"ours": block(mark, role="test")}}
    own["bundle"] = asked | {"invitation": "invitation/invitation.json"}
    site.write("ours.yaml", yaml.safe_dump(own))
    if name == "site_a":
        site.write("shown.txt", as_written(site, "at the site"))
    else:
        as_written(site, "at the site", without="bundle_preview")
    send(name, site, coordinators["counts"], "counts")
    both = yaml.safe_load((site.folder / "invitation/study.yaml").read_text()) | own
    both["bundle"] = own["bundle"] | {"level": "rows"}
    site.write("both.yaml", yaml.safe_dump(both))
    site.snakemake("bundle", study="both.yaml")
    send(name, site, coordinators["rows"], "rows")


def send(name, site, coordinator, level):
    """Copy a site's bundle and public key to a coordinator."""
    shutil.copyfile(site.folder / "results/sites/bundle.zip", coordinator.folder / f"{name}.{level}.zip")
    shutil.copyfile(site.folder / "site_a.pub", coordinator.folder / f"{name}.pub")


def pool(name, site, folder):
    """Write the site's test images with the identifiers that its bundle gave: what the pooled study would have had."""
    terms = invitation.read(site.folder / "invitation/invitation.json")
    salt = sealing.salt_of(site.folder / "private/bundles", terms)
    lookup = tables.read(site.folder / "private/ours.csv", Lookup).set_index("released_image_id")
    told = manifest.read(site.folder / "results/sites/manifests/ours.parquet").set_index("image_id")
    shutil.copytree(site.folder / MARKS[name], folder)
    table = pd.read_csv(folder / "labels.csv")
    names = lookup.loc[table["image_id"], "image_id"]
    rows = told.loc[names].reset_index()
    for kind in ("image_id", "patient_id", "study_id"):
        table[kind] = [pseudonym(text, salt, kind) for text in rows[kind]]
    table[rows["split"] == "test"].to_csv(folder / "labels.csv", index=False)


HOME = block("home", split={"train": 0.1, "validation": 0.3, "test": 0.6})


@pytest.fixture(scope="module")
def sites(made_once):
    def run(folder):
        at = {name: copy_workflow(folder / name) for name in ("rows", "counts", "pooled", *MARKS)}
        for name in ("rows", "counts", "pooled"):
            same_key(at[name].folder)
            hospital(at[name].folder / "home", 1, "home")
            models(at[name].folder)
        coordinate(at["rows"], "rows")
        coordinate(at["counts"], "counts")
        as_written(at["counts"], "at the coordinator: writes")
        for name in MARKS:
            seal(at["counts"].folder / "results/sites/invitation.zip", name, at[name], at)
            pool(name, at[name], at["pooled"].folder / name)
        pooled = {name: block(name, role="test") for name in MARKS}
        at["pooled"].write("study.yaml", yaml.safe_dump(study(home=HOME, **pooled)))
        for name in ("rows", "counts", "pooled"):
            at[name].snakemake(*wanted(at[name]), study="study.yaml")

    folder = made_once("bundles", run)
    at = {name: Checkout(folder / name) for name in ("rows", "counts", "pooled", *MARKS)}
    return Sites(at["rows"], at["counts"], at["pooled"], {name: at[name] for name in MARKS})


def test_every_table_that_outputs_labels_and_strata_determine_is_that_of_the_pooled_study(sites):
    found = {path.stem for path in (sites.pooled.folder / "results/sites/analysis").glob("*.csv")}
    determined = sorted(one.NAME for one in tables.contracts() if one.NAME in found and not one.FROM_IMAGES)
    assert len(determined) > 20
    for name in determined:
        ours, theirs = sites.table(sites.rows, name), sites.table(sites.pooled, name)
        pd.testing.assert_frame_equal(ours, theirs, obj=name)


def test_what_needs_images_has_reason_s_and_no_number(sites):
    for name in ("shift", "leakage"):
        table = sites.table(sites.rows, name)
        contract = tables.contract_of(name)
        rows = table[table["source"].isin(MARKS) | table["target"].isin(MARKS)]
        assert len(rows)
        assert set(rows["reason"]) == {"S"}
        numbers = rows.drop(columns=[*contract.KEY, "reason"])
        assert numbers.isin(["0"]).where(numbers.notna(), True).all(axis=None)
        assert sites.table(sites.pooled, name)["reason"].ne("S").all()


def of_sites(table):
    """Return the rows of a table that speak of a site."""
    names = [name for name in ("source", "target", "dataset") if name in table]
    return table[table[names].isin(list(MARKS)).any(axis=1)] if names else table.iloc[:0]


def test_counts_give_what_they_determine_within_their_bounds_and_nothing_else(sites, tell):
    bounds = sites.table(sites.counts, "bounds").set_index(["table", "model", "target", "task", "at", "column"])
    ends = bounds[["value", "least", "most"]].astype(float)
    told = {"tables": 0, "equal": 0, "within bounds": 0, "empty": 0}
    for contract in tables.contracts():
        if not (sites.pooled.folder / f"results/sites/analysis/{contract.NAME}.csv").exists():
            continue
        ours, theirs = (of_sites(sites.table(one, contract.NAME)) for one in (sites.counts, sites.pooled))
        told["tables"] += 1
        if not (contract.FROM_COUNTS or contract.WITHIN_BOUNDS):
            names = [name for name, column in columns(contract).items() if column.kind in (int, float)]
            numbers = ours[[name for name in names if name not in ("claimed", "wanted")]]  # which the study says
            assert ours.empty or (set(ours["reason"]) == {"S"}), contract.NAME
            assert numbers.isin(["0"]).where(numbers.notna(), True).all(axis=None), contract.NAME
            continue
        ours, theirs = (table.set_index(list(contract.KEY)) for table in (ours, theirs))
        assert len(ours) > 5
        assert not len(ours.index.difference(theirs.index)), contract.NAME
        theirs = theirs.loc[ours.index]
        for name in ours:
            if name in contract.WITHIN_BOUNDS:
                told["within bounds"] += within(ours[name], theirs[name], ends, contract, name)
            elif name in contract.FROM_COUNTS:
                # whose images are whose is not told, so that limits of a prevalence are not known either
                may_lack = contract.NAME == "datasets" or name in ("prevalence_low", "prevalence_high")
                given = ours[name].notna() | (not may_lack)
                pd.testing.assert_series_equal(ours.loc[given, name], theirs.loc[given, name], obj=contract.NAME)
                told["equal"] += int(given.sum())
            elif name == "worst":  # of groups that are not compared
                assert set(ours[name]) == {"False"}
            elif not name.endswith("reason"):
                assert ours[name].isna().all(), (contract.NAME, name)
                told["empty"] += int(theirs[name].notna().sum())
    assert told["within bounds"] > 300
    tell("counts of three sites: " + ", ".join(f"{count} {words}" for words, count in told.items()))
    aucs = ends.xs("performance", level="table").xs("auc", level="column")
    half, off = (aucs["most"] - aucs["least"]).max() / 2, (aucs["value"] - truth(sites, aucs.index)).abs().max()
    tell(f"AUCs of counts: bounds of +- {half:.4f} at most, and off by {off:.4f} at most")


def truth(sites, index):
    """Return the AUCs of the pooled study for some rows of bounds."""
    pooled = (
        sites.table(sites.pooled, "performance").set_index(["model", "target", "task", "seed"])["auc"].astype(float)
    )
    return pooled.loc[index].to_numpy()


def within(ours, theirs, ends, contract, name):
    """Count the numbers of a column, which must be those of the pooled study within what bounds say."""
    slack = 0.002 if name in ("auc_low", "auc_high") else 1e-8
    count = 0
    for key, number in ours.dropna().items():
        named = dict(zip(contract.KEY, key, strict=True))
        at = ", ".join(named[one] for one in contract.KEY if one not in ("model", "source", "target", "task"))
        row = ends.loc[contract.NAME, named["model"], named["target"], named["task"], at, name]
        assert abs(row["value"] - float(number)) < 1e-8
        assert row["least"] - slack <= float(theirs.loc[key]) <= row["most"] + slack, (contract.NAME, name, key)
        count += 1
    return count


@pytest.mark.parametrize("level", LEVELS)
def test_nothing_of_a_site_leaves_it_but_what_its_officer_saw(sites, level):
    coordinator = getattr(sites, level)
    secrets = []
    for name, mark in MARKS.items():
        lookup = pd.read_csv(sites.sites[name].folder / "private/ours.csv", dtype=str)
        secrets += [text.encode() for text in (mark, mark.lower(), *lookup["image_id"])] + [mark.encode("utf-16-le")]
    kept = [coordinator.folder / name for name in ("results", "logs", "private", "benchmarks")]
    files = [path for folder in kept for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 50
    for path in (*coordinator.folder.glob("*.zip"), *files):
        content = path.read_bytes()
        assert not [secret for secret in secrets if secret in content], path


def test_an_officer_sees_the_very_file_that_leaves(sites, tell):
    site = sites.sites["site_a"]
    assert f"Level: counts, of {IMAGES} test images" in (site.folder / "shown.txt").read_text()
    with zipfile.ZipFile(sites.counts.folder / "site_a.counts.zip") as bundle:
        shown = site.folder / "results/sites/bundle_preview/counts.json"
        assert bundle.read("counts.json") == shown.read_bytes()
    sizes = {level: (getattr(sites, level).folder / f"site_a.{level}.zip").stat().st_size for level in LEVELS}
    tell(f"bundles of {IMAGES} images: {sizes['counts']:,} bytes of counts, {sizes['rows']:,} of rows")


def test_no_other_target_of_a_site_makes_a_bundle(sites):
    words = ["-m", "snakemake", "-n", "--cores", "1", "--configfile", "invitation/study.yaml", "ours.yaml"]
    folder = sites.sites["site_a"].folder
    done = subprocess.run([sys.executable, *words], cwd=folder, capture_output=True, text=True, check=True)
    assert "write_report" in done.stdout + done.stderr
    assert "seal_bundle" not in done.stdout + done.stderr
