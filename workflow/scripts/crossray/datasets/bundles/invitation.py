"""The invitation: what the coordinator and a site must have alike, so that a site's outputs are those of the study.

Its digest names it. The coordinator has no need to keep the file: both sides work it out of their own study.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from crossray.datasets.bundles import archive
from crossray.errors import UserError, listed
from crossray.files import file_digest, read_json
from crossray.study.stages.binding import Binding, InvitationTerms

FORMAT = 2
#: files of an invitation, beside those of its models
TERMS, CONFIGURATION = "invitation.json", "study.yaml"


def terms_of(binding: Binding, networks: Sequence[Path], counts: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an invitation says.

    Args:
        binding: what must be alike.
        networks: the files of its models, in their order.
        counts: what the coordinator asks of counts (:func:`asked_of_counts`).
    """
    models = {
        name: {"settings": settings, "sha256": file_digest(path)}
        for (name, settings), path in zip(sorted(binding.models.items()), networks, strict=True)
    }
    images = {"size": binding.size, "fit": binding.fit, "colour": binding.colour}
    return {
        "format": FORMAT, "study": binding.study, "tasks": list(binding.tasks), "images": images, "models": models,
        "code": dict(binding.code), "counts": dict(counts),
    }  # fmt: skip


def asked_of_counts(invited: InvitationTerms) -> dict[str, Any]:
    """Return what a coordinator asks of counts: fewest patients of a cell, and thresholds that bins should end at."""
    limits = {model: {task: list(several) for task, several in of.items()} for model, of in invited.thresholds.items()}
    return {"below": invited.below, "thresholds": limits}


def as_bytes(value: Mapping[str, Any]) -> bytes:
    """Write an object as JSON of which there is one for each content."""
    return (json.dumps(value, indent=2, sort_keys=True, ensure_ascii=True) + "\n").encode()


def digest(terms: Mapping[str, Any]) -> str:
    """Return the SHA-256 of an invitation, in hexadecimal."""
    return hashlib.sha256(as_bytes(terms)).hexdigest()


def write(path: Path, binding: InvitationTerms, configuration: Mapping[str, Any], networks: Sequence[Path]) -> str:
    """Write an invitation with its models and the configuration that a site starts from.

    Args:
        path: zip file to write.
        binding: what both sides must have alike.
        configuration: what a site's must have.
        networks: files of the models.

    Returns:
        Its digest.
    """
    terms = terms_of(binding, networks, asked_of_counts(binding))
    text = yaml.safe_dump(dict(configuration), sort_keys=False, allow_unicode=True)
    files = {member_of(name, file): file for name, file in zip(terms["models"], networks, strict=True)}
    archive.write(path, {TERMS: as_bytes(terms), CONFIGURATION: text.encode(), **files})
    return digest(terms)


def member_of(model: str, file: Path) -> str:
    """Return the name of a model's file in an invitation."""
    return f"models/{model}{file.suffix}"


def read(path: Path) -> dict[str, Any]:
    """Read an invitation that was unpacked.

    Raises:
        UserError: if it is none, or one of another format.
    """
    try:
        terms = read_json(path)
    except UserError:
        terms = {}
    if terms.get("format", FORMAT) != FORMAT:
        raise UserError(
            f"{path}: an invitation of format {terms['format']}, and this version of CrossRay knows {FORMAT}; use the "
            "coordinator's version"
        )
    if not is_terms(terms):
        raise UserError(f"{path}: not an invitation; unpack the coordinator's zip file, and name its {TERMS}")
    return terms


def is_terms(value: Mapping[str, Any]) -> bool:
    """Return whether an object has the keys and kinds of an invitation, whatever it says."""
    kinds = {"format": int, "study": str, "tasks": list, "images": dict, "models": dict, "code": dict, "counts": dict}
    if set(value) != set(kinds) or any(type(value[key]) is not kind for key, kind in kinds.items()):
        return False
    if set(value["counts"]) != {"below", "thresholds"}:
        return False
    wanted = {"settings", "sha256"}
    models = value["models"].values()
    return all(type(one) is dict and set(one) == wanted and set(map(type, one.values())) == {str} for one in models)


def difference(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> str | None:
    """Say in what two invitations differ; None if in nothing.

    Args:
        ours: worked out of the study here.
        theirs: what came from the other side.
    """
    if not is_terms(theirs):
        return "it does not say what an invitation says"
    if theirs["study"] != ours["study"]:
        return f"it is of the study {theirs['study']!r}, and this one is {ours['study']!r}"
    if strange := [name for name, value in theirs["code"].items() if ours["code"].get(name) != value]:
        return f"it was made by another version of CrossRay: the code of {listed(sorted(strange))} is not the same here"
    if set(theirs["models"]) != set(ours["models"]):
        return f"its models are {listed(theirs['models'])}, and those of this study {listed(ours['models'])}"
    for name, model in theirs["models"].items():
        if model["sha256"] != ours["models"][name]["sha256"]:
            return f"model {name} is not the invited one: its file has other bytes (SHA-256)"
        if model["settings"] != ours["models"][name]["settings"]:
            return f"model {name} was applied with other settings: {_changed(ours['models'][name], model)}"
    return _other_difference(ours, theirs)


def _other_difference(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> str | None:
    """Say in what two invitations differ that agree on models."""
    if theirs["images"] != ours["images"]:
        return f"its images are made otherwise: {_apart(ours['images'], theirs['images'])}"
    if theirs["tasks"] != ours["tasks"]:
        return "its tasks are not those of this study"
    if theirs != ours:
        return "its counts were asked for with other thresholds or cells; send the site the invitation as it is now"
    return None


def _changed(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> str:
    try:
        there = json.loads(theirs["settings"])
    except ValueError:
        there = None
    return _apart(json.loads(ours["settings"]), there) if isinstance(there, dict) else "they cannot be read"


def _apart(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> str:
    """Name the settings that differ, with both values."""
    keys = [key for key in sorted({*ours, *theirs}) if ours.get(key) != theirs.get(key)]
    return listed(f"{key} {theirs.get(key)!r} instead of {ours.get(key)!r}" for key in keys)
