"""Reader ``montgomery``: the tuberculosis set of Montgomery County (Jaeger et al., QIMS 2014).

See docs/datasets/montgomery.md.
"""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from crossray.datasets import Release
from crossray.datasets.listing import is_litter
from crossray.datasets.options import Released
from crossray.datasets.policy import keep_images
from crossray.datasets.reading import ChosenImages, KeptImages
from crossray.datasets.release import find_root
from crossray.errors import UserError

if TYPE_CHECKING:
    import pandas

Options = Released
SETTINGS = ()
ReadSettings = ChosenImages
POLICIES = {"default": {"views": ["PA"], "images_per_patient": "all"}}
COHORT = None

#: file names end in 0 for normal, 1 for tuberculosis
NAME = re.compile(r"MCUCXR_\d+_[01]\.png")


def locate(dataset: str, settings: Released) -> Release:
    """See :class:`crossray.datasets.Reader`; the labels stand in the file names."""
    return Release(str(find_root(dataset, settings.root)), ())


def count_images(release: Release, settings: Released) -> int:
    """Count the images."""
    return len(_names(release.root))


def read(release: Release, settings: ChosenImages) -> KeptImages:
    """See :class:`crossray.datasets.Reader`."""
    return keep_images(read_names(release.root, NAME, "CXR_png/MCUCXR_0001_0.png"), settings)


def read_names(root: str, pattern: re.Pattern[str], layout: str) -> "pandas.DataFrame":
    """Read a tuberculosis set of the National Library of Medicine: images in CXR_png, readings in ClinicalReadings.

    Returns:
        The columns of a manifest, and Tuberculosis.

    Raises:
        UserError: if the folder has no such images, or one whose name is not of this set.
    """
    import pandas as pd

    names = _names(root)
    strange = [name for name in names if not pattern.fullmatch(name)]
    if not names or strange:
        found = f"{len(strange)} of {len(names)} images have other names" if names else "found none"
        raise UserError(f"{root}: expected images such as {layout}, {found}; set root to the folder as released")
    readings = [_reading(Path(root, "ClinicalReadings", name).with_suffix(".txt")) for name in names]
    image = pd.Series(names).str.removesuffix(".png")
    return pd.DataFrame(
        {
            "image_id": image,
            "patient_id": image,
            "study_id": image,
            "path": "CXR_png/" + pd.Series(names),
            "view": "PA",
            "sex": pd.Series([sex for sex, _ in readings], dtype="str"),
            "age": [age for _, age in readings],
            "Tuberculosis": image.str[-1].astype(float),
        }
    )


def _names(root: str) -> list[str]:
    """Return the names of the images."""
    return sorted(path.name for path in Path(root).glob("CXR_png/*.png") if not is_litter(path.name))


def _reading(path: Path) -> tuple[str | None, float]:
    """Read sex and age (years) of a clinical reading; its free text is not kept."""
    if not path.is_file():
        return None, float("nan")
    text = path.read_text(encoding="utf-8", errors="replace")
    sex = re.search(r"\b(female|male|F|M)\b", text, re.IGNORECASE)
    age = re.search(r"(\d+)\s*(Y|yrs|years?)\b", text, re.IGNORECASE)
    return sex.group(1)[0].upper() if sex else None, float(age.group(1)) if age else float("nan")
