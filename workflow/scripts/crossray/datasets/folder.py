"""Reader ``folder``: one folder of images for each class, such as NORMAL and PNEUMONIA."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossray.datasets import Release
from crossray.datasets.policy import keep_images
from crossray.datasets.release import IMAGE_SUFFIXES, find_root
from crossray.errors import UserError, listed

if TYPE_CHECKING:
    import pandas

SETTINGS = ("classes", "patient")
POLICIES = {"default": {"views": ["ANY"], "images_per_patient": "all"}}
REGISTER = None

#: folders above the classes that are splits of the release
SPLITS = {"train": "train", "val": "validation", "valid": "validation", "validation": "validation", "test": "test"}


def locate(dataset: str, settings: Mapping[str, Any]) -> Release:
    """See :class:`crossray.datasets.Reader`."""
    return Release(str(find_root(dataset, settings)), ())


def count_images(release: Release, settings: Mapping[str, Any]) -> int:
    """Count the images."""
    return len(_images(release.root))


def _images(root: str) -> list[Path]:
    return sorted(path for path in Path(root).rglob("*") if path.suffix.lower() in IMAGE_SUFFIXES)


def read(release: Release, settings: Mapping[str, Any]) -> "pandas.DataFrame":
    """See :class:`crossray.datasets.Reader`; ``settings`` holds ``classes`` and perhaps ``patient``.

    An image is positive for the tasks of its folder and negative for all others. Folders ``train``, ``val``, ``test``
    above the classes are the release's own split; without ``val`` a part of ``train`` is set aside for it by a hash.
    Without ``patient``, every image is its own patient.
    """
    import pandas as pd

    from crossray import manifest

    files = [path.relative_to(release.root) for path in _images(release.root)]
    if not files:
        raise UserError(f"{release.root}: no image in it ({', '.join(IMAGE_SUFFIXES)})")
    classes = settings["classes"]
    folders = pd.Series([_class_of(file, classes) for file in files], dtype="str")
    strange = int(folders.isna().sum())
    if strange:
        raise UserError(
            f"{release.root}: {strange} of {len(files)} images are in a folder that is no class; the classes are "
            f"{listed(classes, 20)}. Name every folder under `classes`, one without tasks as []"
        )
    paths = pd.Series([str(file) for file in files], dtype="str")
    table = pd.DataFrame(
        {
            "image_id": paths.map(lambda path: str(Path(path).with_suffix(""))),
            "patient_id": _patients(paths, settings.get("patient"), release.root),
            "study_id": pd.Series(index=paths.index, dtype="str"),
            "path": paths,
            "view": pd.Series(index=paths.index, dtype="str"),
            "sex": pd.Series(index=paths.index, dtype="str"),
            "age": float("nan"),
        }
    )
    splits = [SPLITS.get(file.parts[0].lower()) for file in files]
    if all(splits):
        table["split"] = splits
        if "validation" not in splits:
            table = manifest.with_validation(table, settings["split"])
    for task in sorted({task for tasks in classes.values() for task in tasks}):
        table[task] = folders.map(lambda folder, task=task: float(task in classes[folder]))
    return keep_images(table, settings)


def _class_of(file: Path, classes: Mapping[str, Any]) -> str | None:
    """Return the innermost folder of a file that is a class."""
    return next((part for part in reversed(file.parts[:-1]) if part in classes), None)


def _patients(paths: "pandas.Series", pattern: str | None, root: str) -> "pandas.Series":
    """Return the first group of ``pattern`` in each path, or the path itself."""
    import re

    if pattern is None:
        return paths
    try:
        expression = re.compile(pattern)
    except re.error as error:
        raise UserError(f"patient: {pattern!r} is no regular expression ({error})") from error
    if expression.groups != 1:
        raise UserError(f"patient: {pattern!r} has {expression.groups} groups in brackets; one must hold the patient")
    patients = paths.str.extract(expression)[0]
    without = int(patients.isna().sum())
    if without:
        raise UserError(
            f"{root}: patient {pattern!r} fits {len(paths) - without} of {len(paths)} paths; it must fit all"
        )
    return patients
