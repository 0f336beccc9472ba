"""A bundle: what it says of itself, signed; its counts or rows; and the model that its site sends, if it does."""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from crossray.datasets.bundles import archive, counts, invitation, keys, rows
from crossray.errors import UserError, cut, listed
from crossray.files import file_digest
from crossray.pseudonyms import make_key, read_key
from crossray.study.stages.binding import InvitationTerms

FORMAT = 2
#: what a bundle says of itself, the signature of that, and what it holds at each level
SEAL, SIGNATURE = "bundle.json", "signature.txt"
LEVELS = {"counts": counts.FILE, "rows": rows.FILE}
#: weights of a model that the site trained, and what a bundle says of it
MODEL = "model.safetensors"
_OF_MODEL = {"architecture": (str,), "size": (int,), "tasks": (list,), "channels": (int,), "range": (list, type(None))}
_KINDS = {
    "format": int, "study": str, "site": str, "level": str, "number": int, "invitation": str, "terms": dict,
    "images": int, "patients": int, "model": dict, "members": dict,
}  # fmt: skip


@dataclass(frozen=True)
class OpenedBundle:
    """A bundle whose signature is right.

    Attributes:
        says: what it says of itself.
        seal: digest of what was signed.
        content: of its counts or rows, as they came.
        model: the weights that it carries, if any.
    """

    says: Mapping[str, Any]
    seal: str
    content: bytes
    model: bytes | None


def salt_of(folder: Path, terms: Mapping[str, Any]) -> bytes:
    """Return the salt of a site's identifiers for an invitation: bundles of two invitations cannot be joined by them.

    Args:
        folder: private; its key is made on first use.
        terms: of the invitation.
    """
    make_key(folder / "salt.key")
    return hmac.new(read_key(folder / "salt.key"), invitation.digest(terms).encode(), "sha256").digest()


@dataclass(frozen=True)
class Sent:
    """A model that a site sends: the file of its weights, and what others need to know to apply it."""

    weights: Path
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Content:
    """What a site sends: the file of its level, how many images and patients that is of, and a model if it wants to."""

    level: str
    table: bytes
    images: int
    patients: int
    model: Sent | None = None

    @property
    def members(self) -> dict[str, bytes | Path]:
        """Name -> content of each file."""
        files: dict[str, bytes | Path] = {LEVELS[self.level]: self.table}
        return files | ({MODEL: self.model.weights} if self.model else {})


def of_rows(table: pd.DataFrame) -> Content:
    """Return rows as what a site sends."""
    return Content("rows", rows.as_csv(table), len(table), int(table["patient_id"].nunique()))


def of_counts(found: counts.Counts) -> Content:
    """Return counts as what a site sends."""
    return Content("counts", counts.as_json(found), found.images, found.patients)


def says(site: str, terms: Mapping[str, Any], content: Content) -> dict[str, Any]:
    """Return what a bundle of a site says of itself before it has a number."""
    return {
        "format": FORMAT, "study": terms["study"], "site": site, "level": content.level, "number": 0,
        "invitation": invitation.digest(terms), "terms": dict(terms), "images": content.images,
        "patients": content.patients, "model": dict(content.model.facts) if content.model else {},
        "members": {name: _digest(file) for name, file in content.members.items()},
    }  # fmt: skip


def _digest(content: bytes | Path) -> str:
    """Return the SHA-256 of content, or of the file that holds it."""
    return file_digest(content) if isinstance(content, Path) else hashlib.sha256(content).hexdigest()


def write(path: Path, said: Mapping[str, Any], content: Content, private: Path) -> None:
    """Sign a bundle and write it."""
    message = invitation.as_bytes(said)
    signature = base64.b64encode(keys.sign(message, private)) + b"\n"
    archive.write(path, {SEAL: message, SIGNATURE: signature, **content.members})


def open_(path: Path, signer: Path) -> OpenedBundle:
    """Read a bundle and check that it is whole and signed.

    Args:
        path: the bundle.
        signer: the site's public key.

    Raises:
        UserError: if a byte of it is not as it was made, another key signed it, or this version does not know it.
    """
    choices = [(SEAL, SIGNATURE, file, *more) for file in LEVELS.values() for more in ((), (MODEL,))]
    found = archive.read(path, *choices)
    try:
        signature = base64.b64decode(found[SIGNATURE].strip(), validate=True)
    except binascii.Error:
        signature = b""
    if not keys.is_signed(found[SEAL], signature, signer):
        raise UserError(
            f"{path}: not signed with the key that belongs to {signer} ({keys.fingerprint(signer)}); it was changed, "
            "or it is another site's"
        )
    said = _said(path, found[SEAL])
    members = [LEVELS[said["level"]], *([MODEL] if said["model"] else [])]
    for name in sorted({*members, *said["members"], *found} - {SEAL, SIGNATURE}):
        if name not in members or name not in found or said["members"].get(name) != _digest(found[name]):
            raise UserError(f"{path}: {cut(name)} is not what was signed; it was changed, ask the site for it again")
    return OpenedBundle(said, _digest(found[SEAL]), found[members[0]], found.get(MODEL))


def _said(path: Path, message: bytes) -> dict[str, Any]:
    """Return what a bundle says of itself, once this version is known to understand it."""
    try:
        said = json.loads(message)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        known = said.get("format") if isinstance(said, dict) else None
        raise UserError(f"{path}: a bundle of format {known}, and this version of CrossRay knows {FORMAT}")
    if said.get("level") not in LEVELS:
        raise UserError(f"{path}: of the level {said.get('level')!r}; known are {listed(LEVELS)}")
    wrong = set(said) != set(_KINDS) or any(type(said[key]) is not kind for key, kind in _KINDS.items())
    if wrong or (said["model"] and not _is_model(said["model"])):
        raise UserError(f"{path}: {SEAL} does not say what a bundle says; ask the site to seal it anew")
    return said


def _is_model(said: Mapping[str, Any]) -> bool:
    """Return whether an object has the keys and kinds of what is said of a model."""
    return set(said) == set(_OF_MODEL) and all(type(said[key]) in kinds for key, kinds in _OF_MODEL.items())


def check(
    opened: OpenedBundle, path: Path, invited: InvitationTerms, networks: Sequence[Path], site: str, level: str
) -> pd.DataFrame | counts.Counts:
    """Check that a bundle answers the invitation of this study, and return its rows or counts.

    Args:
        opened: the bundle.
        path: its file, for messages.
        invited: what both sides must have alike.
        networks: the files of the invited models, in their order.
        site: which the bundle must be of.
        level: what it must hold.

    Raises:
        UserError: if it answers another invitation, is of another site or level, or does not hold what it must.
    """
    asked = invitation.asked_of_counts(invited)
    terms = invitation.terms_of(invited, networks, asked)
    if words := invitation.difference(terms, opened.says["terms"]):
        raise UserError(f"{path}: answers another invitation: {words}")
    if opened.says["invitation"] != invitation.digest(terms):
        raise UserError(f"{path}: answers another invitation than it says")
    if opened.says["site"] != site:
        raise UserError(
            f"{path}: is of the site {opened.says['site']!r}, and this data set is {site!r}; give it that "
            "name, or name the right file"
        )
    if (found := opened.says["level"]) != level:
        raise UserError(
            f"{path}: holds {found}, and this study takes {level}; set the data set's level to {found}, or ask the "
            f"site for {level}"
        )
    if level == "counts":
        sent = counts.read(opened.content, invited.tasks, tasks_of(invited.models), asked, str(path))
        if (sent.images, sent.patients) != (opened.says["images"], opened.says["patients"]):
            raise UserError(f"{path}: {counts.FILE} counts other images than the bundle says")
        return sent
    table = rows.read(opened.content, invited.tasks, output_columns(invited.models), str(path))
    if len(table) != opened.says["images"]:
        raise UserError(f"{path}: {rows.FILE} has {len(table)} rows, and the bundle says {opened.says['images']}")
    return table


def output_columns(models: Mapping[str, str]) -> list[str]:
    """Return the columns with outputs of models; ``models`` are those of a binding."""
    return [rows.output(name, task) for name, tasks in tasks_of(models).items() for task in tasks]


def tasks_of(models: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the tasks that models have outputs for, models in their order; ``models`` are those of a binding."""
    return {name: list(json.loads(models[name])["tasks"]) for name in sorted(models)}
