"""Chart the months of every target: outputs of models, refusals and acquisition, with alarms and what they mean."""

import logging
import sys
from argparse import Namespace
from pathlib import Path

from crossray.analysis.options import study_of, study_options
from crossray.program import parser, run
from crossray.study.stages.chart_months import ChartMonths


def chart_months(arguments: Namespace) -> None:
    """Chart all targets, and write the tables."""
    from crossray.analysis.charts import measure
    from crossray.analysis.watching import Rule
    from crossray.files import read_parquet
    from crossray.small_cells import write
    from crossray.tables.monitoring import Alarms, ControlCharts, Watched

    settings = arguments.settings
    descriptions = {path.stem: read_parquet(path, ["image_id"]) for path in arguments.descriptions}
    rule = Rule(settings.baseline, settings.false_alarms, settings.tolerance)
    study = study_of(arguments)
    watched, charts, alarms = measure(study, settings.models, settings.calibrated, rule, descriptions)
    write(arguments.charts, charts, ControlCharts, settings)
    write(arguments.alarms, alarms, Alarms, settings)
    write(arguments.output, watched, Watched, settings)
    logging.info("%d data sets, %d streams, %d alarms", len(watched), watched["streams"].sum(), len(alarms))


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    study_options(options, ChartMonths)
    options.add_argument(
        "--descriptions", nargs="*", default=[], type=Path, help="describe_images.py: TARGET.parquet of each target"
    )
    options.add_argument("--charts", required=True, type=Path, help="CSV to write: one row per stream and month")
    options.add_argument("--alarms", required=True, type=Path, help="CSV to write: the first alarm of each stream")
    options.add_argument("--output", required=True, type=Path, help="CSV to write: one row per target")
    return run(chart_months, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
