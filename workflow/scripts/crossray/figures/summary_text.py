"""The sentences and key numbers with which a report begins."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from crossray.figures.pairs import at_chance, claimed
from crossray.figures.style import with_interval
from crossray.reasons import DIVERGED
from crossray.tables import reported

#: trainings from which on intervals are for others too, as in ``performance.csv``
FEWEST_TRAININGS = 3
#: measured: four seeds of the models of an earlier default study on one machine (docs/calibration.md)
USUAL_SEED_SD = (
    "in an earlier demonstration, whose models were trained four times each, the AUC had a standard deviation between "
    "trainings of 0.05 for two pairs of hospitals, and below 0.01 for all others"
)
#: a sentence lists at most this many tasks
_NAMED = 6
#: verdict -> how a sentence about tasks begins
_CAUSES = {
    "prevalence": "worse mainly because the finding is more or less common there, for",
    "image": "worse mainly because the images differ, for",
    "case_mix": "worse mainly because patients are sicker or less sick there, for",
    "concept": "worse mainly because readers call the finding by another rule, as a second reading of images shows, "
    "for",
    "labels or unseen images": "worse mainly because readers call the finding by another rule, or because the images "
    "differ in a way not seen here, which one reading cannot tell apart, for",
}
_NO_CAUSE = {
    "cannot tell": "no main cause, if there is one, can be told from these data for",
    "no harm": "what is known to differ does no measurable harm, for",
    "no shift": "nothing differs that matters for",
    "no shift found": "no difference was found, but there are too few images to rule one out, for",
}


def answer(
    summary: pd.DataFrame, transfer: pd.DataFrame, tasks: pd.DataFrame, models: Sequence[str], classes: bool = False
) -> str:
    """Answer the study's question in a few sentences with intervals, all about one model.

    Args:
        summary: ``summary.csv``.
        transfer: ``transfer.csv``.
        tasks: ``tasks.csv``.
        models: those that figures show; the sentences are about the first.
        classes: whether tasks are classes; such a study has no hospitals.
    """
    first = models[0]
    diverged = list(_diverged(transfer[transfer["model"].isin(models)], len(models) > 1))
    summary, transfer, tasks = (table[table["model"] == first] for table in (summary, transfer, tasks))
    overall = _overall(summary)
    home = "training data set" if classes else "training hospital"
    if overall is not None:
        parts = [_lost(overall, home), _worst_pair(transfer), _travelling(tasks), *_at_chance(transfer)]
    elif transfer["drop"].notna().any():
        parts = [_nothing_to_lose(transfer)]
    else:
        nothing = "Internal and external AUCs could not be compared: no pair of data sets shares a task that can be"
        parts = [f"{nothing} measured.", *_at_chance(transfer)]
    about = [f"These results are for {first}, the first of {len(models)} models."] if len(models) > 1 else []
    return " ".join(part for part in [*parts, *about, *diverged] if part)


def primary_sentences(comparisons: pd.DataFrame) -> list[str]:
    """Report the comparisons that were named before the run, or that there are none.

    Args:
        comparisons: ``comparisons.csv``.
    """
    named = comparisons[comparisons["role"] == "primary"]
    if named.empty:
        return ["No comparison was named before the run (evaluation.primary): all tests are exploratory."]
    sentences = []
    corrected = f", after Holm's correction for {len(named)} comparisons" if len(named) > 1 else ""
    for row in named.itertuples():
        ends = f"{row.first} (internal) minus {row.second} (external)" if row.source == row.first else (
            f"{row.first} minus {row.second} at {row.target}"
        )  # fmt: skip
        about = f"{row.model}, {ends}, {row.task}"
        if row.p != row.p:
            sentences.append(f"Primary: {about}: no number.")
            continue
        found = with_interval(row.difference, row.difference_low, row.difference_high)
        sentences.append(f"Primary: {about}: AUC difference {found}, p = {row.p_holm:.2g}{corrected}.")
    return [*sentences, "All other tests are exploratory."]


def left_out_sentence(trainings: int, classes: bool = False) -> str:
    """Say which variation the intervals cover, and which they do not.

    Args:
        trainings: of each model.
        classes: whether tasks are classes; such a study has no hospitals.
    """
    places = (
        "images like those of these data sets" if classes else "patients of these hospitals, not to other hospitals"
    )
    if trainings >= FEWEST_TRAININGS:
        return (
            f"Intervals generalise to other {places}; those of AUCs also to other trainings ({trainings} seeds each)."
        )
    once = "once" if trainings == 1 else "with two seeds"
    return (
        f"Intervals generalise to other {places}. Each model was trained {once}; the variation between trainings is "
        f"not included: {USUAL_SEED_SD}."
    )


def _lost(overall: pd.Series, home: str) -> str:
    """State the mean drop over all pairs, as a drop only if its interval lies above zero."""
    lost = with_interval(abs(overall["drop"]), *sorted((abs(overall["drop_low"]), abs(overall["drop_high"]))))
    if overall["drop_low"] > 0:
        verdict = f"Mean AUC drops by {lost} outside the {home}"
    elif overall["drop_high"] < 0:
        verdict = f"Mean AUC rises by {lost} outside the {home}"
    else:
        verdict = f"No drop outside the {home} can be told from chance: the mean AUC changes by " + with_interval(
            -overall["drop"], -overall["drop_high"], -overall["drop_low"]
        )
    return f"{verdict}: {overall['home_auc']:.2f} internal, {overall['away_auc']:.2f} external."


def _nothing_to_lose(transfer: pd.DataFrame) -> str:
    """Say that all models are at chance internally, at least on the tasks that they share with other data sets."""
    home = _home(transfer)
    measured = f": mean internal AUC {_aucs(home)}" if len(home) else ""
    return f"No model is better than chance internally, so no drop is reported{measured}."


def _home(transfer: pd.DataFrame) -> pd.DataFrame:
    return transfer[(transfer["source"] == transfer["target"]) & transfer["auc"].notna()]


def _aucs(home: pd.DataFrame) -> str:
    return _listed([f"{row.source} {with_interval(row.auc, row.auc_low, row.auc_high)}" for row in home.itertuples()])


def _worst_pair(transfer: pd.DataFrame) -> str:
    pairs = claimed(transfer)
    losing = pairs[pairs["drop_low"] > 0]
    if losing.empty:
        return "No single pair has a drop whose interval lies above zero."
    worst = losing.loc[losing["drop"].idxmax()]
    pair = with_interval(worst["drop"], worst["drop_low"], worst["drop_high"])
    return f"The worst pair is {worst['source']} to {worst['target']}, with a drop of {pair}."


def _travelling(tasks: pd.DataFrame) -> str:
    """Say for which tasks the interval of the drop, mean over all pairs, lies above zero, and for which not."""
    known = tasks[tasks["drop"].notna()].sort_values("drop", ascending=False)
    if len(known) < 2:
        return ""
    losing = known[known["drop_low"] > 0]
    kept = known[known["drop_low"] <= 0]
    parts = []
    if len(losing):
        worst = losing.iloc[0]
        most = f"; most for {worst['task']} by {with_interval(worst['drop'], worst['drop_low'], worst['drop_high'])}"
        most = most if len(losing) > 1 else ""
        parts.append(
            f"AUC drops for {len(losing)} of {len(known)} tasks, each by its own 95% interval: "
            f"{_listed(losing['task'])}{most}."
        )
    if len(kept):
        parts.append(f"The interval reaches zero for {_listed(kept['task'])}.")
    return " ".join(parts)


def _at_chance(transfer: pd.DataFrame) -> Iterator[str]:
    """Name the models that are not better than chance internally, with their AUC there."""
    home = _home(transfer)
    weak = home[home["auc_low"] <= 0.5]
    if len(weak):
        are = "models of" if len(weak) > 1 else "model of"
        yield f"Not better than chance internally, so no drop is reported: the {are} {_aucs(weak)}."


def _diverged(transfer: pd.DataFrame, several: bool) -> Iterator[str]:
    """Name the trainings that diverged, with the model's name where there are several."""
    lost = transfer[transfer["reason"] == DIVERGED]
    names = dict.fromkeys(f"{row.model} of {row.source}" if several else row.source for row in lost.itertuples())
    if names:
        model = "" if several else "the models of " if len(names) > 1 else "the model of "
        yield f"No number for {model}{_listed(list(names))}: training diverged (D)."


def _listed(names: Sequence[str] | pd.Series) -> str:
    few = list(names[:_NAMED])
    return ", ".join(few) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")


def _overall(summary: pd.DataFrame) -> pd.Series | None:
    """Return a model's row over all sources, if a drop is reported for any pair."""
    rows = summary[(summary["source"] == "all sources") & (summary["pairs"] > 0)]
    return rows.iloc[0] if len(rows) else None


def key_numbers(
    summary: pd.DataFrame, transfer: pd.DataFrame, performance: pd.DataFrame, model: str
) -> list[dict[str, str]]:
    """Return key numbers of a model, each with its meaning and the section that shows it."""
    facts = []
    summary, transfer, performance = (table[table["model"] == model] for table in (summary, transfer, performance))
    overall = _overall(summary)
    if overall is not None:
        for name, words in (("home_auc", "mean internal AUC"), ("away_auc", "mean external AUC"), ("drop", "drop")):
            low, high = overall[f"{name}_low"], overall[f"{name}_high"]
            facts.append(
                {"value": f"{overall[name]:.2f}", "range": f"{low:.2f} to {high:.2f}", "words": words, "link": "drop"}
            )
    away = transfer[transfer["source"] != transfer["target"]]
    shown = reported(performance)
    counts = [
        (int(away["auc"].notna().sum()), len(away), "pairs that can be measured", "matrix"),
        (int(shown["auc"].notna().sum()), len(shown), "cells (pair and task) with a number", "tasks"),
    ]
    at_home = transfer[(transfer["source"] == transfer["target"]) & transfer["auc"].notna()]
    if (at_home["auc_low"] <= 0.5).any():
        weak = int((at_home["auc_low"] <= 0.5).sum())
        counts.append((weak, len(at_home), "models not better than chance internally", "matrix"))
    facts += [
        {"value": f"{count} of {whole}", "range": "", "words": words, "link": link}
        for count, whole, words, link in counts
    ]
    chance = int((shown["auc_high"] < 0.5).sum())
    facts.append(
        {"value": str(chance), "range": "", "words": "cells worse than chance by their interval", "link": "tasks"}
    )
    return facts


def accuracy_numbers(classes: pd.DataFrame, members: Mapping[str, Sequence[str]], model: str) -> list[dict[str, str]]:
    """Return the range of a model's internal and external accuracies.

    Args:
        classes: ``classes.csv``.
        members: the data sets of each source.
        model: its name.
    """
    shown = reported(classes[classes["model"] == model]).dropna(subset="accuracy")
    home = np.array([row.target in members[row.source] for row in shown.itertuples()], bool)
    facts = []
    for here, words in ((home, "internal accuracy"), (~home, "external accuracy")):
        if here.any():
            least, most = shown["accuracy"][here].agg(["min", "max"])
            value = f"{least:.2f}" + (f" to {most:.2f}" if here.sum() > 1 else "")
            facts.append({"value": value, "range": "", "words": words, "link": "classes"})
    return facts


def leakage_sentences(leakage: pd.DataFrame, overlap: str) -> list[str]:
    """Say what the leakage audit found, and what was done about it.

    Args:
        leakage: the audit's summary, one row per source and target.
        overlap: the setting: move, refuse or keep.
    """
    once = leakage[leakage["source"] <= leakage["target"]]
    exact, near = (int(once[column].sum()) for column in ("exact", "near"))
    found = (
        f"found {exact:,} exact and {near:,} near duplicates within and across data sets"
        if exact + near
        else "found no duplicates"
    )
    staying = sorted(set(once.loc[(once["source"] == once["target"]) & once["reason"].notna(), "target"]))
    here = f"that are here (not those of {', '.join(staying)})" if staying else "of the study"
    sentences = [f"The leakage audit compared the content of all images {here} and {found}."]
    if shared := int(once["shared_patients"].sum()):
        sentences.append(f"By the cohorts of their releases, {shared:,} patients are in two data sets.")
    before, after = int(leakage["overlap_before"].sum()), int(leakage["overlap"].sum())
    moved = int(leakage.drop_duplicates("target")["moved"].sum())
    if not before:
        return [*sentences, "No test image is of a patient who was used for training or validation."]
    done = {
        "move": f"Each group of such patients was moved to one split ({moved:,} images moved); {after:,} cases remain.",
        "refuse": "Results for such sources and targets are not reported (O).",
        "keep": "The configuration keeps the splits, so those results are too optimistic.",
    }[overlap]
    leak = (
        f"In {before:,} cases, a test image is of a patient who was used for training or validation, or a duplicate of "
        "such a patient's image."
    )
    return [*sentences, f"{leak} {done}"]


def cause_sentences(shift: pd.DataFrame, transfer: pd.DataFrame) -> list[str]:
    """Name for every pair the cause of each task's drop, by log-loss and by AUC.

    Args:
        shift: ``shift.csv``.
        transfer: ``transfer.csv``, for the pairs whose model is at chance internally.
    """
    idle = set(transfer.loc[at_chance(transfer), ["model", "source", "target"]].itertuples(index=False, name=None))
    several = len(set(shift["model"])) > 1
    sentences = []
    for (model, source, target), pair in shift.groupby(["model", "source", "target"], sort=False):
        name = f"{model}, {source} to {target}" if several else f"{source} to {target}"
        if (model, source, target) in idle:
            sentences.append(f"{name}: no drop to explain, the model is not better than chance internally.")
            continue
        verdicts = pd.DataFrame(
            {measure: rows.set_index("task")["verdict"] for measure, rows in pair.groupby("metric")}
        )
        verdicts = verdicts.loc[pair["task"].unique()]
        found = [(verdict, words, _suffering(verdicts, verdict)) for verdict, words in (_CAUSES | _NO_CAUSE).items()]
        said = [f"{words} {_listed(tasks)}" for _, words, tasks in found if tasks]
        empty = int(verdicts["log-loss"].isna().sum())
        said += [f"no number for {empty} task{'s' if empty > 1 else ''}"] if empty else []
        sentences.append(f"{name}: {'; '.join(said)}.")
    return sentences


def _suffering(verdicts: pd.DataFrame, verdict: str) -> list[str]:
    """Return the tasks of a verdict, with the measure where it is that of one alone.

    A cause counts by either measure. What names none is said by log-loss, of tasks for which neither names a cause.

    Args:
        verdicts: of one pair, a row a task, a column a measure.
        verdict: one of them.
    """
    if verdict in _NO_CAUSE:
        named = verdicts.isin(list(_CAUSES)).any(axis=1)
        return list(verdicts.index[~named & (verdicts["log-loss"] == verdict)])
    by = {task: [measure for measure in verdicts if row[measure] == verdict] for task, row in verdicts.iterrows()}
    return [task if len(measures) > 1 else f"{task} ({measures[0]})" for task, measures in by.items() if measures]
