"""What is wrong with a plan of films to read, as far as the configuration shows it."""

from collections.abc import Iterator

from crossray.errors import listed
from crossray.study.config import Study
from crossray.study.film_plan import ASSUMES, FilmPlan
from crossray.study.names import BINARY_ANSWER


def wrong_film_plan(study: Study) -> Iterator[str]:
    """Yield what is wrong with the block ``plan``."""
    plan = study.plan
    if not plan:
        return
    if study.is_multiclass():
        yield "plan: applies to findings, but this study's tasks are classes; leave it out"
    yield from _wrong_list(study, plan)
    wanted = plan.widths.wanted()
    if not wanted:
        yield "plan.widths: no width is wanted; give auc, sensitivity, or several of them"
    for task, expected in plan.tasks.items():
        if task not in study.tasks:
            yield f"plan.tasks: {task!r} is not a task of this study; allowed are {', '.join(study.tasks)}"
        for measure, names in ASSUMES.items():
            missing = [name for name in names if getattr(expected, name) is None]
            if measure in wanted and missing:
                yield f"plan.tasks.{task}: the width of {measure} needs {listed(missing)}; give what you expect"


def _wrong_list(study: Study, plan: FilmPlan) -> Iterator[str]:
    """Yield what is wrong with the list of films to read, and with the labels of those that were."""
    if plan.labels is not None:
        if plan.readings is None:
            yield "plan.labels: no list of films was made; give readings too"
        reader = study.external.get(plan.labels)
        if reader is None or reader.kind_of_scale() != BINARY_ANSWER:
            yield f"plan.labels: {plan.labels!r} is no model of external with scale: binary; name the labels there"
    others = {*study.models, *study.external} - {plan.labels}
    if plan.readings is not None and not others:
        yield "plan.readings: films are chosen by the outputs of models, and there is none; leave it out"
