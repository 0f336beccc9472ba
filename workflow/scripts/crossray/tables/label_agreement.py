"""Two labellings of the same radiographs."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Correlation, Count, Row, Share
from crossray.tables.keys import OfModel


@dataclass(frozen=True)
class LabelAgreement(Row):
    """Two labellings of the same radiographs, and a task."""

    NAME: ClassVar = "label_agreement"
    FROM_IMAGES: ClassVar = True
    KEY: ClassVar = ("first", "second", "task")

    first: str
    "Data set with the first labelling."
    second: str
    "Data set with the second labelling."
    task: str
    "The finding."
    matched: Count
    "Radiographs that each of the two data sets contains once, in any split."
    images: Count
    "Those that both label for the task."
    both: Count
    "Positive by both."
    first_only: Count
    "Positive only by the first."
    second_only: Count
    "Positive only by the second."
    neither: Count
    "Negative by both."
    f1: Share | None
    "F1 score of one labelling against the other (symmetric)."
    f1_low: float | None
    f1_high: float | None
    kappa: Correlation | None
    "Cohen's kappa."
    kappa_low: float | None
    kappa_high: float | None


@dataclass(frozen=True)
class LabelControl(OfModel):
    """A model on the same radiographs by two labellings."""

    NAME: ClassVar = "label_control"
    FROM_IMAGES: ClassVar = True
    KEY: ClassVar = ("model", "source", "other", "task")

    source: str
    "Data set that the model was trained on."
    other: str
    "Data set with the other labelling."
    task: str
    "The finding."
    images: Count
    "Radiographs in the test splits of both data sets that both label."
    own_positives: Count
    "Positive by the source's labelling."
    other_positives: Count
    "Positive by the other labelling."
    own_auc: Share | None
    "AUC of the source's model by the source's labelling."
    other_auc: Share | None
    "AUC of the source's model by the other labelling."
    drop: Correlation | None
    "`own_auc` minus `other_auc`."
    drop_low: float | None
    drop_high: float | None
    p: Share | None
    "Two-sided p value of no drop."
    others_model_auc: Share | None
    "AUC of the other data set's model by the other labelling, on the same images."
    others_gain: Correlation | None
    "`others_model_auc` minus `other_auc`."
    others_gain_low: float | None
    others_gain_high: float | None
    others_p: Share | None
    "Two-sided p value of no gain."
