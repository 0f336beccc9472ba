"""Several readers of the same images: results by what each says, and who agrees with whom."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Correlation, Count, Row, Share
from crossray.tables.keys import OfCell


@dataclass(frozen=True)
class ReaderLabels(OfCell):
    """A cell, labelled by one way of combining what several readers say, or by one of them."""

    NAME: ClassVar = "reader_labels"
    KEY: ClassVar = ("model", "source", "target", "task", "rule")

    rule: str
    """`majority`, `any`, `all` or `first` of the readers; the same with `, unknown as positive` or `negative`, for
    opinions that are missing on images that others read; or `READER alone`."""
    is_own: bool
    "Whether these are the labels that the study uses."
    images: Count
    "Test images with such a label that the model scored."
    patients: Count
    "Patients of these images."
    positives: Count
    "Images with the finding, by this labelling."
    negatives: Count
    "Images without it."
    reason: str | None
    "Code of the reason why there is no AUC."
    auc: Share | None
    "AUC by this labelling."
    auc_low: float | None
    auc_high: float | None
    sensitivity: Share | None
    "Sensitivity at the threshold that the model brings."
    sensitivity_low: float | None
    sensitivity_high: float | None
    specificity: Share | None
    "Specificity there."
    specificity_low: float | None
    specificity_high: float | None


@dataclass(frozen=True)
class ReaderAgreement(Row):
    """Two readers, or a model and a reader, on the test images that both call."""

    NAME: ClassVar = "reader_agreement"
    KEY: ClassVar = ("target", "task", "first", "second")

    target: str
    "Data set whose test images they read."
    task: str
    "The finding."
    first: str
    "A reader, or a model, which calls at the threshold that it brings."
    second: str
    "A reader."
    kind: str
    "`readers`, or `model and reader`."
    images: Count
    "Test images that both call."
    reason: str | None
    "Code of the reason why nothing was measured."
    both: Count | None
    "Positive by both."
    first_only: Count | None
    "Positive by the first alone."
    second_only: Count | None
    "Positive by the second alone."
    neither: Count | None
    "Negative by both."
    f1: Share | None
    "F1 score of one against the other."
    f1_low: float | None
    f1_high: float | None
    kappa: Correlation | None
    "Cohen's kappa."
    kappa_low: float | None
    kappa_high: float | None
