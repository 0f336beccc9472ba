"""A figure by its name: ``draw`` of the module of that name, with what each of its parameters names."""

import importlib
import importlib.util
import inspect
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from crossray.errors import UserError
from crossray.figures.style import Figure
from crossray.study.stages.draw_figure import DrawFigure
from crossray.tables import contract_of, read, reported


def draw_figure(name: str, tables: Iterable[Path], folders: Iterable[Path], settings: DrawFigure) -> Figure:
    """Draw a figure.

    Args:
        name: of the figure, and of its module.
        tables: CSV files; each goes as a table to the parameter of its name, of the performance the rows that a report
            shows.
        folders: each goes as a path to the parameter of its name.
        settings: what the figure needs of the study.

    Raises:
        UserError: if there is no such figure, or if it is drawn from other tables and folders than these.
    """
    known = name.isidentifier() and importlib.util.find_spec(f"crossray.figures.{name}")
    module = importlib.import_module(f"crossray.figures.{name}") if known else None
    if module is None or not hasattr(module, "draw"):
        raise UserError(f"--figure: there is no figure {name!r}; a figure's name is that of its files")
    tables, folders = list(tables), list(folders)
    given_names = {path.stem for path in tables} | {path.name for path in folders}
    wanted = set(inspect.signature(module.draw).parameters) - {"settings"}
    if wanted != given_names:
        given = ", ".join(sorted(given_names)) or "nothing"
        raise UserError(f"--tables, --folders: {name} is drawn from {', '.join(sorted(wanted))}, not from {given}")
    inputs: dict[str, Any] = {path.stem: read(path, contract_of(path.stem)) for path in tables} | {
        path.name: path for path in folders
    }
    if "performance" in inputs:
        inputs["performance"] = reported(inputs["performance"])
    figure: Figure = module.draw(**inputs, settings=settings)
    return figure
