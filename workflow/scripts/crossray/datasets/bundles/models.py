"""The model that a site trained and sends in its bundle, as a coordinator takes it."""

from pathlib import Path
from typing import Any

from crossray.datasets.bundles.sealing import OpenedBundle
from crossray.errors import UserError, listed
from crossray.study.external import PHOTOGRAPH
from crossray.study.stages.take_model import TakeModel

#: what a bundle says of its model -> the key of the configuration that says it
_KEYS = {"architecture": "architecture", "size": "images.size", "channels": "input.channels", "range": "input.range"}


def sent_weights(opened: OpenedBundle, path: Path, settings: TakeModel) -> bytes:
    """Return the weights that a site sent, once its bundle says that they are of the network that is configured.

    Args:
        opened: the bundle, whose signature is right.
        path: its file, for messages.
        settings: what the coordinator takes.

    Raises:
        UserError: if the bundle is another site's, has no model, or one of another kind.
    """
    said = opened.says["model"]
    if opened.says["site"] != settings.site:
        raise UserError(
            f"{path}: is of the site {opened.says['site']!r}, and the model's home is {settings.site!r}; name that "
            "site's bundle"
        )
    if opened.model is None:
        raise UserError(
            f"{path}: carries no model, as its site did not allow it (bundle.model in its configuration); ask the "
            "site, or leave the model out"
        )
    for key, name in _KEYS.items():
        ours, theirs = _shown(getattr(settings, key)), _shown(said[key])
        if ours != theirs:
            raise UserError(f"{path}: its model has {name} {theirs}, and this study says {ours}; set it to {theirs}")
    outputs = {task: place for place, task in enumerate(said["tasks"])}
    if wrong := [f"{task}: {place}" for task, place in settings.tasks.items() if outputs.get(task) != place]:
        known = listed((f"{task}: {place}" for task, place in outputs.items()), 20)
        raise UserError(f"{path}: its model has no output {listed(wrong)}; what it has is {known}")
    return opened.model


def _shown(value: Any) -> str:
    """Write a value as configurations do."""
    if value is None:
        return PHOTOGRAPH
    return f"[{', '.join(f'{end:g}' for end in value)}]" if isinstance(value, list | tuple) else str(value)
