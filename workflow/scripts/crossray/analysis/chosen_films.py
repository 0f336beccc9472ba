"""The list of films to read of each target, from the outputs of a study's models."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crossray.analysis import read_lists
from crossray.analysis.cells import ModelKey, ScoredSplit, Study
from crossray.analysis.expected import Binormal
from crossray.analysis.read_lists import ReadList, Scored
from crossray.analysis.thresholds import OfModels, limit_of, own_thresholds
from crossray.errors import UserError
from crossray.seeds import derived_seed
from crossray.study.film_plan import LISTED
from crossray.study.names import BINARY_ANSWER
from crossray.study.stages.choose_films import ChooseFilms
from crossray.tables import of_rows
from crossray.tables.film_plan import ReadingGains, ToRead


def choose(study: Study, settings: ChooseFilms) -> Iterator[tuple[str, pd.DataFrame, pd.DataFrame]]:
    """Choose the films of each target.

    Yields:
        The target, and tables of :class:`ToRead` and :class:`ReadingGains`.

    Raises:
        UserError: if no model has an output for a finding that is planned.
    """
    thresholds = {trained: own_thresholds(study, trained) for trained in study.trained()}
    for scored in study.targets():
        outputs = list(_outputs(scored, settings, thresholds))
        if not outputs:
            raise UserError(
                f"{scored.dataset}: no model has an output for {', '.join(settings.expected)}, so there is nothing to "
                "choose films by; take it out of targets, or leave out plan.readings"
            )
        units = scored.patients if settings.whole_patients else np.arange(len(scored.labels))
        seed = derived_seed(settings.list_seed, "films to read", scored.dataset)
        listed = read_lists.make([one for _, one in outputs], units, settings.wanted, seed)
        films = to_read(scored, listed, units, settings.readings)
        yield scored.dataset, films, _gains(scored, [one for one, _ in outputs], listed, len(films))


def _outputs(
    scored: ScoredSplit, settings: ChooseFilms, thresholds: OfModels
) -> Iterator[tuple[ModelKey, Scored]]:  # fmt: skip
    """Yield what each model makes of the films for each finding that is planned."""
    for trained in scored.logits:
        logits = scored.reported(trained)
        for task, expected in settings.expected.items():
            if task in logits and logits[task].notna().any() and scored.scales.get(trained) != BINARY_ANSWER:
                limit = limit_of(scored, trained, task, thresholds)
                binormal = Binormal(float(expected.prevalence), float(expected.auc))
                yield trained, Scored(task, logits[task].to_numpy(np.float64), limit, binormal)


def to_read(scored: ScoredSplit, listed: ReadList, units: NDArray[np.int64], readings: int) -> pd.DataFrame:
    """Return the first films of a list, as many as can be read, patients whole where they were drawn whole.

    Args:
        scored: the films.
        listed: the order of the units.
        units: number of the unit of each film.
        readings: films that can be read.
    """
    films = np.bincount(units)
    count = int(np.searchsorted(np.cumsum(films[listed.order]), readings, side="right"))
    chosen = listed.order[:count]
    place = np.full(len(films), count)
    place[chosen] = np.arange(count)
    rows = np.argsort(place[units], kind="stable")[: int(films[chosen].sum())]
    probability = listed.probabilities(count)[units[rows]]
    strata = listed.strata[units[rows]]
    return of_rows(
        pd.DataFrame({
            "order": np.arange(1, len(rows) + 1), "id": scored.labels.index[rows].astype("str"),
            "patient_id": scored.labels["patient_id"].to_numpy()[rows], "unit": place[units[rows]] + 1,
            "stratum": strata, "stratum_units": np.bincount(listed.strata)[strata], "probability": probability,
            "weight": 1 / probability,
        }).to_dict("records"),
        ToRead,
    )  # fmt: skip


def _gains(scored: ScoredSplit, models: list[ModelKey], listed: ReadList, films: int) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for (task, place, measure), gain in listed.gains.items():
        facts = {"task": task, "measure": measure, "listed": films, "candidates": len(scored.labels)}
        rows.append(scored.key(models[place]) | facts | {"equal_part": listed.equal_part, "gain": gain})
    order = {name: number for number, name in enumerate(LISTED)}
    rows.sort(key=lambda row: (models.index(ModelKey(row["model"], row["source"])), row["task"], order[row["measure"]]))
    return of_rows(rows, ReadingGains)
