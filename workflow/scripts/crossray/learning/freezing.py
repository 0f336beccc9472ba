"""Frozen layers, temporarily or permanently."""

import difflib

import pytorch_lightning as lightning
from torch import nn

from crossray.errors import UserError, listed
from crossray.learning import processes
from crossray.learning.models import Network

#: the name for all layers but the head
BACKBONE = "backbone"


class FrozenLayers(lightning.Callback):
    """Freezes a network's first layers, and lets go of one after another, from the last, if asked to.

    Batch normalisation of a frozen layer uses and keeps the statistics it came with: those of a batch would change what
    the frozen weights compute.

    Args:
        network: its parameters are frozen at once.
        head: names of the body's weights that belong to the head.
        until: the name of the last layer to freeze, or :data:`BACKBONE`.
        unfreeze_every: after each so many epochs one more layer learns; 0 for none.

    Raises:
        UserError: if there is no layer of that name, if nothing is left to learn, or if layers are to be let go
            in a training of several processes.
    """

    def __init__(self, network: Network, head: list[str], until: str, unfreeze_every: int = 0) -> None:
        if unfreeze_every and processes.count() > 1:
            raise UserError("models: unfreeze_every is for trainings in one process; leave it out, or use one GPU")
        self.body, self.every = network.body, unfreeze_every
        self.frozen = self._names_until(head, until)
        self.layers = _layers(self.frozen)
        self._set(0)

    def _names_until(self, head: list[str], until: str) -> list[str]:
        """Return the parameters up to a layer, in the order in which the network has them."""
        names = [name for name, _ in self.body.named_parameters()]
        if until == BACKBONE:
            return [name for name in names if name not in head]
        inside = [place for place, name in enumerate(names) if name.startswith(f"{until}.")]
        if not inside:
            layers = sorted({name.rpartition(".")[0] for name in names} | {name.split(".")[0] for name in names})
            near = difflib.get_close_matches(until, layers, n=8, cutoff=0.4) or layers
            raise UserError(f"models: freeze: no layer {until!r}; allowed are {BACKBONE} and, near it, {listed(near)}")
        if max(inside) == len(names) - 1:
            raise UserError(f"models: freeze: nothing is left to learn after {until!r}, the last layer")
        return names[: max(inside) + 1]

    def _set(self, epoch: int) -> None:
        """Freeze what is frozen in an epoch, from 0 on."""
        free = epoch // self.every if self.every else 0
        held = {name for layer in self.layers[: max(0, len(self.layers) - free)] for name in layer}
        for name, parameter in self.body.named_parameters():
            parameter.requires_grad_(name not in held)
        for module in self.body.modules():
            own = list(module.parameters(recurse=False))
            if isinstance(module, nn.modules.batchnorm._NormBase) and own and not any(p.requires_grad for p in own):
                module.eval()

    def on_train_epoch_start(self, trainer: lightning.Trainer, module: lightning.LightningModule) -> None:
        """Freeze again, as Lightning puts all layers in training mode, but for what is let go by now."""
        self._set(trainer.current_epoch)


def _layers(names: list[str]) -> list[list[str]]:
    """Group parameters by the outermost modules that give more than two groups."""
    for depth in range(1, 4):
        groups: dict[str, list[str]] = {}
        for name in names:
            groups.setdefault(".".join(name.split(".")[:-1][:depth]), []).append(name)
        if len(groups) > 2:
            break
    return list(groups.values())
