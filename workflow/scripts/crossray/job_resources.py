"""Resources of a study's jobs: shards, memory and minutes, by their number of images."""

import math
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from crossray.datasets import Release, find_reader
from crossray.errors import UserError
from crossray.program import one_line
from crossray.study.names import CHANNELS
from crossray.study.plan import Plan
from crossray.study.stage_settings.data import facts_of_shape
from crossray.study.stage_settings.networks import DESCRIBED
from crossray.study.stages.attribute_images import STEPS

IMAGES_IN_A_SHARD = 2000

#: images a second of a training, which any GPU of the last ten years reaches at 224 px
RATE = 300

#: features of an image that most networks have at most
_FEATURES = 2048


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
        """Return how many images a release has by its table."""
        settings = self._plan.study.datasets[dataset]
        with one_line(self._raises, settings.public):
            return find_reader(settings.reader).count_images(self._releases[dataset], settings)

    def shards(self, dataset: str) -> int:
        """Return the number of shards of a data set: the setting, or one for every 2,000 images."""
        asked = self._plan.study.datasets[dataset].shards
        return asked or max(1, math.ceil(self.images(dataset) / IMAGES_IN_A_SHARD))

    def images_in_shard(self, dataset: str) -> int:
        """Return how many images a shard of a data set holds at most."""
        return math.ceil(self.images(dataset) / self.shards(dataset))

    def pixels_mb(self, datasets: Iterable[str]) -> int:
        """Return the size of data sets' pixels in MB."""
        return self._mb(self.total(datasets))

    def _mb(self, images: int) -> int:
        """Return the size of images of this study's shape in MB."""
        asked = self._plan.study.images
        return images * asked.size**2 * CHANNELS[asked.colour] // 1_000_000

    def conversion_mb(self, dataset: str, shape: str) -> int:
        """Return what a conversion needs: the largest image with its copies, and the shard's pages in the cache."""
        facts: dict[str, Any] = facts_of_shape(shape)
        return 2500 + self.images_in_shard(dataset) * facts["size"] ** 2 * CHANNELS[facts["colour"]] // 1_000_000

    def training_mb(self, datasets: Iterable[str]) -> int:
        """Return what a training needs; half of the pixels where they are mapped, as they can leave memory again."""
        pixels = self.pixels_mb(datasets)
        return 8000 + (pixels if self._plan.study.images.reading == "memory" else pixels // 2)

    def probe_mb(self, datasets: Iterable[str]) -> int:
        """Return what the fit of a probe needs: features of most networks in float32, and scaled in float64."""
        return 4000 + self.total(datasets) * _FEATURES * (4 + 3 * 8) // 1_000_000

    def features_mb(self, images: int) -> int:
        """Return the size of files with features."""
        return images * _FEATURES * 4 // 1_000_000

    def training_minutes(self, model: str, datasets: Iterable[str]) -> int:
        """Return minutes for a training of a model on data sets."""
        images = self._plan.models[model].training.epochs * self.total(datasets)
        return 60 + self.of_224_px(images) // (RATE * 60)

    def of_224_px(self, images: int) -> int:
        """Return how many images of 224 px cost a network as much as these; smaller ones are not much faster."""
        return int(images * max(1, (self._plan.study.images.size / 224) ** 2))

    def training_threads(self, model: str) -> int:
        """Return the threads of a training: one for every 100,000 pixels of a batch, at most 8.

        Small batches leave more threads idle, and small trainings fit beside each other.
        """
        asked = self._plan.study.images
        pixels = self._plan.models[model].training.batch_size * asked.size**2 * CHANNELS[asked.colour]
        return min(8, 1 + pixels // 100_000)

    def network_threads(self, images: int) -> int:
        """Return the threads of a job that computes a network: one for every 5,000 images of 224 px, at most 8."""
        return min(8, 1 + self.of_224_px(images) // 5000)

    def network_mb(self, images: int) -> int:
        """Return MB for a network, a batch and images, all of them at once."""
        return 4000 + self._mb(images)

    def network_minutes(self, images: int, compared: Iterable[str]) -> int:
        """Return minutes for 2,000 images of 224 px each, and one for each 6 GB of data sets that are compared."""
        return 20 + self.of_224_px(images) // 2000 + self.pixels_mb(compared) // 6000

    def total(self, datasets: Iterable[str]) -> int:
        """Return how many images data sets have together."""
        return sum(map(self.images, datasets))

    def largest(self, datasets: Iterable[str]) -> int:
        """Return how many images the largest of data sets has."""
        return max(map(self.images, datasets))

    def corrected(self, dataset: str) -> int:
        """Return the images of a target, once for each correction and once more for statistics."""
        return 5 * self.images(dataset)

    def adapted(self, model: str, dataset: str) -> int:
        """Return how many images go through a network to adapt a model to a target: a training costs three a step."""
        asked, images = self._plan.study.adaptation, self.images(dataset)
        if asked is None:
            return images
        epochs = asked.epochs + self._plan.models[model].training.epochs
        learnt = images + asked.draws * sum(size for size in asked.images if size < images)
        return images * (2 + asked.draws * len(asked.images) * len(asked.ways)) + 3 * epochs * learnt

    def described(self, dataset: str) -> int:
        """Return how many images of a data set are described."""
        study = self._plan.study
        return min(self.images(dataset), DESCRIBED) if study.explanation or study.monitoring else 0

    def descriptions(self, dataset: str) -> int:
        """Return how many predictions it costs to describe a data set: by the encoder, and by models if asked for."""
        return self.described(dataset) * (1 + len(self._plan.trainings(self._plan.describing_models)))

    def encoded(self) -> int:
        """Return how many predictions an encoder costs that learns without labels: three for each of two views."""
        study = self._plan.study
        if study.explanation is None:
            return 0
        most = study.explanation.encoder_images
        learnt = sum(min(self.images(name), most) for name in study.encoder_datasets())
        return 2 * 3 * study.explanation.encoder_epochs * learnt

    def attributed(self) -> int:
        """Return how many predictions maps of attribution cost: for each step there and back, on each task's images."""
        asked = self._plan.study.evaluation.attribution
        if asked is None:
            return 0
        return 3 * (STEPS + 2) * len(self._plan.study.tasks) * (asked.images + 4)
