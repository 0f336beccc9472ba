"""May a model be used at a target, and at which threshold? Criteria met, not met, or not to be told.

A criterion is met where its 95 % interval lies at or above what is wanted, and not met where it lies below: each answer
is wrong with a probability of 2.5 % at most. All criteria are met if each is (intersection-union; Berger, Technometrics
1982), which needs no correction for their number. A threshold is judged on other patients than those it was chosen on.
"""

import itertools
from collections.abc import Iterator
from typing import Any

import pandas as pd

from crossray import reasons
from crossray.analysis import accepted_groups, shares, yields
from crossray.analysis.answers import Judged, answered, each_criterion, together
from crossray.analysis.auc_differences import paired_difference
from crossray.analysis.cells import ModelKey, ScoredSplit, Study, fewest_patients
from crossray.analysis.intervals import interval
from crossray.analysis.local_thresholds import (
    Brought,
    Images,
    brought,
    called_at,
    cross_fitted,
    hits_of,
    images_of,
)
from crossray.analysis.proportions import paired_share_difference
from crossray.seeds import derived_seed
from crossray.study.acceptance import ALL, CANNOT_TELL, CLAIM, LOCAL, NONE, Criteria
from crossray.study.names import BINARY_ANSWER
from crossray.study.stages.judge_acceptance import Claims, JudgeAcceptance
from crossray.tables import of_rows
from crossray.tables.acceptance import Acceptance, AcceptanceGroups, Thresholds


def judge(study: Study, settings: JudgeAcceptance) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Judge every model that a report shows, at every target, for every task that has criteria.

    Returns:
        Tables of :class:`crossray.tables.acceptance.Acceptance`, :class:`~crossray.tables.acceptance.Thresholds` and
        :class:`~crossray.tables.acceptance.AcceptanceGroups`.
    """
    answers: list[dict[str, Any]] = []
    thresholds: list[dict[str, Any]] = []
    groups: list[dict[str, Any]] = []
    own = {trained: brought(study, trained) for trained in study.trained()}
    for scored in study.targets():
        for trained, (task, criteria) in itertools.product(scored.logits, settings.acceptance.items()):
            counted = scored.count(trained, scored.reported_seed(trained), task)
            key = scored.key(trained) | {"task": task}
            key |= {name: counted[name] for name in ("positives", "negatives", "reason")}
            if not _can_be_judged(counted["reason"], criteria):
                answers.append(key | {"threshold_from": NONE, "criterion": ALL, "answer": CANNOT_TELL})
                continue
            key["reason"] = None
            images, rival = images_of(scored, trained, task), _rival(scored, trained, criteria)
            for place in _places(own[trained], counted["reason"], criteria):
                here = _at(images, scored, trained, task, criteria, place, own[trained])
                claimed = _against_claim(here, settings.claims, trained, task, criteria)
                rows = [*each_criterion(here, criteria), *claimed]
                if rival:
                    rows += _against(here, scored, (trained, rival), task, criteria, place, own[rival])
                parts = list(accepted_groups.measure(here, _rows_of(scored, trained, task), criteria, scored.minimum))
                rows += accepted_groups.as_criteria(parts, criteria)
                facts = key | {"threshold_from": place}
                groups += [facts | row for row in parts]
                answers += [facts | row for row in [*rows, together(rows)]]
                if here.called is not None:
                    is_sure = scored.has_probability(trained)
                    thresholds.append(facts | yields.measure(here.images, here.called, criteria, is_sure))
    return of_rows(answers, Acceptance), of_rows(thresholds, Thresholds), of_rows(groups, AcceptanceGroups)


def _rows_of(scored: ScoredSplit, trained: ModelKey, task: str) -> pd.DataFrame:
    """Return the manifest's rows of the images of a cell whose label is known."""
    return scored.labels[(scored.labels[task].notna() & scored.reported(trained)[task].notna()).to_numpy()]


def _can_be_judged(reason: str | None, criteria: Criteria) -> bool:
    """Return whether a cell can be judged: of models that say yes and no, what they call."""
    return reason is None or (reason == reasons.NO_PROBABILITY and criteria.auc is None)


def _places(own: Brought, reason: str | None, criteria: Criteria) -> tuple[str, ...]:
    """Return where thresholds are from, if criteria need any; of yes and no there is that of the maker alone."""
    if not criteria.needs_threshold():
        return (NONE,)
    return (own.place,) if reason else (own.place, LOCAL)


def _at(
    images: Images, scored: ScoredSplit, trained: ModelKey, task: str, criteria: Criteria, place: str, own: Brought
) -> Judged:
    """Call images by the threshold from a place; nobody chooses one of yes and no."""
    if place == LOCAL and scored.scales.get(trained) != BINARY_ANSWER:
        return Judged(images, cross_fitted(images, criteria, derived_seed(0, "folds", scored.dataset, task)))
    if place == NONE:
        return Judged(images, None)
    return Judged(images, called_at(images, own.threshold(task, scored.reported_seed(trained), criteria)))


def _rival(scored: ScoredSplit, trained: ModelKey, criteria: Criteria) -> ModelKey | None:
    """Return the model that this one must not be worse than: of the same source, if there is such."""
    named = [one for one in scored.logits if one.model == criteria.against and one != trained]
    return next((one for one in named if one.source == trained.source), named[0] if named else None)


def _against_claim(
    here: Judged, claims: Claims, trained: ModelKey, task: str, criteria: Criteria
) -> Iterator[dict[str, Any]]:  # fmt: skip
    """Yield a row for each claim of a model's maker that it must not fall short of by more than the margin."""
    claimed = claims.get(trained.model, {}).get(task, {}) if criteria.against == CLAIM else {}
    for name, value in claimed.items():
        wanted = -float(criteria.margin)
        if name == "auc":
            measured = here.images.auc
            low, high = interval(measured)
            yield answered("auc against the claim", wanted, measured.auc - value, low - value, high - value)
        elif here.called is not None:
            hits, owners = hits_of(name, here.images, here.called)
            low, high = shares.interval(hits, owners)
            apart = float(hits.mean()) - value
            yield answered(f"{name} against the claim", wanted, apart, low - value, high - value)


def _against(
    here: Judged, scored: ScoredSplit, pair: tuple[ModelKey, ModelKey], task: str, criteria: Criteria, place: str,
    own: Brought,
) -> Iterator[dict[str, Any]]:  # fmt: skip
    """Yield a row for each number in which a model must not be worse than another one, a reader for instance.

    On the images that both have an output for; where these are too few, a row that says that nobody can tell.

    Args:
        here: the model, with its threshold.
        scored: the target.
        pair: the model and the other one.
        task: the finding.
        criteria: with the name of the other one, and the margin.
        place: where the model's threshold is from.
        own: the thresholds that the other one brings.
    """
    wanted, rows = -float(criteria.margin), []
    reason = scored.count(pair[1], scored.reported_seed(pair[1]), task)["reason"]
    if reason in (None, reasons.NO_PROBABILITY):
        rival = _at(images_of(scored, pair[1], task), scored, pair[1], task, criteria, place, own)
        here, rival = _on_the_same(here, rival, scored, pair, task)
        if fewest_patients(here.images.positive, here.images.patients) >= scored.minimum:
            if all(scored.measurable(one, task) for one in pair):
                found = paired_difference([here.images.auc], [rival.images.auc])
                rows.append(answered(f"auc against {criteria.against}", wanted, found.value, found.low, found.high))
            rows += _compared_shares(here, rival, criteria, wanted)
    unknown = {"criterion": f"against {criteria.against}", "wanted": wanted, "answer": CANNOT_TELL}
    yield from rows or [unknown]


def _on_the_same(
    here: Judged, rival: Judged, scored: ScoredSplit, pair: tuple[ModelKey, ModelKey], task: str
) -> tuple[Judged, Judged]:
    """Return two models on the images that both have an output for."""
    given = [(scored.labels[task].notna() & scored.reported(one)[task].notna()).to_numpy() for one in pair]
    both = given[0] & given[1]
    return here.among(both[given[0]]), rival.among(both[given[1]])


def _compared_shares(here: Judged, rival: Judged, criteria: Criteria, wanted: float) -> Iterator[dict[str, Any]]:
    """Yield a row for each of sensitivity and specificity that is asked for."""
    for name in ("sensitivity", "specificity"):
        if getattr(criteria, name) is not None and here.called is not None and rival.called is not None:
            hits, owners = hits_of(name, here.images, here.called)
            others, _ = hits_of(name, rival.images, rival.called)
            compared = paired_share_difference(hits, others, owners)
            yield answered(f"{name} against {criteria.against}", wanted, *compared)
