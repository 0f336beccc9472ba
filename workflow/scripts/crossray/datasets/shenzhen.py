"""Reader ``shenzhen``: the tuberculosis set of Shenzhen No. 3 Hospital (Jaeger et al., QIMS 2014).

See docs/datasets/shenzhen.md.
"""

import re

from crossray.datasets import Release
from crossray.datasets.montgomery import (
    COHORT,
    POLICIES,
    SETTINGS,
    Options,
    ReadSettings,
    count_images,
    locate,
    read_names,
)
from crossray.datasets.policy import keep_images
from crossray.datasets.reading import KeptImages

__all__ = ["COHORT", "POLICIES", "SETTINGS", "Options", "ReadSettings", "count_images", "locate", "read"]

NAME = re.compile(r"CHNCXR_\d+_[01]\.png")


def read(release: Release, settings: ReadSettings) -> KeptImages:
    """See :class:`crossray.datasets.Reader`."""
    return keep_images(read_names(release.root, NAME, "CXR_png/CHNCXR_0001_0.png"), settings)
