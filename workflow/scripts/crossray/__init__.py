"""The library behind CrossRay's programs, independent of Snakemake.

The modules of this folder are the shared base: facts and formats. The four folders are wings, which import the base
and never one another: they exchange only files. What a user imports is here: :func:`load_model`, :func:`open_study`.
No program uses these names, so that a change of them reruns nothing (:mod:`crossray.code_version`).
"""

from os import PathLike
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crossray.shell.model import Model
    from crossray.shell.results import StudyResults

__all__ = ["load_model", "open_study"]


def load_model(folder: str | PathLike[str]) -> "Model":
    """Load a trained model, to apply it to image files.

    Args:
        folder: of a trained model, ``results/STUDY/models/MODEL/SOURCE/SEED``, or one that ``crossray export`` wrote.

    Raises:
        UserError: if there is no model, or a file of it is damaged.
    """
    from crossray.shell.model import Model

    return Model(folder)


def open_study(folder: str | PathLike[str]) -> "StudyResults":
    """Open the results of a study, to read its tables and load its models.

    Args:
        folder: ``results/STUDY``.

    Raises:
        UserError: if no study was evaluated there.
    """
    from crossray.shell.results import StudyResults

    return StudyResults(folder)
