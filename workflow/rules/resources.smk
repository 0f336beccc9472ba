"""How large a job is: shards, memory and minutes by the images that it has to do with."""

#: variable of the environment in which jobs find how many GPUs each has that computes a network
GPUS = "CROSSRAY_GPUS"


@functools.cache
def count_images(dataset):
    """Return how many images a release has by its table."""
    settings = DATASETS[dataset]
    with one_line(settings["public"]):
        return find_reader(settings["reader"]).count_images(RELEASES[dataset], settings)


def shard_count(dataset):
    """Return the number of shards of a data set: the setting, or one for every 2,000 images."""
    return DATASETS[dataset].get("shards") or max(1, math.ceil(count_images(dataset) / IMAGES_IN_A_SHARD))


def images_in_shard(dataset):
    """Return how many images a shard of a data set holds at most."""
    return math.ceil(count_images(dataset) / shard_count(dataset))


def pixels_mb(datasets):
    """Return the size of data sets' pixels in MB."""
    return sum(count_images(dataset) for dataset in datasets) * SIZE * SIZE * CHANNELS[COLOUR] // 1_000_000


def grows(amount, cause=Cause.MEMORY):
    """Return a resources function: an amount, or one for the wildcards, once more for each time that it was short."""

    def resource(wildcards, rulename):
        times = 1 + ATTEMPTS.short(rulename, wildcards, cause)
        return times * (amount(wildcards) if callable(amount) else amount)

    return resource


def lasts(amount):
    """Return a resources function: minutes, once more for each time limit that a job ran into."""
    return grows(amount, Cause.TIME)


def conversion_memory(wildcards):
    """Return the MB that a conversion needs: the largest image with its copies, and the shard's pages in the cache."""
    shape = shape_settings(wildcards.shape)
    pixels = shape["size"] ** 2 * CHANNELS[shape["colour"]]
    return 2500 + images_in_shard(wildcards.dataset) * pixels // 1_000_000


def training_memory(wildcards):
    """Return the MB that a training needs; half of the pixels where they are mapped, as they can leave memory again."""
    pixels = pixels_mb(datasets_learnt(wildcards))
    return 8000 + (pixels if STUDY["images"]["reading"] == "memory" else pixels // 2)


def training_minutes(wildcards):
    """Return minutes for a training at 300 images a second, which any GPU of the last ten years does at 224 px."""
    epochs = MODELS[wildcards.model]["training"]["epochs"]
    images = epochs * sum(map(count_images, datasets_learnt(wildcards)))
    return 60 + images_of_224_px(images) // (300 * 60)


def gpus(wildcards):
    """Return the GPUs of a job that computes a network: one where a scheduler gives them out or a machine has some.

    It is this function that makes a rule a GPU job. Which GPUs there are is said by `--resources gpu=NUMBER`, as the
    profiles do: 0 for none, which holds for a scheduler too. Snakemake does not hand that on to the Snakemake in a job;
    the environment does.
    """
    if workflow.is_main_process:
        os.environ[GPUS] = str(min(1, gpus_to_give()))
    return int(os.environ.get(GPUS, "0"))


def gpus_to_give():
    """Return the limit of GPUs at a time; without one, none on this machine and any number from a scheduler."""
    limit = workflow.global_resources["gpu"].value if "gpu" in workflow.global_resources else None
    return limit if limit is not None else int(workflow.non_local_exec and not workflow.dryrun)


def images_of_224_px(images):
    """Return how many images of 224 px cost a network as much as these; smaller ones are not much faster."""
    return int(images * max(1, (SIZE / 224) ** 2))


def network_threads(images):
    """Return a threads function for a job that computes a network: one for every 5,000 images of 224 px, at most 8."""
    return lambda wildcards: min(8, 1 + images_of_224_px(images(wildcards)) // 5000)


def network_memory(images):
    """Return a resources function: MB for a network, a batch and images, all of them at once."""
    return grows(lambda wildcards: 4000 + images(wildcards) * SIZE * SIZE * CHANNELS[COLOUR] // 1_000_000)


def network_minutes(images):
    """Return a resources function: minutes for 2,000 images of 224 px each, and one for each 6 GB that are compared."""
    return lasts(
        lambda wildcards: 20
        + images_of_224_px(images(wildcards)) // 2000
        + pixels_mb([wildcards.target] if "target" in wildcards.keys() else PREDICTED) // 6000
    )


def images_tested(wildcards):
    """Return the images of a target."""
    return count_images(wildcards.target)


def images_of(datasets, which=sum):
    """Return a function of wildcards: the images of all these data sets, or of the largest."""
    return lambda wildcards: which(map(count_images, datasets))


def images_corrected(wildcards):
    """Return the images of a target, once for each correction and once more for statistics."""
    return 7 * count_images(wildcards.target)


def images_described(wildcards):
    """Return the images of a target that are described."""
    return min(count_images(wildcards.target), STUDY.get("explanation", {}).get("images", 0))


def images_attributed(wildcards):
    """Return how many predictions maps of attribution cost: for each step there and back, on every image of a task."""
    settings = attribution_settings()
    return 3 * (settings.get("steps", 0) + 2) * len(settings["tasks"]) * (settings.get("images", 0) + 4)
