"""What a configuration asks of readers. The workflow needs this to plan, and no program does."""

from typing import Any, cast

from crossray.datasets import Locator, find_reader
from crossray.datasets.reading import Reading
from crossray.errors import UserError
from crossray.study.base import Settings
from crossray.study.datasets import Dataset


def options_of(name: str) -> type[Settings]:
    """Return the class of what the configuration may set of a reader's data sets."""
    return find_reader(name).Options


def with_policy(dataset: str, settings: Dataset, **more: Any) -> Reading:
    """Return what decides a data set's manifest, its label policy spelt out.

    Args:
        dataset: name of the data set, for messages.
        settings: those of the data set.
        more: further settings.

    Returns:
        The settings of ``read``, every choice of the policy spelt out.

    Raises:
        UserError: if the reader has no such policy, or does not know a setting of policies that is given.
    """
    reader = find_reader(settings.reader)
    name = getattr(settings, "policy", "default")
    if name not in reader.POLICIES:
        raise UserError(
            f"datasets.{dataset}.policy: reader {settings.reader!r} has no policy {name!r}; "
            f"allowed are {', '.join(reader.POLICIES)}"
        )
    choices = reader.POLICIES[name]
    given = settings.as_dict()
    own = {key: given[key] for key in ("reader", "max_missing", "strata", *reader.SETTINGS) if key in given}
    chosen = {key: given.get(key, choice) for key, choice in choices.items()}
    return reader.ReadSettings.from_dict({"policy": name} | own | chosen | more)


def places_of(dataset: str, settings: Dataset) -> tuple[str, ...]:
    """Return the tables of a data set that say where findings are; none where it has none."""
    reader = find_reader(settings.reader)
    return cast("Locator", reader).locate_places(dataset, settings) if hasattr(reader, "locate_places") else ()
