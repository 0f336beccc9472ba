"""Numbers of bundles: a site counts what it seals, a coordinator remembers what it took, so that nothing comes twice.

An older bundle can hold a patient who has withdrawn since.
"""

import json
from pathlib import Path

from filelock import FileLock

from crossray.errors import UserError
from crossray.files import read_json, replacing
from crossray.pseudonyms import close_folder

#: in the folder ``bundles`` of the private folder
SEALED, TAKEN = "sealed.json", "taken.json"


def next_number(folder: Path, invitation: str, content: str) -> int:
    """Return the number of a bundle that a site seals, and write it down.

    Args:
        folder: private, made if it is not there.
        invitation: digest of the invitation.
        content: digest of what the bundle holds; the same content has the same number.
    """
    close_folder(folder)
    path = folder / SEALED
    sealed = read_json(path) if path.is_file() else {}
    number, before = sealed.get(invitation, (0, ""))
    if before != content:
        number += 1
        _write(path, sealed | {invitation: [number, content]})
    return int(number)


def take(folder: Path, signer: str, invitation: str, number: int, seal: str, where: str) -> None:
    """Write down that a coordinator takes a bundle.

    Args:
        folder: private, made if it is not there.
        signer: fingerprint of the site's key.
        invitation: digest of the invitation that it answers.
        number: the bundle's.
        seal: digest of what was signed.
        where: the file, for messages.

    Raises:
        UserError: if a newer one of this site was taken before, or another one with this number.
    """
    close_folder(folder)
    with FileLock(folder / f"{TAKEN}.lock"):  # bundles of several sites are opened at a time
        _take(folder / TAKEN, signer, invitation, number, seal, where)


def _take(path: Path, signer: str, invitation: str, number: int, seal: str, where: str) -> None:
    taken = read_json(path) if path.is_file() else {}
    before = taken.get(f"{signer} {invitation}")
    if before and number < before[0]:
        raise UserError(
            f"{where}: is number {number} of this site, and number {before[0]} was taken before; name the newest (an "
            "older one can hold patients who have withdrawn since)"
        )
    if before and number == before[0] and seal != before[1]:
        raise UserError(
            f"{where}: is number {number} of this site, and another bundle of that number was taken before; ask the "
            f"site to seal it anew, or, if it lost its private folder, take the site out of {path}"
        )
    if not before or number > before[0]:
        _write(path, taken | {f"{signer} {invitation}": [number, seal]})


def _write(path: Path, value: dict[str, list[object]]) -> None:
    with replacing(path, private=True) as partial:
        partial.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n")
