"""Watching a model without labels: estimates of performance with their back-tests, and control charts of months."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Count, Positive, Row, Share
from crossray.tables.keys import OfCell


@dataclass(frozen=True)
class Unlabelled(OfCell):
    """An estimate without labels of a cell: beside the truth where there are labels, and else printed if it may be."""

    NAME: ClassVar = "unlabelled"
    KEY: ClassVar = ("model", "source", "target", "task", "group", "estimator", "quantity")

    group: str
    "Images that the estimate is of: `labelled`, where it is back-tested, or `unlabelled`."
    estimator: str
    "Name of the estimator (docs/monitoring.md)."
    quantity: str
    "`auc`; `sensitivity`, `specificity` and `accuracy` at the source's threshold; or `prevalence`."
    images: int | None
    "Images with an output; empty for data sets that are not public."
    estimate: Share | None
    "The estimate; of unlabelled images only where it may be printed."
    estimate_low: Share | None
    "Where the truth is, if this estimate errs as it did at other targets (95% prediction interval)."
    estimate_high: Share | None
    truth: Share | None
    "What the labels say, of labelled images."
    error: float | None
    "`estimate` less `truth`."
    error_low: float | None
    "95% prediction interval of the error, from the back-tests at all other cohorts alone."
    error_high: float | None
    targets: Count
    "Other cohorts that these back-tests are of."
    verdict: str | None
    """Cause of what is lost (`shift.csv`), one that may be the label rule first; `labels or unseen images` also where
    these are there and do no harm; empty if there is none."""
    is_chosen: bool
    "Whether it is the one of its quantity that is printed: of those that may be, the one with the narrowest interval."
    reason: str | None
    "Why it may not be printed: C, E or R; or why there is no estimate."


@dataclass(frozen=True)
class UnlabelledErrors(Row):
    """An estimator's errors in its back-tests, by the cause of what is lost."""

    NAME: ClassVar = "unlabelled_errors"
    KEY: ClassVar = ("estimator", "quantity", "cause")

    estimator: str
    "Name of the estimator."
    quantity: str
    "What is estimated."
    cause: str
    "Verdict on the cells, `no verdict`, or `all`."
    cells: Count
    "Labelled cells (model, source, target, task) behind the row."
    targets: Count
    "Cohorts that they are of."
    mean_error: float
    "Mean of estimate less truth."
    sd: Positive | None
    "Standard deviation of the errors; empty with one."
    worst: Positive
    "Largest error without its sign."
    within: Share
    "Share of cells whose error is within `monitoring.tolerance`."
    covered: Share | None
    "Share of cells whose error lies in the interval that other cohorts predict; empty where none is predicted."


@dataclass(frozen=True)
class Watched(Row):
    """A data set whose months are watched."""

    NAME: ClassVar = "watched"
    FROM_IMAGES: ClassVar = True
    KEY: ClassVar = ("dataset",)

    dataset: str
    "The data set."
    periods: Count
    "Months with images; a month of too few patients is one with the next."
    baseline: Count
    "Those that charts learn from, and that no alarm is given for."
    watched: Count
    "Those that are watched."
    streams: Count
    "Streams that have a chart."
    still: Count
    "Streams without a chart, as they never vary."
    false_alarms: Share
    "Probability of any alarm at this data set in the watched months, at most, while nothing changes."
    limit: Positive | None
    "Limit of each chart's sums that follows from it."
    alarms: Count
    "Streams with an alarm."
    reason: str | None
    "T if there are no dates, or too few months; S if the images stay at their site."


@dataclass(frozen=True)
class OfStream(Row):
    """A row about a stream of a data set."""

    dataset: str
    "The data set."
    stream: str
    "What is watched, in words."
    kind: str
    "`score`, `prevalence` (mean calibrated probability), `refusals` or `acquisition`."
    model: str | None
    "The model; empty for what is no model's."
    source: str | None
    "What it was trained on."
    task: str | None
    "The finding; empty for refusals and acquisition."


@dataclass(frozen=True)
class ControlCharts(OfStream):
    """A month of a stream."""

    NAME: ClassVar = "control_charts"
    FROM_IMAGES: ClassVar = True
    KEY: ClassVar = ("dataset", "stream", "month")

    month: Count
    "The month, counted from the data set's first."
    until: Count
    "The last month of the period: the same, unless months had too few patients."
    images: int | None
    "Images with a value; empty for data sets that are not public."
    value: float | None
    """Their mean: of logits or scores, probabilities, refused images, or a feature of the acquisition; empty for shares
    at data sets that are not public, as they tell small counts."""
    score: float | None
    """How far the month is from all months before it: a standard normal variable while nothing changes; empty for the
    first two."""
    rises: Positive | None
    "The chart's sum of rises (CUSUM); empty before the watched months."
    falls: Positive | None
    "The chart's sum of falls."
    limit: Positive
    "A sum above it is an alarm."
    is_alarm: bool
    "Whether it is the month of the stream's first alarm."


@dataclass(frozen=True)
class Alarms(OfStream):
    """The first alarm of a stream: what moved, and what would decide whether it matters."""

    NAME: ClassVar = "alarms"
    FROM_IMAGES: ClassVar = True
    KEY: ClassVar = ("dataset", "stream")

    month: Count
    "Month of the alarm."
    since: Count
    "Month in which the chart's sum began: the change is estimated to be there since then."
    direction: str
    "`rose` or `fell`."
    before: float | None
    "Mean of the months before `since`, each by its patients; empty like `value` in `control_charts.csv`."
    after: float | None
    "Mean of the months from `since` to the alarm."
    size: float | None
    "`after` less `before`, in standard deviations of single images of the baseline; empty if these never varied."
    moved: str
    "What moved, by all alarms of the data set: `images`, `patients or unseen images`, or `refusals`."
    decides: str
    "What it may mean, and what would decide whether it matters."
