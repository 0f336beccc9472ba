"""From a release to the rows of its manifest, identifiers as released."""

from pathlib import Path

from crossray.datasets import Release, find_described, find_reader
from crossray.datasets.reading import KeptImages, Reading
from crossray.datasets.release import check_inside
from crossray.datasets.strata import with_strata
from crossray.forgotten import without_forgotten
from crossray.study.splits import Split


def read_manifest(
    dataset: str, release: Release, settings: Reading, key: bytes | None, forgotten: Path | None = None
) -> KeptImages:
    """Read a release, split it by patient and check it.

    Args:
        dataset: its name, for messages.
        release: where it lies.
        settings: of its reader.
        key: of the pseudonyms, by which patients are split; None where identifiers are shown.
        forgotten: list of the patients to leave out, if there is one.

    Returns:
        The columns of a manifest (:mod:`crossray.manifest`), identifiers and paths as released, and the counts of
        images that are not kept.

    Raises:
        UserError: if a table does not fit the settings, a stratum is nowhere, too many images are missing or some lie
            outside the release, an image_id stands twice, a patient is in two splits, or a value is not allowed.
    """
    from crossray import manifest

    table, not_kept = find_reader(settings.reader).read(release, settings)
    if settings.strata is not None:
        table = with_strata(table, settings.strata, release, find_described(settings.reader))
    if settings.outside_root != "allow":
        check_inside(dataset, release.root, table["path"])
    if forgotten:
        table = without_forgotten(table, forgotten)
    if settings.role == "test":
        table = table.assign(split="test")
    else:
        patients = manifest.with_pseudonyms(table, key)["patient_id"]
        table = manifest.with_splits(table, patients, settings.split or Split())
    tasks, opinions = manifest.tasks_of(table), manifest.opinions_of(table)
    table = table[[*manifest.FIXED_COLUMNS, *tasks, *opinions, *manifest.others_of(table)]]
    manifest.check(table, [*tasks, *opinions], release.tables[0] if release.tables else release.root)
    return KeptImages(table.reset_index(drop=True), not_kept)
