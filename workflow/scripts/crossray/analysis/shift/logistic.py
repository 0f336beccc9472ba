"""Weighted logistic regression under many resamples at once.

The sample itself is fitted by Newton's method. Each resample starts from there and takes a few steps with the sample's
Hessian (the chord method; Ortega and Rheinboldt 1970, section 7.1): the resamples then share one factorisation, and
a step is two products of matrices. Rows of weights are draws, and the first row is the sample itself.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.special import expit

_NEWTON_STEPS = 30
_CHORD_STEPS = 5
#: a step of this size in the linear predictor changes nothing that is reported
_SMALL = 1e-8


def refitted(
    design: NDArray, targets: NDArray, weights: NDArray, penalty: NDArray, offset: NDArray | None = None,
    start: NDArray | None = None,
) -> NDArray[np.float64]:  # fmt: skip
    """Fit a penalised logistic regression under each row of weights.

    Args:
        design: shape (cases, columns); a column of ones where an intercept is wanted.
        targets: 0 to 1, shape (cases,).
        weights: at least 0, shape (draws, cases).
        penalty: half the coefficient's square is multiplied by it, shape (columns,); 0 for an intercept.
        offset: added to the linear predictor, shape (draws, cases).
        start: coefficients that are near those of the first row, shape (columns,); by default 0.

    Returns:
        Coefficients, shape (draws, columns).
    """
    added = np.zeros((1, len(targets))) if offset is None else offset
    near = np.zeros(design.shape[1]) if start is None else start
    first = _newton(design, targets, weights[0], penalty, added[0], near)
    found = np.tile(first, (len(weights), 1))
    if len(weights) == 1:
        return found
    factor = _factored(design, weights[0], penalty, expit(design @ first + added[0]))
    for _ in range(_CHORD_STEPS):
        residuals = weights * (targets - expit(found @ design.T + added))
        found += cho_solve(factor, (residuals @ design - penalty * found).T).T
    return found


def _newton(
    design: NDArray, targets: NDArray, weights: NDArray, penalty: NDArray, offset: NDArray, start: NDArray
) -> NDArray:
    """Fit one row of weights; a step that makes the fit worse is halved."""
    found = start
    cost = _cost(design, targets, weights, penalty, offset, found)
    for _ in range(_NEWTON_STEPS):
        shares = expit(design @ found + offset)
        slope = (weights * (targets - shares)) @ design - penalty * found
        step = cho_solve(_factored(design, weights, penalty, shares), slope)
        after = _cost(design, targets, weights, penalty, offset, found + step)
        while after > cost + 1e-12 * abs(cost) and np.abs(step).max() > _SMALL:
            step = step / 2
            after = _cost(design, targets, weights, penalty, offset, found + step)
        found, cost = found + step, after
        if np.abs(step).max() < _SMALL:
            break
    return found


def _cost(
    design: NDArray, targets: NDArray, weights: NDArray, penalty: NDArray, offset: NDArray, found: NDArray
) -> float:
    logits = design @ found + offset
    return float(weights @ (np.logaddexp(0, logits) - targets * logits) + penalty @ found**2 / 2)


def _factored(design: NDArray, weights: NDArray, penalty: NDArray, shares: NDArray) -> tuple[NDArray, bool]:
    """Return the factorised Hessian; the small term keeps it positive definite where shares are 0 or 1."""
    rooted = design * np.sqrt(weights * shares * (1 - shares))[:, None]
    curvature = rooted.T @ rooted  # of one matrix with itself, at half the cost
    return cho_factor(curvature + np.diag(penalty + 1e-9 * max(float(weights.sum()), 1.0)))
