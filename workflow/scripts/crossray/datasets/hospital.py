"""A simulated hospital: who its patients are, how its images look, and from what severity its readers call a finding.

It writes what a real hospital would hand over, DICOM files and a table of labels, and beside them the truth, the
severities and the places of the findings, which a study of real patients never has whole.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import imagecodecs
import numpy as np
import pandas as pd
import pydicom
from numpy.random import Generator
from numpy.typing import NDArray
from pydicom.encaps import encapsulate
from pydicom.pixels.encoders import RLELosslessEncoder
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
    generate_uid,
)

from crossray.datasets.phantom import Anatomy, Mask, draw_anatomy, render
from crossray.files import replacing
from crossray.masks import encode
from crossray.seeds import derived_seed
from crossray.study.findings import FINDINGS
from crossray.study.hospital import Appearance, Hospital, Labelling
from crossray.tables import of_rows
from crossray.tables.release import ReleaseRegions

TRANSFER_SYNTAXES = {
    "explicit": ExplicitVRLittleEndian,
    "implicit": ImplicitVRLittleEndian,
    "rle": RLELossless,
    "jpeg-ls": JPEGLSLossless,
    "jpeg-2000": JPEG2000Lossless,
}


@dataclass(frozen=True)
class Patient:
    """A patient of a simulated hospital, with the severity of each finding, 0 (none) to 1; ``month`` if it has such."""

    patient_id: str
    sex: str
    age: int
    images: int
    anatomy: Anatomy
    severities: dict[str, float]
    month: int | None = None


def patients(name: str, settings: Hospital) -> Iterator[Patient]:
    """Yield patients until their images are as many as are asked for.

    Every patient is drawn from the hospital's seed and the own number, so a larger hospital begins with the same
    patients as a smaller one.
    """
    remaining, number = settings.images, 0
    while remaining > 0:
        generator = _generator(settings.seed, name, "patient", number)
        sex, age = str(generator.choice(["F", "M"])), int(np.clip(generator.normal(58, 17), 18, 95))
        several = generator.random() < settings.several_images
        wanted = int(generator.integers(2, 4)) if several else 1
        month = _month(settings, name, number)
        prevalence = settings_in(settings, month).prevalence
        severities = {finding: _severity(generator, prevalence[finding]) for finding in FINDINGS}
        anatomy = draw_anatomy(generator, sex, age)
        images = min(wanted, remaining)
        yield Patient(f"{name}-{number:05d}", sex, age, images, anatomy, severities, month)
        remaining, number = remaining - images, number + 1


def _month(settings: Hospital, name: str, number: int) -> int | None:
    """Draw the month in which a patient comes, by itself, so that months change nothing else."""
    if settings.months is None:
        return None
    return int(_generator(settings.seed, name, "month", number).integers(settings.months))


def settings_in(settings: Hospital, month: int | None) -> Hospital:
    """Return what holds in a month: the hospital's settings with the changes up to then."""
    for change in sorted(settings.changes or (), key=lambda one: one.month):
        if month is not None and change.month <= month:
            names = ("prevalence", "appearance", "labelling")
            given = {name: getattr(change, name) for name in names if getattr(change, name) is not None}
            settings = replace(settings, **given)
    return settings


def _severity(generator: Generator, prevalence: float) -> float:
    """Draw a severity: none for most, evenly spread over 0.05 to 1 for the share ``prevalence``."""
    has, severity = generator.random() < prevalence, generator.uniform(0.05, 1.0)
    return float(severity) if has else 0.0


def _generator(seed: int, *names: object) -> Generator:
    return np.random.default_rng(derived_seed(seed, *map(str, names)))


def write_release(name: str, settings: Hospital, folder: Path) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Render a hospital's images and write them as DICOM.

    Args:
        name: the hospital's name; with the seed it decides who its patients are.
        settings: its patients, how its images look and how they are labelled.
        folder: where the DICOM files go.

    Returns:
        The label table and the table of severities, one row an image; and where the findings are, one row a finding
        of an image: image_id, finding, rows, columns, runs (:func:`crossray.masks.encode`).
    """
    labels, truth, places = [], [], []
    name = settings.patients_of or name
    for patient in patients(name, settings):
        here = settings_in(settings, patient.month)
        for number in range(patient.images):
            image_id = f"{patient.patient_id}-{number}"
            generator = _generator(settings.seed, name, "image", image_id)
            view = _view(settings, generator)
            pixels, regions = expose(patient, view, here.appearance, generator)
            facts = _facts(patient, image_id, view)
            write_dicom(folder / facts["path"], pixels, patient, view, image_id, here.appearance)
            labels.append(facts | call(patient.severities, here.labelling, generator))
            truth.append({"image_id": image_id, **patient.severities})
            for finding, mask in regions.items():
                rows, columns = mask.shape
                place = {"finding": finding, "rows": rows, "columns": columns, "runs": encode(mask)}
                places.append({"image_id": image_id, **place})
    regions_table = of_rows(places, ReleaseRegions)
    return pd.DataFrame(labels), pd.DataFrame(truth), regions_table


def planned_labels(name: str, settings: Hospital) -> pd.DataFrame:
    """Return the label table of :func:`write_release` without rendering an image.

    The labels are those before the share ``flipped`` of them is turned, which is drawn after an image was.
    """
    labels, name = [], settings.patients_of or name
    for patient in patients(name, settings):
        labelling = replace(settings_in(settings, patient.month).labelling, flipped=0)
        for number in range(patient.images):
            image_id = f"{patient.patient_id}-{number}"
            generator = _generator(settings.seed, name, "image", image_id)
            facts = _facts(patient, image_id, _view(settings, generator))
            labels.append(facts | call(patient.severities, labelling, generator))
    return pd.DataFrame(labels)


def _view(settings: Hospital, generator: Generator) -> str:
    return "AP" if generator.random() < settings.ap_share else "PA"


def _facts(patient: Patient, image_id: str, view: str) -> dict[str, Any]:
    """Return what the label table says of an image beside its labels."""
    path = f"{patient.patient_id}/{image_id}.dcm"
    facts = {"image_id": image_id, "patient_id": patient.patient_id, "study_id": image_id, "path": path}
    return facts | {"view": view, "sex": patient.sex, "age": patient.age, "date": _date(patient.month)}


def _date(month: int | None) -> str | None:
    """Return a day of a month, the first month being January 2020."""
    return None if month is None else f"{2020 + month // 12}-{month % 12 + 1:02d}-15"


def call(severities: Mapping[str, float], labelling: Labelling, generator: Generator) -> dict[str, int]:
    """Label an image as this hospital's readers would: positive from a severity on, and some labels flipped."""
    called = {}
    for finding in FINDINGS:
        flipped = generator.random() < for_finding(labelling.flipped, finding)
        if finding not in labelling.unlabelled:
            called[finding] = int((severities[finding] >= for_finding(labelling.threshold, finding)) != flipped)
    return called


def for_finding(setting: float | Mapping[str, float], finding: str) -> float:
    """Return a setting that is one for all findings, or one for each."""
    return setting[finding] if isinstance(setting, Mapping) else setting


def expose(
    patient: Patient, view: str, appearance: Appearance, generator: Generator
) -> tuple[NDArray[np.float32], dict[str, Mask]]:
    """Render a patient as this hospital's equipment shows it.

    Returns:
        Grey levels of shape (rows, columns), 0 black to 1 white (dense tissue is bright); and where each finding is.
    """
    rows = appearance.rows
    shape = (rows, round(rows * appearance.aspect))
    picture, regions = render(
        patient.anatomy, _drawn(patient.severities, appearance.exaggeration), view, shape, generator
    )
    taken = _varied(appearance, generator)
    if taken["blur"]:
        picture = cv2.GaussianBlur(picture, (0, 0), taken["blur"] * rows)
    exposure = appearance.exposure * generator.normal(1, 0.05)
    picture = np.clip(picture * exposure, 0, 1) ** taken["contrast"]
    if taken["window"] != 1:
        picture = (picture - 0.5) / taken["window"] + 0.5
    picture = picture + generator.normal(0, taken["noise"], shape)
    if appearance.marker and _happens(appearance.marked, generator):
        picture = np.maximum(picture, _marker(appearance.marker, shape))
    picture = np.clip(picture, 0, 1)
    if appearance.collimation:
        picture = picture * _field(appearance.collimation, shape, generator)
    if _happens(appearance.inverted, generator):
        picture = 1 - picture
    return picture.astype(np.float32), regions


def _drawn(severities: Mapping[str, float], exaggeration: float) -> dict[str, float]:
    """Return severities as equipment shows them that makes every finding look more severe, or less."""
    return {name: min(max(one + exaggeration, 0.0), 1.0) if one else 0.0 for name, one in severities.items()}


def _varied(appearance: Appearance, generator: Generator) -> dict[str, float]:
    """Draw what differs from image to image, each around its setting by a normal variable of the logarithm."""
    names, variation = ("blur", "contrast", "window", "noise"), appearance.variation
    factors = np.exp(generator.normal(0, variation, len(names))) if variation else np.ones(len(names))
    return {name: float(getattr(appearance, name) * factor) for name, factor in zip(names, factors, strict=True)}


def _happens(share: float, generator: Generator) -> bool:
    """Draw whether something happens to an image; what always or never does draws nothing."""
    return bool(generator.random() < share) if 0 < share < 1 else share >= 1


def _field(largest: float, shape: tuple[int, int], generator: Generator) -> NDArray[np.float32]:
    """Return 1 where the collimator lets rays through and 0 along the sides, each up to ``largest`` of its length."""
    field = np.zeros(shape, np.float32)
    top, bottom, left, right = (generator.uniform(0, largest, 4) * np.repeat(shape, 2)).round().astype(int)
    field[top : shape[0] - bottom, left : shape[1] - right] = 1
    return field


def _marker(text: str, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Return letters of lead near the upper right corner, 1 on 0."""
    canvas = np.zeros(shape, np.uint8)
    corner = (round(0.80 * shape[1]), round(0.12 * shape[0]))
    thickness = max(1, shape[0] // 100)
    cv2.putText(canvas, text, corner, cv2.FONT_HERSHEY_SIMPLEX, shape[0] / 320, 255, thickness)
    return (canvas / 255).astype(np.float32)


def write_dicom(
    path: Path, pixels: NDArray[np.float32], patient: Patient, view: str, image_id: str, appearance: Appearance
) -> None:
    """Write a picture as a computed radiograph (PS3.3 A.2), with a window over the whole range of bits stored."""
    bits, inverted = appearance.bits_stored, appearance.photometric == "MONOCHROME1"
    largest = 2**bits - 1
    stored = np.round((1 - pixels if inverted else pixels) * largest).astype(np.uint8 if bits <= 8 else np.uint16)
    syntax = TRANSFER_SYNTAXES[appearance.transfer_syntax]

    dataset = pydicom.Dataset()
    dataset.SOPClassUID = ComputedRadiographyImageStorage
    dataset.SOPInstanceUID = generate_uid(entropy_srcs=["instance", image_id])
    dataset.StudyInstanceUID = generate_uid(entropy_srcs=["study", image_id])
    dataset.SeriesInstanceUID = generate_uid(entropy_srcs=["series", image_id])
    dataset.PatientName, dataset.PatientID = f"PHANTOM^{patient.patient_id}", patient.patient_id
    dataset.PatientSex, dataset.PatientAge, dataset.PatientBirthDate = patient.sex, f"{patient.age:03d}Y", ""
    dataset.StudyDate, dataset.StudyTime, dataset.StudyID = "", "", "1"
    dataset.AccessionNumber, dataset.ReferringPhysicianName = "", ""
    dataset.Modality, dataset.Manufacturer, dataset.SeriesNumber, dataset.InstanceNumber = (
        "CR",
        "CrossRay phantom",
        1,
        1,
    )
    dataset.BodyPartExamined, dataset.ViewPosition = "CHEST", view
    dataset.PatientOrientation, dataset.Laterality = ["L", "F"], ""
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, appearance.photometric
    dataset.Rows, dataset.Columns = stored.shape
    dataset.BitsAllocated = 8 * stored.dtype.itemsize
    dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = bits, bits - 1, 0
    # The exact window of the range, by the definition of LINEAR in PS3.3 C.11.2.1.2.1.
    dataset.WindowCenter, dataset.WindowWidth = (largest + 1) / 2, largest + 1
    dataset.PixelData = _encoded(stored, appearance.transfer_syntax, bits)
    dataset["PixelData"].VR = "OB" if syntax.is_encapsulated or bits <= 8 else "OW"

    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    with replacing(path) as partial:
        dataset.save_as(partial, enforce_file_format=True)


def _encoded(stored: NDArray, transfer_syntax: str, bits: int) -> bytes:
    match transfer_syntax:
        case "rle":
            frame = RLELosslessEncoder.encode(
                stored, encoding_plugin="pydicom", rows=stored.shape[0], columns=stored.shape[1], samples_per_pixel=1,
                number_of_frames=1, bits_allocated=8 * stored.dtype.itemsize, bits_stored=bits, pixel_representation=0,
                photometric_interpretation="MONOCHROME2",
            )  # fmt: skip
            return encapsulate([frame])
        case "jpeg-ls":
            return encapsulate([bytes(imagecodecs.jpegls_encode(stored))])
        case "jpeg-2000":
            coded = imagecodecs.jpeg2k_encode(stored, codecformat="j2k", reversible=True, level=0, bitspersample=bits)
            return encapsulate([bytes(coded)])
        case _:
            return stored.tobytes()
