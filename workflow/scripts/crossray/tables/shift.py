"""Why models lose outside: terms of the drop, and the evidence behind them."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Correlation, Count, Positive, Share
from crossray.tables.keys import OfCell


@dataclass(frozen=True)
class Shift(OfCell):
    """A cell and metric."""

    NAME: ClassVar = "shift"
    KEY: ClassVar = ("model", "source", "target", "task", "metric")

    metric: str
    "`log-loss` (nats, of the model calibrated at home) or `AUC`."
    images: Count
    "Labelled test images of the target."
    positives: Count
    "Those of them with the finding."
    negatives: Count
    "Those of them without."
    source_images: Count
    "Labelled test images of the source."
    reason: str | None
    "Code of the reason why there is no number."
    drop: float | None
    "What is lost at the target; positive is worse. Log-loss in nats, or AUC."
    drop_low: float | None
    drop_high: float | None
    prevalence: float | None
    "Part of the drop that other prevalences explain."
    prevalence_low: float | None
    prevalence_high: float | None
    familiar: float | None
    "Part of `image` among images like the source's."
    familiar_low: float | None
    familiar_high: float | None
    new: float | None
    "Part of `image` by images unlike the source's."
    new_low: float | None
    new_high: float | None
    image: float | None
    "Part of the drop that other images explain: `familiar` plus `new`."
    image_low: float | None
    image_high: float | None
    threshold: float | None
    "Part of `concept` by another threshold of labelling."
    threshold_low: float | None
    threshold_high: float | None
    noise: float | None
    "Part of `concept` by wrong labels."
    noise_low: float | None
    noise_high: float | None
    other: float | None
    "Part of `concept` that neither explains."
    other_low: float | None
    other_high: float | None
    concept: float | None
    "Part of the drop that other labels for like images explain."
    concept_low: float | None
    concept_high: float | None
    prevalence_present: bool | None
    "Whether the prevalence term is there at all."
    image_present: bool | None
    "Whether the image term is there at all."
    concept_present: bool | None
    "Whether the concept term is there at all."
    verdict: str | None
    "The cause that is named, or that there is none to name."
    why: str | None
    "What the verdict rests on."


@dataclass(frozen=True)
class ShiftEvidence(OfCell):
    """A cell that has a verdict."""

    NAME: ClassVar = "shift_evidence"
    KEY: ClassVar = ("model", "source", "target", "task")

    implied: float | None
    "Offset of the log-odds of the prevalence that the images imply, in logits."
    implied_low: float | None
    implied_high: float | None
    recorded: float | None
    "The same offset in the labels."
    recorded_low: float | None
    recorded_high: float | None
    threshold_shift: float | None
    "Shift of the threshold of labelling, in logits."
    threshold_shift_low: float | None
    threshold_shift_high: float | None
    wrong_labels: float | None
    "Share of wrong labels."
    wrong_labels_low: float | None
    wrong_labels_high: float | None
    step: str | None
    "The step of the correction of prevalence that was taken."
    applied: float | None
    "Offset applied, in logits."
    fit: float | None
    "Fit of the scores after the offset."
    told_apart: Share | None
    "AUC of the domain classifier with all features."
    told_apart_lean: Share | None
    "AUC of the domain classifier with few features."
    overlap: Share | None
    "Effective share of the target's images that the source has images like."
    imbalance: Positive | None
    "Imbalance that is left after weighting."
    label_rule: str | None
    "What the labels of like images say of the rule of labelling."
    prevalence_p: Share | None
    "P value of the prevalence term."
    prevalence_q: Share | None
    "The same, corrected for the number of cells."
    prevalence_floor: float | None
    "Size below which the prevalence term counts as nothing."
    image_p: Share | None
    "P value of the image term."
    image_q: Share | None
    "The same, corrected for the number of cells."
    image_floor: float | None
    "Size below which the image term counts as nothing."
    concept_p: Share | None
    "P value of the concept term."
    concept_q: Share | None
    "The same, corrected for the number of cells."
    concept_floor: float | None
    "Size below which the concept term counts as nothing."
    lean_image: float | None
    "Image term by the lean classifier."
    lean_concept: float | None
    "Concept term by the lean classifier."
    recorded_prevalence: float | None
    "Prevalence term by the recorded offset."
    recorded_image: float | None
    "Image term by the recorded offset."
    recorded_concept: float | None
    "Concept term by the recorded offset."
    home_auc: Share | None
    "AUC of the source's model at home."
    away_auc: Share | None
    "AUC of the source's model at the target."
    own_auc: Share | None
    "AUC of the target's own model at the target."
    own_at_source_auc: Share | None
    "AUC of the target's own model at the source."
    recovered: float | None
    "Share of the drop that the target's own model recovers."
    agreement: Correlation | None
    "Rank correlation of the two models at the target."
    left_after_prevalence: float | None
    "Drop of the log-loss, in nats, left after the offset."
    left_after_intercept: float | None
    "The same after a fitted intercept."
    left_after_slope: float | None
    "The same after a fitted intercept and slope."
