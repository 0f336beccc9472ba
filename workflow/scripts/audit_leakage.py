"""Find patients and near-duplicate images on both sides of a split, within and across data sets."""

import logging
import sys
from argparse import Namespace
from pathlib import Path

from crossray.program import parser, run, settings_option
from crossray.study.stages.audit_leakage import AuditLeakage


def audit_leakage(arguments: Namespace) -> None:
    """Compare all images of the study, group patients, and write who moves."""
    from crossray import manifest, tables
    from crossray.datasets import leakage
    from crossray.shards import ImageStore
    from crossray.small_cells import write
    from crossray.tables.leakage import Leakage, LeakagePairs, Moves

    datasets, at_sites = arguments.settings.datasets, arguments.settings.at_sites
    manifests = dict(zip(datasets, map(manifest.read, arguments.manifests), strict=True))
    images = leakage.gather(manifests, arguments.settings.cohorts)
    leakage.check_identifiers(images, at_sites)
    here = [name for name in datasets if name not in at_sites]
    stores = dict(zip(here, map(ImageStore, arguments.indexes), strict=True))
    duplicates = leakage.compare_images(images, stores)
    if arguments.settings.duplicates == "exact":
        duplicates = duplicates[duplicates["kind"] == "exact"]
    groups = leakage.group_patients(images, duplicates)
    leakage.warn_of_large_groups(images, groups)
    move = arguments.settings.overlap == "move"
    splits = leakage.settle_splits(images, groups, arguments.settings.tested) if move else images["split"]
    tables.write(arguments.pairs, leakage.describe_pairs(images, duplicates), LeakagePairs)
    for dataset, path in zip(datasets, arguments.moves, strict=True):
        tables.write(path, leakage.moved_patients(images, splits, dataset), Moves)
    summary = leakage.summarise(images, duplicates, groups, splits, datasets, at_sites)
    write(arguments.output, summary, Leakage, arguments.settings)
    moved = int((images["split"] != splits).sum())
    logging.info("%d links between duplicates, %d of %d images moved", len(duplicates), moved, len(images))


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    settings_option(options, AuditLeakage)
    options.add_argument("--manifests", required=True, type=Path, nargs="+", help="manifests, in the order of datasets")
    options.add_argument(
        "--indexes", required=True, type=Path, nargs="*", help="indexes of the shards of those with images"
    )
    options.add_argument("--pairs", required=True, type=Path, help="CSV to write: every pair of duplicates")
    options.add_argument(
        "--moves", required=True, type=Path, nargs="+", help="CSVs to write: the patients of each data set who move"
    )
    options.add_argument("--output", required=True, type=Path, help="CSV to write: counts for each source and target")
    return run(audit_leakage, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
