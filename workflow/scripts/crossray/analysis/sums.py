"""How sure a sum of two numbers is, each of which has an interval."""

import math

#: a number, and its lower and upper limit
Limits = tuple[float, float, float]


def of_two(first: tuple[float, Limits], second: tuple[float, Limits], correlation: float = 0.0) -> Limits:
    """Add two numbers and recover the variance of the sum from their limits (MOVER; Zou and Donner 2008).

    Args:
        first: weight, which may be negative, and the number with its limits.
        second: the same.
        correlation: of the two numbers, from one sample to the next.
    """
    (value, below, above), (other, other_below, other_above) = (_weighted(*part) for part in (first, second))
    turned = math.copysign(1.0, first[0]) * math.copysign(1.0, second[0]) * correlation
    total = value + other
    return total, total - _length(below, other_below, turned), total + _length(above, other_above, turned)


def with_limits(name: str, limits: Limits) -> dict[str, float]:
    """Return a number and its limits as the columns ``name``, ``name_low`` and ``name_high`` of a table."""
    return dict(zip((name, f"{name}_low", f"{name}_high"), limits, strict=True))


def _weighted(weight: float, limits: Limits) -> Limits:
    """Return a number times its weight, and how far its limits lie below and above it."""
    value, *ends = (weight * end for end in limits)
    return value, value - min(ends), max(ends) - value


def _length(one: float, other: float, correlation: float) -> float:
    return math.sqrt(max(one**2 + other**2 + 2 * correlation * one * other, 0.0))
