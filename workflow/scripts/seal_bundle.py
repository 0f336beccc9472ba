"""Seal a bundle: what a site sends to a coordinator in place of its images, signed with the site's key.

With --preview nothing is signed: it shows what would leave, and writes it to a folder, to be read.
"""

import logging
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossray.program import parser, run, settings_option
from crossray.study.stages.seal_bundle import SealBundle

if TYPE_CHECKING:
    import pandas as pd

    from crossray.datasets.bundles.sealing import Content, Sent


def seal_bundle(arguments: Namespace) -> None:
    """Check the invitation, gather the counts or rows, number them, sign."""
    from crossray.datasets.bundles import invitation, ledger, preview, sealing, trained
    from crossray.errors import UserError

    settings, invited = arguments.settings, invitation.read(arguments.invitation)
    terms = invitation.terms_of(settings, arguments.networks, invited["counts"])
    if words := invitation.difference(terms, invited):
        raise UserError(f"{arguments.invitation}: this study does not answer it: {words}")
    learnt, tested = _patients(arguments.manifest)
    trained.check_unseen(arguments.private, arguments.networks, set(tested))
    content, page = _of_counts(arguments, terms) if settings.level == "counts" else _of_rows(arguments, terms)
    sent = _model_of(arguments.model) if arguments.model else None
    content = replace(content, model=sent)
    said = sealing.says(settings.site, terms, content)
    if arguments.preview:
        more = preview.of_model(sent, len(learnt), learnt.nunique()) if sent else ()
        lines = [*preview.head(said, arguments.preview), *more, *page, *preview.foot(said)]
        print("\n".join(lines), flush=True)
        preview.write(arguments.preview, said, content)
        return
    if sent:
        trained.remember(arguments.private, sent.weights, learnt)
    number = ledger.next_number(arguments.private, said["invitation"], invitation.digest(said))
    sealing.write(arguments.output, said | {"number": number}, content, arguments.key)
    logging.info("%s: %s, number %d, %d images", arguments.output, settings.level, number, content.images)


def _model_of(weights: Path) -> "Sent":
    """Return the model that the site sends, with what others need to know of it."""
    from crossray.datasets.bundles.sealing import Sent
    from crossray.learning.foreign_network import as_external

    return Sent(weights, as_external(weights))


def _patients(path: Path) -> "tuple[pd.Series, pd.Series]":
    """Return the patient of every image that a model of this site learns from, and of every test image."""
    from crossray import manifest

    table = manifest.read(path)
    is_test = table["split"] == "test"
    return table.loc[~is_test, "patient_id"], table.loc[is_test, "patient_id"]


def _of_rows(arguments: Namespace, terms: Mapping[str, Any]) -> "tuple[Content, Iterator[str]]":
    """Return the rows of a site, and what is shown of them."""
    from crossray import manifest, predictions
    from crossray.datasets.bundles import preview, rows, sealing

    settings = arguments.settings
    outputs = {
        name: predictions.read(path).table
        for name, path in zip(sorted(settings.models), arguments.predictions, strict=True)
    }
    salt = sealing.salt_of(arguments.private, terms)
    table = rows.gather(manifest.read(arguments.manifest), outputs, settings.tasks, salt)
    return sealing.of_rows(table), preview.of_rows(table)


def _of_counts(arguments: Namespace, terms: Mapping[str, Any]) -> "tuple[Content, Iterator[str]]":
    """Return the counts of a site, and what is shown of them."""
    from crossray import manifest, predictions
    from crossray.analysis.counted import worth
    from crossray.analysis.subgroups import named_groups
    from crossray.datasets.bundles import counts, preview, rows, sealing
    from crossray.errors import UserError

    settings, asked = arguments.settings, terms["counts"]
    below = asked["below"] if settings.below is None else settings.below
    if below < asked["below"]:
        raise UserError(
            f"config: bundle.below: {below} is less than the {asked['below']} patients that the invitation wants in "
            "every cell; leave it out, or raise it"
        )
    outputs = {
        name: predictions.read(path).as_logits()
        for name, path in zip(sorted(settings.models), arguments.predictions, strict=True)
    }
    table = rows.test_rows(manifest.read(arguments.manifest), outputs)
    site = counts.Site(table, outputs, named_groups(table), settings.tasks, asked["thresholds"], below, worth)
    found = counts.gather(site)
    return sealing.of_counts(found), preview.of_counts(found, settings.tasks)


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
    options.add_argument("--model", type=Path, nargs="?", help="weights of a model that leaves too (default: none)")
    options.add_argument("--private", required=True, type=Path, help="folder for the salt and the bundles' numbers")
    options.add_argument("--key", type=Path, help="the site's private key (PEM); not with --preview")
    options.add_argument("--output", type=Path, help="bundle to write (zip); not with --preview")
    options.add_argument("--preview", type=Path, help="folder to write to what would leave, unsigned")
    return run(seal_bundle, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
