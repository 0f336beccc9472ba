"""Make the pair of keys of a site: a private one, which signs its bundles and stays, and a public one, to hand over.

It prints the fingerprint of the pair, which the site reads to the coordinator over the telephone.
"""

import sys
from argparse import Namespace
from pathlib import Path

from crossray.program import parser, run


def make_keys(arguments: Namespace) -> None:
    """Make the pair and print its fingerprint."""
    from crossray.datasets.bundles import keys

    print(keys.make_keys(arguments.private, arguments.public))


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    options.add_argument("--private", required=True, type=Path, help="private key to write, for its owner alone (PEM)")
    options.add_argument("--public", required=True, type=Path, help="public key to write (PEM)")
    return run(make_keys, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
