"""How many films have to be read, which ones, and what those that were read say."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Count, Positive, Row, Share
from crossray.tables.keys import OfCell


@dataclass(frozen=True)
class SampleSizes(Row):
    """A measure of a task that has a wanted width, or all of them (Riley and others 2021)."""

    NAME: ClassVar = "sample_sizes"
    KEY: ClassVar = ("task", "measure")

    task: str
    "The finding."
    measure: str
    "`auc`, `sensitivity`, `specificity`, `observed_expected`, `slope`, `net_benefit`, or `all` of the task's measures."
    expected: float | None
    "Expected value, with the 95% interval that so many images are expected to give it."
    expected_low: float | None
    expected_high: float | None
    wanted_width: Positive | None
    "Wanted width of the interval, from limit to limit."
    positives: Count
    "Images with the finding, of as many as come at the expected prevalence."
    negatives: Count
    "Images without it."
    images: Count
    "Images to read, taken as they come."
    patients: Count
    "Patients, with the mean number of images each."


@dataclass(frozen=True)
class ToRead(Row):
    """A film to read: an image, study or patient, as `evaluation.unit` says."""

    NAME: ClassVar = "to_read"
    KEY: ClassVar = ("order",)

    order: Count
    "Its place in the list, from 1; read in this order."
    id: str
    "The image, study or patient, as in the predictions."
    patient_id: str
    "The patient."
    unit: Count
    "Number of what was drawn: of the film, or with `whole_patients` of its patient."
    stratum: Count
    "Number of the stratum."
    stratum_units: Count
    "Films, or patients, of the stratum that could have been drawn."
    probability: Share
    "With which the list has it."
    weight: Positive
    "For how many it stands if the whole list is read: 1 over the probability."


@dataclass(frozen=True)
class FilmsToRead(Row):
    """An image of a film to read, as the release names it."""

    NAME: ClassVar = "films_to_read"
    KEY: ClassVar = ("order", "image_id")

    order: Count
    "Its place in the list; read in this order."
    image_id: str
    "The image's identifier in the manifest."
    path: str
    "Its file, relative to the release's root."
    released_image_id: str
    "The image's identifier in the release."
    released_patient_id: str
    "The patient's identifier in the release."
    released_study_id: str | None
    "The examination's identifier in the release."


@dataclass(frozen=True)
class ReadingGains(OfCell):
    """A number of a cell: what a list of films is expected to save, if models are as good as expected."""

    NAME: ClassVar = "reading_gains"
    KEY: ClassVar = ("model", "source", "target", "task", "measure")

    measure: str
    "`auc`, `sensitivity`, `specificity`, `prevalence` or `precision`."
    listed: Count
    "Films on the list."
    candidates: Count
    "Films that could have been drawn."
    equal_part: Share
    "Part of the list that is read whatever models make of the films."
    gain: Positive
    "Expected films of a simple random sample that say as much as one of the list: the ratio of variances."


@dataclass(frozen=True)
class ReadFilms(OfCell):
    """A number of a cell, estimated from the films of the list that were read."""

    NAME: ClassVar = "read_films"
    KEY: ClassVar = ("model", "source", "target", "task", "measure")

    measure: str
    "`auc`, `sensitivity`, `specificity`, `prevalence` or `precision`."
    listed: Count
    "Films on the list."
    images: Count
    "Films of the list with a label and an output."
    positives: Count
    "Those with the finding, unweighted."
    negatives: Count
    "Those without it, unweighted."
    reason: str | None
    "Code of the reason why there is no estimate."
    estimate: Share | None
    "The estimate for all candidates, with its 95% interval for other patients of the same hospital."
    estimate_low: Share | None
    estimate_high: Share | None
