"""Evaluate whether each model can be used at each target, and at which threshold, by the acceptance criteria."""

import logging
import sys
from argparse import Namespace
from pathlib import Path

from crossray.analysis.options import study_of, study_options
from crossray.program import parser, run
from crossray.study.stages.judge_acceptance import JudgeAcceptance


def judge_acceptance(arguments: Namespace) -> None:
    """Judge every criterion of every cell that a report shows."""
    from crossray.analysis.acceptance import judge
    from crossray.small_cells import write
    from crossray.study.acceptance import ALL
    from crossray.study.names import named
    from crossray.tables.acceptance import Acceptance, AcceptanceGroups, Thresholds

    answers, thresholds, groups = judge(study_of(arguments), arguments.settings)
    write(arguments.thresholds, thresholds, Thresholds, arguments.settings)
    write(arguments.groups, groups, AcceptanceGroups, arguments.settings)
    write(arguments.output, answers, Acceptance, arguments.settings)
    whole = answers[answers["criterion"] == ALL]
    for row in whole.itertuples():
        name = named(str(row.model), str(row.source))
        logging.info("%s at %s, %s, threshold from %s: %s", name, row.target, row.task, row.threshold_from, row.answer)


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    study_options(options, JudgeAcceptance)
    options.add_argument("--thresholds", required=True, type=Path, help="CSV to write: results at each threshold")
    options.add_argument("--groups", required=True, type=Path, help="CSV to write: each criterion in each group")
    options.add_argument("--output", required=True, type=Path, help="CSV to write: each criterion, met or not")
    return run(judge_acceptance, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
