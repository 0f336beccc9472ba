"""How large the jobs of a study are: shards, memory and minutes, by the images that they have to do with."""

import math
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from crossray.datasets import Release, find_reader
from crossray.errors import UserError
from crossray.study.names import CHANNELS
from crossray.study.plan import Plan
from crossray.study.stage_settings import facts_of_shape

IMAGES_IN_A_SHARD = 2000

#: images a second of a training, which any GPU of the last ten years reaches at 224 px
RATE = 300


class Loads:
    """The loads of a study's jobs.

    Args:
        plan: what the study does.
        releases: data set -> where its release lies.
        raises: what is raised where a table cannot be read.
    """

    def __init__(self, plan: Plan, releases: Mapping[str, Release], raises: type[Exception] = UserError) -> None:
        self._plan, self._releases, self._raises = plan, releases, raises
        self.images = cache(self._images)

    def _images(self, dataset: str) -> int:
        """Return how many images a release has by its table; an error names the data set."""
        settings = self._plan.study.datasets[dataset]
        try:
            return find_reader(settings.reader).count_images(self._releases[dataset], settings)
        except UserError as error:
            raise self._raises(f"datasets.{dataset}: {error}") from None

    def shards(self, dataset: str) -> int:
        """Return the number of shards of a data set: the setting, or one for every 2,000 images."""
        asked = self._plan.study.datasets[dataset].shards
        return asked or max(1, math.ceil(self.images(dataset) / IMAGES_IN_A_SHARD))

    def images_in_shard(self, dataset: str) -> int:
        """Return how many images a shard of a data set holds at most."""
        return math.ceil(self.images(dataset) / self.shards(dataset))

    def pixels_mb(self, datasets: Iterable[str]) -> int:
        """Return the size of data sets' pixels in MB."""
        images = self._plan.study.images
        return sum(map(self.images, datasets)) * images.size**2 * CHANNELS[images.colour] // 1_000_000

    def conversion_mb(self, dataset: str, shape: str) -> int:
        """Return what a conversion needs: a large image with its copies, and the shard's pages in the cache."""
        facts: dict[str, Any] = facts_of_shape(shape)
        return 1500 + self.images_in_shard(dataset) * facts["size"] ** 2 * CHANNELS[facts["colour"]] // 1_000_000

    def training_mb(self, datasets: Iterable[str]) -> int:
        """Return what a training needs; half of the pixels where they are mapped, as they can leave memory again."""
        pixels = self.pixels_mb(datasets)
        return 8000 + (pixels if self._plan.study.images.reading == "memory" else pixels // 2)

    def training_minutes(self, model: str, datasets: Iterable[str]) -> int:
        """Return minutes for a training of a model on data sets."""
        images = self._plan.models[model].training.epochs * sum(map(self.images, datasets))
        return 60 + images // (RATE * 60)
