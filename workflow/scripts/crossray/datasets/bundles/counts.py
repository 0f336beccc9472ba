"""The counts of a bundle: for each model and task histograms of its outputs by label and group, and nobody's row.

A cell, the images of a bin with one label and group, has no patient or at least ``below``. Groups with fewer are left
out, with the next larger one where they would be fewer together, and so are tasks with a label of fewer, and whatever
would tell of fewer by subtraction (:mod:`crossray.datasets.bundles.partitions`).
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crossray.datasets.bundles.invitation import as_bytes
from crossray.datasets.bundles.partitions import NOWHERE, Partition, joined, tells_of_few
from crossray.errors import UserError
from crossray.files import read_json
from crossray.histograms import (
    ALL,
    GRID,
    Bins,
    Counts,
    Held,
    Histogram,
    Sizes,
    Weighing,
    binned,
    finest,
)

FILE = "counts.json"


@dataclass(frozen=True)
class Site:
    """What a site counts.

    Attributes:
        table: the manifest, of test images that have pixels.
        outputs: model -> logits, one column a task, in the order of ``table``.
        groups: attribute -> the group of each image, in the order of ``table``.
        tasks: of the study.
        thresholds: model -> task -> edges to have rather than others.
        below: fewest patients of a cell that is not empty.
        weigh: what the interval of an AUC takes.
    """

    table: pd.DataFrame
    outputs: Mapping[str, pd.DataFrame]
    groups: Mapping[str, pd.Series]
    tasks: Sequence[str]
    thresholds: Mapping[str, Mapping[str, Sequence[float]]]
    below: int
    weigh: Weighing

    @property
    def patients(self) -> NDArray[np.int64]:
        """Number of the patient of each image."""
        return pd.factorize(self.table["patient_id"])[0]


def gather(site: Site) -> Counts:
    """Count.

    Raises:
        UserError: if the site has fewer test patients than a cell must have, or an output is no number.
    """
    if any(one.isna().any(axis=None) for one in site.outputs.values()):
        raise UserError("a model's outputs for some images are no numbers, and histograms cannot have these; send rows")
    table, patients = site.table, site.table["patient_id"].nunique()
    if patients < site.below:
        raise UserError(
            f"the data set has {patients} test patients with pixels, and a cell needs {site.below} at least"
        )
    here = [task for task in site.tasks if task in table]
    labelled = table[table[here].notna().any(axis=1)]
    held = _attributes(site)
    told = _tasks(site, here, held)
    return Counts(
        below=site.below, images=len(table), patients=patients,
        labelled=Held(images=len(labelled), patients=labelled["patient_id"].nunique()),
        groups=held,
        sizes={
            task: {ALL: {ALL: _sizes(site, task)}, **_sizes_of(site, task, groups)} for task, groups in told.items()
        },
        histograms={
            model: {task: _histograms(site, model, task, groups) for task, groups in told.items() if task in outputs}
            for model, outputs in site.outputs.items()
        },
    )  # fmt: skip


def _attributes(site: Site) -> dict[str, dict[str, Held]]:
    """Count the images and patients of the groups that are told, by attribute."""
    found: dict[str, dict[str, Held]] = {}
    told: list[Partition] = []
    for name, values in site.groups.items():
        held = _held(site, values)
        groups = _numbered(values, held)
        if not tells_of_few(groups, told, site.patients, site.below):
            found[name] = held
            told.append(groups)
    return found


def _tasks(
    site: Site, tasks: Sequence[str], held: Mapping[str, Mapping[str, Held]]
) -> dict[str, dict[str, list[str]]]:  # fmt: skip
    """Return the tasks that are told, each with the attributes and groups of which images are counted for it."""
    found: dict[str, dict[str, list[str]]] = {}
    labels: list[Partition] = []
    by_groups: dict[str, list[Partition]] = {name: [] for name in held}
    for task in tasks:
        of_labels = _labelled(site, task)
        if not _is_told(site, task) or tells_of_few(of_labels, labels, site.patients, site.below):
            continue
        labels.append(of_labels)
        found[task] = {}
        of_task: list[Partition] = []
        for name, groups in held.items():
            told = _told_groups(site, task, site.groups[name], groups)
            parts = _labelled(site, task, site.groups[name], told)
            if told and not tells_of_few(parts, [*of_task, *by_groups[name]], site.patients, site.below):
                found[task][name] = told
                of_task.append(parts)
                by_groups[name].append(parts)
    return found


def _numbered(values: pd.Series, told: Collection[str]) -> Partition:
    """Return the number of the group of each image; all groups that are not told are one."""
    return pd.Categorical(values, categories=list(told)).codes.astype(np.int64) + 1


def _labelled(site: Site, task: str, values: pd.Series | None = None, told: Collection[str] = ()) -> Partition:
    """Return the number of the group and label of each image; without a label it is nowhere."""
    labels = site.table[task].to_numpy(float)
    groups = np.zeros(len(labels), np.int64) if values is None else _numbered(values, told)
    return np.where(np.isnan(labels), NOWHERE, 2 * groups + (labels == 1))


def _sizes_of(site: Site, task: str, groups: Mapping[str, Collection[str]]) -> dict[str, dict[str, Sizes]]:
    """Count the images and patients of groups."""
    return {
        name: {group: _sizes(site, task, (site.groups[name] == group).to_numpy()) for group in told}
        for name, told in groups.items()
    }


def _is_told(site: Site, task: str) -> bool:
    """Return whether each label has no patient or enough."""
    counts = site.table.groupby(task)["patient_id"].nunique()
    return bool((counts >= site.below).all())


def _held(site: Site, values: pd.Series) -> dict[str, Held]:
    """Count the images and patients of the groups that are told."""
    owners, groups = site.table["patient_id"].to_numpy(), values.to_numpy()
    sizes = pd.Series(owners).groupby(groups).nunique().sort_values()
    left_out: list[str] = []
    for group, patients in sizes.items():
        fewer = len(pd.unique(owners[np.isin(groups, left_out)]))
        if patients >= site.below and (not left_out or fewer >= site.below):
            break
        left_out.append(str(group))
    once = sizes.sum() == len(pd.unique(owners))
    return {
        group: Held(images=int((groups == group).sum()), patients=int(sizes[group]) if once else None)
        for group in sorted(set(sizes.index) - set(left_out))
    }


def _told_groups(site: Site, task: str, values: pd.Series, held: Collection[str]) -> list[str]:
    """Return the groups whose images a task is counted of; none where patients are in several, or only one is left.

    Args:
        site: what is counted.
        task: its name.
        values: the group of each image.
        held: groups that are told of all images.
    """
    known = site.table[task].notna().to_numpy()
    rows = site.table[known].assign(group=values.to_numpy()[known])
    patients = rows.pivot_table("patient_id", "group", task, aggfunc="nunique", fill_value=0)
    if rows.groupby("patient_id")["group"].nunique().max() > 1 or len(patients) < 2:
        return []

    def is_small(cells: pd.DataFrame | pd.Series) -> Any:
        return ((cells > 0) & (cells < site.below)).any(axis=cells.ndim - 1)

    left_out = patients.index[is_small(patients) | ~patients.index.isin(list(held))]
    for group in patients.sum(axis=1).drop(left_out).sort_values().index:
        if not is_small(patients.loc[left_out].sum()):
            break
        left_out = left_out.append(pd.Index([group]))
    return sorted(patients.index.difference(left_out)) if not is_small(patients.loc[left_out].sum()) else []


def _sizes(site: Site, task: str, among: NDArray | None = None) -> Sizes:
    """Count the images and patients whose label is known, of all or of a group."""
    known = site.table[site.table[task].notna() & (True if among is None else among)]
    positive, owners = known[task] == 1, known["patient_id"]
    # how many have several images of a label, or images of both, is not told
    rounded = [owners[rows].nunique() // site.below * site.below for rows in (positive, ~positive)]
    return Sizes(
        images=len(known), patients=owners.nunique(), positives=int(positive.sum()), negatives=int((~positive).sum()),
        positive_patients=rounded[0], negative_patients=rounded[1],
    )  # fmt: skip


def _histograms(site: Site, model: str, task: str, told: Mapping[str, Collection[str]]) -> dict[str, Histogram]:
    """Count the images whose label is known in bins, of all and then of groups.

    Bins of groups end only where bins of all do: else what lies between two edges could be subtracted. So do those of
    attributes that have groups within groups of each other.

    Args:
        site: what is counted.
        model: its name.
        task: its name.
        told: attribute -> the groups that are told.
    """
    known = site.table[task].notna().to_numpy()
    logits, patients = site.outputs[model][task].to_numpy(float)[known], site.patients[known]
    labels = site.table[task].to_numpy(float)[known]

    def edges_of(cells: NDArray, limits: Sequence[float], grid: Sequence[float]) -> tuple[float, ...]:
        edges = finest(logits, cells, patients, limits, site.below, grid)
        assert edges is not None, "only what has enough patients in one bin is told"
        return edges

    def histogram(values: NDArray, groups: Collection[str], edges: tuple[float, ...]) -> Histogram:
        return Histogram(edges=edges, groups={name: bins_of(values == name, edges) for name in groups})

    def bins_of(rows: NDArray, edges: Sequence[float]) -> Bins:
        counted = [tuple(binned(logits[rows & (labels == value)], edges).tolist()) for value in (1, 0)]
        several = len(np.unique(labels[rows])) == 2
        worth = site.weigh(labels[rows], logits[rows], patients[rows]) if several else None
        return Bins(positives=counted[0], negatives=counted[1], worth=worth)

    limits = site.thresholds.get(model, {}).get(task, ())
    whole = edges_of(_labelled(site, task)[known, None], limits, GRID)
    found = {ALL: histogram(np.full(len(labels), ALL, object), [ALL], whole)}
    parted = {name: _labelled(site, task, site.groups[name], groups)[known] for name, groups in told.items()}
    for names, cells in joined(parted):
        edges = edges_of(cells, [limit for limit in limits if limit in whole], whole[1:-1])
        found |= {name: histogram(site.groups[name].to_numpy()[known], told[name], edges) for name in names}
    return {name: found[name] for name in (ALL, *told)}


def as_json(counts: Counts) -> bytes:
    """Write counts, with a line for each list."""
    text = as_bytes(counts.as_dict()).decode()
    return re.sub(r"\[[^][{}]*\]", lambda found: " ".join(found[0].split()), text).encode()


def read(
    content: bytes, tasks: Sequence[str], outputs: Mapping[str, Sequence[str]], invited: Mapping[str, Any], where: str
) -> Counts:
    """Read counts that came from elsewhere; all must be what it may be.

    Args:
        content: of :func:`as_json`.
        tasks: of the study.
        outputs: model -> the tasks that it has outputs for.
        invited: the term ``counts`` of the invitation.
        where: the file, for messages, which quote no value.

    Raises:
        UserError: if something is missing, strange, does not add up, or is smaller than it may be.
    """
    from pydantic import TypeAdapter, ValidationError

    try:
        counts: Counts = TypeAdapter(Counts).validate_json(content)
    except ValidationError as error:
        place = ".".join(map(str, error.errors()[0]["loc"]))
        raise UserError(f"{where}: {FILE}, {place or 'all of it'}: not what counts are") from error
    for words in _wrong(counts, tasks, outputs, invited):
        raise UserError(f"{where}: {FILE}: {words}")
    return counts


def _wrong(
    counts: Counts, tasks: Sequence[str], outputs: Mapping[str, Sequence[str]], invited: Mapping[str, Any]
) -> Iterator[str]:
    """Yield what is wrong with counts."""
    if counts.below < invited["below"]:
        yield f"its cells may have {counts.below} patients, and the invitation says {invited['below']} at least"
    if not set(counts.sizes) <= set(tasks):
        yield "has tasks that are none of this study"
    for task, attributes in counts.sizes.items():
        yield from _wrong_sizes(attributes, counts, task)
    wanted = {model: set(counts.sizes) & set(named) for model, named in outputs.items()}
    if {model: set(found) for model, found in counts.histograms.items()} != wanted:
        yield "has not the histograms of this study's models and tasks"
        return
    for model, found in counts.histograms.items():
        for task, histograms in found.items():
            yield from _wrong_histograms(histograms, counts, task, f"{model}, {task}")


def _wrong_sizes(attributes: Mapping[str, Mapping[str, Sizes]], counts: Counts, task: str) -> Iterator[str]:
    """Yield what is wrong with how many images a task is labelled for."""
    if set(attributes.get(ALL, ())) != {ALL}:
        yield f"{task} is not counted of all"
        return
    whole = attributes[ALL][ALL]
    for attribute, groups in attributes.items():
        if sum(size.images for size in groups.values()) > whole.images:
            yield f"the groups of {task} have more images than there are"
        if attribute != ALL and not set(groups) <= set(counts.groups.get(attribute, ())):
            yield f"{task} is counted of groups that are not told"
        for size in groups.values():
            if size.positives + size.negatives != size.images or not 0 <= size.patients <= size.images <= counts.images:
                yield f"the images of {task} do not add up"
            if any(0 < count < counts.below or count < 0 for count in (size.positives, size.negatives)):
                yield f"a label of {task} has fewer than {counts.below} images"


def _wrong_histograms(histograms: Mapping[str, Histogram], counts: Counts, task: str, name: str) -> Iterator[str]:
    """Yield what is wrong with the histograms of a model and task."""
    wanted = {attribute: set(groups) for attribute, groups in counts.sizes[task].items()}
    if {attribute: set(one.groups) for attribute, one in histograms.items()} != wanted:
        yield f"{name}: is counted by other groups than its task"
        return
    for attribute, histogram in histograms.items():
        edges = np.array(histogram.edges)
        if len(edges) < 2 or not (np.diff(edges) > 0).all():
            yield f"{name}: edges do not rise"
        for group, bins in histogram.groups.items():
            yield from _wrong_bins(bins, len(edges) - 1, counts.sizes[task][attribute][group], counts.below, name)


def _wrong_bins(bins: Bins, number: int, size: Sizes, below: int, name: str) -> Iterator[str]:
    """Yield what is wrong with the bins of a group, of which there must be so many."""
    for cells, total in ((bins.positives, size.positives), (bins.negatives, size.negatives)):
        if len(cells) != number or sum(cells) != total:
            yield f"{name}: bins do not add up to the images"
        if any(0 < count < below or count < 0 for count in cells):
            yield f"{name}: a bin has fewer images than {below}"


def parse(path: Path) -> Counts:
    """Read counts that were checked before."""
    return Counts.from_dict(read_json(path))
