"""Settings of a simulated hospital: patients, appearance of images, and labelling."""

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
class Appearance(Settings):
    """How a hospital's images look."""

    rows: Annotated[int, Ge(32)] = 256
    "Height in pixels."
    aspect: Annotated[Number, Ge(0.5), Le(2)] = 1
    "Width divided by height."
    exposure: Annotated[Number, Gt(0)] = 1
    "Brightness factor."
    contrast: Annotated[Number, Gt(0)] = 1
    "Exponent of the grey levels."
    blur: Annotated[Number, Ge(0)] = 0
    "Standard deviation, as a share of the height."
    noise: Annotated[Number, Ge(0)] = 0.02
    "Standard deviation, with white at 1."
    window: Annotated[Number, Gt(0)] = 1
    "Width of the displayed grey levels, around the middle."
    variation: Annotated[Number, Ge(0)] = 0
    "Standard deviation between images of the logarithm of blur, contrast, window and noise."
    collimation: Annotated[Number, Ge(0), Le(0.4)] = 0
    "Maximum share of each side that is black."
    inverted: Share = 0
    "Share of images with inverted grey levels, not declared in the header."
    exaggeration: Annotated[Number, Ge(-1), Le(1)] = 0
    "Added to the severity of findings in the image, but not for the readers."
    marker: Annotated[str, Len(0, 3)] = ""
    "Letters burnt in; empty for none."
    marked: Share = 1
    "Share of images with the letters."
    photometric: Literal["MONOCHROME1", "MONOCHROME2"] = "MONOCHROME2"
    "Photometric interpretation."
    bits_stored: Annotated[int, Ge(8), Le(16)] = 12
    "Bits of a stored value."
    transfer_syntax: Literal["explicit", "implicit", "rle", "jpeg-ls", "jpeg-2000"] = "explicit"
    "Encoding of the pixels."


@dataclass(frozen=True, kw_only=True)
class Labelling(Settings):
    """How a hospital's readers label images."""

    threshold: ForFindings = 0.2
    "Severity from which readers call a finding: one value, or finding to severity."
    flipped: ForFindings = 0
    "Share of wrong labels: one value, or finding to share."
    unlabelled: tuple[str, ...] = ()
    "Findings without labels."


@dataclass(frozen=True, kw_only=True)
class Change(Settings):
    """What is different at a simulated hospital from a month on; what is left out stays."""

    month: Annotated[int, Ge(1)]
    "The first month of it; the hospital's first month is 0."
    prevalence: LeftOut[Annotated[Mapping[str, Share], WithAll(FINDINGS, 0.4)]] = None
    "Share of patients with each finding."
    appearance: LeftOut[Appearance] = None
    "Appearance of the images."
    labelling: LeftOut[Labelling] = None
    "How readers label images; `unlabelled` findings are those that nobody labels any more."


@dataclass(frozen=True, kw_only=True)
class Hospital(Settings):
    """A simulated hospital."""

    images: Annotated[int, Ge(1)]
    "Number of phantoms."
    seed: Annotated[int, Ge(0)] = 0
    "Seed of all random draws."
    patients_of: LeftOut[Name] = None
    """Another simulated hospital that has the same patients; with its seed and appearance also the same images,
    labelled by other readers."""
    several_images: Share = 0.2
    "Share of patients with two or three images."
    ap_share: Share = 0.2
    "Share of AP images."
    prevalence: Annotated[Mapping[str, Share], WithAll(FINDINGS, 0.4)] = field(
        default_factory=lambda: dict.fromkeys(FINDINGS, 0.4)
    )
    "Share of patients with each finding, at any severity; 0.4 for findings not listed."
    appearance: Appearance = Appearance()
    "Appearance of the hospital's images."
    labelling: Labelling = Labelling()
    "How the hospital's readers label images."
    months: LeftOut[Annotated[int, Ge(2), Le(600)]] = None
    "Months over which patients come, each in one of them; by default images have no dates."
    changes: LeftOut[Annotated[tuple[Change, ...], Len(1)]] = None
    "What is different from a month on, for `monitoring`; of several changes the last one that names a setting counts."
