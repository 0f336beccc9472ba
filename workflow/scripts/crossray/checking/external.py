"""External models, before a run: which findings they have, and whether rows match images."""

from collections.abc import Iterator, Mapping

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
                settings, table = stage_settings.external.read_scores(plan, model, dataset), manifests[dataset]
                names = {f"released_{name}": table[name] for name in ("image_id", "study_id", "patient_id")}
                try:
                    with speaking_of(settings.public):
                        with_identifiers(
                            read_scores(path, settings), table, table[["image_id"]].assign(**names), settings, path
                        )
                except UserError as error:
                    yield str(error)
