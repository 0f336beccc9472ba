"""Seal a bundle: what a site sends to a coordinator in place of its images, signed with the site's key.

With --preview nothing is signed: it shows what would leave, and writes it to a folder, to be read.
"""

import logging
import sys
from argparse import Namespace
from pathlib import Path

from crossray.program import parser, run, settings_option
from crossray.study.stages.seal_bundle import SealBundle


def seal_bundle(arguments: Namespace) -> None:
    """Check the invitation, gather the rows, number them, sign."""
    from crossray import manifest, predictions
    from crossray.datasets.bundles import invitation, ledger, preview, rows, sealing
    from crossray.errors import UserError

    settings, invited = arguments.settings, invitation.read(arguments.invitation)
    terms = invitation.terms_of(settings, arguments.networks)
    if words := invitation.difference(terms, invited):
        raise UserError(f"{arguments.invitation}: this study does not answer it: {words}")
    outputs = {
        name: predictions.read(path).table
        for name, path in zip(sorted(settings.models), arguments.predictions, strict=True)
    }
    salt = sealing.salt_of(arguments.private, terms)
    table = rows.gather(manifest.read(arguments.manifest), outputs, settings.tasks, salt)
    said = sealing.says(settings.site, settings.level, terms, table)
    if arguments.preview:
        print("\n".join(preview.page(said, table, arguments.preview)), flush=True)
        preview.write(arguments.preview, said, table)
        return
    number = ledger.next_number(arguments.private, said["invitation"], invitation.digest(said))
    sealing.write(arguments.output, said | {"number": number}, table, arguments.key)
    logging.info("%s: number %d, %d images", arguments.output, number, len(table))


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    settings_option(options, SealBundle)
    options.add_argument("--invitation", required=True, type=Path, help="invitation.json of the coordinator")
    options.add_argument(
        "--networks", required=True, type=Path, nargs="+", help="files of the models, in the order of their names"
    )
    options.add_argument(
        "--predictions", required=True, type=Path, nargs="+", help="their predictions for the test images, in order"
    )
    options.add_argument("--manifest", required=True, type=Path, help="manifest of the data set in the study")
    options.add_argument("--private", required=True, type=Path, help="folder for the salt and the bundles' numbers")
    options.add_argument("--key", type=Path, help="the site's private key (PEM); not with --preview")
    options.add_argument("--output", type=Path, help="bundle to write (zip); not with --preview")
    options.add_argument("--preview", type=Path, help="folder to write to what would leave, unsigned")
    return run(seal_bundle, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
