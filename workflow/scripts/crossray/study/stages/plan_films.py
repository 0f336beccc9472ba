"""What decides how many films have to be read."""

from collections.abc import Mapping
from dataclasses import dataclass

from crossray.study.film_plan import Clusters, Expected, Widths


@dataclass(frozen=True, kw_only=True)
class PlanFilms(Clusters):
    """Settings of the rule ``plan_films``."""

    tasks: Mapping[str, Expected]
    "Finding to what is expected of a model."
    widths: Widths
    "How wide intervals may be."
