"""Why models lose outside: terms of the drop, and the evidence behind them."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Correlation, Count, Logit, Positive, Share
from crossray.tables.keys import OfCell


@dataclass(frozen=True)
class Shift(OfCell):
    """A cell whose target is no part of the source, and a metric."""

    NAME: ClassVar = "shift"
    FROM_IMAGES: ClassVar = True
    MIGRATIONS: ClassVar = (
        "from 1: rerun the analysis; case_mix and what would decide are new, verdicts are more cautious",
    )
    KEY: ClassVar = ("model", "source", "target", "task", "metric")

    metric: str
    "`log-loss` (nats) or `AUC` (terms are of 1 - AUC), both of the model calibrated on its source's validation split."
    images: Count
    "Test images of the target with features and a label for the task."
    positives: Count
    "Those of them with the finding."
    negatives: Count
    "Those of them without."
    source_images: Count
    "Test images of the source with features and a label for the task."
    reason: str | None
    "Reason code if there is no number."
    drop: float | None
    """Loss at the target minus loss at the source; positive is worse. It is `prevalence` + `case_mix` + `image` +
    `concept`."""
    drop_low: float | None
    drop_high: float | None
    prevalence: float | None
    "Part of the drop due to the target's different prevalence; 0 for the AUC."
    prevalence_low: float | None
    prevalence_high: float | None
    case_mix: float | None
    "Part of the drop due to sicker or less sick patients under the same label rule; 0 if prevalence is corrected."
    case_mix_low: float | None
    case_mix_high: float | None
    familiar: float | None
    "Part of `image` due to images that are rarer at the source."
    familiar_low: float | None
    familiar_high: float | None
    new: float | None
    "Part of `image` due to images that are hardly present at the source."
    new_low: float | None
    new_high: float | None
    image: float | None
    "Part of the drop due to different images: `familiar` + `new`."
    image_low: float | None
    image_high: float | None
    threshold: float | None
    "Part of `concept` due to another threshold for calling an image positive."
    threshold_low: float | None
    threshold_high: float | None
    noise: float | None
    "Part of `concept` due to randomly wrong labels."
    noise_low: float | None
    noise_high: float | None
    other: float | None
    "Part of `concept` explained by neither."
    other_low: float | None
    other_high: float | None
    concept: float | None
    """Part of the drop due to other labels for images with the same features, so to another label rule or to image
    differences that the features do not show: `threshold` + `noise` + `other`."""
    concept_low: float | None
    concept_high: float | None
    prevalence_present: bool | None
    "Whether the prevalence differs, harmful or not (false discovery rate 5%)."
    case_mix_present: bool | None
    "Whether the model's scores differ, if prevalence is not corrected."
    image_present: bool | None
    "Whether images differ, harmful or not."
    concept_present: bool | None
    "Whether labels of similar images differ, harmful or not."
    verdict: str | None
    """`prevalence`, `case_mix` or `image`; `labels or unseen images`, which one labelling cannot separate; `concept`
    (the label rule) if the source's readers read some of the target's images too; or `no harm`, `no shift`, `no
    shift found`, `cannot tell`."""
    why: str | None
    "Grounds for the verdict, in a few words."
    decides: str | None
    "If the verdict leaves something open: the cheapest remedy, with its number (docs/shift.md)."


@dataclass(frozen=True)
class ShiftEvidence(OfCell):
    """A cell that has a verdict; terms are by log-loss, in nats."""

    NAME: ClassVar = "shift_evidence"
    FROM_IMAGES: ClassVar = True
    MIGRATIONS: ClassVar = (
        "from 1: rerun the analysis; case mix and level are new, fit is gone",
        "from 2: rerun the analysis; what tells case mix from how images were taken is new",
    )
    KEY: ClassVar = ("model", "source", "target", "task")

    implied: Logit | None
    "Log-odds of the target's prevalence minus the source's, as implied by the target's images; from -4 to 4 logits."
    implied_low: float | None
    implied_high: float | None
    recorded: Logit | None
    "The same difference by the labels, in logits."
    recorded_low: float | None
    recorded_high: float | None
    level: Logit | None
    "Log-odds of the target's labels minus those predicted by the model calibrated at the source, in logits."
    level_low: float | None
    level_high: float | None
    threshold_shift: Logit | None
    "The target's threshold for calling an image positive minus the source's, in logits."
    threshold_shift_low: float | None
    threshold_shift_high: float | None
    wrong_labels: Share | None
    "Share of wrong labels at the target, from 0 to 0.49."
    wrong_labels_low: float | None
    wrong_labels_high: float | None
    step: str | None
    "How prevalence was corrected: `none`, `agree` (by images and labels together); or why no result is given."
    applied: Logit | None
    "Log-odds difference used to correct prevalence, in logits."
    told_apart: Share | None
    "AUC of the domain classifier (target's images against source's) with the rich features, out of fold."
    told_apart_lean: Share | None
    "The same with the lean features."
    overlap: Share | None
    "Effective share of images in the shared distribution, the smaller of the two sides'."
    imbalance: Positive | None
    "Largest difference in a feature's mean between the two sides in the shared distribution, in standard deviations."
    label_rule: str | None
    "How the target's labels differ on shared images: `none`, `threshold`, `noise`, or `threshold and noise`."
    same_labels_p: Share | None
    "P value of labels that are the same where the model's scores are."
    taken_alike_p: Share | None
    """P value of equal scores among images that were taken alike; empty where labels of images with equal scores do
    not differ. Above 0.05, case mix is not corrected."""
    as_prevalent_p: Share | None
    "P value of scores that are those of the source at the implied prevalence; above 0.05, case mix is not named."
    prevalence_p: Share | None
    "P value of equal prevalence."
    prevalence_q: Share | None
    "The same, adjusted for all cells of the study (Benjamini and Hochberg)."
    prevalence_floor: float | None
    """Size of the prevalence term without any shift: its 95th percentile between random halves of the source's
    patients, for as many images."""
    case_mix_p: Share | None
    "P value of equal scores."
    case_mix_q: Share | None
    "The same, adjusted for all cells of the study."
    case_mix_floor: float | None
    "Size of the case mix term without any shift."
    image_p: Share | None
    "P value of equal images."
    image_q: Share | None
    "The same, adjusted for all cells of the study."
    image_floor: float | None
    "Size of the image term without any shift."
    concept_p: Share | None
    "P value of equal labels on shared images."
    concept_q: Share | None
    "The same, adjusted for all cells of the study."
    concept_floor: float | None
    "Size of the concept term without any shift."
    lean_image: float | None
    "Image term with the lean features."
    lean_concept: float | None
    "Concept term with the lean features."
    recorded_prevalence: float | None
    "Prevalence term if prevalence had been corrected by `recorded`."
    recorded_case_mix: float | None
    "Case mix term if prevalence had been corrected by `recorded`: 0."
    recorded_image: float | None
    "Image term if prevalence had been corrected by `recorded`."
    recorded_concept: float | None
    "Concept term if prevalence had been corrected by `recorded`."
    home_auc: Share | None
    "AUC of the source's model at the source."
    away_auc: Share | None
    "AUC of the source's model at the target."
    own_auc: Share | None
    "AUC of the target's own model at the target."
    own_at_source_auc: Share | None
    "AUC of the target's own model at the source."
    recovered: float | None
    """Share of the lost AUC that the target's own model recovers: (`own_auc` - `away_auc`) / (`home_auc` -
    `away_auc`), if more than 0.02 is lost."""
    agreement: Correlation | None
    "Spearman's correlation of the two models' logits on the target's images."
    left_after_prevalence: float | None
    "Log-loss at the target minus at the source, after shifting the target's logits by `implied`."
    left_after_intercept: float | None
    "The same after an intercept fitted on the target's labels."
    left_after_slope: float | None
    "The same after an intercept and slope fitted on the target's labels."
