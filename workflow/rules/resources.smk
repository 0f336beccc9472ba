"""How large a job is: shards, memory and minutes by the images that it has to do with."""

@functools.cache
def count_images(dataset):
    """Return how many images a release has by its table."""
    settings = DATASETS[dataset]
    try:
        return find_reader(settings.reader).count_images(DATA.releases[dataset], settings)
    except UserError as error:
        raise WorkflowError(f"datasets.{dataset}: {error}") from None


def shard_count(dataset):
    """Return the number of shards of a data set: the setting, or one for every 2,000 images."""
    return DATASETS[dataset].shards or max(1, math.ceil(count_images(dataset) / IMAGES_IN_A_SHARD))


def images_in_shard(dataset):
    """Return how many images a shard of a data set holds at most."""
    return math.ceil(count_images(dataset) / shard_count(dataset))


def pixels_mb(datasets):
    """Return the size of data sets' pixels in MB."""
    return (
        sum(count_images(dataset) for dataset in datasets)
        * STUDY.images.size**2
        * CHANNELS[STUDY.images.colour]
        // 1_000_000
    )


def grows(amount):
    """Return a resources function: an amount, or one for the wildcards, once more for each further attempt."""

    def resource(wildcards, attempt):
        return attempt * (amount(wildcards) if callable(amount) else amount)

    return resource


def conversion_memory(wildcards):
    """Return the MB that a conversion needs: a large image with its copies, and the shard's pages in the cache."""
    shape = stage_settings.facts_of_shape(wildcards.shape)
    pixels = shape["size"] ** 2 * CHANNELS[shape["colour"]]
    return 1500 + images_in_shard(wildcards.dataset) * pixels // 1_000_000


def training_memory(wildcards):
    """Return the MB that a training needs; half of the pixels where they are mapped, as they can leave memory again."""
    pixels = pixels_mb(datasets_learnt(wildcards))
    return 8000 + (pixels if STUDY.images.reading == "memory" else pixels // 2)


def training_minutes(wildcards):
    """Return minutes for a training at 300 images a second, which any GPU of the last ten years does at 224 px."""
    epochs = PLAN.models[wildcards.model].training.epochs
    images = epochs * sum(map(count_images, datasets_learnt(wildcards)))
    return 60 + images // (300 * 60)
