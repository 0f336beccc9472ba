"""Headers of every kind of presentation, as DCMTK's dcm2pnm shows them."""

import shutil

import numpy as np
import pytest

import presentation
from crossray.dicom import read_dicom
from crossray.remarks import counted

pytestmark = pytest.mark.skipif(not shutil.which("dcm2pnm"), reason="dcm2pnm judges: install DCMTK")


@pytest.mark.parametrize("case", presentation.cases(), ids=lambda case: case.name)
def test_grey_levels_are_those_of_dcmtk(case, tmp_path):
    path = case.write(tmp_path / "made.dcm")
    with counted():
        grey = np.asarray(read_dicom(path)[0]) / 257
    shown = presentation.shown_by_dcmtk(case, path)
    assert shown is not None, "dcm2pnm shows nothing"
    assert np.abs(grey - shown).max() <= case.tolerance
