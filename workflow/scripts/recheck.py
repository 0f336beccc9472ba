"""Check whether a signed sheet matches the results: criteria, scores, labels, models, code and answers."""

import sys
from argparse import Namespace
from pathlib import Path

from crossray.program import json_object, parser, run


def recheck(arguments: Namespace) -> None:
    """Compare, print, and stop with an error if anything differs."""
    from crossray.decision_digests import DIGESTS, differing, digests_of, digests_on
    from crossray.errors import UserError

    if not str(arguments.sheet) or arguments.sheet == Path():
        raise UserError("no sheet to check: name the signed one with --config sheet=FILE")
    settings = arguments.settings
    sealed = digests_on(arguments.sheet)
    changed = list(
        differing(sealed, digests_of(arguments.study, arguments.networks, settings["criteria"], settings["code"]))
    )
    for key, words in DIGESTS.items():
        print(f"{'other' if key in changed else 'same'}: {words}")
    if changed:
        raise UserError(f"{arguments.sheet}: is not the sheet of {arguments.study}; other: {', '.join(changed)}")
    print(f"{arguments.sheet} is the sheet of these results.")


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    options.add_argument("--sheet", required=True, type=Path, help="the decision.html that was signed")
    options.add_argument("--study", required=True, type=Path, help="folder of the study's results")
    options.add_argument(
        "--networks", nargs="*", default=[], type=Path, help="files of the networks that were trained elsewhere, if any"
    )
    options.add_argument(
        "--settings", required=True, type=json_object, help="JSON: criteria (as JSON), code (version of the evaluation)"
    )
    return run(recheck, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
