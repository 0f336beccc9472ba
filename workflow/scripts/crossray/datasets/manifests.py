"""From a release to the rows of its manifest, identifiers as released."""

from typing import TYPE_CHECKING

from crossray.datasets import Release, find_reader
from crossray.datasets.reading import Reading
from crossray.study.splits import Split

if TYPE_CHECKING:
    import pandas


def read_manifest(release: Release, settings: Reading) -> "pandas.DataFrame":
    """Read a release, split it by patient and check it.

    Args:
        release: where it lies.
        settings: what its reader is told.

    Returns:
        The columns of a manifest (:mod:`crossray.manifest`), identifiers and paths as released.

    Raises:
        UserError: if a table does not fit the settings, too many images are missing, an image_id stands twice, a
            patient is in two splits, or a value is not allowed.
    """
    from crossray import manifest

    table = find_reader(settings.reader).read(release, settings)
    if settings.role == "test":
        table = table.assign(split="test")
    if "split" not in table:
        split = settings.split or Split()
        table.insert(7, "split", manifest.split_by_patient(table["patient_id"], split.seed, split.as_dict()))
    tasks = manifest.tasks_of(table)
    table = table[[*manifest.FIXED_COLUMNS, *tasks]]
    manifest.check(table, tasks, release.tables[0] if release.tables else release.root, settings.public)
    return table.reset_index(drop=True)
