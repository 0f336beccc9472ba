"""Reader ``cifar100``: 60,000 photographs of 100 classes, 32 x 32 pixels, in colour (Krizhevsky 2009).

See docs/datasets/cifar100.md.
"""

from crossray.datasets.cifar import (
    COHORT,
    POLICIES,
    SETTINGS,
    Files,
    Options,
    ReadSettings,
    Unpacking,
    count_images,
    read,
)

__all__ = [
    "COHORT",
    "POLICIES",
    "SETTINGS",
    "Options",
    "ReadSettings",
    "Unpacking",
    "count_images",
    "locate",
    "read",
    "unpack",
]

_FILES = Files("CIFAR100", "cifar-100-python", "cifar-100-python.tar.gz", "eb9058c3a382ffc7106e4002c42a8d85")

locate = _FILES.locate
unpack = _FILES.unpack
