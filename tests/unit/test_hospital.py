"""Simulated hospitals: labels follow the rule, images follow the appearance, both follow the seed."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pydicom
import pytest
import yaml

from crossray import dicom
from crossray.datasets.hospital import TRANSFER_SYNTAXES, call, patients, planned_labels, write_release
from crossray.datasets.phantom import draw_anatomy, render
from crossray.errors import UserError
from crossray.planning import study_of
from crossray.study.findings import FINDINGS
from crossray.study.hospital import Labelling
from helpers import ROOT


def hospital(**changes):
    settings = {"reader": "simulated", "images": 12, **changes}
    config = {"study": "s", "tasks": list(FINDINGS), "datasets": {"h": settings}}
    return study_of(config).datasets["h"]


def test_labels_are_severities_over_the_threshold(tmp_path):
    labels, truth, _ = write_release("h", hospital(images=40, labelling={"threshold": 0.5}), tmp_path)
    assert ((truth[list(FINDINGS)] >= 0.5).astype(int) == labels[list(FINDINGS)]).all(axis=None)
    assert (labels["image_id"] == truth["image_id"]).all()


def test_flips_and_unlabelled_findings():
    generator = np.random.default_rng(0)
    rule = Labelling(threshold=0.5, flipped=0.25, unlabelled=("Nodule",))
    calls = [call(dict.fromkeys(FINDINGS, 1.0), rule, generator) for _ in range(2000)]
    assert "Nodule" not in calls[0]
    assert np.mean([c["Effusion"] for c in calls]) == pytest.approx(0.75, abs=0.03)


def test_the_same_seed_gives_the_same_bytes_and_more_images_keep_the_first(tmp_path):
    write_release("h", hospital(images=4), tmp_path / "a")
    write_release("h", hospital(images=9), tmp_path / "b")
    files = sorted(path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*.dcm"))
    same = [(tmp_path / "a" / f).read_bytes() == (tmp_path / "b" / f).read_bytes() for f in files]
    assert len(files) == 4
    assert all(same)


def test_some_patients_have_several_images_of_one_body():
    everyone = list(patients("h", hospital(images=300, several_images=0.3)))
    counts = [patient.images for patient in everyone]
    assert sum(counts) == 300
    assert {1, 2, 3} == set(counts)
    assert np.mean(np.array(counts[:-1]) > 1) == pytest.approx(0.3, abs=0.1)


@pytest.mark.parametrize("syntax", TRANSFER_SYNTAXES)
@pytest.mark.parametrize(("photometric", "bits"), [("MONOCHROME1", 10), ("MONOCHROME2", 8)])
def test_every_coding_shows_the_same_picture(tmp_path, syntax, photometric, bits):
    def picture(folder, **appearance):
        labels, *_ = write_release("h", hospital(images=1, appearance={"rows": 64, **appearance}), tmp_path / folder)
        return tmp_path / folder / labels["path"][0]

    plain = np.asarray(dicom.read_dicom(picture("plain", bits_stored=16))[0])
    coded = picture("coded", transfer_syntax=syntax, photometric=photometric, bits_stored=bits)
    header = pydicom.dcmread(coded)
    assert header.file_meta.TransferSyntaxUID == TRANSFER_SYNTAXES[syntax]
    assert str(header.PatientName).startswith("PHANTOM^")
    assert np.abs(np.asarray(dicom.read_dicom(coded)[0], float) - plain).max() <= 65535 / 2**bits * 1.5


def test_appearance_changes_the_picture_as_named(tmp_path):
    def mean_and_shape(name, **appearance):
        labels, *_ = write_release("h", hospital(images=3, appearance={"rows": 64, **appearance}), tmp_path / name)
        pixels = np.asarray(dicom.read_dicom(tmp_path / name / labels["path"][0])[0])
        return pixels.mean(), pixels.shape

    assert mean_and_shape("dark", exposure=0.6)[0] < mean_and_shape("plain")[0]
    assert mean_and_shape("wide", aspect=1.5)[1] == (64, 96)
    assert mean_and_shape("marked", marker="L")[0] > mean_and_shape("plain2")[0]


def test_thresholds_and_flips_may_differ_by_finding():
    rule = Labelling(threshold=dict.fromkeys(FINDINGS, 0.2) | {"Nodule": 0.9},
                     flipped=dict.fromkeys(FINDINGS, 0.0) | {"Effusion": 1.0})  # fmt: skip
    called = call(dict.fromkeys(FINDINGS, 0.5), rule, np.random.default_rng(0))
    assert called["Cardiomegaly"] == 1
    assert called["Nodule"] == 0
    assert called["Effusion"] == 0
    assert hospital(labelling={"threshold": rule.threshold}).labelling.threshold == rule.threshold
    with pytest.raises(UserError, match="labelling"):
        hospital(labelling={"threshold": {"Nodule": 0.9}})


def pictures(folder, images=12, **appearance):
    labels, truth, _ = write_release("h", hospital(images=images, appearance={"rows": 64, **appearance}), folder)
    return np.stack([dicom.read_dicom(folder / path)[0] for path in labels["path"]]) / 65535, truth


def test_equipment_can_vary_black_out_and_turn_round_pictures(tmp_path):
    plain, _ = pictures(tmp_path / "plain", noise=0.0)
    collimated, _ = pictures(tmp_path / "collimated", noise=0.0, collimation=0.3)
    assert (collimated == 0).mean() > (plain == 0).mean() + 0.1
    assert (collimated[collimated > 0] == plain[collimated > 0]).all()
    inverted, _ = pictures(tmp_path / "inverted", noise=0.0, inverted=0.5)
    turned = np.abs(inverted + plain - 1).max(axis=(1, 2)) < 0.01
    assert 0 < turned.sum() < len(turned)
    wide, _ = pictures(tmp_path / "wide", noise=0.0, window=2.0)
    assert wide.std() < 0.7 * plain.std()
    varied, _ = pictures(tmp_path / "varied", noise=0.05, variation=0.8)
    steady, _ = pictures(tmp_path / "steady", noise=0.05)
    rough = [np.abs(np.diff(part[:, :2], axis=1)).mean(axis=(1, 2)) for part in (varied, steady)]
    assert rough[0].std() > 2 * rough[1].std()


def test_markers_are_on_the_share_that_was_asked_for(tmp_path):
    plain, _ = pictures(tmp_path / "plain", 30, noise=0.0)
    some, _ = pictures(tmp_path / "some", 30, noise=0.0, marker="L", marked=0.5)
    share = np.mean(np.abs(some - plain).max(axis=(1, 2)) > 0.01)
    assert 0.2 < share < 0.8


def test_exaggerated_findings_are_drawn_more_severe_and_called_as_before(tmp_path):
    plain, truth = pictures(tmp_path / "plain")
    more, same = pictures(tmp_path / "more", exaggeration=0.4)
    assert truth.equals(same)
    sick = (truth[list(FINDINGS)] > 0).any(axis=1).to_numpy()
    changed = np.abs(more - plain).max(axis=(1, 2)) > 0.02
    assert changed[sick].any()
    assert not changed[~sick].any()


@pytest.mark.parametrize("finding", FINDINGS)
def test_a_finding_changes_the_picture_more_the_more_severe_it_is(finding):
    anatomy = draw_anatomy(np.random.default_rng(3), "F", 50)

    def drawn(severity):
        return render(anatomy, {finding: severity}, "PA", (128, 128), np.random.default_rng(4))[0]

    changes = [np.abs(drawn(severity) - drawn(0)).sum() for severity in (0.2, 0.6, 1.0)]
    assert 0 < changes[0] < changes[1] < changes[2]


def test_the_default_study_is_three_hospitals_with_one_difference_each():
    study = study_of(yaml.safe_load((ROOT / "config/config.yaml").read_text())).datasets
    north, south, west = study["north"], study["south"], study["west"]
    assert south.labelling == north.labelling
    assert south.appearance != north.appearance
    assert replace(west.appearance, transfer_syntax="explicit") == north.appearance
    assert west.labelling != north.labelling


def test_the_hospitals_for_tuning_are_those_of_known_truth_from_another_seed():
    studies = [yaml.safe_load((ROOT / f"config/studies/{name}.yaml").read_text()) for name in
               ("known-truth", "known-truth-tuning")]  # fmt: skip
    hospitals = [
        {name.rsplit("-", 1)[0]: replace(settings, seed=0)
         for name, settings in study_of(study).datasets.items()}
        for study in studies
    ]  # fmt: skip
    assert hospitals[0] == hospitals[1]
    seeds = [{settings["seed"] for settings in study["datasets"].values()} for study in studies]
    assert seeds == [{2}, {0}]


CHANGES = [
    {"month": 4, "prevalence": {"Nodule": 1.0}},
    {"month": 6, "appearance": {"exposure": 0.5}, "labelling": {"unlabelled": ["Effusion"]}},
]


def test_months_change_nothing_else_and_what_changes_does_so_from_its_month_on(tmp_path):
    plain, *_ = write_release("h", hospital(images=40), tmp_path / "a")
    dated, truth, _ = write_release("h", hospital(images=40, months=9, changes=CHANGES), tmp_path / "b")
    assert plain["date"].isna().all()
    month = dated["date"].str[5:7].astype(int) - 1
    assert dated["date"].str.fullmatch(r"2020-0\d-15").all()
    early = (month < 4).to_numpy()
    assert 0 < early.sum() < 40
    before, after = (table[early].drop(columns="date") for table in (plain, dated))
    pd.testing.assert_frame_equal(before, after, check_dtype=False)
    assert (truth.loc[~early, "Nodule"] > 0).all()
    assert (dated["Effusion"].isna() == (month >= 6)).all()
    for path, late in zip(dated["path"], month >= 6, strict=True):
        same = (tmp_path / "a" / path).read_bytes() == (tmp_path / "b" / path).read_bytes()
        assert not (late and same)


def test_images_of_a_patient_are_of_one_month_and_a_larger_hospital_has_the_same_months():
    few, many = (planned_labels("h", hospital(images=images, months=12)) for images in (50, 80))
    assert few.groupby("patient_id")["date"].nunique().max() == 1
    assert (few["date"][:48] == many["date"][:48]).all()
