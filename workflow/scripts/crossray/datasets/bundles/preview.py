"""What would leave a site, for the officer who answers for it: one page of text, and the files themselves."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from crossray import manifest
from crossray.datasets.bundles import counts, invitation, rows, sealing
from crossray.errors import listed
from crossray.files import replacing
from crossray.histograms import ALL, Histogram

#: rows that the page shows
_SHOWN = 3
#: patients who have a combination of values in common, below which it can tell who somebody is
_FEW = 5

#: what a column of a bundle is, by how it begins
_MEANINGS = {
    "image_id": "salted identifier of the image: only this site can say whose it is",
    "patient_id": "the same of the patient; two images of one patient have the same",
    "study_id": "the same of the examination",
    "view": "view of the radiograph",
    "sex": "F, M or empty",
    "age": "years; 90 means above 89 unless the data set is public",
}


def head(said: Mapping[str, Any], folder: Path) -> Iterator[str]:
    """Yield the lines that the page begins with.

    Args:
        said: what the bundle would say of itself.
        folder: where the files are written.
    """
    yield f"What would leave for the study {said['study']!r}, as the site {said['site']!r}. Nothing has left."
    yield ""
    yield f"Level: {said['level']}, of {said['images']:,} test images of {said['patients']:,} patients."
    yield f"No image, name, date, file name or identifier of this hospital. Files to read: {folder}/"
    yield ""


def of_model(model: sealing.Sent, images: int, patients: int) -> Iterator[str]:
    """Yield what is shown of a model that leaves too.

    Args:
        model: the model.
        images: how many it was trained on or chosen by.
        patients: of how many they are.
    """
    megabytes, facts = model.weights.stat().st_size / 1e6, model.facts
    yield f"A model leaves too, as bundle.model says: {sealing.MODEL}, {megabytes:.1f} MB, the weights of a network"
    yield f"  that was trained and chosen here on {images:,} images of {patients:,} patients:"
    yield f"  {facts['architecture']}, {facts['size']} px, tasks {listed(facts['tasks'], 20)}."
    yield "Who has it and a patient's image may be able to tell whether that image was used for training, and more than"
    yield "that is known to leak from some models. If that is too much, leave bundle.model out (docs/bundles.md)."
    yield ""


def foot(said: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines that it ends with; as :func:`head`."""
    terms = said["terms"]
    yield ""
    yield f"{sealing.SEAL} says: study, site, level, number, the counts above, and what the invitation says: models"
    yield f"  {listed(terms['models'], 20)}, tasks {listed(terms['tasks'], 20)}, settings of images, digests of code"
    if said["model"]:
        yield f"  of the model that leaves: {listed(said['model'], 20)}"
    yield ""
    yield "What each part tells of a patient, and what to do if that is too much: docs/bundles.md"


def of_rows(table: pd.DataFrame) -> Iterator[str]:
    """Yield what is shown of rows."""
    yield f"{len(table):,} rows, one for each test image. Every column of {rows.FILE}:"
    for name in table:
        yield f"  {name:32} {_facts(table, str(name))}"
    yield ""
    yield f"{_recognisable(table):,} of these patients have a combination of view, sex, age, labels and strata that"
    yield f"fewer than {_FEW} patients have."
    yield ""
    yield f"Its first {min(_SHOWN, len(table))} rows:"
    for _, row in table.head(_SHOWN).iterrows():
        yield "  " + ", ".join("" if pd.isna(value) else str(value) for value in row)
    yield ""
    yield "Who has these rows cannot see whose they are, but can recognise a patient of whom they know enough: rare"
    yield "combinations of age, sex, view, strata and findings; or a score, with the image and the model at hand."


def of_counts(found: counts.Counts, tasks: Sequence[str]) -> Iterator[str]:
    """Yield what is shown of counts; ``tasks`` are the study's."""
    yield f"No row of anybody: {counts.FILE} counts. Every cell that is not empty has {found.below} patients at least."
    yield f"  {found.labelled.images:,} images of {found.labelled.patients:,} patients have a label of one of the tasks"
    for attribute, groups in found.groups.items():
        yield f"  images by {attribute}: " + listed((f"{name} {one.images:,}" for name, one in groups.items()), 12)
    for task in tasks:
        if task not in found.sizes:
            yield f"  {task}: nothing; no label is known, or too few patients have one, or have it beside another task"
            continue
        size = found.sizes[task][ALL][ALL]
        yield f"  {task}: {size.positives:,} images with, {size.negatives:,} without, of {size.patients:,} patients"
    yield ""
    for model, of_tasks in found.histograms.items():
        for task, attributes in of_tasks.items():
            yield from _histogram(f"{model}, {task}", attributes[ALL])
    yield "Beside each histogram stand two numbers of three digits for the interval of its AUC."
    yield "Who has these counts cannot tell one patient from another of the same bin and label."


def _histogram(name: str, histogram: Histogram) -> Iterator[str]:
    """Yield how large the bins of a histogram are."""
    bins = histogram.groups[ALL]
    positives, negatives = ([count for count in cells if count] for cells in (bins.positives, bins.negatives))
    yield f"  {name}: {len(histogram.edges) - 1} bins of its outputs; a bin has {_range(positives)} images with the"
    yield f"    finding or none, and {_range(negatives)} without it or none"


def _range(counts_of: Sequence[int]) -> str:
    return f"{min(counts_of, default=0):,} to {max(counts_of, default=0):,}"


def _recognisable(table: pd.DataFrame) -> int:
    """Count the patients of whom a row has a combination of values that few have."""
    apart = [name for name in table if name in rows.FACTS or str(name).startswith((rows.LABEL, manifest.STRATUM))]
    sizes = table.groupby(apart, dropna=False)["patient_id"].transform("nunique")
    return int(table.loc[sizes < _FEW, "patient_id"].nunique())


def _facts(table: pd.DataFrame, name: str) -> str:
    """Say what is in a column."""
    column, known = table[name], table[name].dropna()
    if name in rows.IDENTIFIERS:
        return f"{_MEANINGS[name]} ({known.nunique():,} different)"
    if name.startswith(rows.LABEL):
        counts = int((known == 1).sum()), int((known == 0).sum()), int(column.isna().sum())
        return "label: {:,} with, {:,} without, {:,} unknown".format(*counts)
    if name.startswith(manifest.STRATUM) or name == "view":
        return f"{listed(sorted(map(str, known.unique())), 8) or 'nothing'}"
    if name in _MEANINGS:
        return _MEANINGS[name]
    spread = f", {known.min():.3g} to {known.max():.3g}" if len(known) else ""
    return f"what the model makes of the image{spread}"


def write(folder: Path, said: Mapping[str, Any], content: sealing.Content) -> None:
    """Write the files that would leave, unsigned, for their owner alone."""
    for name, file in {sealing.SEAL: invitation.as_bytes(said), **content.members}.items():
        with replacing(folder / name, private=True) as partial:
            partial.write_bytes(file.read_bytes() if isinstance(file, Path) else file)
