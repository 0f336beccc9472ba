"""Open a site's bundle: check that the site sealed it for this study's invitation, and write its counts or rows."""

import logging
import sys
from argparse import Namespace
from pathlib import Path

from crossray.program import parser, run, settings_option
from crossray.study.stages.open_bundle import OpenBundle


def open_bundle(arguments: Namespace) -> None:
    """Check all, remember the bundle's number, write what it holds last."""
    from crossray.datasets.bundles import keys, ledger, sealing
    from crossray.datasets.bundles.counts import Counts
    from crossray.files import replacing

    settings = arguments.settings
    opened = sealing.open_(arguments.bundle, arguments.signer)
    found = sealing.check(opened, arguments.bundle, settings, arguments.networks, settings.site, settings.level)
    invitation, number = opened.says["invitation"], opened.says["number"]
    signer, where = keys.fingerprint(arguments.signer), str(arguments.bundle)
    ledger.take(arguments.private, signer, invitation, number, opened.seal, where)
    with replacing(arguments.output) as partial:
        if isinstance(found, Counts):
            partial.write_bytes(opened.content)
        else:
            found.to_parquet(partial, index=False)
    told = opened.says["level"], number, opened.says["images"], opened.says["patients"]
    logging.info("%s: %s, number %d, %d images of %d patients", where, *told)


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    settings_option(options, OpenBundle)
    options.add_argument("--bundle", required=True, type=Path, help="bundle of the site (zip)")
    options.add_argument("--signer", required=True, type=Path, help="the site's public key (PEM)")
    options.add_argument(
        "--networks", required=True, type=Path, nargs="+", help="files of the models, in the order of their names"
    )
    options.add_argument(
        "--private", required=True, type=Path, help="folder for the numbers of bundles that were taken"
    )
    options.add_argument(
        "--output", required=True, type=Path, help="what it holds, to write: counts (JSON) or rows (Parquet)"
    )
    return run(open_bundle, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
