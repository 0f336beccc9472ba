"""Command-line options of all programs that read predictions."""

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import TYPE_CHECKING

from crossray.program import settings_option
from crossray.study.stages.analysis import Analysis

if TYPE_CHECKING:
    from crossray.analysis.cells import Study


def study_options(options: ArgumentParser, kind: type[Analysis] = Analysis) -> None:
    """Add where predictions and manifests lie, and what the study holds; ``kind`` is the class of the settings."""
    options.add_argument("--predictions", required=True, type=Path, help="folder of the study's predictions")
    options.add_argument("--manifests", required=True, type=Path, help="folder of the study's manifests")
    options.add_argument(
        "--leakage",
        required=True,
        type=Path,
        help="summary of the audit: which targets share patients with which source",
    )
    settings_option(options, kind)


def study_of(arguments: Namespace) -> "Study":
    """Return the study that the options of :func:`study_options` name."""
    from crossray.analysis.cells import Study

    settings = arguments.settings
    refused = read_overlap(arguments.leakage, settings.members) if settings.overlap == "refuse" else set()
    return Study(arguments.predictions, arguments.manifests, settings, refused)


def read_overlap(path: Path, members: Mapping[str, Sequence[str]]) -> set[tuple[str, str]]:
    """Read from the audit's summary which (source, target) have test images of patients that the source learnt from.

    Args:
        path: the summary, whose sources are data sets.
        members: source -> the data sets that it consists of.
    """
    from crossray.tables import read
    from crossray.tables.leakage import Leakage

    summary = read(path, Leakage)
    found = {(row.source, row.target) for row in summary[summary["overlap"] > 0].itertuples()}
    return overlapping(found, members)


def overlapping(found: Set[tuple[str, str]], members: Mapping[str, Sequence[str]]) -> set[tuple[str, str]]:
    """Return which (source, target) overlap, of those (data set, target) that do.

    Args:
        found: data sets, with targets that have test images of patients whom they give to training.
        members: source -> the data sets that it consists of.
    """
    targets = {target for _, target in found}
    return {(s, t) for s, names in members.items() for t in targets if any((name, t) in found for name in names)}
