"""Check a study before anything runs: its images, patients and labels, which cells will have a number, what it costs.

It reads every data set as the run would, looks at all image files, decodes some of each kind, and writes nothing. It
exits 1 where a run would stop or end without a number, and says what to change.
"""

import sys
from argparse import Namespace

from crossray.program import json_object, parser, run


def check(arguments: Namespace) -> None:
    """Print what was found; raise where a run would end in nothing."""
    from crossray.checking.cells import foresee
    from crossray.checking.cohorts import read_cohort
    from crossray.checking.costs import reckon
    from crossray.checking.page import page
    from crossray.checking.verdict import problems, remarks
    from crossray.errors import UserError
    from crossray.job_resources import Loads
    from crossray.planning import check_external, plan_of

    plan, sources = plan_of(arguments.settings)
    check_external(plan)
    cohorts = []
    for name in plan.study.datasets:
        print(f"Reading {name}", flush=True)
        cohorts.append(read_cohort(plan, sources, name))
    outlook = foresee(plan, {cohort.name: cohort.table for cohort in cohorts if cohort.table is not None})
    unread = any(cohort.problem for cohort in cohorts)
    cost = None if unread else reckon(plan, Loads(plan, sources.releases), cohorts, outlook.tables)
    print("\n" + "\n".join(page(plan, cohorts, outlook, cost)))
    if told := list(remarks(plan, cohorts, outlook, cost)):
        print("\nTo know\n" + "\n".join(f"  - {line}" for line in told))
    if wrong := list(problems(plan, cohorts, outlook)):
        print("\nTo change\n" + "\n".join(f"  - {line}" for line in wrong), flush=True)
        raise UserError(f"study {plan.study.study}: a run would stop or end without a number; see what to change")
    print("\nNo problems found: the study can run.")


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    options.add_argument("--settings", required=True, type=json_object, help="the configuration of the study as JSON")
    return run(check, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
