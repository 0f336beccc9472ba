"""External models, before a run: which findings they have, and whether rows match images."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

import pandas as pd

from crossray.datasets.scores import read_scores, tasks_of, with_identifiers
from crossray.errors import UserError, speaking_of
from crossray.study import stage_settings
from crossray.study.plan import Plan


def external_tasks(plan: Plan, model: str) -> list[str]:
    """Return the findings that a model has outputs of, in any of its files."""
    external = plan.external[model]
    if external.tasks:
        return list(external.tasks)
    if not external.scores:
        return list(plan.study.tasks)
    found = [
        task
        for dataset, path in external.scores.items()
        for task in tasks_of(read_scores(path, stage_settings.external.read_scores(plan, model, dataset)))
    ]
    return list(dict.fromkeys(found))


def wrong_rows(plan: Plan, manifests: Mapping[str, pd.DataFrame]) -> Iterator[str]:
    """Yield what is wrong with the identifiers of files of scores.

    Args:
        plan: what the study does.
        manifests: data set -> its manifest, identifiers as released.
    """
    for model, external in plan.external.items():
        for dataset, path in (external.scores or {}).items():
            if dataset in manifests:
                try:
                    _matched(plan, model, dataset, path, manifests[dataset])
                except UserError as error:
                    yield str(error)


def planned_outputs(plan: Plan, model: str, dataset: str, images: pd.DataFrame, tasks: Sequence[str]) -> pd.DataFrame:
    """Return where a model will have an output: 0 where it will, else NaN, for each image and task.

    Args:
        plan: what the study does.
        model: one that is trained, which has outputs for all, or an external one, whose files say for which.
        dataset: the target.
        images: rows of its manifest, identifiers as released.
        tasks: findings of the model.
    """
    outputs = pd.DataFrame(0.0, images.index, list(tasks))
    path = ((plan.external[model].scores or {}) if model in plan.external else {}).get(dataset)
    if path is None:
        return outputs
    with suppress(UserError):  # which wrong_rows tells
        unit, *_ = found = _matched(plan, model, dataset, path, images)
        scored = found.set_index(unit).reindex(columns=outputs.columns).notna()
        return outputs.where(scored.reindex(images[unit], fill_value=False).to_numpy())
    return outputs


def _matched(plan: Plan, model: str, dataset: str, path: str, images: pd.DataFrame) -> pd.DataFrame:
    """Read a file of scores, and match it with images, whose identifiers are as released."""
    settings = stage_settings.external.read_scores(plan, model, dataset)
    names = {f"released_{name}": images[name] for name in ("image_id", "study_id", "patient_id")}
    with speaking_of(settings.public):
        scores = read_scores(path, settings)
        return with_identifiers(scores, images, images[["image_id"]].assign(**names), settings, path)
