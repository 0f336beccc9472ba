"""Losses over known labels: Cohen et al. 2020, others for rare findings, and softmax cross-entropy for classes."""

import numpy as np
import torch
import torchvision
from numpy.typing import NDArray
from torch import Tensor

from crossray.study.training import Training


def task_weights(positives: NDArray) -> NDArray[np.float64]:
    """Weights of the tasks by equation 1 of Cohen et al. 2020.

    With c_t the positives of task t in the training split, a_t = max_i(c_i) - c_t + mean(c), w_t = a_t / max_i(a_i):
    rarer tasks weigh more, the rarest 1.

    Args:
        positives: shape (tasks,), at least one above 0.

    Returns:
        Shape (tasks,), above 0, at most 1.
    """
    raw = positives.max() - positives + positives.mean()
    return raw / raw.max()


def positive_weights(labels: NDArray) -> NDArray[np.float64]:
    """Negatives by positives of each task, so that both weigh the same in all.

    Args:
        labels: 1, 0 or NaN (unknown), shape (images, tasks), a positive in each task.

    Returns:
        Shape (tasks,).
    """
    return (labels == 0).sum(axis=0) / (labels == 1).sum(axis=0)


#: as the authors of focal loss (Lin et al., ICCV 2017) and of asymmetric loss (Ridnik et al., ICCV 2021) chose them
FOCAL_EXPONENT = 2
ASYMMETRIC_EXPONENT, ASYMMETRIC_MARGIN = 4, 0.05


class MaskedLoss(torch.nn.Module):
    """Sum over tasks of the weighted mean loss over the images whose label is known.

    Args:
        labels: of the training split, 1, 0 or NaN (unknown), shape (images, tasks).
        settings: those of the training.
    """

    def __init__(self, labels: NDArray, settings: Training) -> None:
        super().__init__()
        tasks = labels.shape[1]
        by_task = task_weights((labels == 1).sum(axis=0)) if settings.task_weights == "paper" else np.ones(tasks)
        of_positives = positive_weights(labels) if settings.positive_weights == "balanced" else np.ones(tasks)
        self.settings = settings
        self.by_task: Tensor
        self.of_positives: Tensor
        for name, values in (("by_task", by_task), ("of_positives", of_positives)):
            self.register_buffer(name, torch.tensor(values, dtype=torch.float32), persistent=False)

    def forward(self, logits: Tensor, labels: Tensor, counts: Tensor | None = None) -> Tensor:
        """Return the loss of a batch.

        Args:
            logits: shape (images, tasks).
            labels: 1, 0 or NaN (unknown), shape (images, tasks).
            counts: known labels of each task, shape (tasks,), if these images are a part of a batch only; the losses of
                its parts add up to the loss of the batch.

        Returns:
            A scalar; 0 where no label is known.
        """
        known = ~torch.isnan(labels)
        targets = torch.where(known, labels, torch.zeros_like(labels))
        losses = self._each(logits.float(), targets) * torch.where(targets == 1, self.of_positives, 1.0)
        means = (losses * known).sum(0) / (known.sum(0) if counts is None else counts).clamp(min=1)
        return (means * self.by_task).sum()

    def _each(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the loss of each image and task."""
        match self.settings.loss:
            case "focal":
                return torchvision.ops.sigmoid_focal_loss(logits, targets, -1, FOCAL_EXPONENT)
            case "asymmetric":
                return asymmetric_loss(logits, targets, ASYMMETRIC_EXPONENT, ASYMMETRIC_MARGIN)
            case _:
                soft = smoothed(targets, self.settings.label_smoothing, 2)
                return torch.nn.functional.binary_cross_entropy_with_logits(logits, soft, reduction="none")


def asymmetric_loss(logits: Tensor, targets: Tensor, gamma: float, margin: float) -> Tensor:
    """Asymmetric loss by equations 4 to 6 of Ridnik et al. (ICCV 2021), positives as in cross-entropy.

    With p the output for a negative and m the margin, p_m = max(p - m, 0): the loss is -p_m^gamma log(1 - p_m).

    Args:
        logits: any shape.
        targets: 1 or 0, the same shape.
        gamma: exponent for negatives; 0 with margin 0 is cross-entropy.
        margin: negatives with an output below it lose nothing.

    Returns:
        The loss of each element.
    """
    of_positives = torch.nn.functional.binary_cross_entropy_with_logits(
        logits, torch.ones_like(logits), reduction="none"
    )
    output = torch.sigmoid(logits)
    shifted = (output - margin).clamp(min=0)
    # 1 - p + m loses no digits where the logit is large, as log1p(-p) would; without a margin the logit itself says it.
    log_right = (
        torch.log(torch.sigmoid(-logits) + margin).clamp(max=0) if margin else torch.nn.functional.logsigmoid(-logits)
    )
    return torch.where(targets == 1, of_positives, -(shifted**gamma) * log_right)


def smoothed(targets: Tensor, share: float, answers: int) -> Tensor:
    """Take a share of each answer and give it to all answers alike (Szegedy et al., CVPR 2016, section 7).

    Args:
        targets: 1 or 0, any shape.
        share: 0 to 1.
        answers: how many there are, of which one is right.
    """
    return targets * (1 - share) + share / answers


class SoftmaxLoss(torch.nn.Module):
    """Mean over images of the softmax cross-entropy, for exclusive classes.

    Args:
        smoothing: as in :func:`smoothed`.
    """

    def __init__(self, smoothing: float = 0.0) -> None:
        super().__init__()
        self.smoothing = smoothing

    def forward(self, logits: Tensor, labels: Tensor, counts: Tensor | None = None) -> Tensor:
        """Return the loss of a batch.

        Args:
            logits: shape (images, classes).
            labels: 1 for the class of an image and 0 for all others, shape (images, classes).
            counts: number of images for each class, all the same, if these images are a part of a batch only; the
                losses of its parts add up to the loss of the batch.

        Returns:
            A scalar.
        """
        soft = smoothed(labels, self.smoothing, labels.shape[1])
        losses = -(soft * torch.nn.functional.log_softmax(logits.float(), dim=1)).sum()
        return losses / (len(labels) if counts is None else counts[0])
