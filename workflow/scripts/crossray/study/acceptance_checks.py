"""What is wrong with acceptance criteria, as far as the configuration shows it."""

from collections.abc import Iterator

from crossray.errors import listed
from crossray.study.acceptance import ATTRIBUTES, CLAIM, IN_GROUPS, Criteria
from crossray.study.config import Study
from crossray.study.names import BINARY_ANSWER

#: key that needs a prevalence -> what cannot be known without
_AT_A_PREVALENCE = {
    "per_day": "results per day", "miss_costs": "costs", "precision": "alerts that are correct",
    "alerts_per_day": "alerts",
}  # fmt: skip


def wrong_acceptance(study: Study) -> Iterator[str]:
    """Yield what is wrong with the block ``acceptance``."""
    if study.acceptance and study.is_multiclass():
        yield "acceptance: criteria are for findings, and this study's tasks are classes; leave it out"
    for task, criteria in (study.acceptance or {}).items():
        key = f"acceptance.{task}"
        if task not in study.tasks:
            yield f"acceptance: {task!r} is not a task of this study; allowed are {', '.join(study.tasks)}"
        if not criteria.wanted():
            yield (
                f"{key}: nothing is to be reached; give auc, sensitivity, specificity, precision, alerts_per_day, or "
                "several of them"
            )
        yield from (f"{key}.{words}" for words in _wrong_rival(study, task, criteria))
        yield from (f"{key}.{words}" for words in _wrong_use(criteria))
        yield from (f"{key}.groups: {words}" for words in _wrong_groups(study, criteria))


def _wrong_rival(study: Study, task: str, criteria: Criteria) -> Iterator[str]:
    """Yield what is wrong with what a model is compared with."""
    claimed = any(task in model.claim for model in study.external.values())
    if criteria.against == CLAIM and not claimed:
        yield f"against: no model of external has a claim for {task}; give one, or name another model"
    elif criteria.against not in (None, CLAIM, *study.models, *study.external):
        allowed = ", ".join([*study.models, *study.external, CLAIM])
        yield f"against: {criteria.against!r} is not a model of this study; allowed are {allowed}"
    rival = study.external.get(criteria.against or "")
    if rival and rival.kind_of_scale() == BINARY_ANSWER and criteria.sensitivity is criteria.specificity is None:
        yield (
            f"against: {criteria.against} answers yes and no, which has no AUC; give a sensitivity or a specificity to "
            "reach too, in which it is then compared"
        )


def _wrong_use(criteria: Criteria) -> Iterator[str]:
    """Yield what is missing of where the model will be used."""
    for name, what in _AT_A_PREVALENCE.items():
        if getattr(criteria, name) is not None and criteria.prevalence is None:
            yield f"{name}: {what} need a prevalence; set prevalence too"
    if criteria.alerts_per_day is not None and criteria.per_day is None:
        yield "alerts_per_day: alerts are of a number of images per day; set per_day too"


def _wrong_groups(study: Study, criteria: Criteria) -> Iterator[str]:
    """Yield what is wrong with the groups that have to meet the criteria."""
    known = _attributes(study)
    for name in (criteria.groups or ()) if known else ():
        if name not in known:
            yield f"{name!r} is no attribute of images; allowed are {listed(known, 20)}"
    if criteria.groups and not set(IN_GROUPS) & set(criteria.wanted()):
        yield f"nothing is to be reached in each group; give {', '.join(IN_GROUPS[:-1])} or {IN_GROUPS[-1]} too"


def _attributes(study: Study) -> list[str]:
    """Return what images may be grouped by; nothing where bundles bring what the study cannot know yet."""
    if any(dataset.reader == "bundle" for dataset in study.datasets.values()):
        return []
    strata = [name for dataset in study.datasets.values() for name in getattr(dataset, "strata", None) or ()]
    return [*ATTRIBUTES, *dict.fromkeys(strata)]
