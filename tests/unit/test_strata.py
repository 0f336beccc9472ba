"""Strata: columns and elements of headers by which images are compared, months in the place of dates, and groups."""

import numpy as np
import pandas as pd
import pytest

import releases
from crossray import manifest
from crossray.analysis import subgroups
from crossray.analysis.cells import ModelKey, ScoredSplit
from crossray.analysis.datasets import describe
from crossray.datasets import READERS, Release, find_described, find_reader, strata
from crossray.datasets.configured import options_of, with_policy
from crossray.datasets.folder import ReadSettings as FolderReadSettings
from crossray.datasets.manifests import read_manifest
from crossray.datasets.table import ReadSettings
from crossray.errors import UserError
from helpers import dataset, dicom_file

POLICY = {"reader": "table", "views": ["ANY"], "images_per_patient": "all", "uncertain": "ignore", "max_missing": 1}


def read(folder, table, **settings):
    """Return the manifest of a table, with these settings of its reader."""
    table.to_csv(folder / "t.csv", index=False)
    told = ReadSettings.from_dict(POLICY | {"columns": {}, "tasks": ["A"], "public": True, "role": "test"} | settings)
    return read_manifest("d", Release(str(folder), (str(folder / "t.csv"),)), told, None).table


def rows(count=40, **columns):
    names = [f"i{number}" for number in range(count)]
    return pd.DataFrame(
        {"image_id": names, "patient_id": names, "path": [f"{name}.dcm" for name in names], "A": 1} | columns
    )


def test_a_column_and_an_element_of_headers_are_kept_under_the_names_of_strata(tmp_path):
    table = rows(24, ward=["A&E", "ICU"] * 12)
    for number, path in enumerate(table["path"][:12]):
        dicom_file(tmp_path / path, np.zeros((4, 4), np.uint8), ManufacturerModelName="DX-1" if number < 11 else "rare")
    found = read(tmp_path, table, strata={"ward": "ward", "scanner": "ManufacturerModelName"})
    assert list(found.columns[-3:]) == ["A", "stratum: ward", "stratum: scanner"]
    assert manifest.tasks_of(found) == ["A"]
    assert found["stratum: ward"].tolist() == table["ward"].tolist()
    # one patient is too few to be named, and of half of the files nothing is known
    assert found["stratum: scanner"].fillna("").tolist() == ["DX-1"] * 11 + ["other"] + [""] * 12
    manifest.write(tmp_path / "m.parquet", found, {})
    pd.testing.assert_frame_equal(manifest.read(tmp_path / "m.parquet"), found, check_dtype=False)


def test_a_folder_has_strata_of_its_headers(tmp_path):
    for number in range(24):
        model = {"ManufacturerModelName": "DX-1" if number % 2 else "DX-2"} if number < 23 else {}
        dicom_file(tmp_path / f"ill/{number}.dcm", np.zeros((4, 4), np.uint8), PatientID=f"p{number}", **model)
    chosen = {"reader": "folder", "views": ["ANY"], "images_per_patient": "all", "max_missing": 1, "public": True,
              "classes": {"ill": ["A"]}, "from_headers": ["patient_id"],
              "strata": {"scanner": "ManufacturerModelName"}}  # fmt: skip
    told = FolderReadSettings.from_dict(chosen)
    found = read_manifest("d", Release(str(tmp_path), ()), told, None).table
    assert found["stratum: scanner"].fillna("").value_counts().to_dict() == {"DX-2": 12, "DX-1": 11, "": 1}
    assert strata.wrong_elements(["PatientName"]).startswith("'PatientName' is no element of DICOM headers")
    assert strata.wrong_elements({"sex": "Modality"}) == "'sex' is the name of another group; call it something else"
    assert strata.wrong_elements(["Modality"]) is None


def released(root, layout, asked):
    """Write a release that everybody knows, and return what a stratum says of its images."""
    root.mkdir(parents=True, exist_ok=True)
    maker, own = releases.LAYOUTS[layout]
    maker(root)
    told = dataset(**{"reader": layout, "root": str(root), "public": True, "strata": asked, **own})
    chosen = with_policy("d", told, role="test")
    found = read_manifest("d", find_reader(told.reader).locate("d", told), chosen, None).table
    return found.filter(regex="^stratum: ").fillna("")


@pytest.mark.parametrize(
    ("layout", "asked", "said"),
    [
        ("nih", "y]", ["1"] * 4),
        ("google", "Set Id", ["test", "val"]),
        ("rsna", "Modality", ["CR"] * 3),
        ("siim", "PhotometricInterpretation", ["MONOCHROME2"] * 2),
        ("padchest", "Manufacturer_DICOM", ["ImagingDynamicsCompanyLtd"] * 2 + ["PhilipsMedicalSystems", ""]),
        ("chexpert", "Support Devices", ["1.0", "", ""]),
        ("mimic_ch", "PerformedProcedureStepDescription", ["CHEST (PA AND LAT)", "CHEST (PORTABLE AP)"]),
        ("mimic_ch", "PhotometricInterpretation", ["MONOCHROME2"] * 2),
        ("mimic_nb", "PerformedProcedureStepDescription", ["CHEST (PA AND LAT)", "CHEST (PORTABLE AP)"]),
        ("brax", "Rows", ["40", "40"]),
        ("openi", "PhotometricInterpretation", ["MONOCHROME1"] * 3),
        ("vindr", "rad_id", ["R1 + R2 + R3"] * 2),
        ("vindr", "PhotometricInterpretation", ["MONOCHROME2"] * 2),
    ],
)
def test_a_release_that_everybody_knows_has_strata_of_its_table_or_of_headers(
    tmp_path, monkeypatch, layout, asked, said
):
    monkeypatch.setattr(strata, "RARE", 1)
    found = released(tmp_path, layout, {"group": asked})
    assert found["stratum: group"].tolist() == said
    plain = released(tmp_path / "again", layout, [asked])
    assert plain[f"stratum: {asked}"].tolist() == said


def test_every_reader_whose_table_is_one_of_images_takes_its_columns():
    described = {name for name in READERS if find_described(name)}
    assert described == {"nih", "nih_google", "padchest", "chexpert", "mimic_cxr", "vindr", "brax"}
    for name in READERS:
        kind = options_of(name)
        assert (issubclass(kind, strata.OfTables) and name != "table") == (name in described)
        assert issubclass(kind, strata.OfHeaders) == (name in ("folder", "openi", "rsna", "siim"))


def test_a_column_that_a_release_has_not_is_told_with_those_that_it_has(tmp_path):
    with pytest.raises(UserError) as caught:
        released(tmp_path / "nih", "nih", ["Manufacturer"])
    assert str(caught.value) == (
        f"{tmp_path}/nih/Data_Entry_2017_v2020.csv: strata: no column Manufacturer; the columns are Image Index, "
        "Finding Labels, Follow-up #, Patient ID, Patient Age, Patient Gender, View Position, OriginalImage[Width, "
        "Height], OriginalImagePixelSpacing[x, y]"
    )
    with pytest.raises(
        UserError, match=r"mimic-cxr-2\.0\.0-metadata\.csv\.gz: strata: no column Ward; the columns are dicom_id"
    ):
        released(tmp_path / "mimic", "mimic_ch", ["Ward"])
    with pytest.raises(UserError, match="; elements of DICOM headers are Manufacturer, ManufacturerModelName"):
        released(tmp_path / "vindr", "vindr", ["Ward"])
    with pytest.raises(
        UserError, match="strata: Manufacturer is empty for all 3 images; name another column or element"
    ):
        released(tmp_path / "rsna", "rsna", ["Manufacturer"])
    with pytest.raises(
        UserError, match="PNG and JPEG files have no DICOM header, and no element Manufacturer; take it out"
    ):
        released(tmp_path / "folder", "folder", ["Manufacturer"])
    with pytest.raises(UserError, match="'Ward' is no element of DICOM headers that is kept; allowed are Manufacturer"):
        released(tmp_path / "openi", "openi", ["Ward"])
    with pytest.raises(UserError, match="unknown key strata"):
        released(tmp_path / "montgomery", "montgomery", ["Ward"])


def test_numbers_are_cut_into_groups_that_say_where_they_begin(tmp_path):
    numbers = ["0", "0.5", "1", "4", "5", "17", ""] * 10
    found = read(tmp_path, rows(70, n=numbers), strata={"visits": {"column": "n", "cut": [1, 5]}})
    groups = ["below 1"] * 2 + ["from 1 to below 5"] * 2 + ["from 5 on"] * 2 + [""]
    assert found["stratum: visits"].fillna("").tolist() == groups * 10
    with pytest.raises(
        UserError, match="strata: visits: 10 of 20 images have no number in column n, so that it cannot"
    ):
        read(tmp_path, rows(20, n=["1", "often"] * 10), strata={"visits": {"column": "n", "cut": [1]}})
    with pytest.raises(UserError, match="cut"):
        dataset("table", root=".", table="t.csv", tasks=["A"], strata={"v": {"column": "n", "cut": [5, 1]}})
    with pytest.raises(UserError, match="strata"):
        dataset("folder", root=".", classes={"a": []}, strata={"v": {"column": "Grid", "cut": [5]}})


def test_follow_ups_of_the_nih_are_cut(tmp_path, monkeypatch):
    monkeypatch.setattr(strata, "RARE", 1)
    found = released(tmp_path, "nih", {"visit": {"column": "Follow-up #", "cut": [1]}})
    assert found["stratum: visit"].tolist() == ["below 1"] * 4


def test_a_release_with_dates_has_months(tmp_path):
    release = tmp_path / "padchest"
    release.mkdir()
    releases.padchest(release)
    path = next(release.glob("*.csv.gz"))
    table = pd.read_csv(path)
    table["StudyDate_DICOM"] = ["20140915", "20150101", "20100101", "20091231", "nan"]
    table.to_csv(path)
    told = dataset(reader="padchest", root=str(release), public=True, months=True)
    chosen = with_policy("d", told, role="test")
    found = read_manifest("d", find_reader("padchest").locate("d", told), chosen, None).table
    assert found[manifest.MONTHS].fillna(-1).tolist() == [56, 60, 0, -1]  # the lateral one of 2009 is left out


def test_names_of_patients_in_a_column_named_by_mistake_stay_out(tmp_path):
    found = read(tmp_path, rows(40, who=[f"Smith {number}" for number in range(40)]), strata=["who"])
    assert set(found["stratum: who"]) == {strata.OTHER}


def test_of_a_date_months_from_the_first_are_kept(tmp_path):
    days = ["2023-11-30", "20231201", "2024-01-02T08:00", "2024-12-31 23:59:59", "31.12.2024", "", "2024-13-01"]
    table = rows(7, when=days)
    found = read(tmp_path, table, columns={"date": "when"})
    assert found[manifest.MONTHS].tolist()[:4] == [0, 1, 2, 13]
    assert found[manifest.MONTHS].isna().tolist() == [False] * 4 + [True] * 3
    assert not found.astype(str).apply(lambda column: column.str.contains("2023|2024")).any().any()


def test_what_cannot_be_a_stratum_is_told_in_one_line(tmp_path):
    with pytest.raises(UserError, match="no column scanner"):
        read(tmp_path, rows(), strata=["scanner"])
    with pytest.raises(UserError, match="strata: scanner is empty for all 40 images"):
        read(tmp_path, rows(scanner=""), strata=["scanner"])
    many = rows(strata.RARE * (strata.MOST + 1))
    with pytest.raises(UserError, match="strata: day has 31 values of 10 patients or more, and 30 can be compared"):
        read(tmp_path, many.assign(day=many.index % (strata.MOST + 1)), strata=["day"])
    for given in (["sex"], {"months": "m"}, {"split": "s"}):
        with pytest.raises(UserError, match=r"strata: '(sex|months|split)' is the name of another group"):
            dataset("table", root=".", table="t.csv", tasks=["A"], strata=given)


def test_a_table_without_strata_is_read_as_before(tmp_path):
    assert list(read(tmp_path, rows()).columns) == [*manifest.FIXED_COLUMNS, "A"]


def test_groups_of_strata_are_those_of_the_data_set_and_what_is_not_recorded():
    count = 60
    names = [f"p{number}" for number in range(count)]
    ward = pd.Series(["A", "B", None] * 20, names)
    months = pd.Series(np.arange(count) % 20, names, dtype=float)
    labels = pd.DataFrame({"patient_id": names, "sex": "F", "age": 50.0, "view": "PA", "Effusion": 1.0,
                           "stratum: ward": ward, manifest.MONTHS: months}, names)  # fmt: skip
    scored = ScoredSplit("ours", labels, {}, 5)
    groups = {(attribute, group): inside for attribute, group, inside in subgroups._groups(scored)}
    assert list(groups) == [
        ("ward", "A"), ("ward", "B"), ("ward", "not recorded"),
        ("months", "0 to 5"), ("months", "6 to 11"), ("months", "12 to 17"), ("months", "18 to 23"),
    ]  # fmt: skip
    assert (groups["ward", "A"] == (ward == "A")).all()
    assert (groups["ward", "not recorded"] == ward.isna()).all()
    assert (groups["months", "6 to 11"] == months.between(6, 11)).all()
    counted = {
        (row["property"], row["value"]): row["images"] for row in describe("ours", labels.assign(split="test"), {})
    }
    for of_group, inside in groups.items():
        assert counted[of_group] == inside.sum()


def test_the_ward_in_which_a_model_is_worse_is_found_and_a_small_one_lacks_patients():
    generator = np.random.default_rng(0)
    count = 900
    names = [f"p{number}" for number in range(count)]
    truth = generator.integers(0, 2, count).astype(float)
    ward = np.where(np.arange(count) < 15, "small", np.where(np.arange(count) % 2, "A", "B"))
    labels = pd.DataFrame({"patient_id": names, "sex": "F", "age": 50.0, "view": "PA", "Effusion": truth,
                           "stratum: ward": ward}, names)  # fmt: skip
    skill = np.where(ward == "B", 0.2, 2.5)
    logits = pd.DataFrame({"Effusion": truth * skill + generator.normal(size=count)}, names)
    key = ModelKey("v", "elsewhere")
    scored = ScoredSplit("ours", labels, {key: {"0": logits}}, 20)
    found = {
        group: next(subgroups._group(scored, key, ["Effusion"], inside))
        for _, group, inside in subgroups._groups(scored)
    }
    assert found["B"]["difference_high"] < 0 < found["A"]["difference_low"]
    assert found["small"]["reason"] == "F"
    assert found["small"]["positives"] + found["small"]["negatives"] == 15
