"""Paths of CrossRay's own files: in a checkout, or in the installed package, which has copies of the needed ones.

Below the working folder paths are relative, so that jobs and logs are the same wherever a checkout lies. Standard
library only: the workflow imports this at its start.
"""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGE.parents[2]


def home() -> Path:
    """Return the folder that holds ``CITATION.cff``, ``config`` and ``resources``."""
    return _near(_CHECKOUT if _is_checkout() else _PACKAGE / "shipped")


def programs() -> Path:
    """Return the folder of programs."""
    return _near(_PACKAGE.parent if _is_checkout() else _PACKAGE / "programs")


def templates() -> Path:
    """Return the folder of the report's template, style and script."""
    return _near(_PACKAGE / "figures/templates")


def _is_checkout() -> bool:
    return (_CHECKOUT / "workflow/rules").is_dir()


def _near(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
