"""Split drops into causes: prevalence, images, label rule, or that no verdict is possible.

The method, its order of questions and what it cannot know are in docs/shift.md.
"""

import logging
import sys
from argparse import Namespace
from pathlib import Path

from crossray.analysis.options import study_of, study_options
from crossray.program import parser, run
from crossray.study.stages.explain_drops import ExplainDrops


def explain_drops(arguments: Namespace) -> None:
    """Explain every pair and task, and write terms and evidence."""
    from crossray.analysis.label_agreement import matches
    from crossray.analysis.shift.tables import measure
    from crossray.files import read_parquet
    from crossray.small_cells import write
    from crossray.tables import read
    from crossray.tables.leakage import LeakagePairs
    from crossray.tables.shift import Shift, ShiftEvidence

    described = {path.stem: read_parquet(path) for path in arguments.descriptions}
    rule = arguments.settings.explanation
    twins = matches(read(arguments.pairs, LeakagePairs))
    table, evidence = measure(study_of(arguments), rule.minimum, rule.resamples, described, twins, arguments.processes)
    write(arguments.evidence, evidence, ShiftEvidence, arguments.settings)
    write(arguments.output, table, Shift, arguments.settings)
    verdicts = table.loc[table["metric"] == "log-loss", "verdict"].value_counts()
    logging.info("%d cells; %s", len(table) // 2, ", ".join(f"{name}: {count}" for name, count in verdicts.items()))


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    study_options(options, ExplainDrops)
    options.add_argument(
        "--descriptions", required=True, type=Path, nargs="+", help="describe_images.py: TARGET.parquet of every target"
    )
    options.add_argument(
        "--pairs", required=True, type=Path, help="audit_leakage.py: radiographs in two data sets, labelled twice"
    )
    options.add_argument("--processes", type=int, default=1, help="that explain cells beside one another (default: 1)")
    options.add_argument("--evidence", required=True, type=Path, help="CSV to write: evidence for each verdict")
    options.add_argument(
        "--output", required=True, type=Path, help="CSV to write: terms and verdicts, one row per cell"
    )
    return run(explain_drops, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
