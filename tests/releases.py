"""Small made-up releases in the layout of the real ones. Every name, number and pixel is invented."""

import io
import json
import tarfile

import numpy as np
import pandas as pd
import PIL.Image

from helpers import dicom_file

LABELER = ["No Finding", "Enlarged Cardiomediastinum", "Cardiomegaly", "Lung Opacity", "Lung Lesion", "Edema",
           "Consolidation", "Pneumonia", "Atelectasis", "Pneumothorax", "Pleural Effusion", "Pleural Other", "Fracture",
           "Support Devices"]  # fmt: skip


def pixels(seed, dtype=np.uint8):
    """Return a smooth image of 40 x 40 that no other seed gives."""
    coarse = np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, (5, 5))
    return np.kron(coarse, np.ones((8, 8))).astype(dtype)


def picture(path, seed, dtype=np.uint8):
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.fromarray(pixels(seed, dtype)).save(path)


def nih(root):
    """ChestX-ray14: PNG in twelve folders, findings in words, the same patient several times."""
    rows = [("00000001_000.png", "Cardiomegaly|Emphysema", 1, 57, "M", "PA", 1),
            ("00000001_001.png", "No Finding", 1, 58, "M", "AP", 1),
            ("00000002_000.png", "Pleural_Thickening", 2, 80, "F", "PA", 2),
            ("00000003_000.png", "Hernia|Infiltration", 3, 414, "F", "PA", 12)]  # fmt: skip
    for seed, row in enumerate(rows):
        picture(root / f"images_{row[-1]:03d}" / "images" / row[0], seed)
    columns = ["Image Index", "Finding Labels", "Patient ID", "Patient Age", "Patient Gender", "View Position"]
    table = pd.DataFrame([row[:-1] for row in rows], columns=columns)
    table.insert(2, "Follow-up #", 0)
    for name in ("OriginalImage[Width", "Height]", "OriginalImagePixelSpacing[x", "y]"):
        table[name] = 1
    table.to_csv(root / "Data_Entry_2017_v2020.csv", index=False)
    heads = "Image Index,Finding Label,Bbox [x,y,w,h],,,"
    drawn = ["00000001_000.png,Cardiomegaly,200.0,300,500.5,400,,,", "00000003_000.png,Infiltrate,0,10,100,20,,,"]
    (root / "BBox_List_2017.csv").write_text("\n".join([heads, *drawn, ""]))


def nih_google(root):
    """Google's relabelling: the NIH's files and columns, four more."""
    nih(root)
    table = pd.read_csv(root / "Data_Entry_2017_v2020.csv").iloc[[0, 2]]
    table["Fracture"], table["Pneumothorax"] = ["NO", "YES"], ["YES", "NO"]
    table["Airspace opacity"], table["Nodule or mass"], table["Set Id"] = ["YES", "NO"], ["NO", "NO"], ["test", "val"]
    table.to_csv(root / "google2019_nih-chest-xray-labels.csv", index=False)


def rsna(root):
    """RSNA: DICOM by name, a row a box, view, sex and age in the headers, and the mapping to the NIH."""
    names = ["0004cfab-14fd-4e49-80ba-63a80b6bddd6", "000924cf-0f8d-42bd-9158-1af53881a557", "000db696"]
    for seed, (name, view) in enumerate(zip(names, ["PA", "AP", "PA"], strict=True)):
        elements = {"ViewPosition": view, "PatientSex": "F", "PatientAge": "051", "PatientID": name, "Modality": "CR"}
        dicom_file(root / "stage_2_train_images" / f"{name}.dcm", pixels(seed), **elements)
    empty = ("", "", "", "", 0)
    rows = [(names[0], *empty), (names[1], 1, 2, 3, 4, 1), (names[1], 5, 6, 7, 8, 1), (names[2], *empty)]
    table = pd.DataFrame(rows, columns=["patientId", "x", "y", "width", "height", "Target"])
    table.to_csv(root / "stage_2_train_labels.csv", index=False)
    mapping = [{"subset_img_id": names[0], "img_id": "00000007_003.png", "orig_labels": []},
               {"subset_img_id": names[2], "img_id": "00000007_009.png", "orig_labels": []}]  # fmt: skip
    (root / "mapping.json").write_text(json.dumps(mapping))


def siim(root):
    """SIIM-ACR: DICOM three folders deep, a row a mask, a space before a column's name."""
    names = ["1.2.276.0.7230010.3.1.4.1.1", "1.2.276.0.7230010.3.1.4.1.2"]
    for seed, name in enumerate(names):
        elements = {"ViewPosition": "PA", "PatientSex": "M", "PatientAge": "44", "PatientID": f"person-{seed}"}
        dicom_file(
            root / "dicom-images-train" / f"1.2.{seed}" / f"1.3.{seed}" / f"{name}.dcm", pixels(seed), **elements
        )
    rows = [(names[0], " 12 3 4 5"), (names[0], " 9 9"), (names[1], " -1")]
    pd.DataFrame(rows, columns=["ImageId", " EncodedPixels"]).to_csv(root / "train-rle.csv", index=False)


def padchest(root):
    """PadChest: 16-bit PNG in numbered folders, findings as a list in a cell, "nan" for what is not known."""
    rows = [("a_1.png", 0, "p1", "['nodule', 'goiter']", "PA", "M"),
            ("b_2.png", 0, "p2", "['pseudonodule']", "PA", "F"),
            ("c_3.png", 7, "p3", "['unchanged', 'cardiomegaly']", "AP_horizontal", "nan"),
            ("d_4.png", 7, "p3", "['pericardial effusion']", "L", "O"),
            ("e_5.png", 7, "p4", "nan", "PA", "M")]  # fmt: skip
    for seed, row in enumerate(rows):
        picture(root / str(row[1]) / row[0], seed, np.uint16)
    columns = ["ImageID", "ImageDir", "PatientID", "Labels", "Projection", "PatientSex_DICOM"]
    table = pd.DataFrame(rows, columns=columns)
    table["StudyDate_DICOM"], table["PatientBirth"], table["StudyID"] = "20140915", "1930.0", range(5)
    table["Manufacturer_DICOM"] = ["ImagingDynamicsCompanyLtd"] * 2 + ["PhilipsMedicalSystems"] * 2 + ["nan"]
    table.to_csv(root / "PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv.gz")


def labeler(rows):
    """Return columns of the CheXpert labeler, empty but for what each row says."""
    return pd.DataFrame([{**dict.fromkeys(LABELER, ""), **row} for row in rows])


def chexpert(root):
    """CheXpert: JPEG by patient and study, paths that begin with the name of the release."""
    paths = ["patient00001/study1/view1_frontal.jpg", "patient00002/study1/view1_frontal.jpg",
             "patient00002/study1/view2_lateral.jpg", "patient00002/study2/view1_frontal.jpg"]  # fmt: skip
    for seed, path in enumerate(paths):
        picture(root / "train" / path, seed)
    table = pd.DataFrame(
        {
            "Path": [f"CheXpert-v1.0/train/{path}" for path in paths],
            "Sex": ["Female", "Male", "Male", "Unknown"],
            "Age": [68, 87, 87, 0],
            "Frontal/Lateral": ["Frontal", "Frontal", "Lateral", "Frontal"],
            "AP/PA": ["AP", "PA", "", "AP"],
        }
    )
    rows = [{"No Finding": "1.0", "Support Devices": "1.0"}, {"Pleural Effusion": "1.0", "Edema": "-1.0"},
            {"Pleural Effusion": "1.0"}, {"No Finding": "1.0", "Cardiomegaly": "0.0"}]  # fmt: skip
    table.join(labeler(rows)).to_csv(root / "train.csv", index=False)


def mimic_cxr(root, suffix=".dcm"):
    """MIMIC-CXR: DICOM or JPEG by patient and study, labels by study, views by image, a study without labels."""
    images = [("d1-aa", 10000032, 50414267, "PA"), ("d2-bb", 10000032, 50414267, "LATERAL"),
              ("d3-cc", 11000011, 51000000, "AP"), ("d4-dd", 11000011, 52000000, "AP")]  # fmt: skip
    for seed, (name, patient, study, _) in enumerate(images):
        path = root / "files" / f"p{str(patient)[:2]}" / f"p{patient}" / f"s{study}" / f"{name}{suffix}"
        if suffix == ".dcm":
            dicom_file(path, pixels(seed, np.uint16), bits=12)
        else:
            picture(path, seed)
    table = pd.DataFrame(images, columns=["dicom_id", "subject_id", "study_id", "ViewPosition"])
    table["PerformedProcedureStepDescription"] = ["CHEST (PA AND LAT)"] * 2 + ["CHEST (PORTABLE AP)"] * 2
    table.to_csv(root / "mimic-cxr-2.0.0-metadata.csv.gz", index=False)
    studies = pd.DataFrame({"subject_id": [10000032, 11000011], "study_id": [50414267, 51000000]})
    chexpert_rows = [{"Pneumonia": "1.0", "Fracture": "-1.0"}, {"No Finding": "1.0"}]
    studies.join(labeler(chexpert_rows)).to_csv(root / "mimic-cxr-2.0.0-chexpert.csv.gz", index=False)
    studies.join(labeler([{"Pneumonia": "-1.0"}, {"Edema": "1.0"}])).to_csv(
        root / "mimic-cxr-2.0.0-negbio.csv.gz", index=False
    )


def mimic_cxr_jpg(root):
    """MIMIC-CXR-JPG."""
    mimic_cxr(root, ".jpg")


def brax(root):
    """BRAX: DICOM and PNG trees, ages in groups, views that are not said."""
    rows = []
    for seed, (patient, view, age) in enumerate([("id_a", "PA", "85 or more"), ("id_b", "", "40")]):
        place = f"{patient}/Study_{seed}.1/Series_{seed}.2/image-{seed}-x"
        dicom_file(root / "Anonymized_DICOMs" / f"{place}.dcm", pixels(seed, np.uint16))
        picture(root / "images" / f"{place}.png", seed)
        rows.append((f"Anonymized_DICOMs/{place}.dcm", f"images/{place}.png", patient, "F", age, view, 40, 40))
    columns = ["DicomPath", "PngPath", "PatientID", "PatientSex", "PatientAge", "ViewPosition", "Rows", "Columns"]
    table = pd.DataFrame(rows, columns=columns).join(labeler([{"Edema": "1.0"}, {"No Finding": "1.0"}]))
    table.to_csv(root / "master_spreadsheet_update.csv", index=False)


def openi_report(name, images, words):
    parents = "".join(f'<parentImage id="{image}"/>' for image in images)
    terms = "".join(f"<automatic>{word}</automatic>" for word in words)
    return f'<eCitation><uId id="{name}"/><MeSH><major>x</major>{terms}</MeSH>{parents}</eCitation>'.encode()


def openi(root):
    """Indiana: DICOM without the prefix CXR, views in the headers, reports as an archive of XML."""
    reports = {
        "CXR1": openi_report("CXR1", ["CXR1_1_IM-0001-3001", "CXR1_1_IM-0001-4001"], ["pleural effusions"]),
        "CXR2": openi_report("CXR2", ["CXR2_IM-0652-1001"], ["Pericardial Effusion", "Enlarged Heart"]),
        "CXR3": openi_report("CXR3", ["CXR3_IM-1384-1001"], []),
        "CXR4": openi_report("CXR4", [], ["Hernia, Hiatal"]),
    }
    with tarfile.open(root / "NLMCXR_reports.tgz", "w:gz") as archive:
        for name, text in reports.items():
            member = tarfile.TarInfo(f"ecgen-radiology/{name[3:]}.xml")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text))
    views = {"1_1_IM-0001-3001": "PA", "1_1_IM-0001-4001": "LATERAL", "2_IM-0652-1001": "PA", "3_IM-1384-1001": "AP"}
    for seed, (name, view) in enumerate(views.items()):
        elements = {"ViewPosition": view, "PhotometricInterpretation": "MONOCHROME1"}
        dicom_file(root / name.split("_")[0] / f"{name}.dcm", pixels(seed, np.uint16), bits=12, **elements)


def vindr(root):
    """VinDr-CXR of Kaggle: a row a box and reader."""
    edges = ["x_min", "y_min", "x_max", "y_max"]
    none, one, other = ("", "", "", ""), (1.5, 2, 11, 12), (20, 20, 30, 30)
    rows = [("aa", "No finding", "R1", *none), ("aa", "No finding", "R2", *none), ("aa", "Cardiomegaly", "R3", *one),
            ("bb", "Pleural effusion", "R1", *one), ("bb", "Pleural effusion", "R1", *other),
            ("bb", "Pleural effusion", "R2", *one), ("bb", "Nodule/Mass", "R3", *other)]  # fmt: skip
    pd.DataFrame(rows, columns=["image_id", "class_name", "rad_id", *edges]).to_csv(root / "train.csv", index=False)
    for seed, name in enumerate(["aa", "bb"]):
        dicom_file(root / "train" / f"{name}.dicom", pixels(seed, np.uint16), bits=14)


def vindr_physionet(root):
    """VinDr-CXR of PhysioNet: a row an image and reader, a column a finding."""
    columns = ["Atelectasis", "Cardiomegaly", "Pleural effusion", "Rib fracture", "COPD", "No finding"]
    rows = [("aa", "R1", 0, 0, 0, 0, 0, 1), ("aa", "R2", 0, 0, 0, 0, 0, 1), ("aa", "R3", 0, 1, 0, 0, 0, 0),
            ("bb", "R1", 0, 0, 1, 1, 0, 0), ("bb", "R2", 0, 0, 1, 0, 0, 0), ("bb", "R3", 0, 0, 0, 0, 1, 0)]  # fmt: skip
    (root / "annotations").mkdir()
    table = pd.DataFrame(rows, columns=["image_id", "rad_id", *columns])
    table.to_csv(root / "annotations" / "image_labels_train.csv", index=False)
    lines = [
        "image_id,rad_id,class_name,x_min,y_min,x_max,y_max",
        "aa,R1,No finding,,,,",
        "aa,R3,Cardiomegaly,1.5,2,11,12",
        *(f"bb,R{n},Pleural effusion,5,5,9,9" for n in (1, 1, 2)),
        "",
    ]
    (root / "annotations" / "annotations_train.csv").write_text("\n".join(lines))
    for seed, name in enumerate(["aa", "bb"]):
        dicom_file(root / "train" / f"{name}.dicom", pixels(seed, np.uint16), bits=14)


def montgomery(root, prefix="MCUCXR", readings=("Patient's Sex: F\nPatient's Age: 027Y\nnormal", "male 45yrs\nPTB")):
    """Montgomery: PNG whose names end in the label, readings as text."""
    (root / "ClinicalReadings").mkdir()
    for seed, text in enumerate(readings):
        picture(root / "CXR_png" / f"{prefix}_000{seed + 1}_{seed}.png", seed)
        (root / "ClinicalReadings" / f"{prefix}_000{seed + 1}_{seed}.txt").write_text(text)


def shenzhen(root):
    """Shenzhen."""
    montgomery(root, "CHNCXR", ("female 30yrs\nnormal", "male 45yrs\nright PTB"))


def object_cxr(root):
    """Object-CXR: JPEG, a rectangle and a polygon or none."""
    for seed in (1, 2):
        picture(root / "train" / f"0000{seed}.jpg", seed)
    table = pd.DataFrame({"image_name": ["00001.jpg", "00002.jpg"], "annotation": ["0 1 2 3 4;2 5 2 9 4 7 8", ""]})
    table.to_csv(root / "train.csv", index=False)


def folder(root):
    """One folder a class, below the release's own splits."""
    for seed, name in enumerate(["train/NORMAL/p1_a.png", "train/PNEUMONIA/p2_a.png", "test/PNEUMONIA/p3_a.png"]):
        picture(root / name, seed)


#: name -> what writes the release, further settings
LAYOUTS = {
    "nih": (nih, {}),
    "google": (nih_google, {"reader": "nih_google"}),
    "rsna": (rsna, {"nih_mapping": "mapping.json"}),
    "siim": (siim, {}),
    "padchest": (padchest, {}),
    "chexpert": (chexpert, {}),
    "mimic_ch": (mimic_cxr, {"reader": "mimic_cxr"}),
    "mimic_nb": (mimic_cxr_jpg, {"reader": "mimic_cxr", "labeler": "negbio", "files": "jpg"}),
    "brax": (brax, {"views": ["ANY"]}),
    "openi": (openi, {}),
    "vindr": (vindr, {}),
    "montgomery": (montgomery, {}),
    "shenzhen": (shenzhen, {}),
    "object_cxr": (object_cxr, {}),
    "folder": (folder, {"classes": {"NORMAL": [], "PNEUMONIA": ["Pneumonia"]}}),
}
