"""Chest phantoms: drawings of a thorax with findings of graded severity. They are not radiographs.

A phantom is drawn in a frame of height 1, x to the right, y down, as the amount of tissue that a ray crosses (air 0,
bone and mediastinum near 1). Anatomy belongs to the patient, position and vessels' texture to the image. The
patient's right is on the left of the picture.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Plane = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Layer:
    """What a finding does to the picture: its name, the tissue that it adds, and how much that is at its full."""

    finding: str
    tissue: Plane
    full: float


@dataclass(frozen=True)
class Anatomy:
    """A patient's build, as shares of the picture's height, and on which side findings sit (-1 left of picture)."""

    width: float
    lung_width: float
    lung_height: float
    heart_width: float
    rib_tilt: float
    density: float
    breast: float
    side: int
    opacity_at: tuple[float, float]
    nodule_at: tuple[float, float]


def draw_anatomy(generator: Generator, sex: str, age: float) -> Anatomy:
    """Draw a patient's build; women are slighter, with a breast shadow; age stiffens and widens the heart."""
    female = sex == "F"
    return Anatomy(
        width=generator.normal(0.44 if female else 0.46, 0.015),
        lung_width=generator.normal(0.155, 0.008),
        lung_height=generator.normal(0.29 if female else 0.30, 0.015),
        heart_width=generator.normal(0.115, 0.007) + 0.012 * (age - 55) / 40,
        rib_tilt=generator.normal(0.10, 0.02),
        density=generator.normal(1.0, 0.05),
        breast=max(generator.normal(0.10, 0.03), 0.0) if female else 0.0,
        side=int(generator.choice([-1, 1])),
        opacity_at=(generator.uniform(-0.5, 0.5), generator.uniform(-0.45, 0.45)),
        nodule_at=(generator.uniform(-0.55, 0.55), generator.uniform(-0.6, 0.5)),
    )


def render(
    anatomy: Anatomy, severities: Mapping[str, float], view: str, shape: tuple[int, int], generator: Generator
) -> tuple[Plane, dict[str, Mask]]:
    """Draw one phantom.

    Args:
        anatomy: the patient's build.
        severities: finding -> 0 (none) to 1.
        view: PA, or AP, which magnifies the heart and lifts the diaphragm.
        shape: (rows, columns) of the picture.
        generator: draws what belongs to this image alone: position, tilt, vessels.

    Returns:
        Tissue of shape (rows, columns), about 0 to 1; and finding -> where it is, of the same shape: the pixels with at
        least half of what it adds or takes at its full, for an enlarged heart the whole heart.
    """
    frame = _Frame(shape, generator)
    magnified = 1.12 if view == "AP" else 1.0
    body = frame.ellipse(0, 0.55, anatomy.width, 0.62, 0.02)
    tissue = 0.55 * anatomy.density * body
    lungs = {side: _lung(frame, anatomy, side, view) for side in (-1, 1)}
    air = np.maximum(lungs[-1], lungs[1])
    tissue -= 0.40 * air
    tissue += _vessels(frame, generator) * air
    tissue += 0.13 * _ribs(frame, anatomy) * body
    tissue += 0.22 * frame.ellipse(0, 0.5, 0.045, 0.7, 0.02)
    heart_width = magnified * (anatomy.heart_width + 0.085 * severities.get("Cardiomegaly", 0))
    heart = frame.ellipse(0.035 + 0.25 * (heart_width - 0.115), 0.60, heart_width, 0.125 * magnified, 0.012)
    tissue += 0.30 * heart * air
    tissue += (
        0.10
        * anatomy.breast
        / 0.1
        * (frame.ellipse(-0.19, 0.70, 0.11, 0.10, 0.04) + frame.ellipse(0.19, 0.70, 0.11, 0.10, 0.04))
        * (anatomy.breast > 0)
    )
    regions = {"Cardiomegaly": heart >= 0.5} if severities.get("Cardiomegaly", 0) else {}
    for layer in _layers(frame, anatomy, severities, lungs[anatomy.side] * (1 - 0.8 * heart)):
        tissue += layer.tissue
        here = np.abs(layer.tissue) >= layer.full / 2
        regions[layer.finding] = regions.get(layer.finding, False) | here
    return np.clip(tissue, 0, 1.2).astype(np.float32), regions


class _Frame:
    """Coordinates of a picture, shifted and tilted as patients stand, and soft-edged shapes in them."""

    def __init__(self, shape: tuple[int, int], generator: Generator) -> None:
        rows, columns = shape
        tilt, scale = generator.normal(0, 0.03), generator.normal(1.0, 0.03)
        left, up = generator.normal(0, 0.015, size=2)
        y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
        x, y = (x / rows - columns / rows / 2 - left) / scale, (y / rows - 0.5 - up) / scale
        self.x = (x * np.cos(tilt) - y * np.sin(tilt)).astype(np.float32)
        self.y = (x * np.sin(tilt) + y * np.cos(tilt) + 0.5).astype(np.float32)

    def ellipse(self, x: float, y: float, width: float, height: float, edge: float) -> Plane:
        """Return 1 inside, 0 outside, with an edge that is ``edge`` wide."""
        across, down = (self.x - x) / width, (self.y - y) / height
        radius = np.sqrt(across * across + down * down)  # numpy's hypot takes five times as long
        return _soft((1 - radius) * min(width, height), edge)


def _soft(distance: Plane, edge: float) -> Plane:
    """Turn a signed distance (positive inside) into 0 to 1."""
    return np.clip(distance / edge + 0.5, 0, 1)


def _lung(frame: _Frame, anatomy: Anatomy, side: int, view: str) -> Plane:
    bottom = 0.74 - (0.03 if view == "AP" else 0.0) + (0.0 if side < 0 else 0.015)
    centre = side * (anatomy.lung_width + 0.02)
    lung = frame.ellipse(centre, bottom - anatomy.lung_height, anatomy.lung_width, anatomy.lung_height * 1.15, 0.02)
    dome = bottom - 0.05 + 1.2 * (frame.x - centre) ** 2 / anatomy.lung_width
    return lung * _soft(dome - frame.y, 0.012)


def _ribs(frame: _Frame, anatomy: Anatomy) -> Plane:
    """Nine arcs on either side, falling outwards."""
    across = np.abs(frame.x)
    arc = frame.y - anatomy.rib_tilt * across - 0.9 * across**2
    stripes = np.clip(1.6 * np.cos(2 * np.pi * (arc - 0.1) / 0.075) - 0.6, 0, 1)
    return stripes * _soft(anatomy.width - 0.02 - across, 0.05) * _soft(0.80 - frame.y, 0.1)


def _vessels(frame: _Frame, generator: Generator) -> Plane:
    """Branches that leave the hila and thin out towards the pleura."""
    rows = frame.x.shape[0]
    canvas = np.zeros(frame.x.shape, np.float32)
    for side in (-1, 1):
        for angle in generator.uniform(-1.3, 1.3, size=9):
            x, y, width = side * 0.05, 0.50 + 0.05 * angle, 0.013
            for _ in range(9):
                reach = 0.026
                to_x, to_y = x + side * reach * np.cos(angle), y + reach * np.sin(angle)
                ends = [_pixel(frame, x, y, rows), _pixel(frame, to_x, to_y, rows)]
                cv2.line(canvas, ends[0], ends[1], 0.16, max(1, round(width * rows)), cv2.LINE_AA)
                x, y, width, angle = to_x, to_y, width * 0.86, angle + generator.normal(0, 0.18)
    return cv2.GaussianBlur(canvas, (0, 0), rows / 220)


def _pixel(frame: _Frame, x: float, y: float, rows: int) -> tuple[int, int]:
    columns = frame.x.shape[1]
    return round((x + columns / rows / 2) * rows), round(y * rows)


def _layers(frame: _Frame, anatomy: Anatomy, severities: Mapping[str, float], lung: Plane) -> Iterator[Layer]:
    """Yield what the findings of the lungs add, those of one side in ``lung``, the nodule on the other."""
    side, centre = anatomy.side, anatomy.side * (anatomy.lung_width + 0.02)
    middle = 0.74 - anatomy.lung_height

    if severity := severities.get("Effusion", 0):
        level = 0.73 - 0.20 * severity - 0.5 * side * (frame.x - centre) * (0.3 + severity)
        yield Layer("Effusion", 0.36 * lung * _soft(frame.y - level, 0.03), 0.36)
    if severity := severities.get("Lung Opacity", 0):
        x, y = anatomy.opacity_at
        across = (frame.x - centre - x * anatomy.lung_width) / 0.085
        down = (frame.y - middle - y * anatomy.lung_height) / 0.095
        full = 0.12 + 0.32 * severity
        yield Layer("Lung Opacity", full * lung * np.exp(-(across**2) - down**2), full)
    if severity := severities.get("Nodule", 0):
        x, y = anatomy.nodule_at
        other = -centre
        radius = 0.022 + 0.040 * severity
        nodule = frame.ellipse(other + x * anatomy.lung_width, middle + y * anatomy.lung_height, radius, radius, 0.012)
        full = 0.22 + 0.30 * severity
        yield Layer("Nodule", full * nodule, full)
    if severity := severities.get("Pneumothorax", 0):
        depth = 0.02 + 0.085 * severity
        collapsed = frame.ellipse(
            centre - side * depth * 0.6,
            middle + depth * 1.2,
            anatomy.lung_width - depth * 0.7,
            anatomy.lung_height * 1.15 - depth,
            0.012,
        )
        full = 0.07 + 0.10 * severity
        yield Layer("Pneumothorax", -full * lung * (1 - collapsed), full)
        yield Layer("Pneumothorax", 0.10 * lung * np.exp(-(((collapsed - 0.5) / 0.25) ** 2)), 0.10)
