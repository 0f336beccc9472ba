"""Pseudonyms: keyed hashes in place of identifiers, and their key. Standard library only."""

import hmac
import os
import re
import secrets
from pathlib import Path

from crossray.errors import UserError

KEY_LENGTH = 32
_PSEUDONYM = re.compile(r"[0-9a-f]{16}")


def pseudonym(identifier: str, key: bytes, kind: str) -> str:
    """Return the pseudonym of an identifier: 16 hexadecimal digits of its HMAC-SHA256.

    Args:
        identifier: as the release has it.
        key: of :func:`read_key`.
        kind: what it names, such as ``patient_id``; equal texts of two kinds have different pseudonyms.
    """
    return hmac.new(key, f"{kind}:{identifier}".encode(), "sha256").hexdigest()[:16]


def is_pseudonym(text: str) -> bool:
    """Return whether a text looks like one."""
    return _PSEUDONYM.fullmatch(text) is not None


def close_folder(path: Path) -> None:
    """Make a folder that its owner alone can enter, or close one that is there to all others."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    mode = path.stat().st_mode
    if mode & 0o077:
        path.chmod(mode & 0o700)


def make_key(path: Path) -> None:
    """Make a key in a folder, both for their owner alone, unless there is one."""
    close_folder(path.parent)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_hex(KEY_LENGTH).encode())


def read_key(path: Path) -> bytes:
    """Read a key.

    Raises:
        UserError: if the file is too short to be a key.
    """
    key = path.read_bytes().strip()
    if len(key) < KEY_LENGTH:
        raise UserError(f"{path}: not a key of at least {KEY_LENGTH} characters; delete it to have one made")
    return key
