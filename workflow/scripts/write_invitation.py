"""Write an invitation: models, and what a site must have alike, so that its outputs are those of the study."""

import logging
import sys
from argparse import Namespace
from pathlib import Path

from crossray.program import parser, run, settings_option
from crossray.study.stages.write_invitation import WriteInvitation


def write_invitation(arguments: Namespace) -> None:
    """Write the file and say its digest."""
    from crossray.datasets.bundles import invitation

    digest = invitation.write(
        arguments.output, arguments.settings, arguments.settings.configuration, arguments.networks
    )
    logging.info("%s: %d models, digest %s", arguments.output, len(arguments.networks), digest)


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    settings_option(options, WriteInvitation)
    options.add_argument(
        "--networks", required=True, type=Path, nargs="+", help="files of the models, in the order of their names"
    )
    options.add_argument("--output", required=True, type=Path, help="invitation to write (zip)")
    return run(write_invitation, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
