"""What a methods section says of data: data sets, labels, images, splits and leakage."""

from collections.abc import Mapping

from crossray.methods import releases
from crossray.methods.words import Part, alike, named, of_each, part, percent, spaced, written
from crossray.study.config import Images, Leakage
from crossray.study.datasets import CONSECUTIVE, Dataset
from crossray.study.names import BUNDLE
from crossray.study.stages.write_report import WriteReport

#: reader -> what its release is, with what its makers ask to cite
RELEASES = {
    "simulated": "computer-drawn chest phantoms, not patients",
    "table": "images beside a table of labels",
    "folder": "images in one folder for each class",
    "dicomweb": "images of a hospital's archive (DICOMweb), by a query that is not told, as it may name patients",
    "dimse": "images of a hospital's archive (DIMSE), by a query that is not told, as it may name patients",
    BUNDLE: "images that stayed at their site, which sent the outputs of the models and the labels",
    "nih": "ChestX-ray14 of the NIH Clinical Center [@wang2017]",
    "nih_google": "images of ChestX-ray14 [@wang2017], relabelled by radiologists [@majkowska2020]",
    "rsna": "images of ChestX-ray14 [@wang2017], relabelled for the RSNA Pneumonia Detection Challenge [@shih2019]",
    "siim": "images of ChestX-ray14 [@wang2017], annotated for the SIIM-ACR Pneumothorax Segmentation challenge "
    "[@filice2020]",
    "padchest": "PadChest of Hospital San Juan, Alicante [@bustos2020]",
    "chexpert": "CheXpert of Stanford Hospital [@irvin2019]",
    "mimic_cxr": "MIMIC-CXR of Beth Israel Deaconess Medical Center [@johnson2019]",
    "openi": "the Indiana University collection [@demner2016]",
    "vindr": "VinDr-CXR of two hospitals in Hanoi [@nguyen2022]",
    "brax": "BRAX of Hospital Israelita Albert Einstein, Sao Paulo [@reis2022]",
    "montgomery": "the tuberculosis screening of Montgomery County [@jaeger2014]",
    "shenzhen": "the collection of Shenzhen No. 3 Hospital [@jaeger2014]",
    "object_cxr": "object-CXR, foreign objects on radiographs",
    "digits": "handwritten digits, not radiographs [@alpaydin1998]",
    "cifar10": "CIFAR-10, photographs, not radiographs [@krizhevsky2009]",
    "cifar100": "CIFAR-100, photographs, not radiographs [@krizhevsky2009]",
}
_OBJECTIVES = {
    "multilabel": "findings, of which an image can have several",
    "binary": "a single finding",
    "multiclass": "exclusive classes, of which an image has one",
}
_BURNT_IN = {
    "reject": "DICOM files whose header declares text burnt into the pixels were rejected",
    "black_out": "in DICOM files whose header declares text burnt into the pixels, fixed areas were blacked out",
    "keep": "DICOM files whose header declares text burnt into the pixels were kept unchanged",
}
_SAMPLED = {
    CONSECUTIVE: "test images were taken consecutively",
    "enriched": "test images were enriched with findings",
    "unknown": "how test images were selected is not known",
}
_PER_PATIENT = {
    "all": "all images of a patient",
    "first": "the first image of a patient",
    "first_known": "one image of a patient, mixed from all by column (first_known)",
}
_UNCERTAIN = {
    "ignore": "unknown (ignore)",
    "positive": "taken as positive",
    "negative": "taken as negative",
}
_COUNTED = "images that stayed at their site, which sent histograms of the outputs of the models by label"
_NO_FINDING = {
    "negative": "made other findings negative unless they were called positive",
    "ignore": "was ignored",
    "overrules": "made other findings negative in any case (overrules)",
}
_OVERLAPS = {
    "move": "Each group of patients that was in more than one split was moved to the split with most of its images, to "
            "the test split in ties and where one of them is of a data set that is only tested on.",
    "refuse": "Splits were left as they were; where test images were of patients whom a model had learnt from, "
              "no number is reported (reason O).",
    "keep": "Patients in more than one split were kept where they were, so the affected numbers are too optimistic.",
}  # fmt: skip
_DUPLICATES = {
    "near": "equal pixels, or copies that were rescaled, compressed, inverted or windowed",
    "exact": "equal pixels alone",
}


def data_sets(settings: WriteReport) -> Part:
    """Say what the data are and who selected them."""
    datasets = settings.asked().datasets
    roles = {name: "only for testing" if one.is_only_tested() else "for training and testing"
             for name, one in datasets.items()}  # fmt: skip
    cohorts = {name: cohort for name, cohort in settings.cohorts.items() if cohort != name}
    shared = [f"the patients of {name} are those of the cohort {cohort}" for name, cohort in cohorts.items()]
    described = alike({name: _data_set(settings, name, one) for name, one in datasets.items()})
    return part(
        "Data sets",
        f"The study has {len(datasets)} data set{'s' * (len(datasets) > 1)}, used {of_each(roles)}.",
        *(f"{named(names)}: {words}" for words, names in described.items()),
        releases.acquisition(settings),
        f"{_capital('; '.join(shared))}; data sets of one cohort have the same patients." if shared else "",
        f"{_capital(of_each({name: sampling(one) for name, one in datasets.items()}))}. Reading stopped if more than "
        f"{of_each({name: percent(one.max_missing) for name, one in datasets.items()})} of a table's images were "
        "missing, and conversion if more than "
        f"{of_each({name: percent(one.max_rejected) for name, one in datasets.items()})} could not be used.",
    )


def _data_set(settings: WriteReport, name: str, dataset: Dataset) -> str:
    """Return a data set's description and the choices with which its release was read."""
    described = f" {dataset.description.rstrip('.')}." if dataset.description else ""
    chosen = "; ".join(_choice(key, value) for key, value in settings.choices.get(name, {}).items())
    known = "a public data set" if dataset.public else "not public, identifiers replaced by keyed hashes"
    paper = f", {dataset.paper} in Cohen et al. [@cohen2020]" if dataset.paper else ""
    made = "Drawn" if dataset.reader == "simulated" else "Read"
    settled = f" {made} with: {chosen}." if chosen else ""
    release = _COUNTED if name in settings.counted else RELEASES[dataset.reader]
    return f"{release} ({known}{paper}).{described}{settled}"


def _choice(key: str, value: str) -> str:
    """Return a choice of a reader in words: those that most releases have as a sentence would."""
    words = {
        "views": f"views {value}",
        "images_per_patient": _PER_PATIENT.get(value, value),
        "uncertain": f"uncertain labels {_UNCERTAIN.get(value, value)}",
        "no_finding": f"No Finding {_NO_FINDING.get(value, value)}",
        "policy": f"label policy {value}",
    }
    return words.get(key, f"{spaced(key)} {value}")


def sampling(dataset: Dataset) -> str:
    """Say how the test images of a data set were selected."""
    if isinstance(dataset.sampling, Mapping):
        known = named([f"{task} {percent(share)}" for task, share in dataset.sampling.items()])
        return f"test images were enriched with findings whose prevalence at the site is known ({known})"
    return _SAMPLED[dataset.sampling or "unknown"]


def labels(settings: WriteReport) -> Part:
    """Say what the tasks are, and what unknown labels do."""
    study = settings.asked()
    return part(
        "Labels",
        f"Tasks were {named(study.tasks)}: {_OBJECTIVES[study.objective]}. Labels were taken from each release by the "
        "choices above and not verified. An unknown label was left out of the loss and of every measure of its task.",
        releases.labelling(settings),
    )


def images(settings: WriteReport) -> Part:
    """Say how pixels were made."""
    study = settings.asked()
    areas = {name: _burnt_in(one) for name, one in study.datasets.items()}
    return part("Images", f"{_pixels(study.images)} {_capital(of_each(areas))}.")


def _burnt_in(dataset: Dataset) -> str:
    words = _BURNT_IN[dataset.burnt_in]
    areas = "; ".join(written(area) for area in dataset.burnt_in_areas)
    return f"{words} (left, top, right, bottom as fractions: {areas})" if areas else words


def _pixels(images: Images) -> str:
    fit = "padded with black to a square" if images.fit == "pad" else "cropped to the centre square"
    colour = images.colour == "rgb"
    scale = (
        "each colour channel was standardised, as usual for photographs"
        if colour
        else "for networks with one input channel they were scaled to -1024 to 1024, for others as their weights expect"
    )
    return (
        f"Images were {fit} and resized by area averaging to {images.size} x {images.size} pixels of 8 bits"
        f"{', in colour' if colour else ', in grey'}, after the modality and window transforms of DICOM; {scale}."
    )


def splits(settings: WriteReport) -> Part:
    """Say how patients were split, and what was done about leakage."""
    study = settings.asked()
    learnt = {name: one.split for name, one in study.datasets.items() if not one.is_only_tested()}
    shares = {
        name: f"training {percent(split.train)}, validation {percent(split.validation)}, test {percent(split.test)}, "
              f"seed {split.seed}"
        for name, split in learnt.items()
    }  # fmt: skip
    only_tested = study.only_tested()
    return part(
        "Splits and leakage",
        "Patients, with all their images, were assigned to splits by a hash of their identifier"
        f" ({of_each(shares)}), unless a release has its own split." if shares else "",
        f"All images of {named(only_tested)} are test images, as the configuration says." if only_tested else "",
        _leakage(study.leakage),
    )  # fmt: skip


def _leakage(leakage: Leakage) -> str:
    return (
        "Before training, patients with images in more than one split, of one data set or of several, were searched "
        "for by their identifiers within cohorts and by the content of all images: duplicates are "
        f"{_DUPLICATES[leakage.duplicates]}. {_OVERLAPS[leakage.overlap]}"
    )


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
