"""Reader ``folder``: one folder of images for each class, such as NORMAL and PNEUMONIA."""

import logging
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Annotated, Literal

from annotated_types import Len

from crossray.datasets import Release
from crossray.datasets.fields import ages, optional, sexes, views
from crossray.datasets.headers import KEYWORDS, from_headers
from crossray.datasets.identifiers import without_placeholders
from crossray.datasets.listing import IMAGE_SUFFIXES, UNREAD_SUFFIXES, files_below, is_image, without_ending
from crossray.datasets.options import NamedView, Words
from crossray.datasets.patterns import group_where_it_fits, wrong_expression, wrong_group
from crossray.datasets.policy import keep_images
from crossray.datasets.reading import ChosenImages, KeptImages
from crossray.datasets.release import find_root
from crossray.datasets.strata import OfHeaders
from crossray.errors import UserError, listed, may_quote, named
from crossray.paths import folded
from crossray.study.base import LeftOut
from crossray.study.kinds import Obeys

if TYPE_CHECKING:
    import pandas

log = logging.getLogger(__name__)

SETTINGS = ("classes", "patient", "class_from", "only", "view", "view_words", "from_headers", "no_patient")
POLICIES = {"default": {"views": ["ANY"], "images_per_patient": "all"}}
COHORT = None

#: folders that are splits of the release, in small letters
SPLITS = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}


@dataclass(frozen=True, kw_only=True)
class Options(OfHeaders):
    """A folder of images for each class."""

    root: str
    "Folder with one folder of images per class, optionally below train, val and test."
    classes: Annotated[Mapping[str, tuple[str, ...]], Len(1)]
    "Folder to the tasks that its images are positive for; all other tasks are negative."
    class_from: LeftOut[Annotated[str, Obeys(wrong_group)]] = None
    """Regular expression with one group that extracts the class from a file name, such as '_([a-z]+)_'; by default the
    folder is the class."""
    patient: LeftOut[str] = None
    """Regular expression with one group that extracts the patient from a path; by default every image is its own
    patient."""
    view: LeftOut[Annotated[str, Obeys(wrong_group)]] = None
    "Regular expression with one group that extracts the view from a path; unknown where it does not match."
    view_words: LeftOut[Words[NamedView]] = None
    "Views to further words for them, such as AP: [mobile]; UNKNOWN to words that leave it unknown."
    only: LeftOut[Annotated[str, Obeys(wrong_expression)]] = None
    "Regular expression that paths of images must match, such as /images/ if there are also masks; others are left out."
    from_headers: tuple[Literal["patient_id", "study_id", "sex", "age", "view"], ...] = ()
    "Fields to read from the DICOM headers if paths do not say them."
    no_patient: tuple[str, ...] = ()
    "Values of PatientID that name no patient, such as unknown; each such image, or study, counts as one of its own."


@dataclass(frozen=True, kw_only=True)
class FolderReading(ChosenImages):
    """Settings of ``read``."""

    classes: Mapping[str, tuple[str, ...]]
    "Folder to the tasks that its images are positive for."
    class_from: LeftOut[str] = None
    "Regular expression that extracts the class from a file name."
    patient: LeftOut[str] = None
    "Regular expression that extracts the patient from a path."
    view: LeftOut[str] = None
    "Regular expression that extracts the view from a path."
    view_words: LeftOut[Words[NamedView]] = None
    "Further words for views."
    only: LeftOut[str] = None
    "Regular expression that paths of images must match."
    from_headers: tuple[str, ...] = ()
    "Fields to read from DICOM headers."
    no_patient: tuple[str, ...] = ()
    "Words that name no patient."


ReadSettings = FolderReading


def locate(dataset: str, settings: Options) -> Release:
    """See :class:`crossray.datasets.Reader`."""
    return Release(str(find_root(dataset, settings.root)), ())


def count_images(release: Release, settings: Options) -> int:
    """Count the images."""
    return len(_files(release.root, settings.only))


def read(release: Release, settings: FolderReading) -> KeptImages:
    """See :class:`crossray.datasets.Reader`; ``settings`` holds ``classes`` and perhaps ``patient``.

    An image is positive for the tasks of its folder and negative for all others. Folders ``train``, ``val``, ``test``
    are the release's own split; without ``val`` the split of images in ``train`` is left open, for a validation split.
    Without ``patient``, every image is its own patient.
    """
    import pandas as pd

    files = _files(release.root, settings.only)
    if not files:
        asked = f" whose path has {settings.only!r}, as `only` asks" if settings.only else ""
        raise UserError(f"{release.root}: no image in it ({', '.join(IMAGE_SUFFIXES)}){asked}")
    classes = settings.classes
    _check_links(release.root, files)
    if settings.class_from:
        places = [len(file.parts) - 1 for file in files]
        words = _classes_in_names(files, settings.class_from, classes, release.root)
    else:
        places = _places_of_classes(files, classes, release.root)
        words = [file.parts[place] for file, place in zip(files, places, strict=True)]
    found = pd.Series(words, dtype="str")
    paths = pd.Series([str(file) for file in files], dtype="str")
    facts = _facts(paths, settings, release.root)
    table = pd.DataFrame(
        {
            "image_id": paths.map(without_ending),
            "patient_id": facts["patient_id"],
            "study_id": optional(facts["study_id"]),
            "path": paths,
            "view": views(facts["view"], settings.view_words),
            "sex": sexes(facts["sex"], release.root, KEYWORDS["sex"]),
            "age": ages(facts["age"], release.root, KEYWORDS["age"]),
        }
    )
    splits = _splits(files, places, release.root)
    if splits:
        table["split"] = pd.Series(splits, dtype="str")
        if "validation" not in splits:
            table["split"] = table["split"].mask(table["split"] == "train")
    for task in sorted({task for tasks in classes.values() for task in tasks}):
        table[task] = found.map(lambda name, task=task: float(task in classes[name]))
    return keep_images(table, settings)


def _files(root: str, only: str | None) -> list[PurePath]:
    """Return the image files below a folder whose path has what ``only`` finds."""
    below = list(files_below(root))
    files = [path for path in below if is_image(root, path)]
    kept = [PurePath(path) for path in files if only is None or re.search(only, path)]
    if len(kept) < len(files):
        log.info("%d of %d image files have %r in their path, the others are left out", len(kept), len(files), only)
    _say_unread(root, [path for path in below if only is None or re.search(only, path)])
    return kept


def _say_unread(root: str, paths: Iterable[str]) -> None:
    """Warn of pictures of other kinds, which would be missed without a word."""
    endings = (next(filter(path.lower().endswith, UNREAD_SUFFIXES), None) for path in paths)
    if counts := Counter(filter(None, endings)):
        log.warning(
            "%s: %d files have the ending of pictures that are not read, and are left out: %s; save them as PNG",
            root, counts.total(), listed([f"{ending} ({count})" for ending, count in counts.most_common()], 20),
        )  # fmt: skip


def _classes_in_names(
    files: Sequence[PurePath], pattern: str, classes: Mapping[str, Sequence[str]], root: str
) -> list[str]:
    """Return the class in each file's name.

    Raises:
        UserError: if the pattern does not fit a name, finds what is no class, or a class has no image.
    """
    fits = [re.search(pattern, file.name) for file in files]
    words = [found[1] if found and found[1] else "" for found in fits]
    counts = Counter(words)
    if without := counts.pop("", 0):
        first = f", the first is {files[words.index('')].name!r}" if may_quote() else ""
        raise UserError(
            f"{root}: class_from {pattern!r} fits {len(files) - without} of {len(files)} names of files{first}; it "
            "must fit all"
        )
    if strange := [f"{word!r} ({count})" for word, count in counts.items() if word not in classes]:
        raise UserError(
            f"{root}: class_from {pattern!r} finds {named(strange, 'words', 10)} in names of files that `classes` does "
            f"not name; the classes are {listed(classes, 20)}. Name every class, one without tasks as []"
        )
    if empty := [name for name in classes if name not in counts]:
        raise UserError(f"{root}: class_from finds no image of class {listed(empty)}; mend the name, or take it out")
    return words


def _places_of_classes(files: Sequence[PurePath], classes: Mapping[str, Sequence[str]], root: str) -> list[int]:
    """Return which part of each path is its class: the innermost folder that is one.

    Raises:
        UserError: if an image is in no folder of a class, or a class has no image.
    """
    places = [
        next((place for place in reversed(range(len(file.parts) - 1)) if file.parts[place] in classes), None)
        for file in files
    ]
    strange = [file for file, place in zip(files, places, strict=True) if place is None]
    if strange:
        raise UserError(
            f"{root}: {len(strange)} of {len(files)} images are in a folder that is no class: those in "
            f"{_top_folders(strange, files, root)}. The classes are {listed(classes, 20)}. Name every folder "
            "under `classes`, one without tasks as [], or move what is no part of the release elsewhere"
            + _alike(strange, classes)
        )
    known = [place for place in places if place is not None]
    there = {file.parts[place] for file, place in zip(files, known, strict=True)}
    if empty := [name for name in classes if name not in there]:
        raise UserError(
            f"{root}: no image ({', '.join(IMAGE_SUFFIXES)}) in a folder {listed(empty)}, which `classes` names; mend "
            "the name, capital letters count, or take it out"
        )
    return known


def _alike(files: Iterable[PurePath], classes: Iterable[str]) -> str:
    """Say which classes have folders that differ in their capital letters or Unicode form."""
    there = {folded(part) for file in files for part in file.parts[:-1]}
    found = [name for name in classes if folded(name) in there]
    words = "of that name with other capital letters, or accents in another Unicode form"
    return f". There is a folder {words}: {listed(found)}" if found else ""


def _splits(files: Sequence[PurePath], places: Sequence[int], root: str) -> list[str]:
    """Return the release's own split of each image; nothing where it has none.

    Raises:
        UserError: if only some images have one, or not all at one depth, as where a copy of the release lies in it.
    """
    depths = [_depth_of_split(file, place) for file, place in zip(files, places, strict=True)]
    counts = Counter(depths)
    if len(counts) == 1:
        depth = depths[0]
        return [] if depth is None else [SPLITS[file.parts[depth].lower()] for file in files]
    usual = min((depth for depth in counts if depth is not None), default=0)
    others = [file for file, depth in zip(files, depths, strict=True) if depth != usual]
    named = _top_folders(others, files, root)
    raise UserError(
        f"{root}: {counts[usual]} of {len(files)} images are below folders such as train and test, and {len(others)} "
        f"are not, or deeper: those in {named}. Is that a copy, or another release? Set root to the one folder that is "
        "meant, or move the other elsewhere"
    )


def _depth_of_split(file: PurePath, place: int) -> int | None:
    """Return which part of a path is a split: the first that is one, the class aside."""
    depths = (depth for depth in range(len(file.parts) - 1) if depth != place)
    return next((depth for depth in depths if file.parts[depth].lower() in SPLITS), None)


def _top_folders(some: Iterable[PurePath], files: Iterable[PurePath], root: str) -> str:
    """Name the folders in ``root`` that some of its files are in; by their place where names may be somebody's."""
    order = list(dict.fromkeys(file.parts[0] for file in files))
    top = list(dict.fromkeys(file.parts[0] for file in some))
    harmless = {*SPLITS, Path(root).resolve().name.lower()}
    names = [
        repr(name)
        if may_quote() or name.lower() in harmless
        else f"folder {order.index(name) + 1} of {len(order)} by name"
        for name in top
    ]
    return listed(names)


def _check_links(root: str, files: Iterable[PurePath]) -> None:
    """Check that no folder is there under two names, by a link.

    Raises:
        UserError: if one is, as its images would count twice.
    """
    first: dict[Path, PurePath] = {}
    for folder in dict.fromkeys(file.parent for file in files):
        other = first.setdefault(Path(root, folder).resolve(), folder)
        if other != folder:
            named = f"{str(other)!r} and {str(folder)!r} are one folder" if may_quote() else "a folder is there twice"
            raise UserError(f"{root}: {named}, by a link, and its images would count twice; take the link out")


def _facts(paths: "pandas.Series", settings: FolderReading, root: str) -> dict[str, "pandas.Series"]:
    """Return what paths, or else DICOM headers, say of each image, as text; empty where they say nothing."""
    nothing = paths.mask(paths != "", "")
    facts = {"path": paths, "study_id": nothing, "sex": nothing, "age": nothing}
    facts["view"] = nothing if settings.view is None else group_where_it_fits(settings.view, paths, "view")
    facts["patient_id"] = nothing if settings.patient is None else _patients(paths, settings.patient, root)
    facts |= from_headers(root, facts, settings.from_headers)
    owners = facts["study_id"].mask(facts["study_id"] == "", paths)
    if settings.patient is None and "patient_id" in settings.from_headers:
        said = without_placeholders(facts["patient_id"], owners, settings.no_patient, root, KEYWORDS["patient_id"])
        return facts | {"patient_id": said.mask(said == "", owners)}
    return facts if settings.patient else facts | {"patient_id": paths}


def _patients(paths: "pandas.Series", pattern: str, root: str) -> "pandas.Series":
    """Return the first group of ``pattern`` in each path."""
    try:
        expression = re.compile(pattern)
    except re.error as error:
        raise UserError(f"patient: {pattern!r} is not a regular expression ({error})") from error
    if expression.groups != 1:
        raise UserError(f"patient: {pattern!r} has {expression.groups} groups in brackets; one must hold the patient")
    patients = paths.str.extract(expression)[0]
    without = int(patients.isna().sum())
    if without:
        raise UserError(
            f"{root}: patient {pattern!r} fits {len(paths) - without} of {len(paths)} paths; it must fit all"
        )
    return patients
