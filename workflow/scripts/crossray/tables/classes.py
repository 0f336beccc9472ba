"""Accuracy and confusion where tasks are classes."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Count, Share
from crossray.tables.keys import OfPair


@dataclass(frozen=True)
class Classes(OfPair):
    """A model, source, target and seed, where tasks are classes."""

    NAME: ClassVar = "classes"
    MIGRATIONS: ClassVar = ("drop the column `interval`: accuracies have Wilson's interval, patients as clusters",)
    KEY: ClassVar = ("model", "source", "target", "seed")

    seed: str
    "Seed of the training, or `ensemble`: mean logits of all seeds."
    classes: Count
    "Classes of the target's test images that the model was trained on."
    images: Count
    "Test images of these classes."
    patients: Count
    "Patients of these images."
    other_images: Count
    "Test images of classes that the model was not trained on; no measure counts them."
    reason: str | None
    "Reason code if there is no number."
    majority: Share | None
    "Accuracy of always predicting the commonest class."
    accuracy: Share | None
    """Share of images whose class has the highest score, with Wilson's interval for the effective number of images;
    single seeds of several have none."""
    accuracy_low: float | None
    accuracy_high: float | None
    macro_f1: Share | None
    "Mean over these classes of the F1 score."
    macro_f1_low: float | None
    macro_f1_high: float | None
    micro_f1: Share | None
    "F1 score of all predictions together, which equals the accuracy."
    micro_f1_low: float | None
    micro_f1_high: float | None
    top5_accuracy: Share | None
    "Share of images whose class is among the five highest scores, for models with six or more classes."
    top5_accuracy_low: float | None
    top5_accuracy_high: float | None
    auc: Share | None
    "Mean AUC of each class against the rest, over the classes that have one."
    auc_low: float | None
    auc_high: float | None


@dataclass(frozen=True)
class Confusion(OfPair):
    """A true and a predicted class, for a model, source and target as reported."""

    NAME: ClassVar = "confusion"
    KEY: ClassVar = ("model", "source", "target", "true_class", "predicted_class")

    true_class: str
    "Class of the target's label, even one that the model was not trained on."
    predicted_class: str
    "Class with the highest score."
    images: Count | None
    "Images of the true class that are predicted as the other."
    reason: str | None
    "Reason code if there is no number."
    share: Share | None
    "Their share of the true class's images."
    share_low: float | None
    share_high: float | None
