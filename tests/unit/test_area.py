"""Shrinking by area: exact, whatever the size, and the same whoever adds up."""

from fractions import Fraction

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossray.area import IndexedLevels, area_means


def covered(length, parts, part):
    """Return the share of each pixel that lies in a part, as exact fractions."""
    start, end = Fraction(part * length, parts), Fraction((part + 1) * length, parts)
    return [max(Fraction(0), min(end, Fraction(n + 1)) - max(start, Fraction(n))) for n in range(length)]


@settings(max_examples=40)
@given(st.integers(1, 40), st.integers(1, 40), st.data())
def test_every_pixel_is_the_mean_of_what_it_covers(height, width, data):
    rows, columns = data.draw(st.integers(1, height)), data.draw(st.integers(1, width))
    grey = np.random.default_rng(height * 41 + width).integers(0, 65536, (height, width), dtype=np.uint16)
    shrunk = area_means(grey, rows, columns)
    row, column = data.draw(st.integers(0, rows - 1)), data.draw(st.integers(0, columns - 1))
    down, across = covered(height, rows, row), covered(width, columns, column)
    total = sum(a * b * int(grey[y, x]) for y, a in enumerate(down) for x, b in enumerate(across) if a and b)
    assert shrunk[row, column] == float(total / (sum(down) * sum(across)))


@pytest.mark.parametrize("side", [2048, 2047, 3001])
def test_sums_are_exact_where_float32_would_not_hold_them(side):
    grey = np.random.default_rng(side).integers(60000, 65536, (side, side), dtype=np.uint16)
    shrunk = area_means(grey, 224, 224)
    # turned over, sums are added the other way round
    np.testing.assert_array_equal(shrunk, area_means(grey[::-1, ::-1], 224, 224)[::-1, ::-1])
    np.testing.assert_array_equal(shrunk.T, area_means(np.ascontiguousarray(grey.T), 224, 224))
    assert np.abs(shrunk - cv2.resize(grey, (224, 224), interpolation=cv2.INTER_AREA)).max() <= 0.6


def test_a_flat_image_stays_flat():
    assert (area_means(np.full((1999, 1501), 65535, np.uint16), 224, 224) == 65535).all()


@pytest.mark.parametrize("stored", [np.uint8, np.uint16])
@pytest.mark.parametrize("side", [300, 2047])
def test_levels_that_are_looked_up_on_the_way_give_the_same_means(stored, side):
    generator = np.random.default_rng(side)
    values = generator.integers(0, np.iinfo(stored).max, (side, side + 9), stored)
    table = generator.integers(0, 65536, np.iinfo(stored).max + 1, dtype=np.uint16)
    indexed = IndexedLevels(values, table)[:, 3:-6]
    np.testing.assert_array_equal(np.asarray(indexed), table[values][:, 3:-6])
    np.testing.assert_array_equal(area_means(indexed, 224, 224), area_means(table[values][:, 3:-6], 224, 224))
