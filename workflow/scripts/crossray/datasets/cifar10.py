"""Reader ``cifar10``: 60,000 photographs of 10 classes, 32 x 32 pixels, in colour (Krizhevsky 2009).

See docs/datasets/cifar10.md.
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

_FILES = Files("CIFAR10", "cifar-10-batches-py", "cifar-10-python.tar.gz", "c58f30108f718f92721af3b95e74349a")

locate = _FILES.locate
read = read_unpacked
unpack = _FILES.unpack
