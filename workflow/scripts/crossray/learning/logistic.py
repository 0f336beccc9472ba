"""Ridge logistic regressions, all of a kind at once, by L-BFGS in float64."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from crossray.study.ways import INTERCEPT_DEVIATION, SLOPE_DEVIATION

#: steps of a fit at most
STEPS = 200
#: a head of its own has an intercept as free as a fit allows
_FREE = 1e-6


@dataclass(frozen=True)
class Fits:
    """Logistic regressions that run together, one a row.

    Attributes:
        targets: 1 or 0, shape (fits, images).
        counted: 1 for images that are fitted, 0 for others, shape (fits, images).
        penalties: weight of half the squared norm of each fit's weights, shape (fits,).
        before: logits that are changed, shape (fits, images), or None.
        exclusive: whether the fits are the classes of one softmax.
    """

    targets: NDArray
    counted: NDArray
    penalties: NDArray
    before: NDArray | None = None
    exclusive: bool = False


def known_fits(labels: NDArray, penalties: NDArray, before: NDArray | None = None, exclusive: bool = False) -> Fits:
    """Return one fit a row, to all images whose label is known.

    Args:
        labels: 1, 0 or NaN (unknown), shape (fits, images).
        penalties: shape (fits,).
        before: logits that are changed, shape (fits, images), or None.
        exclusive: whether the fits are the classes of one softmax.
    """
    known = ~np.isnan(labels)
    return Fits(np.where(known, labels, 0.0), known.astype(np.float64), penalties, before, exclusive)


def turned(design: NDArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return features in the span of few images, which a ridge does not leave, and what turns weights back.

    Args:
        design: shape (images, features).

    Returns:
        Shape (images, the smaller of images and features), and (features, the same).
    """
    if len(design) >= design.shape[1]:
        return np.asarray(design, np.float64), np.eye(design.shape[1])
    left, sizes, right = torch.linalg.svd(torch.tensor(design, dtype=torch.float64), full_matrices=False)
    return (left * sizes).numpy(), right.T.numpy()


def solve(
    design: NDArray, fits: Fits, steps: int = STEPS, start: tuple[NDArray, NDArray] | None = None
) -> tuple[NDArray, NDArray, NDArray]:
    """Run all fits.

    Args:
        design: shape (images, features).
        fits: what is fitted.
        steps: at most.
        start: weights and intercepts to start from; zeros by default.

    Returns:
        Weights (features, fits), intercepts and, of the logits that are changed, slopes (fits,).
    """
    images, targets, counted, penalties = map(torch.as_tensor, (design, fits.targets, fits.counted, fits.penalties))
    before = None if fits.before is None else torch.tensor(np.asarray(fits.before, np.float64))
    values = torch.zeros(design.shape[1] + 2, len(targets), dtype=torch.float64)
    if start:
        values[:-2], values[-2] = map(torch.as_tensor, start)
    values.requires_grad_()
    optimiser = torch.optim.LBFGS([values], max_iter=steps, history_size=20, tolerance_grad=1e-6,
                                  tolerance_change=1e-10, line_search_fn="strong_wolfe")  # fmt: skip

    def cost() -> torch.Tensor:
        optimiser.zero_grad()
        weights, intercepts, changes = values[:-2], values[-2], values[-1]
        logits = (images @ weights + intercepts).T
        prior = penalties * (weights**2).sum(0)
        if before is None:
            prior = prior + _FREE * (intercepts**2 + changes**2)
        else:
            logits = logits + before * (1 + changes)[:, None]
            prior = prior + (intercepts / INTERCEPT_DEVIATION) ** 2 + (changes / SLOPE_DEVIATION) ** 2
        if fits.exclusive:
            losses = -targets * functional.log_softmax(logits, dim=0)
        else:
            losses = functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")
        total = (losses * counted).sum() + prior.sum() / 2
        total.backward()
        return total

    optimiser.step(cost)
    found = values.detach().numpy()
    return found[:-2], found[-2], 1 + found[-1]
