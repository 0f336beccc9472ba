"""Splits by patient, pseudonyms, and what a manifest must not hold."""

import stat
from pathlib import Path

import pandas as pd
import pytest

from crossray import manifest
from crossray.errors import UserError, speaking_of
from crossray.study.splits import Split
from helpers import manifest_table

SHARES = {"train": 0.7, "validation": 0.1, "test": 0.2}


def test_patients_never_straddle_and_shares_come_out():
    patients = pd.Series([f"p{n // 3}" for n in range(30_000)])
    splits = manifest.split_by_patient(patients, 0, SHARES)
    assert splits.groupby(patients).nunique().max() == 1
    shares = splits.value_counts(normalize=True)
    for split, share in SHARES.items():
        assert shares[split] == pytest.approx(share, abs=0.015)


def test_adding_patients_moves_nobody_and_another_seed_moves_many():
    few, many = pd.Series([f"p{n}" for n in range(500)]), pd.Series([f"p{n}" for n in range(1000)])
    before, after = manifest.split_by_patient(few, 0, SHARES), manifest.split_by_patient(many, 0, SHARES)
    assert (after[:500] == before).all()
    assert (manifest.split_by_patient(few, 1, SHARES) != before).mean() > 0.3


def test_a_share_of_zero_gets_nobody():
    shares = {"train": 0.0, "validation": 0.0, "test": 1.0}
    assert set(manifest.split_by_patient(pd.Series([f"p{n}" for n in range(200)]), 0, shares)) == {"test"}


def test_the_way_back_from_hashes_to_files_is_kept_apart(tmp_path):
    released = manifest_table(5, ["A"])
    table = manifest.with_pseudonyms(released, b"k" * 32)
    manifest.write_lookup(tmp_path / "d.csv", released, table)
    assert stat.S_IMODE((tmp_path / "d.csv").stat().st_mode) == 0o600
    assert manifest.with_files(table, tmp_path / "d.csv")["file"].tolist() == released["path"].tolist()
    assert not set(table["path"]) & set(released["path"])
    with pytest.raises(UserError, match="not the files of this manifest"):
        manifest.with_files(released, tmp_path / "d.csv")
    assert manifest.with_pseudonyms(released, None) is released


def test_the_way_back_is_closed_to_others_while_it_is_written(tmp_path, monkeypatch):
    released = manifest_table(5, ["A"])
    seen = []
    write = Path.write_text

    def watched(path, *text, **options):
        seen.append(stat.S_IMODE(path.stat().st_mode))
        write(path, *text, **options)
        seen.append(stat.S_IMODE(path.stat().st_mode))

    monkeypatch.setattr(Path, "write_text", watched)
    manifest.write_lookup(tmp_path / "d.csv", released, manifest.with_pseudonyms(released, b"k" * 32))
    assert seen == [0o600, 0o600]


def test_equal_texts_of_two_columns_have_different_hashes():
    released = manifest_table(5, ["A"])
    released["patient_id"] = released["study_id"] = released["path"] = released["image_id"]
    hashed = manifest.with_pseudonyms(released, b"k" * 32)
    assert len(set(hashed[list(manifest.NAMING_COLUMNS)].to_numpy().ravel())) == 4 * 5


def test_high_ages_are_pooled_and_rows_are_not_in_the_release_s_order():
    released = manifest_table(200, ["A"]).assign(age=[0.5, 89.0, 89.5, 90.0, 104.0] * 40)
    released.loc[7, "age"] = None
    hashed = manifest.with_pseudonyms(released, b"k" * 32)
    table = manifest.less_identifying(hashed)
    assert set(table["age"].dropna()) == {0.5, 89.0, 90.0}
    assert table["age"].isna().sum() == 1
    assert list(table["image_id"]) == sorted(hashed["image_id"])
    assert abs(pd.Series(table.index).corr(pd.Series(range(200)))) < 0.3  # the keyed hashes decide, not the release
    pd.testing.assert_frame_equal(table.sort_index().drop(columns="age"), hashed.drop(columns="age"))


def test_the_split_hangs_on_who_the_patients_are_said_to_be():
    table = manifest_table(2000, ["A"]).drop(columns="split")
    first, second = (
        manifest.with_splits(table, manifest.with_pseudonyms(table, key)["patient_id"], Split(**SHARES))["split"]
        for key in (b"k" * 32, b"x" * 32)
    )
    public = manifest.with_splits(table, table["patient_id"], Split(**SHARES))["split"]
    assert (public == manifest.split_by_patient(table["patient_id"], 0, SHARES)).all()
    assert 0.3 < (first != second).mean() < 0.7
    assert 0.3 < (first != public).mean() < 0.7


def test_a_release_without_a_validation_split_gets_one_from_its_training_split():
    table = manifest_table(3000, ["A"]).assign(split=["test", None, None] * 1000)
    splits = manifest.with_splits(table, table["patient_id"], Split(**SHARES))["split"]
    assert (splits[::3] == "test").all()
    assert splits[table["split"].isna()].value_counts(normalize=True)["validation"] == pytest.approx(1 / 8, abs=0.02)


def test_round_trip_with_metadata(tmp_path):
    table = manifest_table(20, ["A"])
    table.loc[3, "A"] = None
    manifest.write(tmp_path / "m.parquet", table, {"reader": "table"})
    pd.testing.assert_frame_equal(manifest.read(tmp_path / "m.parquet"), table, check_dtype=False)
    assert manifest.read_metadata(tmp_path / "m.parquet") == {"reader": "table"}
    assert manifest.tasks_of(table) == ["A"]


def test_a_good_manifest_passes():
    manifest.check(manifest_table(20, ["A", "B"]), ["A", "B"], "labels.csv")


@pytest.mark.parametrize(
    ("row", "column", "value", "message"),
    [
        (4, "image_id", "i1", r"labels.csv: row (3|6), column image_id: 'i1' occurs more than once"),
        (4, "A", 0.5, r"row 6, column A: '0.5'"),
        (2, "split", "dev", r"row 4, column split: 'dev'"),
        (2, "age", 300.0, r"row 4, column age: '300"),
    ],
)
def test_what_a_manifest_must_not_hold(row, column, value, message):
    table = manifest_table(20, ["A"])
    table.loc[row, column] = value
    with pytest.raises(UserError, match=message):
        manifest.check(table, ["A"], "labels.csv")


def test_a_patient_in_two_splits_stops():
    table = manifest_table(20, ["A"])
    table["patient_id"] = ["p0"] * 2 + [f"p{n}" for n in range(2, 20)]
    table.loc[1, "split"] = "test"
    with pytest.raises(UserError, match=r"1 patients .* more than one split, the first of them \('p0'\) in rows 2, 3"):
        manifest.check(table, ["A"], "labels.csv")


@pytest.mark.parametrize("column", ["image_id", "patient_id"])
def test_identifiers_of_patients_are_not_quoted(column):
    table = manifest_table(20, ["A"])
    table.loc[[0, 5], column] = "DOE^JANE"
    table.loc[0, "split"] = "test"
    with speaking_of(False), pytest.raises(UserError, match=r"labels.csv: .*row") as error:
        manifest.check(table, ["A"], "labels.csv")
    assert "DOE" not in str(error.value)
