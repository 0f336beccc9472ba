"""Facts of a paper that the configuration and the environment say: what was done, with which data and software."""

from collections import Counter
from collections.abc import Callable

from crossray.figures.summary_text import left_out_sentence
from crossray.files import read_json
from crossray.manuscript.told import Told
from crossray.methods import data, evaluation, releases, training
from crossray.methods.words import Part, alike, named, of_each
from crossray.study import folders
from crossray.study.stages.write_report import WriteReport


def _kind(told: Told) -> str:
    if not told.study.models:
        return "Evaluation of models that were trained elsewhere"
    elsewhere = " and evaluation of models that were trained elsewhere" if told.study.external else ""
    return f"Development, internal and external evaluation of deep learning models{elsewhere}"


def _title(told: Told) -> str:
    networks = dict.fromkeys(model.architecture for model in told.study.models.values())
    phantoms = ", on phantoms, not patients" if told.settings.phantoms else ""
    nets = f" ({named(list(networks))})" if networks else ""
    return f"{_kind(told)}{nets}; tasks {named(told.study.tasks)}{phantoms}. The report's title: {told.settings.title}"


def _objectives(told: Told) -> str:
    where = f"sources {named(told.settings.sources)}, " if told.study.models else ""
    return f"{_kind(told)}: {where}targets {named(told.settings.targets)}. {told.settings.title}"


def _data(told: Told) -> str:
    releases = alike({
        name: f"{data.RELEASES[one.reader]}{', only tested on' if one.is_only_tested() else ''}"
        for name, one in told.study.datasets.items()
    })  # fmt: skip
    return "; ".join(f"{named(names)}: {words}" for words, names in releases.items()) + "."


def _eligibility(told: Told) -> str:
    return " ".join([_data(told), *data.data_sets(told.settings).paragraphs[-1:]])


def _paragraph(told: Told, number: int) -> str:
    paragraphs = training.models(told.settings).paragraphs
    return paragraphs[number] if number < len(paragraphs) else ""


def _model(told: Told) -> str:
    outside = " ".join(training.external_models(told.settings).paragraphs)
    return f"{_paragraph(told, 0)} {outside}"


def _training(told: Told) -> str:
    return f"{_paragraph(told, 1)} {_paragraph(told, 2)}" if told.study.models else "No model was trained."


def _augmentation(told: Told) -> str:
    return training.augmentation(told.study.training.augmentation) if told.study.models else ""


def _selection(told: Told) -> str:
    swept = " Sweeps: the tables show what each way of selection would have chosen." if told.has("sweeps") else (
        " Settings were not tuned within the study."
    )  # fmt: skip
    return f"{_paragraph(told, 3)}{swept}" if told.study.models else "No model was trained."


def _ensemble(told: Told) -> str:
    seeds = len(told.settings.seeds)
    if seeds == 1 or not told.study.models:
        return "No ensemble was used."
    return f"The mean of the logits of {seeds} trainings is reported beside the mean of their AUCs."


def _start(told: Told) -> str:
    if not told.study.models:
        return "No model was trained."
    words = of_each({name: training.start(one.weights) for name, one in told.study.models.items()})
    return f"Networks began {words}; random draws by seed {named([str(seed) for seed in told.settings.seeds])}."


def _updating(told: Told) -> str:
    if told.has("corrections"):
        return "Corrections of images and outputs, recalibration among them, were applied for comparison only."
    return "No model was updated after evaluation."


def _predictions(told: Told) -> str:
    unit = " ".join(evaluation.unit(told.study.evaluation).split())
    return f"Every network was applied once to each test image, without augmentation at test time. {unit}"


def _imbalance(told: Told) -> str:
    if not told.study.models:
        return ""
    drawn = {"images": "batches drawn at random", "datasets": "batches with equally many images of each data set",
             "findings": "batches that alternate between positives and images without findings"}  # fmt: skip
    balance = drawn[told.study.training.balance]
    recalibrated = " No model was recalibrated." if not told.has("corrections") else ""
    return f"{_paragraph(told, 2)} Sampling: {balance}.{recalibrated}"


def _fairness(told: Told) -> str:
    if not told.has("subgroups"):
        return ""
    return "AUCs were measured by sex, age band, view and strata, each group against all others; none was balanced."


def _protocol(told: Told) -> str:
    named_before = "named primary comparisons" if told.study.evaluation.primary else "named no primary comparison"
    return f"The resolved configuration is in the report; it {named_before}."


def _sharing(told: Told) -> str:
    public = [name for name, one in told.study.datasets.items() if one.public]
    closed = told.study.closed()
    said = [f"declared public: {named(public)}"] if public else []
    said += [f"not public: {named(closed)}"] if closed else []
    return f"Data sets {'; '.join(said)}."


def _code(told: Told) -> str:
    return f"CrossRay (Apache-2.0), {told.provenance['CrossRay']}."


def _software(told: Told) -> str:
    skipped = ("CrossRay", "configuration", "wall time")
    used = [
        f"{key} {value}"
        for key, value in told.provenance.items()
        if key not in skipped and not key.startswith("data set")
    ]
    return ", ".join(used) + "."


def _hardware(told: Told) -> str:
    """Name the processors of the trainings, by their records; other steps keep none."""
    if not told.study.models:
        return ""
    models, trained = told.folder / "models", told.settings.sources_of.items()
    records = [
        read_json(models / folders.RECORD.format(model=model, source=source, seed=seed))
        for model, sources in trained
        for source in sources
        for seed in told.settings.seeds
    ]
    devices = Counter(f"{record['device']['name']} ({record['precision']})" for record in records)
    said = [f"{name}, {count} training{'s' * (count > 1)}" for name, count in devices.items()]
    return f"Trainings ran on {'; '.join(said)}." if said else ""


def _seeds(told: Told) -> str:
    study = told.study
    learnt = {name: str(one.split.seed) for name, one in study.datasets.items() if not one.is_only_tested()}
    said = [f"splits {of_each(learnt)}"] if learnt else []
    said += [f"trainings {named([str(seed) for seed in told.settings.seeds])}"] if study.models else []
    said.append(f"resamples {study.evaluation.seed}")
    return f"Seeds of random draws: {', '.join(said)}."


def _taken(told: Told) -> str:
    """Return where and when images were taken; empty if that is known of no data set."""
    return releases.taken(told.settings) if told.knows(releases.TAKEN) else ""


def _labelled(told: Told) -> str:
    """Return who or what labelled images; empty if that is known of no data set."""
    return releases.labelled(told.settings) if told.knows(releases.LABELLED) else ""


def _weights(told: Told) -> str:
    return (
        "The weights of each training are a file of the study (safetensors), with a record of how it came about."
        if told.study.models
        else ""
    )


def _limits(told: Told) -> str:
    said = [left_out_sentence(len(told.settings.seeds), told.has("classes"))]
    said.append("Labels are not verified: AUCs measure agreement with them, not with disease.")
    if told.settings.phantoms:
        said.append(f"{named(told.settings.phantoms)} are phantoms: nothing follows for hospitals or patients.")
    return " ".join(said)


def _scope(told: Told) -> str:
    return left_out_sentence(len(told.settings.seeds), told.has("classes"))


def _robustness(told: Told) -> str:
    said = [f"{len(told.settings.seeds)} training{'s' * (len(told.settings.seeds) > 1)} of each model"]
    said += ["an audit of leakage", "subgroups"] + (
        ["causes of drops with two representations"] if told.has("shift") else []
    )
    said += ["effects of corrections"] if told.has("corrections") else []
    said += ["sweeps of settings"] if told.has("sweeps") else []
    return f"{named(said)}.".capitalize()


def _explanations(told: Told) -> str:
    return next(evaluation.attribution(told.settings, told.study), "No attribution maps were asked for.")


def _readers(told: Told) -> str:
    return "Agreement of the readers of a target is in reader_agreement.csv." if told.has("reader_agreement") else ""


def _planned(told: Told) -> str:
    return next(evaluation.film_plan(told.settings, told.study), "")


def _deidentification(told: Told) -> str:
    closed = told.study.closed()
    hashed = (
        f" Identifiers and file names of {named(closed)} were replaced by keyed hashes, and ages above 89 were pooled."
        if closed
        else ""
    )
    return f"Headers with names, dates and free text were dropped when pixels were read.{hashed}"


def _part(write: Callable[[WriteReport], Part], first: int = 0, last: int | None = None) -> Callable[[Told], str]:
    return lambda told: " ".join(write(told.settings).paragraphs[first:last])


def _always(words: str) -> Callable[[Told], str]:
    """Return what is true of every study."""
    return lambda _: words


def _internal(told: Told) -> str:
    if not told.study.models:
        return ""
    return f"Each source's own held-out patients: {named(told.settings.sources)}."


def _subsets(told: Told) -> str:
    most = told.study.training.images
    count = f"{most:,} training images at most" if most else "all images of each split"
    kept = "the centre square of each image" if told.study.images.fit == "crop" else "whole images"
    return f"Of the pixels, {kept}; of the data, {count}."


DESIGN: dict[str, Callable[[Told], str]] = {
    "title": _title, "objectives": _objectives, "data": _data, "eligibility": _eligibility,
    "preparation": _part(data.images), "labels": _part(data.labels),
    "predictors": _always("The only predictor is the image, one radiograph at a time; no clinical data are used."),
    "subsets": _subsets, "model": _model, "training": _training, "augmentation": _augmentation,
    "selection": _selection, "ensemble": _ensemble, "start": _start,
    "clusters": _always(
        "Each hospital is a source or target of its own: every model is tested at each, and drops are reported by "
        "pair. Hospitals were not modelled; the table of variances treats them as a sample."
    ),
    "measures": _part(evaluation.evaluation, 0, 2), "intervals": _part(evaluation.evaluation, 2),
    "tests": _part(evaluation.comparisons), "updating": _updating, "predictions": _predictions,
    "imbalance": _imbalance, "fairness": _fairness,
    "output": _always(
        "Outputs are logits, one for each task, ranked as they are; their sigmoid is the probability. Thresholds "
        "maximise Youden's index on the source's validation split, unless a maker or criteria give others."
    ),
    "protocol": _protocol, "sharing": _sharing, "code": _code, "software": _software, "weights": _weights,
    "limits": _limits, "scope": _scope,
    "rejections": _always(
        "Unusable files are left out of training and tests and counted with their reasons, so no result says how a "
        "model does on them."
    ),
    "robustness": _robustness, "explanations": _explanations, "readers": _readers, "planned": _planned,
    "deidentification": _deidentification, "internal": _internal, "hardware": _hardware, "seeds": _seeds,
    "taken": _taken, "labelled": _labelled,
}  # fmt: skip
