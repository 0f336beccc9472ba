"""What a methods section says of the evaluation: measures, intervals, tests, and the further analyses of a study."""

from collections.abc import Callable, Iterator

from crossray.methods.words import Part, named, part, percent, written
from crossray.study.acceptance import ALERTS, CLAIM, Criteria
from crossray.study.config import Study
from crossray.study.evaluation import MODELS, SELF_SUPERVISED, Comparison, Evaluation
from crossray.study.film_plan import FilmPlan
from crossray.study.stages.write_report import WriteReport

_UNITS = {
    "image": "Single images were evaluated.",
    "study": "Studies were evaluated, each positive if one of its images is, with the {combine} of their outputs.",
    "patient": "Patients were evaluated, each positive if one of their images is, with the {combine} of their outputs.",
}
_COMBINED = {"max": "maximum", "mean": "mean"}
_METHODS = {
    "grad_cam": "Grad-CAM [@selvaraju2017]",
    "integrated_gradients": "integrated gradients [@sundararajan2017]",
    "input_gradients": "input gradients [@simonyan2014]",
}


def evaluation(settings: WriteReport) -> Part:
    """Say what was measured, with which uncertainty."""
    study = settings.asked()
    asked = study.evaluation
    inside = (
        "A test at a source's own held-out patients is internal, one at another data set external; the drop is the "
        "internal minus the external AUC, mean over the tasks that both can be measured on. The main measure is the "
        "area under the ROC curve (AUC), beside it average precision, sensitivity and specificity."
    )
    return part(
        "Evaluation",
        f"Targets were {named(settings.targets)}. {inside} {unit(asked)} Cells with fewer than {asked.minimum} "
        "patients with the finding, or without it, stay empty.",
        "Thresholds for sensitivity, specificity, F1 and accuracy maximise Youden's index [@youden1950] on the "
        "source's validation split; no choice was made on a test split, but for results that are named as the target's "
        "own.",
        _intervals(asked),
        "If the interval of a model's internal AUC reaches chance (0.5), its drops are left out of means and counts. "
        "Worse than chance means that the whole interval lies below 0.5.",
    )


def unit(asked: Evaluation) -> str:
    """Say what is evaluated: images, studies or patients."""
    return _UNITS[asked.unit].format(combine=_COMBINED[asked.combine])


def _intervals(asked: Evaluation) -> str:
    return (
        "Intervals are of 95%. Those of AUCs use Newcombe's method 5 [@newcombe2006], with DeLong's variance "
        "[@delong1988], patients as clusters [@obuchowski1997], moderated by the number of patients, and Student's t. "
        "Intervals of mean AUCs and of their differences are recovered from these (MOVER [@zou2008]), with the "
        f"correlations of {asked.resamples} bootstrap resamples of patients [@efron1979] (seed {asked.seed}). "
        "Shares of images have Wilson's interval [@wilson1927] for the effective number of images, given that of "
        "patients; agreements of calls and scores of maps follow from it. Intervals of all other numbers, unless their "
        "table says otherwise, are percentiles of these resamples."
    )


def comparisons(settings: WriteReport) -> Part:
    """Say which differences were tested, and how for multiplicity was corrected."""
    study = settings.asked()
    if not study.models:
        return part("Comparisons")
    primary = study.evaluation.primary
    if primary:
        first = next(iter(study.models))
        named_before = "Named before the run (primary): " + "; ".join(_comparison(one, first) for one in primary) + "."
    else:
        named_before = "No comparison was named before the run, so all are exploratory."
    pairs = [f"{one.first} and {one.second} on {one.task} at {one.target}" for one in study.evaluation.pairs]
    return part(
        "Comparisons",
        "Differences on the same images are tested paired by patient; their limits are those of the test, or, where "
        "they reach further, those recovered from the limits of both AUCs, whose common error moves both alike. Other "
        "differences are tested by limits recovered from those of both AUCs [@zou2008]. P values are corrected by "
        "Holm's method [@holm1979], separately for comparisons named before the run (primary; a single one needs no "
        "correction) and all others (exploratory); intervals of single cells are not corrected. "
        f"{named_before}",
        f"Outputs were compared image by image [@bland1986] for {'; '.join(pairs)}." if pairs else "",
    )


def _comparison(one: Comparison, first_model: str) -> str:
    task = one.task or "the mean of tasks"
    model = one.model or first_model
    if one.target:
        return f"{one.first} against {one.second}, both tested at {one.target}, {task}, model {model}"
    return f"{one.first} tested internally against the same models tested at {one.second}, {task}, model {model}"


def analyses(settings: WriteReport) -> Part:
    """Say which further questions were asked, each where the study has it."""
    study = settings.asked()
    return part("Further analyses", *(words for of in _ANALYSES for words in of(settings, study)))


def _calibration(settings: WriteReport, study: Study) -> Iterator[str]:
    if "calibration" in settings.tables:
        yield (
            "Calibration was measured by the expected calibration error, the Brier score, observed over expected, and "
            "the slope and intercept of the logistic calibration line [@vancalster2016]."
        )
    if "subgroups" in settings.tables:
        yield (
            "AUCs were measured by sex, age band (under 18, 18 to 39, 40 to 59, 60 to 79, 80 and more years), view and "
            "the strata of a data set, each group against all others of its kind."
        )


def _probe(settings: WriteReport, study: Study) -> Iterator[str]:
    if "probe" in settings.tables:
        yield (
            "A logistic regression predicted the data set from images of 16 x 16 pixels and from each model's features "
            f"[@zech2018], on {study.evaluation.probe_images} images of each domain and split at most, one per patient."
        )


def _agreement(settings: WriteReport, study: Study) -> Iterator[str]:
    if "agreement" in settings.tables:
        yield "Agreement of models on single images was measured by Cohen's kappa [@cohen1960] at their thresholds."


def _sweeps(settings: WriteReport, study: Study) -> Iterator[str]:
    if "sweeps" in settings.tables:
        yield (
            "Each point of a sweep was tested at every target; the tables have what selection by the source's "
            "validation, by left-out domains, and by the target itself (which no user has) would have chosen "
            "[@gulrajani2021]."
        )


def _explanation(settings: WriteReport, study: Study) -> Iterator[str]:
    asked = study.explanation
    if not asked or "shift" not in settings.tables:
        return
    encoder = "random weights" if asked.encoder == "random" else f"the weights {asked.encoder}"
    if asked.encoder == SELF_SUPERVISED:
        names = named(study.encoder_datasets())
        encoder = (
            "weights that were learnt without labels, by VICReg [@bardes2022], from training images of "
            f"{names} (at most {asked.encoder_images:,} of each, {asked.encoder_epochs} epochs)"
        )
    features = f"features of a ResNet18 with {encoder}"
    if asked.encoder == MODELS:
        features = (
            "what the source's model and, where it had learnt from none of their patients, the target's own make of "
            "images before their last layer (without either, features of a ResNet18 with random weights)"
        )
    yield (
        "Drops were split into prevalence [@saerens2002], case mix, images, and labels or unseen images [@cai2023], by "
        f"a domain classifier on {features} and on the acquisition; a verdict needs {asked.minimum} positives and "
        f"negatives on both sides. Intervals are from {asked.resamples} resamples of patients in which everything was "
        "refitted; the false discovery rate over all pairs and tasks was controlled."
    )
    yield (
        "Corrections of images and outputs were applied to every pair and compared with the causes found."
        if asked.corrections and "corrections" in settings.tables
        else "No correction was applied (corrections: no)."
    )


def attribution(settings: WriteReport, study: Study) -> Iterator[str]:
    """Say how evidence was attributed to pixels, if it was."""
    asked = study.evaluation.attribution
    if asked:
        has_regions = "localisation" in settings.tables
        scored = "scored against annotated regions" if has_regions else "shown, as there are no regions to score them"
        yield (
            f"Evidence was attributed to pixels by {named([_METHODS[name] for name in asked.methods])} with captum "
            "[@kokhlikyan2020], on "
            f"{asked.images} positive test images per target and task at most; maps were {scored}, beside those of the "
            "same networks with random weights [@adebayo2018]."
        )


def _usefulness(settings: WriteReport, study: Study) -> Iterator[str]:
    if study.usefulness and "decision_curve" in settings.tables:
        low, high = study.usefulness.thresholds
        yield (
            f"Net benefit [@vickers2006] was measured for thresholds from {percent(low)} to {percent(high)}, against "
            "acting on all and on none, where the prevalence at the site is known."
        )


def _acceptance(settings: WriteReport, study: Study) -> Iterator[str]:
    if study.acceptance:
        criteria = "; ".join(f"{task}: {_criteria(one)}" for task, one in study.acceptance.items())
        yield (
            f"Acceptance criteria were part of the configuration: {criteria}. A criterion is met if its whole 95% "
            "interval lies at or above it; all are met if each is (intersection-union test [@berger1982]). Thresholds "
            "of the target are cross-fitted over five parts of its patients."
        )


def _criteria(one: Criteria) -> str:
    said = [f"{name} at {'most' if name == ALERTS else 'least'} {value:g}" for name, value in one.wanted().items()]
    if one.groups:
        said.append(f"auc, sensitivity and specificity also in each group by {named(one.groups)}")
    if one.against:
        other = "the maker's claim" if one.against == CLAIM else one.against
        said.append(f"not worse than {other} by more than {one.margin:g}")
    if one.prevalence is not None:
        said.append(f"prevalence {percent(one.prevalence)} where it is used")
    if one.miss_costs is not None:
        said.append(f"a missed finding as bad as {one.miss_costs:g} false alarms")
    if one.per_day is not None:
        said.append(f"{one.per_day:g} images a day")
    return ", ".join(said)


def film_plan(settings: WriteReport, study: Study) -> Iterator[str]:
    """Say how many films to read were computed, then which were drawn and read; nothing where none were planned."""
    asked = study.plan
    if not asked:
        return
    expected = "; ".join(f"{task} {written(one.as_dict())}" for task, one in asked.tasks.items())
    yield (
        f"The number of films to read was computed [@riley2021] for 95% intervals of the widths "
        f"{written(asked.widths.as_dict())}, expecting {expected}, with {_clusters(asked)}."
    )
    if asked.readings:
        whole = "whole patients" if asked.whole_patients else "single films"
        yield f"A stratified random list of {asked.readings} films was drawn ({whole}, seed {asked.seed})."
    if asked.labels:
        yield (
            f"Labels of the films that were read are the answers of {asked.labels}; estimates weigh each film by its "
            "stratum [@horvitz1952]."
        )


def _clusters(asked: FilmPlan) -> str:
    kish = "by Kish's formula [@kish1965]" if asked.design_effect is None else f"{asked.design_effect:g}"
    return f"{asked.images_per_patient:g} images per patient and the design effect {kish}"


def _adaptation(settings: WriteReport, study: Study) -> Iterator[str]:
    asked = study.adaptation
    if not asked or "adaptation" not in settings.tables:
        return
    pairs = [f"that of {pair.source} to {pair.target}" for pair in asked.pairs] or ["every one to every other target"]
    model = f"The model {asked.model}" if asked.model else "The first model"
    yield (
        f"{model} was adapted ({named(pairs)}) with samples of {named(list(map(str, asked.images)))} and all images of "
        f"a target's training and validation splits, {asked.draws} nested draws of whole patients, in these ways: "
        f"{named(asked.ways)}. Recalibrations are drawn towards none; heads are ridge regressions drawn towards the "
        "model's own, whose penalty patients of the sample chose; fine-tuning took "
        f"{asked.epochs} epochs at a learning rate of {asked.learning_rate:g}. No test image chose anything; intervals "
        "are over test patients and draws."
    )


def _monitoring(settings: WriteReport, study: Study) -> Iterator[str]:
    asked = study.monitoring
    if not asked or "watched" not in settings.tables:
        return
    yield (
        "AUC, sensitivity, specificity, accuracy and prevalence were estimated without labels by average confidence "
        "and the difference of confidences [@guillory2021], threshold matching [@garg2022], importance weighting by a "
        "domain classifier on the model's outputs, age, sex and view, prior shift [@saerens2002], and class-wise forms "
        "of these, each from the source's labelled validation split. Every labelled cell is a back-test; an estimate "
        f"is printed if the 95% prediction interval of its error, from other cohorts alone, is within "
        f"{asked.tolerance:g}, and the verdict does not say that the label rule may differ."
    )
    yield (
        "Months of outputs, the prevalence that they imply, refusals and acquisition were watched by self-starting "
        f"CUSUM charts [@hawkins1987], after a baseline of {asked.baseline} months. Their limits are of a probability "
        f"of {percent(asked.false_alarms)} for any alarm at a target while nothing changes, by Markov chains "
        "[@brook1972], corrected for the number of streams (Bonferroni)."
    )


def _counts(settings: WriteReport, study: Study) -> Iterator[str]:
    closed = study.closed()
    if not closed:
        return
    if study.small_cells > 1:
        yield (
            f"Of data sets that are not public ({named(closed)}), no count of images or patients from 1 to "
            f"{study.small_cells - 1} is shown, nor a number that rests on fewer than {study.small_cells} patients, "
            "positives or negatives."
        )
    else:
        yield f"Small counts are shown for data sets that are not public ({named(closed)}) too."


def _sites(settings: WriteReport, study: Study) -> Iterator[str]:
    if settings.counted:
        yield (
            f"Of {named(settings.counted)} there are histograms of outputs and no images. Each image was taken to lie "
            "in the middle of its bin, and pairs in one bin as ties. The least and the most that each number can be, "
            "wherever in their bins the images lie, stand in bounds.csv. What histograms do not determine within "
            "bounds has no number (reason S)."
        )


_ANALYSES: tuple[Callable[[WriteReport, Study], Iterator[str]], ...] = (
    _calibration, _agreement, _probe, _sweeps, _explanation, attribution, _usefulness, _acceptance, film_plan,
    _adaptation, _monitoring, _counts, _sites,
)  # fmt: skip
