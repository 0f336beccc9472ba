"""Render a hospital of chest phantoms: DICOM files, labels, and the true severities and regions of findings.

The phantoms are drawings for demonstrations and tests, not radiographs.
"""

import sys
from argparse import Namespace
from pathlib import Path

from crossray.program import parser, run, settings_option
from crossray.study.stages.simulate_hospital import SimulateHospital


def simulate_hospital(arguments: Namespace) -> None:
    """Write the DICOM files first and the tables last."""
    from crossray.datasets.hospital import write_release
    from crossray.tables import write
    from crossray.tables.release import ReleaseLabels, ReleaseRegions, Truth

    labels, truth, regions = write_release(arguments.dataset, arguments.settings, arguments.dicom)
    write(arguments.labels, labels, ReleaseLabels)
    write(arguments.truth, truth, Truth)
    write(arguments.regions, regions, ReleaseRegions)


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    options.add_argument("--dataset", required=True, help="name of the hospital")
    settings_option(options, SimulateHospital)
    options.add_argument("--dicom", required=True, type=Path, help="folder to write the DICOM files to")
    options.add_argument("--labels", required=True, type=Path, help="CSV to write: the hospital's labels")
    options.add_argument("--truth", required=True, type=Path, help="CSV to write: severity of each finding, 0 to 1")
    options.add_argument("--regions", required=True, type=Path, help="CSV to write: region of each finding, as masks")
    return run(simulate_hospital, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
