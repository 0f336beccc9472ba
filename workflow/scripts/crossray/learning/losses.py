"""Losses: the one of Cohen et al. 2020 for findings, and the cross-entropy of the softmax for classes.

That of the paper is the binary cross-entropy over the labels that exist, tasks weighted by rarity.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


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


def masked_cross_entropy(logits: Tensor, labels: Tensor, weights: Tensor, counts: Tensor | None = None) -> Tensor:
    """Sum over tasks of the weighted mean loss over the images whose label is known.

    Args:
        logits: shape (images, tasks).
        labels: 1, 0 or NaN (unknown), shape (images, tasks).
        weights: shape (tasks,).
        counts: known labels of each task, shape (tasks,), if these images are a part of a batch only; the losses of
            its parts add up to the loss of the batch.

    Returns:
        A scalar; 0 where no label is known.
    """
    known = ~torch.isnan(labels)
    targets = torch.where(known, labels, torch.zeros_like(labels))
    losses = torch.nn.functional.binary_cross_entropy_with_logits(logits.float(), targets, reduction="none")
    means = (losses * known).sum(0) / (known.sum(0) if counts is None else counts).clamp(min=1)
    return (means * weights).sum()


def softmax_cross_entropy(logits: Tensor, labels: Tensor, images: Tensor | None = None) -> Tensor:
    """Mean over images of the cross-entropy of the softmax.

    Args:
        logits: shape (images, classes).
        labels: 1 for the class of an image and 0 for all others, shape (images, classes).
        images: number of images, if these are a part of a batch only; the losses of its parts add up to the loss of the
            batch.

    Returns:
        A scalar.
    """
    losses = -(labels * torch.nn.functional.log_softmax(logits.float(), dim=1)).sum()
    return losses / (len(labels) if images is None else images)
