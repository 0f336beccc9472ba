"""Reader ``cifar100``: 60,000 photographs of 100 classes, 32 x 32 pixels, in colour (Krizhevsky 2009).

See docs/datasets/cifar100.md.
"""

from collections.abc import Mapping
from typing import Any

from crossray.datasets.cifar import Files, Unpacking, count_images
from crossray.datasets.options import Downloadable
from crossray.datasets.reading import Reading
from crossray.datasets.unpacked import read_unpacked

__all__ = [
    "COHORT",
    "POLICIES",
    "SETTINGS",
    "Options",
    "Told",
    "Unpacking",
    "count_images",
    "locate",
    "read",
    "unpack",
]

Options = Downloadable
SETTINGS = ()
Told = Reading
POLICIES: Mapping[str, Mapping[str, Any]] = {"default": {}}
COHORT = None

_FILES = Files("CIFAR100", "cifar-100-python", "cifar-100-python.tar.gz", "eb9058c3a382ffc7106e4002c42a8d85")

locate = _FILES.locate
read = read_unpacked
unpack = _FILES.unpack
