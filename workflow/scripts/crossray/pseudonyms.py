"""Pseudonyms: keyed hashes in place of what may name a patient, and their key. Standard library only."""

import hmac
import os
import secrets
from pathlib import Path

from crossray.errors import UserError

KEY_LENGTH = 32


def pseudonym(identifier: str, key: bytes) -> str:
    """Return what stands for an identifier: 16 hexadecimal digits of its HMAC-SHA256."""
    return hmac.new(key, identifier.encode(), "sha256").hexdigest()[:16]


def make_key(path: Path) -> None:
    """Make a key, for its owner alone, unless there is one."""
    path.parent.mkdir(parents=True, exist_ok=True)
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
