"""Write the scores of a simulated reader of a simulated hospital, who sees true severities with known errors."""

import sys
from argparse import Namespace
from pathlib import Path

from crossray.program import parser, run, settings_option
from crossray.study.stages.simulate_scores import SimulateScores


def simulate_scores(arguments: Namespace) -> None:
    """Read the truth, write the scores."""
    from crossray.datasets.simulated_scores import simulate
    from crossray.tables import read, write
    from crossray.tables.release import SimulatedScores, Truth

    truth = read(arguments.truth, Truth)
    write(arguments.output, simulate(truth, arguments.dataset, arguments.settings), SimulatedScores)


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    options.add_argument("--dataset", required=True, help="name of the hospital")
    options.add_argument("--truth", required=True, type=Path, help="CSV of true severities of simulate_hospital.py")
    settings_option(options, SimulateScores)
    options.add_argument("--output", required=True, type=Path, help="CSV to write: image_id and a score for each task")
    return run(simulate_scores, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
