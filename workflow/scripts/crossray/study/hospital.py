"""What a simulated hospital is told: its patients, how its images look, and how its readers label them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, Len

from crossray.study.base import LeftOut, Settings
from crossray.study.findings import FINDINGS
from crossray.study.kinds import Name, Number, OneKindOf, Share, WithAll

#: one number for all findings, or one for each
ForFindings = Annotated[
    Share | Annotated[Mapping[str, Share], WithAll(FINDINGS)],
    OneKindOf(),
]


@dataclass(frozen=True, kw_only=True)
class Portable(Settings):
    """A second machine, as at the bedside, and how its images look."""

    share: Share
    "Share of the images that it takes."
    exposure: Annotated[Number, Gt(0)] = 1
    "Factor on the brightness."
    contrast: Annotated[Number, Gt(0)] = 1
    "Exponent of the grey levels."
    blur: Annotated[Number, Ge(0)] = 0
    "Standard deviation, as a share of the height."
    noise: Annotated[Number, Ge(0)] = 0.02
    "Standard deviation, white being 1."


@dataclass(frozen=True, kw_only=True)
class Appearance(Settings):
    """How a hospital's images look."""

    rows: Annotated[int, Ge(32)] = 256
    "Height in pixels."
    aspect: Annotated[Number, Ge(0.5), Le(2)] = 1
    "Width by height."
    exposure: Annotated[Number, Gt(0)] = 1
    "Factor on the brightness."
    contrast: Annotated[Number, Gt(0)] = 1
    "Exponent of the grey levels."
    blur: Annotated[Number, Ge(0)] = 0
    "Standard deviation, as a share of the height."
    noise: Annotated[Number, Ge(0)] = 0.02
    "Standard deviation, white being 1."
    window: Annotated[Number, Gt(0)] = 1
    "Width of the grey levels shown, around the middle."
    variation: Annotated[Number, Ge(0)] = 0
    "Standard deviation, from image to image, of the logarithm of blur, contrast, window and noise."
    portable: LeftOut[Portable] = None
    "A second machine; exposure, contrast, blur and noise are those of the first."
    collimation: Annotated[Number, Ge(0), Le(0.4)] = 0
    "Share of each side that is black, at most."
    inverted: Share = 0
    "Share of the images whose grey levels are reversed, unsaid."
    exaggeration: Annotated[Number, Ge(-1), Le(1)] = 0
    "What is added to the severity of findings in the picture, but not for the readers."
    marker: Annotated[str, Len(0, 3)] = ""
    "Letters burnt in; none where empty."
    marked: Share = 1
    "Share of the images that have the letters."
    photometric: Literal["MONOCHROME1", "MONOCHROME2"] = "MONOCHROME2"
    "DICOM's name."
    bits_stored: Annotated[int, Ge(8), Le(16)] = 12
    "Bits of a stored value."
    transfer_syntax: Literal["explicit", "implicit", "rle", "jpeg-ls", "jpeg-2000"] = "explicit"
    "How the pixels are coded."


@dataclass(frozen=True, kw_only=True)
class Labelling(Settings):
    """How a hospital's readers label images."""

    threshold: ForFindings = 0.2
    "Severity from which readers call a finding, one for all findings or finding to severity."
    flipped: ForFindings = 0
    "Share of the labels that are wrong, one for all findings or finding to share."
    unlabelled: tuple[str, ...] = ()
    "Findings not labelled at all."


@dataclass(frozen=True, kw_only=True)
class Hospital(Settings):
    """A simulated hospital."""

    images: Annotated[int, Ge(1)]
    "Number of phantoms."
    seed: Annotated[int, Ge(0)] = 0
    "Seed of everything that is drawn."
    patients_of: LeftOut[Name] = None
    """
    Another simulated hospital, whose patients these are; with its seed and appearance these are its images, read by
    others.
    """
    several_images: Share = 0.2
    "Share of the patients with two or three images."
    ap_share: Share = 0.2
    "Share of the images taken from front to back."
    prevalence: Annotated[Mapping[str, Share], WithAll(FINDINGS, 0.4)] = field(
        default_factory=lambda: dict.fromkeys(FINDINGS, 0.4)
    )
    "Share of the patients who have each finding, at any severity; 0.4 for those that are not named."
    appearance: Appearance = Appearance()
    "How a hospital's images look."
    labelling: Labelling = Labelling()
    "How a hospital's readers label images."
