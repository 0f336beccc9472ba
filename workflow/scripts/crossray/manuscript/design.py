"""Facts of a paper that the configuration and the environment say: what was done, with which data and software."""

from collections import Counter
from collections.abc import Callable

from crossray.figures.summary_text import left_out_sentence
from crossray.files import read_json
from crossray.manuscript.study_results import StudyResults
from crossray.methods import data, evaluation, releases, training
from crossray.methods.words import Part, alike, named, of_each
from crossray.study import folders
from crossray.study.stages.write_report import WriteReport


def _kind(results: StudyResults) -> str:
    if not results.study.models:
        return "Evaluation of models that were trained elsewhere"
    elsewhere = " and evaluation of models that were trained elsewhere" if results.study.external else ""
    return f"Development, internal and external evaluation of deep learning models{elsewhere}"


def _title(results: StudyResults) -> str:
    networks = dict.fromkeys(model.architecture for model in results.study.models.values())
    phantoms = ", on phantoms, not patients" if results.settings.phantoms else ""
    nets = f" ({named(list(networks))})" if networks else ""
    tasks, title = named(results.study.tasks), results.settings.title
    return f"{_kind(results)}{nets}; tasks {tasks}{phantoms}. The report's title: {title}"


def _objectives(results: StudyResults) -> str:
    where = f"sources {named(results.settings.sources)}, " if results.study.models else ""
    return f"{_kind(results)}: {where}targets {named(results.settings.targets)}. {results.settings.title}"


def _data(results: StudyResults) -> str:
    releases = alike({
        name: f"{data.RELEASES[one.reader]}{', only tested on' if one.is_only_tested() else ''}"
        for name, one in results.study.datasets.items()
    })  # fmt: skip
    return "; ".join(f"{named(names)}: {words}" for words, names in releases.items()) + "."


def _eligibility(results: StudyResults) -> str:
    return " ".join([_data(results), *data.data_sets(results.settings).paragraphs[-1:]])


def _paragraph(results: StudyResults, number: int) -> str:
    paragraphs = training.models(results.settings).paragraphs
    return paragraphs[number] if number < len(paragraphs) else ""


def _model(results: StudyResults) -> str:
    outside = " ".join(training.external_models(results.settings).paragraphs)
    return f"{_paragraph(results, 0)} {outside}"


def _training(results: StudyResults) -> str:
    return f"{_paragraph(results, 1)} {_paragraph(results, 2)}" if results.study.models else "No model was trained."


def _augmentation(results: StudyResults) -> str:
    return training.augmentation(results.study.training.augmentation) if results.study.models else ""


def _selection(results: StudyResults) -> str:
    swept = " Sweeps: the tables show what each way of selection would have chosen." if results.has("sweeps") else (
        " Settings were not tuned within the study."
    )  # fmt: skip
    return f"{_paragraph(results, 3)}{swept}" if results.study.models else "No model was trained."


def _ensemble(results: StudyResults) -> str:
    seeds = len(results.settings.seeds)
    if seeds == 1 or not results.study.models:
        return "No ensemble was used."
    return f"The mean of the logits of {seeds} trainings is reported beside the mean of their AUCs."


def _start(results: StudyResults) -> str:
    if not results.study.models:
        return "No model was trained."
    words = of_each({name: training.start(one.weights) for name, one in results.study.models.items()})
    return f"Networks began {words}; random draws by seed {named([str(seed) for seed in results.settings.seeds])}."


def _updating(results: StudyResults) -> str:
    if results.has("corrections"):
        return "Corrections of images and outputs, recalibration among them, were applied for comparison only."
    return "No model was updated after evaluation."


def _predictions(results: StudyResults) -> str:
    unit = " ".join(evaluation.unit(results.study.evaluation).split())
    return f"Every network was applied once to each test image, without augmentation at test time. {unit}"


def _imbalance(results: StudyResults) -> str:
    if not results.study.models:
        return ""
    drawn = {"images": "batches drawn at random", "datasets": "batches with equally many images of each data set",
             "findings": "batches that alternate between positives and images without findings"}  # fmt: skip
    balance = drawn[results.study.training.balance]
    recalibrated = " No model was recalibrated." if not results.has("corrections") else ""
    return f"{_paragraph(results, 2)} Sampling: {balance}.{recalibrated}"


def _fairness(results: StudyResults) -> str:
    if not results.has("subgroups"):
        return ""
    return "AUCs were measured by sex, age band, view and strata, each group against all others; none was balanced."


def _protocol(results: StudyResults) -> str:
    named_before = "named primary comparisons" if results.study.evaluation.primary else "named no primary comparison"
    return f"The resolved configuration is in the report; it {named_before}."


def _sharing(results: StudyResults) -> str:
    public = [name for name, one in results.study.datasets.items() if one.public]
    closed = results.study.closed()
    said = [f"declared public: {named(public)}"] if public else []
    said += [f"not public: {named(closed)}"] if closed else []
    return f"Data sets {'; '.join(said)}."


def _code(results: StudyResults) -> str:
    return f"CrossRay (Apache-2.0), {results.provenance['CrossRay']}."


def _software(results: StudyResults) -> str:
    skipped = ("CrossRay", "configuration", "wall time")
    used = [
        f"{key} {value}"
        for key, value in results.provenance.items()
        if key not in skipped and not key.startswith("data set")
    ]
    return ", ".join(used) + "."


def _hardware(results: StudyResults) -> str:
    """Name the processors of the trainings, by their records; other steps keep none."""
    if not results.study.models:
        return ""
    models, trained = results.folder / "models", results.settings.sources_of.items()
    records = [
        read_json(models / folders.RECORD.format(model=model, source=source, seed=seed))
        for model, sources in trained
        for source in sources
        for seed in results.settings.seeds
    ]
    devices = Counter(f"{record['device']['name']} ({record['precision']})" for record in records)
    said = [f"{name}, {count} training{'s' * (count > 1)}" for name, count in devices.items()]
    return f"Trainings ran on {'; '.join(said)}." if said else ""


def _seeds(results: StudyResults) -> str:
    study = results.study
    learnt = {name: str(one.split.seed) for name, one in study.datasets.items() if not one.is_only_tested()}
    said = [f"splits {of_each(learnt)}"] if learnt else []
    said += [f"trainings {named([str(seed) for seed in results.settings.seeds])}"] if study.models else []
    said.append(f"resamples {study.evaluation.seed}")
    return f"Seeds of random draws: {', '.join(said)}."


def _taken(results: StudyResults) -> str:
    """Return where and when images were taken; empty if that is known of no data set."""
    return releases.acquisition(results.settings) if results.knows(releases.ACQUISITIONS) else ""


def _labelled(results: StudyResults) -> str:
    """Return who or what labelled images; empty if that is known of no data set."""
    return releases.labelling(results.settings) if results.knows(releases.LABELLINGS) else ""


def _weights(results: StudyResults) -> str:
    return (
        "The weights of each training are a file of the study (safetensors), with a record of how it came about."
        if results.study.models
        else ""
    )


def _limits(results: StudyResults) -> str:
    said = [left_out_sentence(len(results.settings.seeds), results.has("classes"))]
    said.append("Labels are not verified: AUCs measure agreement with them, not with disease.")
    if results.settings.phantoms:
        said.append(f"{named(results.settings.phantoms)} are phantoms: nothing follows for hospitals or patients.")
    return " ".join(said)


def _scope(results: StudyResults) -> str:
    return left_out_sentence(len(results.settings.seeds), results.has("classes"))


def _robustness(results: StudyResults) -> str:
    said = [f"{len(results.settings.seeds)} training{'s' * (len(results.settings.seeds) > 1)} of each model"]
    said += ["an audit of leakage", "subgroups"] + (
        ["causes of drops with two representations"] if results.has("shift") else []
    )
    said += ["effects of corrections"] if results.has("corrections") else []
    said += ["sweeps of settings"] if results.has("sweeps") else []
    return f"{named(said)}.".capitalize()


def _explanations(results: StudyResults) -> str:
    return next(evaluation.attribution(results.settings, results.study), "No attribution maps were asked for.")


def _readers(results: StudyResults) -> str:
    return "Agreement of the readers of a target is in reader_agreement.csv." if results.has("reader_agreement") else ""


def _planned(results: StudyResults) -> str:
    return next(evaluation.film_plan(results.settings, results.study), "")


def _deidentification(results: StudyResults) -> str:
    closed = results.study.closed()
    hashed = (
        f" Identifiers and file names of {named(closed)} were replaced by keyed hashes, and ages above 89 were pooled."
        if closed
        else ""
    )
    return f"Headers with names, dates and free text were dropped when pixels were read.{hashed}"


def _part(
    write: Callable[[WriteReport], Part], first: int = 0, last: int | None = None
) -> Callable[[StudyResults], str]:
    return lambda results: " ".join(write(results.settings).paragraphs[first:last])


def _always(words: str) -> Callable[[StudyResults], str]:
    """Return what is true of every study."""
    return lambda _: words


def _internal(results: StudyResults) -> str:
    if not results.study.models:
        return ""
    return f"Each source's own held-out patients: {named(results.settings.sources)}."


def _subsets(results: StudyResults) -> str:
    most = results.study.training.images
    count = f"{most:,} training images at most" if most else "all images of each split"
    kept = "the centre square of each image" if results.study.images.fit == "crop" else "whole images"
    return f"Of the pixels, {kept}; of the data, {count}."


DESIGN: dict[str, Callable[[StudyResults], str]] = {
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
