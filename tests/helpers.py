"""What tests share that is no fixture."""

import dataclasses
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
import pydicom
from pydicom.uid import ComputedRadiographyImageStorage, ExplicitVRLittleEndian, HTJ2KLossless, generate_uid

from crossray.datasets import find_reader
from crossray.datasets.configured import with_policy
from crossray.planning import study_of
from crossray.tables.contract import Row

ROOT = Path(__file__).resolve().parent.parent
#: what every process that a test starts inherits
SESSION = "CROSSRAY_TEST_SESSION"


def dataset(reader, **block):
    """Return a data set of a reader, as a configuration with this block has it."""
    blocks = {"d": {"reader": reader, **block}}
    return study_of({"study": "s", "tasks": ["A"], "datasets": blocks}).datasets["d"]


def read_images(settings, name="d", **choices):
    """Return the images of a data set that are kept, and the counts of the others; see ``with_policy`` for choices."""
    reader = find_reader(settings.reader)
    return reader.read(reader.locate(name, settings), with_policy(name, settings, **choices))


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


def processes_with(*variables):
    """Return command lines of all processes that have these variables, ``NAME=`` or ``NAME=value``, by number."""
    found = {}
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            environment = b"\0" + (place / "environ").read_bytes()
            if all(b"\0" + variable.encode() in environment for variable in variables):
                found[int(place.name)] = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return {number: words for number, words in found.items() if words}  # a zombie has no words


def dicom_file(path, pixels, bits=None, syntax=ExplicitVRLittleEndian, data=None, **elements):
    """Write an array as DICOM; ``data`` replaces its bytes, further keywords set header elements."""
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset = pydicom.Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = ComputedRadiographyImageStorage, generate_uid()
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = 8 * pixels.dtype.itemsize
    dataset.BitsStored = bits or dataset.BitsAllocated
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
    dataset.PixelData = pixels.tobytes() if data is None else data
    written = syntax if syntax.is_transfer_syntax else HTJ2KLossless  # pydicom does not know the newest
    dataset["PixelData"].VR = "OB" if written.is_encapsulated else "OW"
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = written
    dataset.save_as(path, enforce_file_format=True)
    if written != syntax:
        places = len(written) + 1
        path.write_bytes(path.read_bytes().replace(f"{written}\0".encode(), syntax.ljust(places, "\0").encode(), 1))
    return path


def workbook(path, **sheets):
    """Write the least that a workbook of Excel is."""
    strings = "http://schemas.openxmlformats.org/"
    main, office = f"{strings}spreadsheetml/2006/main", f"{strings}officeDocument/2006/relationships"
    package = f"{strings}package/2006/relationships"

    def cell(value):
        if value in ("#N/A", "#DIV/0!", "#REF!"):
            return f'<c t="e"><v>{value}</v></c>'
        if isinstance(value, str):
            return f'<c t="inlineStr"><is><t>{value}</t></is></c>'
        return f"<c><v>{value}</v></c>" if value is not None else "<c/>"

    with zipfile.ZipFile(path, "w") as archive:
        names = "".join(f'<sheet name="{n}" sheetId="{i}" r:id="r{i}"/>' for i, n in enumerate(sheets, 1))
        archive.writestr(
            "xl/workbook.xml", f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>{names}</sheets></workbook>'
        )
        links = "".join(
            f'<Relationship Id="r{i}" Type="{office}/worksheet" Target="worksheets/s{i}.xml"/>'
            for i in range(1, len(sheets) + 1)
        )
        whole = f'<Relationship Id="r" Type="{office}/officeDocument" Target="xl/workbook.xml"/>'
        archive.writestr("_rels/.rels", f'<Relationships xmlns="{package}">{whole}</Relationships>')
        archive.writestr("[Content_Types].xml", f'<Types xmlns="{strings}package/2006/content-types"/>')
        archive.writestr("xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{package}">{links}</Relationships>')
        for number, rows in enumerate(sheets.values(), 1):
            body = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
            archive.writestr(
                f"xl/worksheets/s{number}.xml",
                f'<worksheet xmlns="{main}"><sheetData>{body}</sheetData></worksheet>',
            )


def contract(**kinds):
    """Return the contract of a table made up for a test, from the types of its columns."""
    return dataclasses.make_dataclass("Made", kinds.items(), bases=(Row,), frozen=True, namespace={"NAME": "made"})
