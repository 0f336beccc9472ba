"""Whose images trained the models that a site sent, so that none of them is a test patient in a later bundle.

At the coordinator the test of a model's home counts as unseen, and nobody there could find out that it is not.
"""

import json
from collections.abc import Collection, Iterable
from pathlib import Path

from crossray.errors import UserError
from crossray.files import file_digest, read_json, replacing
from crossray.pseudonyms import close_folder

#: in the folder ``bundles`` of the private folder: digest of a model -> patients
TRAINED = "trained.json"


def remember(folder: Path, weights: Path, patients: Iterable[str]) -> None:
    """Write down whom a model that is sent was trained on, or chosen by.

    Args:
        folder: private, made if it is not there.
        weights: file of the model.
        patients: as the site's manifest names them.
    """
    close_folder(folder)
    with replacing(folder / TRAINED, private=True) as partial:
        partial.write_text(json.dumps(_known(folder) | {file_digest(weights): sorted(set(patients))}) + "\n")


def check_unseen(folder: Path, networks: Iterable[Path], patients: Collection[str]) -> None:
    """Check that no test patient was trained on by a model that this site sent, and was now invited to apply.

    Args:
        folder: as of :func:`remember`.
        networks: files of the invited models.
        patients: those of the test images, as the site's manifest names them.

    Raises:
        UserError: if one was.
    """
    known = _known(folder)
    for path in networks:
        seen = set(known.get(file_digest(path), ())) & set(patients)
        if seen:
            raise UserError(
                f"{path}: this site trained this model on {len(seen)} patients whose images would now leave as test "
                "images; keep the split that it was trained with: the same block of the data set, without role: test"
            )


def _known(folder: Path) -> dict[str, list[str]]:
    path = folder / TRAINED
    return read_json(path) if path.is_file() else {}
