"""What an enhanced DICOM header says of its frame in functional groups (PS3.3 C.7.6.16), and not at its top."""

import pydicom

from crossray import elements

#: of each frame, and of all of them; of one frame, a group is in one of them
_GROUPS = ("PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence")

#: sequence of a group -> its elements that count here (C.7.6.16.2.1, C.7.6.16.2.9 and C.7.6.16.2.10)
_MACROS = {
    "PixelMeasuresSequence": ("PixelSpacing",),
    "PixelValueTransformationSequence": ("RescaleIntercept", "RescaleSlope"),
    "FrameVOILUTSequence": ("WindowCenter", "WindowWidth", "VOILUTFunction"),
}


def lift_groups(header: pydicom.Dataset) -> None:
    """Put rescale, window and spacing of the single frame where other headers have them, unless these say any there.

    Raises:
        UnusableImageError: if a sequence is larger than is read.
    """
    for groups in _GROUPS:
        for group in elements.items(header, groups)[:1]:
            for sequence, keywords in _MACROS.items():
                if any(elements.value(header, keyword) is not None for keyword in keywords):
                    continue
                for item in elements.items(group, sequence)[:1]:
                    _copy(item, header, keywords)


def _copy(item: pydicom.Dataset, header: pydicom.Dataset, keywords: tuple[str, ...]) -> None:
    for keyword in keywords:
        if elements.value(item, keyword) is not None:
            header[keyword] = item[keyword]
