"""The data sets of a study as its run would read them: their manifests, and the files behind these."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from crossray import manifest
from crossray.checking.files import Kind, find_kinds
from crossray.checking.warnings import heard
from crossray.datasets import Release, find_archived, find_previewer, find_reader
from crossray.datasets.manifests import read_manifest
from crossray.errors import UserError, speaking_of
from crossray.paths import is_file
from crossray.planning import Sources, forgotten_list, manifest_settings
from crossray.pseudonyms import read_key
from crossray.study import folders
from crossray.study.datasets import Dataset
from crossray.study.plan import Plan
from crossray.study.stage_settings.data import convert_shard, small_cells


@dataclass(frozen=True)
class Cohort:
    """A data set.

    Attributes:
        name: its name.
        table: its manifest, identifiers as released; None where there is none.
        problem: why it cannot be read; empty where it can.
        note: what else is to be said of it; empty where nothing is.
        missing: images whose file is not there; None where the run makes them.
        kinds: those that are there, by kind.
        warnings: what its reader warned of.
    """

    name: str
    table: pd.DataFrame | None
    problem: str = ""
    note: str = ""
    missing: int | None = None
    kinds: Sequence[Kind] = ()
    warnings: Sequence[str] = ()

    @property
    def repeated_rows(self) -> int:
        """Rows whose file an earlier row has too."""
        return 0 if self.table is None else int(self.table["path"].duplicated().sum())


def read_cohort(plan: Plan, sources: Sources, name: str) -> Cohort:
    """Read a data set as the rule ``make_manifest`` does, and look at its files; nothing is written that stays."""
    rule = small_cells(plan.study)
    with (
        speaking_of(plan.study.datasets[name].public),
        heard(rule.below if rule and name in rule.closed else 0) as warnings,
    ):
        cohort = _read(plan, sources, name)
    return replace(cohort, warnings=warnings)


def _read(plan: Plan, sources: Sources, name: str) -> Cohort:
    dataset, release = plan.study.datasets[name], sources.releases[name]
    settings = find_reader(dataset.reader).ReadSettings.from_json(manifest_settings(plan, sources.readings[name], name))
    key_file = Path(plan.study.private, "pseudonyms.key")
    split_by_key = not dataset.public and settings.role != "test"
    key = read_key(key_file) if split_by_key and key_file.is_file() else None
    forgotten = next(map(Path, forgotten_list(plan.study, name)), None)
    try:
        if previewer := find_previewer(dataset.reader):
            with tempfile.TemporaryDirectory() as folder:
                previewed = previewer.preview(name, dataset, Path(folder))
                table = _as_classes(read_manifest(name, previewed, settings, key, forgotten).table, plan, name)
            return Cohort(name, table, note=_note(dataset))
        if any(not Path(path).is_file() for path in release.tables):
            if dataset.stays_at_its_site():
                note = "its bundle is opened by the run; its labels are counted once that is done"
                return Cohort(name, None, note=note)
            made = "fetched from its archive" if find_archived(dataset.reader) else "unpacked"
            note = f"{made} by the run; its labels are counted once that is done (snakemake convert)"
            return Cohort(name, None, note=note)
        table = _as_classes(read_manifest(name, release, settings, key, forgotten).table, plan, name)
    except UserError as error:
        return Cohort(name, None, str(error))
    if dataset.sends_counts():
        return Cohort(name, None, note="its site sends counts alone, which the run reads")
    if dataset.stays_at_its_site():
        return Cohort(name, table, note="its images stay at their site")
    drawn_anew = split_by_key and not key
    note = "splits follow a key that the first run makes, so their counts will differ" if drawn_anew else ""
    if find_archived(dataset.reader) and not Path(release.root, folders.RAW).is_dir():
        return Cohort(
            name, table, note="; ".join(filter(None, [note, "its files are fetched when they are converted"]))
        )
    return replace(_with_files(name, table, release, plan), note=note)


def _note(dataset: Dataset) -> str:
    """Say what is not known of a data set before the run makes it."""
    labelling = getattr(dataset, "labelling", None)
    flipped = getattr(labelling, "flipped", 0)
    wrong = max(flipped.values()) if isinstance(flipped, dict) else flipped
    made = "made by the run; counted from its settings"
    return f"{made}, before up to {wrong:.0%} of the labels of a finding are flipped" if wrong else made


def _as_classes(table: pd.DataFrame, plan: Plan, name: str) -> pd.DataFrame:
    """Return labels as the study uses them."""
    if not plan.study.is_multiclass():
        return table
    return manifest.as_classes(table, plan.study.tasks, f"data set {name}")


def _with_files(name: str, table: pd.DataFrame, release: Release, plan: Plan) -> Cohort:
    root, paths = Path(release.root), list(dict.fromkeys(table["path"]))
    there = [path for path in paths if is_file(root, path)]
    missing = int((~table["path"].isin(there)).sum())
    settings = convert_shard(plan.study.datasets[name], plan.shape, 1)
    return Cohort(name, table, missing=missing, kinds=find_kinds(root, there, settings))
