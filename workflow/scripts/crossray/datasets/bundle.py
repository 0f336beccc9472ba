"""Reader ``bundle``: what a site sent in place of its images (docs/bundles.md).

The rule ``open_bundle`` checks a bundle; the rows that it leaves are read here. Of counts there are none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from crossray.datasets import Release
from crossray.datasets.reading import KeptImages, Reading
from crossray.errors import UserError
from crossray.study import folders
from crossray.study.base import Settings
from crossray.study.kinds import Text

SETTINGS = ("level",)
POLICIES: Mapping[str, Mapping[str, Any]] = {"default": {}}
COHORT = None


@dataclass(frozen=True, kw_only=True)
class ReadSettings(Reading):
    """Settings of ``read``."""

    level: Literal["counts", "rows"]
    "What the site sent."


@dataclass(frozen=True, kw_only=True)
class Options(Settings):
    """What a site sent in place of its images."""

    path: Text
    "The bundle, as the site sent it."
    signer: Text
    "The site's public key (PEM)."
    level: Literal["counts", "rows"] = "counts"
    "What the site sends (`bundle.level` there)."
    role: Literal["test"] = "test"
    "Bundles are only tested on."


def locate(dataset: str, settings: Options) -> Release:
    """See :class:`crossray.datasets.Reader`; what a bundle holds is an output of the rule ``open_bundle``."""
    content = Path(folders.DATASETS, folders.BUNDLE_CONTENT.format(dataset=dataset))
    return Release(str(content.parent), (str(content),))


def count_images(release: Release, settings: Options) -> int:
    """Return the number of images that a bundle says it has.

    Raises:
        UserError: if there is no bundle yet, or it is not as the site sealed it.
    """
    from crossray.datasets.bundles.sealing import open_

    for key, path in (("path", settings.path), ("signer", settings.signer)):
        if not Path(path).is_file():
            raise UserError(
                f"data set {Path(release.root).parent.name}: its site's bundle is not here yet: {key} names {path!r}, "
                "and there is no such file. Send the site the invitation (snakemake invitation)"
            )
    return int(open_(Path(settings.path), Path(settings.signer)).says["images"])


def read(release: Release, settings: ReadSettings) -> KeptImages:
    """See :class:`crossray.datasets.Reader`."""
    from crossray.datasets.bundles import rows
    from crossray.files import read_parquet

    if settings.level == "counts":  # which are nobody's
        return KeptImages(rows.as_manifest(rows.of_nobody()), {})
    return KeptImages(rows.as_manifest(read_parquet(Path(release.tables[0]), rows.IDENTIFIERS)), {})
