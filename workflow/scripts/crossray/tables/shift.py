"""Why models lose outside: terms of the drop, and the evidence behind them."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Correlation, Count, Logit, Positive, Share
from crossray.tables.keys import OfCell


@dataclass(frozen=True)
class Shift(OfCell):
    """A cell whose target is no part of the source, and a metric."""

    NAME: ClassVar = "shift"
    MIGRATIONS: ClassVar = ("from 1: rerun the analysis; case_mix and what would decide are new, verdicts claim less",)
    KEY: ClassVar = ("model", "source", "target", "task", "metric")

    metric: str
    "`log-loss` (nats) or `AUC` (terms are of 1 - AUC), both of the model calibrated on its source's validation split."
    images: Count
    "Test images of the target that are described and labelled for the task."
    positives: Count
    "Those of them with the finding."
    negatives: Count
    "Those of them without."
    source_images: Count
    "Test images of the source that are described and labelled for the task."
    reason: str | None
    "Code of the reason why there is no number."
    drop: float | None
    """Loss at the target minus loss at the source; positive is worse. It is `prevalence` + `case_mix` + `image` +
    `concept`."""
    drop_low: float | None
    drop_high: float | None
    prevalence: float | None
    "Part of the drop from the target's other prevalence; 0 for the AUC."
    prevalence_low: float | None
    prevalence_high: float | None
    case_mix: float | None
    "Part of the drop from sicker or less sick patients under the same rule; 0 where prevalence is corrected."
    case_mix_low: float | None
    case_mix_high: float | None
    familiar: float | None
    "Part of `image` from images that the source has too, but fewer of."
    familiar_low: float | None
    familiar_high: float | None
    new: float | None
    "Part of `image` from images that the source hardly has."
    new_low: float | None
    new_high: float | None
    image: float | None
    "Part of the drop from other images: `familiar` + `new`."
    image_low: float | None
    image_high: float | None
    threshold: float | None
    "Part of `concept` from another threshold of calling an image positive."
    threshold_low: float | None
    threshold_high: float | None
    noise: float | None
    "Part of `concept` from labels that are wrong by chance."
    noise_low: float | None
    noise_high: float | None
    other: float | None
    "Part of `concept` that neither explains."
    other_low: float | None
    other_high: float | None
    concept: float | None
    """Part of the drop from other labels for images that look alike to the description, so from another label rule or
    from images in a way not seen here: `threshold` + `noise` + `other`."""
    concept_low: float | None
    concept_high: float | None
    prevalence_present: bool | None
    "Whether the prevalence differs at all, harmful or not (false discovery rate 5 %)."
    case_mix_present: bool | None
    "Whether the model's scores differ at all, where prevalence is not corrected."
    image_present: bool | None
    "Whether images differ at all, harmful or not."
    concept_present: bool | None
    "Whether labels of like images differ at all, harmful or not."
    verdict: str | None
    """`prevalence`, `case_mix` or `image`; `labels or unseen images`, which one labelling cannot tell apart; `concept`
    (the label rule) where the source's readers read some of the target's images too; or `no harm`, `no shift`, `no
    shift found`, `cannot tell`."""
    why: str | None
    "What the verdict rests on, in a few words."
    decides: str | None
    "Where the verdict leaves something open: the one cheapest thing that would decide it."


@dataclass(frozen=True)
class ShiftEvidence(OfCell):
    """A cell that has a verdict; terms are by log-loss, in nats."""

    NAME: ClassVar = "shift_evidence"
    MIGRATIONS: ClassVar = ("from 1: rerun the analysis; case mix and level are new, fit is gone",)
    KEY: ClassVar = ("model", "source", "target", "task")

    implied: Logit | None
    "Log-odds of the target's prevalence minus the source's, as the target's images imply it; from -4 to 4 logits."
    implied_low: float | None
    implied_high: float | None
    recorded: Logit | None
    "The same difference as the labels say it, in logits."
    recorded_low: float | None
    recorded_high: float | None
    level: Logit | None
    "How much higher the log-odds of the target's labels are than the model calibrated at the source says, in logits."
    level_low: float | None
    level_high: float | None
    threshold_shift: Logit | None
    "How much higher the target's threshold of calling an image positive is than the source's, in logits."
    threshold_shift_low: float | None
    threshold_shift_high: float | None
    wrong_labels: Share | None
    "Share of the target's labels that are wrong, from 0 to 0.49."
    wrong_labels_low: float | None
    wrong_labels_high: float | None
    step: str | None
    "How prevalence was corrected: `none`, `agree` (by what images and labels say together); or why nothing is given."
    applied: Logit | None
    "Difference of log-odds that prevalence was corrected by, in logits."
    told_apart: Share | None
    "AUC of the classifier that tells the target's images from the source's by the rich features, out of fold."
    told_apart_lean: Share | None
    "The same by the lean features."
    overlap: Share | None
    "Effective share of images in the distribution that both sides share, the smaller of both sides'."
    imbalance: Positive | None
    "Largest difference of a feature's mean between the two sides in the shared distribution, in standard deviations."
    label_rule: str | None
    "How the target's labels differ on shared images: `none`, `threshold`, `noise`, or `threshold and noise`."
    prevalence_p: Share | None
    "P value of an equal prevalence."
    prevalence_q: Share | None
    "The same, adjusted for all cells of the study (Benjamini and Hochberg)."
    prevalence_floor: float | None
    """Size of the prevalence term where nothing differs: its 95th percentile between random halves of the source's
    patients, for as many images."""
    case_mix_p: Share | None
    "P value of the same scores."
    case_mix_q: Share | None
    "The same, adjusted for all cells of the study."
    case_mix_floor: float | None
    "Size of the case mix term where nothing differs."
    image_p: Share | None
    "P value of images that do not differ."
    image_q: Share | None
    "The same, adjusted for all cells of the study."
    image_floor: float | None
    "Size of the image term where nothing differs."
    concept_p: Share | None
    "P value of labels that do not differ on shared images."
    concept_q: Share | None
    "The same, adjusted for all cells of the study."
    concept_floor: float | None
    "Size of the concept term where nothing differs."
    lean_image: float | None
    "Image term by the lean features."
    lean_concept: float | None
    "Concept term by the lean features."
    recorded_prevalence: float | None
    "Prevalence term, had prevalence been corrected by `recorded`."
    recorded_case_mix: float | None
    "Case mix term, had prevalence been corrected by `recorded`: 0."
    recorded_image: float | None
    "Image term, had prevalence been corrected by `recorded`."
    recorded_concept: float | None
    "Concept term, had prevalence been corrected by `recorded`."
    home_auc: Share | None
    "AUC of the source's model at the source."
    away_auc: Share | None
    "AUC of the source's model at the target."
    own_auc: Share | None
    "AUC of the target's own model at the target."
    own_at_source_auc: Share | None
    "AUC of the target's own model at the source."
    recovered: float | None
    """Share of the lost AUC that the target's own model does not lose: (`own_auc` - `away_auc`) / (`home_auc` -
    `away_auc`), where more than 0.02 is lost."""
    agreement: Correlation | None
    "Spearman's correlation of the two models' logits on the target's images."
    left_after_prevalence: float | None
    "Log-loss at the target minus at the source, after the target's logits are moved by `implied`."
    left_after_intercept: float | None
    "The same after an intercept fitted on the target's labels."
    left_after_slope: float | None
    "The same after an intercept and slope fitted on the target's labels."
