"""Reader ``cifar10``: 60,000 photographs of 10 classes, 32 x 32 pixels, in colour (Krizhevsky 2009).

See docs/datasets/cifar10.md.
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

_FILES = Files("CIFAR10", "cifar-10-batches-py", "cifar-10-python.tar.gz", "c58f30108f718f92721af3b95e74349a")

locate = _FILES.locate
unpack = _FILES.unpack
