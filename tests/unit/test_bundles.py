"""Bundles: what leaves a site is what was announced, and only what it sealed for this very study is taken."""

import base64
import json
import zipfile
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import make_keys
import open_bundle
import place_bundle
import seal_bundle
import write_invitation
from crossray import manifest, predictions, reasons, tables
from crossray.analysis.cells import ModelKey, ScoredSplit
from crossray.checking.cells import foresee
from crossray.datasets import Release, leakage
from crossray.datasets import bundle as reader
from crossray.datasets.bundles import archive, invitation, keys, ledger, rows, sealing
from crossray.errors import UserError
from crossray.files import read_parquet
from crossray.planning import plan_of
from crossray.pseudonyms import pseudonym
from crossray.study import stage_settings
from crossray.study.stages.open_bundle import OpenBundle
from crossray.study.stages.seal_bundle import SealBundle
from crossray.study.stages.write_invitation import WriteInvitation
from helpers import ROOT, manifest_table

TASKS = ("Effusion", "Nodule")
NETWORK = json.dumps({"tasks": {"Effusion": 0, "Nodule": 1}, "size": 32, "precision": "fastest"})
COMMON = {"study": "s", "tasks": TASKS, "size": 32, "fit": "crop", "colour": "grey", "models": {"v": NETWORK},
          "code": {"apply_network": "a1", "convert_shard": "b2"}}  # fmt: skip
#: what is asked of counts
ASKED = {"below": 5, "thresholds": {"v": {"Effusion": (0.25, -1.0), "Nodule": (0.25,)}}}
WARD = f"{manifest.STRATUM}ward"


class Site:
    """A site with its keys, an invitation, a manifest of fifty images, two of each patient, and predictions."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "v.onnx").write_bytes(b"a network")
        table = manifest_table(50, [*TASKS, "Secret"], patients=25).assign(split="test")
        table.loc[::4, "Nodule"] = np.nan
        table[WARD] = np.where(np.arange(50) % 3, "=cmd()", "B")
        self.table = table
        values = np.random.default_rng(1).normal(size=(50, 2)).astype(np.float32)
        self.outputs = pd.DataFrame(values, columns=list(TASKS)).assign(image_id=table["image_id"])
        self.write()
        words = ["--networks", str(folder / "v.onnx"), "--output", str(folder / "invitation.zip")]
        settings = WriteInvitation(**COMMON, **ASKED, configuration={"study": "s"}).to_json()
        assert write_invitation.main(["--settings", settings, *words]) == 0
        with zipfile.ZipFile(folder / "invitation.zip") as packed:
            packed.extractall(folder / "invitation")
        self.key("site")

    def write(self):
        """Write the manifest and the predictions."""
        manifest.write(self.folder / "m.parquet", self.table, {})
        predictions.write(self.folder / "p.parquet", self.outputs[["image_id", *TASKS]])

    def key(self, name):
        """Make a pair of keys."""
        words = ["--private", str(self.folder / f"{name}.key"), "--public", str(self.folder / f"{name}.pub")]
        assert make_keys.main(words) == 0

    def seal(self, *words, name="site.zip", private="private", **changes):
        """Seal a bundle, and return the program's status."""
        settings = SealBundle(**COMMON | {"site": "site_a", "level": "rows"} | changes).to_json()
        files = {"networks": "v.onnx", "predictions": "p.parquet", "manifest": "m.parquet", "private": private,
                 "invitation": "invitation/invitation.json", "key": "site.key", "output": name}  # fmt: skip
        flags = [word for flag, file in files.items() for word in (f"--{flag}", str(self.folder / file))]
        return seal_bundle.main(["--settings", settings, *flags, *words])

    def open(self, name="site.zip", signer="site", **changes):
        """Open a bundle, and return the program's status."""
        settings = OpenBundle(**COMMON | ASKED | {"site": "site_a", "level": "rows"} | changes).to_json()
        files = {"networks": "v.onnx", "bundle": name, "signer": f"{signer}.pub", "private": "taken",
                 "output": "rows.parquet"}  # fmt: skip
        flags = [word for flag, file in files.items() for word in (f"--{flag}", str(self.folder / file))]
        return open_bundle.main(["--settings", settings, *flags])

    def forge(self, change, name="forged.zip"):
        """Write a bundle that says something else, rightly signed."""
        assert self.seal() == 0
        said = json.loads(archive.read(self.folder / "site.zip", NAMES)[sealing.SEAL])
        content = {rows.FILE: archive.read(self.folder / "site.zip", NAMES)[rows.FILE]}
        change(said, content)
        message = invitation.as_bytes(said)
        signature = base64.b64encode(keys.sign(message, self.folder / "site.key"))
        archive.write(self.folder / name, {sealing.SEAL: message, sealing.SIGNATURE: signature, **content})
        return name


NAMES = (sealing.SEAL, sealing.SIGNATURE, rows.FILE)


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


def told(capsys):
    """Return the last line of what a program said, which must be an error of one line."""
    lines = capsys.readouterr().err.splitlines()
    assert [line for line in lines if line.startswith("error: ")] == lines[-1:]
    return lines[-1]


def test_what_is_sealed_comes_out_to_the_last_digit_and_says_nothing_more(site):
    assert site.seal() == 0
    assert site.open() == 0
    sent = read_parquet(site.folder / "rows.parquet")
    salt = sealing.salt_of(site.folder / "private", invitation.read(site.folder / "invitation/invitation.json"))
    there = site.table.merge(site.outputs, on="image_id", suffixes=("", " out"))
    for name in rows.IDENTIFIERS:
        there[name] = [pseudonym(text, salt, name) for text in there[name]]
    there = there.sort_values("image_id").reset_index(drop=True)
    for task in TASKS:
        np.testing.assert_array_equal(sent[f"label: {task}"], there[task])
        np.testing.assert_array_equal(sent[f"v: {task}"], there[f"{task} out"].astype(np.float64))
    assert list(sent["patient_id"]) == list(there["patient_id"])
    assert list(sent[WARD]) == list(there[WARD])
    assert set(sent) == {*rows.IDENTIFIERS, "view", "sex", "age", WARD, *(f"label: {task}" for task in TASKS),
                         *(f"v: {task}" for task in TASKS)}  # fmt: skip
    content = (site.folder / "site.zip").read_bytes()
    for secret in ("Secret", ".dcm", "i17", "p17", "s17", str(site.folder)):
        assert secret.encode() not in content


def test_predictions_are_in_the_manifests_order_under_the_coordinators_names(site):
    assert site.seal() == site.open() == 0
    release = Release(str(site.folder), (str(site.folder / "rows.parquet"),))
    released = reader.read(release, reader.ReadSettings(reader="bundle", max_missing=0, level="rows")).table
    table = manifest.with_pseudonyms(released.assign(split="test"), b"k" * 32).sort_values("image_id")
    table = table[[*manifest.FIXED_COLUMNS, *TASKS, WARD]]
    manifest.write(site.folder / "c.parquet", table, {})
    manifest.write_lookup(site.folder / "lookup.csv", released, table)
    words = ["--settings", json.dumps({"tasks": list(TASKS), "scale": "logit", "level": "rows"}), "--model", "v"]
    for flag, file in {
        "content": "rows.parquet",
        "manifest": "c.parquet",
        "lookup": "lookup.csv",
        "output": "q.parquet",
    }.items():
        words += [f"--{flag}", str(site.folder / file)]
    assert place_bundle.main(words) == 0
    found = predictions.read(site.folder / "q.parquet")
    assert list(found.table.index) == list(table["image_id"])
    sent = read_parquet(site.folder / "rows.parquet").set_index("image_id")
    np.testing.assert_array_equal(found.table["Nodule"], sent.loc[released["image_id"].loc[table.index], "v: Nodule"])


def test_two_invitations_have_two_sets_of_identifiers_and_the_same_has_one(site):
    terms = invitation.read(site.folder / "invitation/invitation.json")
    first, again = (sealing.salt_of(site.folder / "private", terms) for _ in range(2))
    assert first == again != sealing.salt_of(site.folder / "private", terms | {"study": "t"})
    assert first != sealing.salt_of(site.folder / "other", terms)


def test_a_preview_shows_what_leaves_and_signs_nothing(site, capsys):
    assert site.seal("--preview", str(site.folder / "shown")) == 0
    assert not (site.folder / "site.zip").exists()
    page = capsys.readouterr().out
    assert "Level: rows, of 50 test images of 25 patients" in page
    assert site.seal() == 0
    sent = archive.read(site.folder / "site.zip", NAMES)
    assert (site.folder / "shown" / rows.FILE).read_bytes() == sent[rows.FILE]
    for column in pd.read_csv(site.folder / "shown" / rows.FILE):
        assert f"\n  {column} " in page
    assert max(map(len, page.splitlines())) < 200
    assert len(page.splitlines()) < 60


def test_no_byte_of_a_bundle_can_be_another(site):
    assert site.seal() == 0
    path = site.folder / "site.zip"
    whole = path.read_bytes()
    places = range(0, len(whole), 13)
    for place in places:
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << place % 8]) + whole[place + 1 :])
        with pytest.raises(UserError, match=r"not as it was made|not signed with|is not what was signed"):
            sealing.open_(path, site.folder / "site.pub")
    for changed in (whole + b"\0", b"\0" + whole, whole[:-1], b"", whole[: len(whole) // 2]):
        path.write_bytes(changed)
        with pytest.raises(UserError, match="not as it was made"):
            sealing.open_(path, site.folder / "site.pub")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"study": "t"}, "answers another invitation: it is of the study 's', and this one is 't'"),
        ({"code": COMMON["code"] | {"convert_shard": "b3"}}, "of CrossRay: the code of convert_shard is not the same"),
        ({"models": {"v": NETWORK.replace("fastest", "float32")}}, "was applied with other settings: precision 'fas"),
        ({"models": {"w": NETWORK}}, "its models are v, and those of this study w"),
        ({"size": 64}, "its images are made otherwise: size 32 instead of 64"),
        ({"tasks": ("Effusion",)}, "its tasks are not those of this study"),
        ({"site": "site_b"}, "is of the site 'site_a', and this data set is 'site_b'"),
    ],
)  # fmt: skip
def test_a_bundle_of_something_else_is_refused_in_one_line(site, capsys, change, words):
    assert site.seal() == 0
    assert site.open(**change) == 1
    assert words in told(capsys)
    assert not (site.folder / "rows.parquet").exists()
    assert not (site.folder / "taken").exists()


def test_a_model_that_was_not_invited_is_refused_on_both_sides(site, capsys):
    assert site.seal() == 0
    (site.folder / "v.onnx").write_bytes(b"another network")
    assert site.open() == 1
    assert "model v is not the invited one" in told(capsys)
    assert site.seal() == 1
    assert "invitation.json: this study does not answer it: model v is not the invited one" in told(capsys)


def test_another_signer_and_files_that_are_no_keys_are_refused(site, capsys):
    site.key("other")
    assert site.seal() == 0
    assert site.open(signer="other") == 1
    assert "not signed with the key that belongs to" in told(capsys)
    (site.folder / "bad.pub").write_bytes((site.folder / "site.key").read_bytes())
    assert site.open(signer="bad") == 1
    assert "not a site's public key" in told(capsys)
    (site.folder / "site.key").chmod(0o640)
    assert site.seal(name="again.zip") == 1
    assert "others can read this private key" in told(capsys)


def test_keys_are_their_owners_and_are_not_overwritten(site, capsys):
    assert (site.folder / "site.key").stat().st_mode & 0o777 == 0o600
    with pytest.raises(UserError, match="is there already"):
        keys.make_keys(site.folder / "site.key", site.folder / "new.pub")
    with pytest.raises(UserError, match="is there already"):
        keys.make_keys(site.folder / "new.key", site.folder / "site.pub")
    site.key("other")
    assert capsys.readouterr().out.splitlines() == [keys.fingerprint(site.folder / "other.pub")]


def test_an_older_bundle_and_another_of_its_number_are_refused(site, capsys):
    assert site.seal(name="first.zip") == 0
    assert site.seal(name="same.zip") == 0
    assert (site.folder / "first.zip").read_bytes() == (site.folder / "same.zip").read_bytes()
    site.table, site.outputs = site.table.iloc[2:], site.outputs.iloc[2:]
    site.write()
    assert site.seal(name="second.zip") == 0
    assert site.seal(name="lost.zip", private="elsewhere") == 0
    assert site.open("first.zip") == site.open("first.zip") == 0
    assert site.open("lost.zip") == 1
    assert "another bundle of that number was taken before" in told(capsys)
    assert site.open("second.zip") == site.open("second.zip") == 0
    assert site.open("first.zip") == 1
    assert "is number 1 of this site, and number 2 was taken before" in told(capsys)
    assert len(read_parquet(site.folder / "rows.parquet")) == 48
    assert (site.folder / "taken" / ledger.TAKEN).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("image_id,", "image,", "has not the columns of this study"),
        ("v: Nodule", "w: Nodule", "has not the columns of this study, see w: Nodule"),
        (",PA,F,50,1,", ",PA,F,50,2,", "column label: Effusion: neither 0 nor 1"),
        (",PA,F,50,", ",PA,X,50,", "column sex: neither F nor M"),
        (",PA,F,50,", ",PA,F,500,", "column age: not from 0 to 120"),
        (",PA,F,50,", ",PA,F,inf,", "column age: not a number"),
        (",PA,F,50,", f",{'P' * 201},F,50,", "column view: more than 200 letters"),
    ],
)
def test_rows_that_are_not_what_they_must_be_are_refused(site, capsys, old, new, words):
    def change(said, content):
        text = content[rows.FILE].decode()
        assert old in text
        content[rows.FILE] = text.replace(old, new).encode()
        said["members"] = {rows.FILE: sealing.hashlib.sha256(content[rows.FILE]).hexdigest()}

    assert site.open(site.forge(change)) == 1
    assert words in told(capsys)


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [*((name, "Mr Smith", "not a salted identifier") for name in rows.IDENTIFIERS), ("image_id", None, "stands twice")],
)
def test_identifiers_are_salted_and_images_stand_once(site, column, value, words):
    table = rows.gather(site.table, {"v": site.outputs.set_index("image_id")[list(TASKS)]}, TASKS, b"salt")
    table.loc[3, column] = value or table.loc[4, column]
    with pytest.raises(UserError, match=f"column {column}: .*{words}") as raised:
        rows.read(rows.as_csv(table), TASKS, [f"v: {task}" for task in TASKS], "site.zip")
    assert "Smith" not in str(raised.value)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("level", "faces", "of the level 'faces'; known are counts, rows"),
        ("format", 1, "a bundle of format 1, and this version of CrossRay knows 2"),
        ("images", 49, "has 50 rows, and the bundle says 49"),
        ("number", "1", "does not say what a bundle says"),
        ("more", 1, "does not say what a bundle says"),
        ("terms", {}, "does not say what an invitation says"),
        ("invitation", "0" * 64, "answers another invitation than it says"),
        ("members", {"rows.csv": "0" * 64}, "is not what was signed"),
    ],
)
def test_what_a_bundle_says_of_itself_must_hold(site, capsys, key, value, words):
    assert site.open(site.forge(lambda said, content: said.update({key: value}))) == 1
    assert words in told(capsys)


def hostile(kind, path):
    """Write an archive that wants something else than to be read."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as packed:
        for name in NAMES:
            packed.writestr(name, b"{}" if kind != "bomb" else b"")
        if kind == "traversal":
            packed.writestr("../../escaped.txt", b"x")
        elif kind == "absolute":
            packed.writestr("/tmp/escaped.txt", b"x")
        elif kind == "twice":
            packed.writestr(zipfile.ZipInfo(rows.FILE), b"x")
        elif kind == "many":
            for number in range(10_100):
                packed.writestr(f"{number}", b"")
    if kind == "bomb":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr(sealing.SEAL, bytes(2**27))
            packed.writestr(sealing.SIGNATURE, b"")
            packed.writestr(rows.FILE, b"")
    elif kind == "no zip":
        path.write_bytes(b"PK\x03\x04" + bytes(100))


@pytest.mark.parametrize("kind", ["traversal", "absolute", "twice", "many", "bomb", "no zip", "empty"])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_hostile_archives_are_refused_and_leave_nothing(site, capsys, kind):
    assert site.seal() == 0
    before = set(site.folder.parent.rglob("*"))
    hostile(kind, site.folder / "hostile.zip")
    assert site.open("hostile.zip") == 1
    assert "hostile.zip: " in told(capsys)
    assert set(site.folder.parent.rglob("*")) - before == {site.folder / "hostile.zip"}


def test_two_bundles_of_one_site_are_refused():
    images = pd.DataFrame(
        {"dataset": ["a", "a", "b", "c"], "image_id": ["1", "2", "3", "4"], "patient_id": list("pqrs")}
    )
    leakage.check_identifiers(images, ["a", "b"])
    with pytest.raises(UserError, match="data sets b and a: 1 values of patient_id stand in both"):
        leakage.check_identifiers(images.assign(patient_id=list("pqqs")), ["b"])


def test_what_takes_images_has_reason_s():
    labels = manifest_table(40, ["A"]).set_index("image_id")
    trained, sent = ModelKey("small", "home"), ModelKey("v", "elsewhere")
    logits = {trained: {"0": labels[[]]}, sent: {"0": labels[["A"]]}}
    scored = ScoredSplit("site_a", labels, logits, 2, missing=frozenset({trained}), stays=True)
    assert scored.count(trained, "0", "A")["reason"] == reasons.STAYS_AT_SITE == "S"
    assert scored.count(sent, "0", "A")["reason"] is None
    assert replace(scored, stays=False).count(trained, "0", "A")["reason"] == reasons.NOT_GIVEN


def config(**change):
    """Return a coordinator's study, and with a block ``bundle`` a site's."""
    network = {"onnx": "v.onnx", "tasks": {"Effusion": 0}}
    datasets = {
        "home": {"reader": "simulated", "images": 20},
        "site_a": {"reader": "bundle", "path": "a", "signer": "b"},
    }
    return {"study": "s", "tasks": list(TASKS), "models": {}, "external": {"v": network}, "datasets": datasets} | change


ARRIVED = {"reader": "bundle", "path": "a", "signer": "b"}
BUNDLE = {"invitation": "i.json", "site": "site_a", "dataset": "home", "key": "site.key"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"external": {"w": {"scores": {"home": "x.csv"}}}}, "datasets.site_a: a bundle has the outputs of external"),
        ({"sources": ["site_a"], "models": {"small": {}}}, "sources: 'site_a' has the role test"),
        ({"bundle": BUNDLE | {"dataset": "site_a"}}, "bundle.dataset: 'site_a' is not .* images; allowed are home"),
        ({"bundle": BUNDLE, "targets": ["site_a"]}, "bundle.dataset: 'home' is not among targets"),
        ({"bundle": BUNDLE | {"level": "faces"}}, "bundle.level: 'faces' is not"),
        ({"datasets": {"site_a": ARRIVED | {"role": "train"}}}, "site_a.role: 'train' is not"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_the_configuration_is_said_in_one_line(change, words):
    with pytest.raises(UserError, match=words) as raised:
        plan_of(config(**change))
    assert "\n" not in str(raised.value)


def test_a_check_before_the_run_says_what_will_have_reason_s():
    plan, _ = plan_of(config(models={"small": {"architecture": "resnet18"}}))
    tables_there = {name: manifest_table(300, TASKS, seed=2) for name in plan.targets}
    cells = foresee(plan, tables_there).cells.set_index(["model", "target", "task"]).sort_index()["reason"]
    assert set(cells["small", "site_a"]) == {"S"}
    assert cells["v", "site_a"].isna().to_dict() == {"Effusion": True, "Nodule": False}
    assert cells["small", "home"].isna().all()


def test_a_site_starts_from_the_invitations_configuration():
    plan, _ = plan_of(config())
    given = stage_settings.bundles.write_invitation(plan, {}).as_dict()["configuration"]
    site, _ = plan_of(
        given | {"datasets": {"ours": {"reader": "simulated", "images": 20}}, "bundle": BUNDLE | {"dataset": "ours"}}
    )
    assert (
        stage_settings.bundles.seal_bundle(site, {}).models
        == stage_settings.bundles.open_bundle(plan, {}, "site_a").models
    )
    assert plan.targets_here == ("home",)
    assert plan.invited == ("v",)


def test_the_page_names_every_table_that_takes_images():
    page = (ROOT / "docs/bundles.md").read_text(encoding="utf-8")
    for contract in tables.contracts():
        assert (f"`{contract.NAME}`" in page) == contract.FROM_IMAGES, contract.NAME
