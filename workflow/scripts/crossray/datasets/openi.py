"""Reader ``openi``: the Indiana University collection of the NLM (Demner-Fushman et al., JAMIA 2016).

Images as DICOM or PNG, reports as XML. See docs/datasets/openi.md.
"""

import logging
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET  # expat of today's Python bounds the growth of entities

from crossray.datasets import Release
from crossray.datasets.archives import BROKEN
from crossray.datasets.fields import FRONTAL, views
from crossray.datasets.headers import read_headers
from crossray.datasets.listing import files_below, find_images, is_litter
from crossray.datasets.options import FindingLists
from crossray.datasets.policy import keep_images, labels_of_findings, read_synonyms
from crossray.datasets.reading import ChosenImages, KeptImages
from crossray.datasets.release import check_images, find_root, find_table, labels_table
from crossray.datasets.sheets import read_table
from crossray.datasets.strata import OfHeaders
from crossray.errors import UserError, quoted
from crossray.paths import outside
from crossray.study.base import LeftOut

if TYPE_CHECKING:
    import pandas

log = logging.getLogger(__name__)

SETTINGS = ()
POLICIES = {
    "default": {"views": FRONTAL, "images_per_patient": "all", "matching": "exact"},
    # With views_table: nlmcxr_tsne_pa.csv of the torchxrayvision project, views guessed from the images.
    "paper": {"views": ["PA"], "images_per_patient": "first_known", "matching": "contained"},
}
COHORT = None

REPORTS = ("NLMCXR_reports.tgz", "ecgen-radiology")
#: bytes of a report; the release's are of a few thousand
_LARGEST_REPORT = 1 << 20
#: entries of an archive of reports; the release has 4,000
_MOST_ENTRIES = 100_000
#: kinds of entries whose bytes are not read before they are asked for
_HOLDING = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE, tarfile.GNUTYPE_SPARSE)
LAYOUT = "1_IM-0001-3001.dcm, or CXR1_1_IM-0001-3001.png, in any folder"


@dataclass(frozen=True, kw_only=True)
class Options(FindingLists, OfHeaders):
    """Open-i."""

    views_table: LeftOut[str] = None
    """CSV, relative to the root, with the image in the first column and the view in the last, instead of the DICOM
    headers."""


@dataclass(frozen=True, kw_only=True)
class OpeniReading(ChosenImages):
    """Settings of ``read``."""

    matching: str
    "How findings match the table of synonyms."


ReadSettings = OpeniReading


def locate(dataset: str, settings: Options) -> Release:
    """See :class:`crossray.datasets.Reader`.

    The first table is the archive of reports or the folder unpacked from it; the third, if there, ``views_table``.
    """
    root = find_root(dataset, settings.root)
    reports = [root / name for name in (settings.table, *REPORTS) if name and (root / name).exists()]
    if not reports:
        raise UserError(
            f"datasets.{dataset}.root: {str(root)!r} has neither {' nor '.join(REPORTS)}, as the release has"
        )
    paper = settings.policy == "paper"
    tables = [str(reports[0]), labels_table(dataset, settings.synonyms, "openi.paper.csv" if paper else "openi.csv")]
    if settings.views_table is not None:
        tables.append(find_table(dataset, settings.root, settings.views_table, [], key="views_table"))
    return Release(str(root), tuple(tables))


def count_images(release: Release, settings: Options) -> int:
    """Return the size of the whole collection; to count would be to read every report."""
    return 7470


def read(release: Release, settings: OpeniReading) -> KeptImages:
    """See :class:`crossray.datasets.Reader`; a report is taken for a patient, as no other number is released."""
    import pandas as pd

    rows = [(report, image, words) for report, images, words in _reports(release.tables[0]) for image in images]
    image = pd.Series([row[1] for row in rows], dtype="str")
    files = find_images(release.root, [name for one in image for name in _names_of(one)])
    report = pd.Series([row[0] for row in rows], dtype="str")
    table = pd.DataFrame(
        {
            "image_id": image,
            "patient_id": report,
            "study_id": report,
            "path": image.map(lambda name: _file_of(name, files)),
            "view": _views(release, image, files),
            "sex": pd.Series(index=image.index, dtype="str"),
            "age": float("nan"),
            "findings": [row[2] for row in rows],
        }
    )
    kept, not_kept = keep_images(table, settings)
    check_images(release.root, kept["path"], settings.max_missing, LAYOUT)
    # A report without a word of the vocabulary is a normal one here, not one that nobody read.
    findings = kept.pop("findings").map(lambda words: words or {"normal"})
    labels = labels_of_findings(findings, read_synonyms(release.tables[1]), settings.matching)
    return KeptImages(kept.join(labels), not_kept)


def _reports(path: str) -> Iterator[tuple[str, list[str], set[str]]]:
    """Yield each report with images: its name, its images, the words that MeSH indexing found in its text."""
    for text in _documents(path):
        try:
            root = ET.fromstring(text)  # noqa: S314
        except (ET.ParseError, LookupError, ValueError) as error:  # the last two are of its encoding
            raise UserError(f"{path}: a report is not readable XML ({quoted(error, 'an error in it')})") from error
        name = root.find("uId")
        images = [node.get("id", "") for node in root.findall(".//parentImage")]
        if name is None or not name.get("id") or not all(images):
            raise UserError(f"{path}: a report or an image has no id; is it the Indiana University collection?")
        words = {node.text.strip().lower() for node in root.findall(".//MeSH/automatic") if node.text}
        yield name.attrib["id"], images, words


class _Entry(tarfile.TarInfo):
    """An entry of an archive; what only describes the next one is read at once, and so may not be large."""

    def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        """Go on to what the entry holds; tarfile's own documentation lets this one be overridden.

        Raises:
            ValueError: if it is no file's and larger than a report.
        """
        if self.type not in _HOLDING and self.size > _LARGEST_REPORT:
            raise ValueError("an entry that describes another is larger than a report")
        return super()._proc_member(archive)  # type: ignore[misc]


def _no_report(path: str) -> UserError:
    return UserError(
        f"{path}: a report in it is a link or a device, or larger than {_LARGEST_REPORT:,} bytes, as none of the "
        "release is; fetch it again"
    )


def _documents(path: str) -> Iterator[bytes]:
    return _in_folder(path) if Path(path).is_dir() else _in_archive(path)


def _in_folder(path: str) -> Iterator[bytes]:
    reports = [file for file in files_below(path) if file.endswith(".xml")]
    if leaving := outside(Path(path), reports):
        raise UserError(f"{path}: {len(leaving)} of {len(reports)} reports are links that lead out of it; copy them")
    for file in reports:
        if Path(path, file).stat().st_size > _LARGEST_REPORT:
            raise _no_report(path)
        yield Path(path, file).read_bytes()


def _in_archive(path: str) -> Iterator[bytes]:
    try:
        with tarfile.open(path, tarinfo=_Entry) as archive:
            for number, member in enumerate(archive):
                if number == _MOST_ENTRIES:
                    raise UserError(f"{path}: more than {_MOST_ENTRIES:,} entries; is it the archive of reports?")
                if not member.name.endswith(".xml") or is_litter(PurePath(member.name).name):
                    continue
                if not member.isreg() or member.size > _LARGEST_REPORT:
                    raise _no_report(path)
                report = archive.extractfile(member)
                if report is not None:
                    yield report.read()
    except (tarfile.TarError, ValueError, OverflowError, *BROKEN) as error:
        raise UserError(f"{path}: not a readable archive of reports; it is damaged, fetch it again") from error


def _file_of(image: str, files: Mapping[str, str]) -> str:
    """Return the path of an image."""
    dicom, png = _names_of(image)
    return files.get(dicom) or files.get(png) or dicom


def _names_of(image: str) -> tuple[str, str]:
    """Return the names that an image's file may have: DICOM without the prefix CXR, or PNG with it."""
    return f"{image.removeprefix('CXR')}.dcm", f"{image}.png"


def _views(release: Release, image: "pandas.Series", files: Mapping[str, str]) -> "pandas.Series":
    """Return the views of images: by ``views_table`` (first column image, last view), else by the DICOM headers."""
    if len(release.tables) > 2:
        table = read_table(release.tables[2])
        return views(image.map(dict(zip(table.iloc[:, 0], table.iloc[:, -1], strict=True))).fillna(""))
    paths = image.map(lambda name: _file_of(name, files))
    if not any(path in files.values() and path.endswith(".dcm") for path in paths):
        log.warning("PNG files do not say their view: give views_table, or views: [ANY]")
        return views(image.map(lambda _: ""))
    return views(read_headers(release.root, paths, ["ViewPosition"])["ViewPosition"])
