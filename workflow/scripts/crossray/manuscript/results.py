"""Facts of a paper that the tables of the results say: counts, performance, leakage, differences between data sets."""

from collections.abc import Callable
from typing import Any

import pandas as pd

from crossray.figures.style import with_interval
from crossray.figures.summary_text import (
    answer,
    cause_sentences,
    leakage_sentences,
    left_out_sentence,
    primary_sentences,
)
from crossray.manuscript.study_results import StudyResults
from crossray.methods import data
from crossray.methods.words import named, of_each, spaced
from crossray.tables import MEAN_OF_TASKS, reported


def _answer(results: StudyResults) -> str:
    if not results.study.models:
        return ""
    tables = [results.table(name) for name in ("summary", "transfer", "tasks")]
    classes = results.has("classes")
    found = answer(tables[0], tables[1], tables[2], results.settings.shown, classes=classes)
    named_before = primary_sentences(results.table("comparisons")) if results.has("comparisons") else []
    return " ".join([found, *named_before, left_out_sentence(len(results.settings.seeds), classes)])


def _sizes(results: StudyResults) -> str:
    rows = results.shown("flow").query("split == 'all'")
    return f"All images that the label policies keep were used: {_counted(rows)}."


def _counted(rows: pd.DataFrame) -> str:
    return "; ".join(
        f"{row.dataset}, {_number(row.labelled)} labelled images of {_number(row.patients)} patients"
        for row in rows.itertuples()
    )


def _flow(results: StudyResults) -> str:
    rows = results.shown("flow").query("split == 'all'")
    said = [
        f"{row.dataset}: {_number(row.rows)} rows after the label policy, {_number(row.found)} files found, "
        f"{_number(row.readable)} readable{_unusable(results, row.dataset)}, {_number(row.labelled)} labelled, of "
        f"{_number(row.patients)} of {_number(row.row_patients)} patients{_dropped(results, row.dataset)}"
        for row in rows.itertuples()
    ]
    staying = results.settings.at_sites
    others = f" Of {named(staying)}, whose images stay at their site, only the bundle is known." if staying else ""
    drawn = " The diagram is figures/flow_diagram.pdf." if "flow_diagram" in results.settings.figures else ""
    return f"{'; '.join(said)}.{others}{drawn}" if said else others


def _unusable(results: StudyResults, dataset: str) -> str:
    """Return why files of a data set could not be used, in brackets; empty where all could."""
    rows = results.shown("datasets").query("split == 'all'")
    reasons = rows[(rows["dataset"] == dataset) & (rows["property"] == "rejected") & (rows["value"] != "all")]
    said = [f"{_number(row.images)} {row.value}" for row in reasons.itertuples()]
    return f" (left out: {', '.join(said)})" if said else ""


def _dropped(results: StudyResults, dataset: str) -> str:
    """Return what the label policy did not keep of a data set, and why usable images have no label, in brackets."""
    rows = results.shown("datasets").query("split == 'all' and value != 'all'")
    of = rows[rows["dataset"] == dataset]
    kept = [f"{_number(row.images)} {row.value}" for row in of[of["property"] == "not kept"].itertuples()]
    labels = [f"{_number(row.images)} {row.value}" for row in of[of["property"] == "unlabelled"].itertuples()]
    said = [f"not kept by the label policy: {', '.join(kept)}"] if kept else []
    said += [f"without a label of a task: {', '.join(labels)}"] if labels else []
    return f" ({'; '.join(said)})" if said else ""


def _unknown(results: StudyResults) -> str:
    rows = results.table("labels").query("split == 'all'")
    lacking = [f"{row.task} at {row.dataset} {row.unknown:,}" for row in rows.itertuples() if row.unknown > 0]
    counts = f"Images with an unknown label: {'; '.join(lacking)}." if lacking else "No label is unknown."
    return f"An unknown label was left out of the loss and of every measure of its task. {counts}"


def _split_sizes(results: StudyResults) -> str:
    rows = results.shown("flow").query("split != 'all'")
    said = [
        f"{name}: "
        + ", ".join(
            f"{row.split} {_number(row.labelled)} images of {_number(row.patients)} patients" for row in of.itertuples()
        )
        for name, of in rows.groupby("dataset", sort=False)
    ]
    return f"Labelled images by split, after the audit of leakage. {'; '.join(said)}." if said else ""


def _partition(results: StudyResults) -> str:
    return f"{' '.join(data.splits(results.settings).paragraphs[:-1])} {_split_sizes(results)}"


def _audit(results: StudyResults) -> str:
    return " ".join(leakage_sentences(results.table("leakage"), results.study.leakage.overlap))


def _disjoint(results: StudyResults) -> str:
    done = " ".join(data.splits(results.settings).paragraphs[-1:])
    return f"Within a data set splits are disjoint by patient. {done} {_audit(results)}"


def _subgroups(results: StudyResults) -> str:
    if not results.has("subgroups"):
        return ""
    rows = results.table("subgroups")
    measured = rows[rows["auc"].notna() & (rows["group"] != "all")]
    low = measured[measured["difference_high"] < 0]
    return (
        f"Of {len(measured)} groups with a number (a model, target, task and group each), {len(low)} have an AUC below "
        "that of the others, by an uncorrected 95% interval."
    )


def _differences(results: StudyResults) -> str:
    sampled = of_each({name: data.sampling(one) for name, one in results.study.datasets.items()})
    rows = results.table("labels").query("split == 'test'").dropna(subset=["prevalence"])
    shares = "; ".join(
        f"{task}: {', '.join(f'{row.dataset} {row.prevalence:.2f}' for row in of.itertuples())}"
        for task, of in rows.groupby("task", sort=False)
    )
    causes = (
        " ".join(cause_sentences(results.table("shift"), results.table("transfer"))) if results.has("shift") else ""
    )
    return f"Sampling: {sampled}. Prevalence in test splits: {shares}. {causes}"


def _characteristics(results: StudyResults) -> str:
    rows = results.shown("datasets").query("split == 'all'")
    said = []
    for name, of in rows.groupby("dataset", sort=False):
        parts = [
            f"{kind} "
            + ", ".join(f"{row.value} {_number(row.images)}" for row in of[of["property"] == kind].itertuples())
            for kind in ("view", "sex", "age")
            if (of["property"] == kind).any()
        ]
        said.append(f"{name} (images): {'; '.join(parts)}")
    return ". ".join(said) + "." if said else ""


def _events(results: StudyResults) -> str:
    rows = results.shown("labels").query("split == 'test'")
    said = [
        f"{name}: " + ", ".join(_positives(row) for row in of.itertuples())
        for name, of in rows.groupby("dataset", sort=False)
    ]
    return f"Positive of labelled images in test splits. {'; '.join(said)}."


def _positives(row: Any) -> str:
    """Say how many of the labelled images of a task are positive."""
    counts = row.positives, row.negatives
    if counts == (0, 0):
        return f"{row.task} not labelled"
    known = all(isinstance(count, int) for count in counts)
    return f"{row.task} {_number(counts[0])} of {_number(sum(counts)) if known else 'a number not shown'}"


def _number(count: Any) -> str:
    """Write a count with marks of thousands, or the mark that stands in its place."""
    return f"{count:,}" if isinstance(count, int) else str(count)


def _widths(results: StudyResults) -> str:
    """Say how wide the intervals of AUCs are, and on how many positives they rest."""
    rows = reported(results.table("performance"))
    rows = rows[rows["auc"].notna()]
    if rows.empty:
        return ""
    widths = rows["auc_high"] - rows["auc_low"]
    known = rows["positives"].dropna()
    positives = f", resting on {int(known.min()):,} to {int(known.max()):,} positive images" if len(known) else ""
    return (
        f"The 95% intervals of {len(rows)} AUCs are {widths.median():.2f} wide in the middle, from {widths.min():.2f} "
        f"to {widths.max():.2f}{positives}. Numbers of each finding and split are in print/labels."
    )


def _promised(results: StudyResults) -> str:
    """Say which widths the plan of films promised, and which those that were read reached."""
    if not results.has("sample_sizes"):
        return ""
    rows = results.table("sample_sizes").dropna(subset=["wanted_width"])
    planned = [
        f"{row.task} {spaced(row.measure)} {row.wanted_width:g} by {_number(row.images)} images, "
        f"{_number(row.positives)} positive"
        for row in rows.itertuples()
    ]
    said = f"Widths wanted by the plan: {'; '.join(planned)}." if planned else ""
    if not results.has("read_films"):
        return said
    films = results.table("read_films").dropna(subset=["estimate_low", "estimate_high"])
    reached = [
        f"{row.task} {spaced(row.measure)} {row.estimate_high - row.estimate_low:.2f} ({row.model} at {row.target})"
        for row in films.itertuples()
    ]
    return f"{said} Widths reached by the films that were read: {'; '.join(reached)}." if reached else said


def _operating(results: StudyResults) -> str:
    """Return sensitivity and specificity at thresholds that were carried over, mean over tasks."""
    if not results.has("operating_points"):
        return ""
    rows = results.table("operating_points")
    carried = (rows["rule"] == "youden") & (rows["chosen_on"] == "source's validation split")
    shown = (rows["model"] == results.settings.shown[0]) & (rows["task"] == MEAN_OF_TASKS)
    rows = rows[carried & shown & rows["sensitivity"].notna()]
    home = [row.target in results.settings.members.get(row.source, ()) for row in rows.itertuples()]
    if not any(home):
        return ""
    inside = "; ".join(
        f"{row.source}, sensitivity {with_interval(row.sensitivity, row.sensitivity_low, row.sensitivity_high)}, "
        f"specificity {with_interval(row.specificity, row.specificity_low, row.specificity_high)}"
        for row in rows[home].itertuples()
    )
    away = rows[[not at_home for at_home in home]]
    outside = (
        f" External, over {len(away)} pairs: sensitivity {_from_to(away['sensitivity'])}, specificity "
        f"{_from_to(away['specificity'])}."
        if len(away)
        else ""
    )
    return (
        "At thresholds by Youden's index on the source's validation split, mean over tasks, "
        f"{results.settings.shown[0]}, internal: {inside}.{outside} Each task's, with its threshold, is in "
        "print/operating_points."
    )


def _from_to(values: pd.Series) -> str:
    return f"{values.min():.2f} to {values.max():.2f}"


def _heterogeneity(results: StudyResults) -> str:
    pairs = results.table("transfer")
    away = pairs[(pairs["source"] != pairs["target"]) & pairs["drop"].notna()]
    if away.empty:
        return ""
    low, high = away.loc[away["drop"].idxmin()], away.loc[away["drop"].idxmax()]
    ends = [
        f"{row['drop']:.2f} ({row['model']}, {row['source']} to {row['target']}, 95% interval "
        f"{row['drop_low']:.2f} to {row['drop_high']:.2f})"
        for row in (low, high)
    ]
    return f"Drops of {len(away)} pairs range from {ends[0]} to {ends[1]}."


def _accuracy(results: StudyResults) -> str:
    rows = reported(results.table("performance"))
    known = rows[rows["auc"].notna() & (rows["model"] == results.settings.shown[0])]
    if known.empty:
        return ""
    home = [row.target in results.settings.members.get(row.source, ()) for row in known.itertuples()]
    at_home = known[home]
    said = "; ".join(
        f"{row.source}, {row.task} {with_interval(row.auc, row.auc_low, row.auc_high)}" for row in at_home.itertuples()
    )
    return f"{len(known)} cells of {results.settings.shown[0]} have an AUC. Internal AUCs: {said}." if said else (
        f"{len(known)} cells of {results.settings.shown[0]} have an AUC."
    )  # fmt: skip


def _failures(results: StudyResults) -> str:
    rows = reported(results.table("performance"))
    below = int((rows["auc_high"] < 0.5).sum())
    shown = " The report shows the images on which two models differ most." if results.has("outputs") else ""
    return f"{below} of {int(rows['auc'].notna().sum())} cells are worse than chance by their interval.{shown}"


def _updated(results: StudyResults) -> str:
    return "See corrections_by_verdict.csv." if results.has("corrections") else "No model was updated."


def _external(results: StudyResults) -> str:
    return f"Every other target: {named(results.settings.targets)}. {_heterogeneity(results)}"


RESULTS: dict[str, Callable[[StudyResults], str]] = {
    "answer": _answer, "sizes": _sizes, "flow": _flow, "unknown": _unknown, "split_sizes": _split_sizes,
    "partition": _partition, "audit": _audit, "disjoint": _disjoint, "subgroups": _subgroups, "updated": _updated,
    "differences": _differences, "characteristics": _characteristics, "events": _events,
    "heterogeneity": _heterogeneity, "accuracy": _accuracy, "failures": _failures, "external": _external,
    "widths": _widths, "promised": _promised, "operating": _operating,
}  # fmt: skip
