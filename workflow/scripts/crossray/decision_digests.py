"""Digests of the inputs of a decision, stored on the signed sheet and recomputed to verify it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from crossray.errors import UserError
from crossray.files import file_digest, text_digest

#: what a digest is of, in words, in the order of a sheet
DIGESTS = {
    "criteria": "the criteria, as the configuration has them",
    "scores": "the models' outputs for every image",
    "labels": "the manifests: images, patients, labels, splits",
    "models": "the weights of models that were trained here, and networks from elsewhere",
    "code": "the code of the evaluation",
    "answers": "the answers and thresholds",
}
_ROW = re.compile(r'<code id="sealed-(\w+)">([0-9a-f]{64})</code>')


def digests_of(study: Path, networks: Sequence[Path], criteria: str, code: str) -> dict[str, str]:
    """Return the digests of a study's decision.

    Args:
        study: its folder of results.
        networks: files of the networks that were trained elsewhere, in the order of their models' names.
        criteria: as JSON.
        code: the version of the evaluation's code.

    Returns:
        The keys of :data:`DIGESTS` to SHA-256 in hexadecimal.
    """
    tables = [study / "analysis" / f"{name}.csv" for name in ("acceptance", "thresholds", "acceptance_groups")]
    return {
        "criteria": text_digest(criteria),
        "scores": _of_files(study / "predictions", "**/*.parquet"),
        "labels": _of_files(study / "manifests", "*.parquet"),
        "models": _of_models(study / "models", networks),
        "code": text_digest(code),
        "answers": text_digest(*(file_digest(path) for path in tables)),
    }


def _of_models(folder: Path, networks: Sequence[Path]) -> str:
    """Return one digest of weights and networks; of the latter, which may move, the bytes alone."""
    trained = _of_files(folder, "**/weights.safetensors")
    return text_digest(trained, *(file_digest(path) for path in networks)) if networks else trained


def _of_files(folder: Path, pattern: str) -> str:
    """Return one digest of the names and bytes of files, in the order of their names."""
    files = sorted(folder.glob(pattern))
    return text_digest(*(f"{path.relative_to(folder).as_posix()} {file_digest(path)}" for path in files))


def digests_on(sheet: Path) -> dict[str, str]:
    """Read the digests of a sheet.

    Raises:
        UserError: if the file is no sheet of a decision.
    """
    try:
        found = dict(_ROW.findall(sheet.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{sheet}: cannot be read; give the decision.html that was signed") from error
    if set(found) != set(DIGESTS):
        raise UserError(f"{sheet}: lacks digests of a decision; give the decision.html that was signed")
    return found


def differing(sealed: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    """Yield the keys whose digests differ."""
    yield from (key for key in DIGESTS if sealed[key] != now[key])
