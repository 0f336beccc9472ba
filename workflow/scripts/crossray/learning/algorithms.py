"""Training on several data sets so that models generalise beyond each: CORAL, DANN, GroupDRO.

Each works between data sets of a pooled source, as in DomainBed (Gulrajani and Lopez-Paz, ICLR 2021), without a target.
The plain mean over all images, ``erm``, needs nothing of this.
"""

import itertools
import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from crossray.errors import UserError
from crossray.learning import processes
from crossray.learning.batches import Batch
from crossray.seeds import derived_seed
from crossray.study.training import TrainingRun

#: the loss of a part of a batch, from its logits and labels
Loss = Callable[[Tensor, Tensor], Tensor]

_HIDDEN = 256


class Algorithm(nn.Module):
    """What is minimised instead of the mean over all images.

    Args:
        datasets: of the source.
        width: of the features, which go into the network's last layer.
        weight: how much the algorithm weighs beside the loss.
    """

    def __init__(self, datasets: int, width: int, weight: float) -> None:
        super().__init__()
        self.datasets, self.weight = datasets, weight

    def forward(self, logits: Tensor, features: Tensor, batch: Batch, loss: Loss, progress: float) -> Tensor:
        """Return what is minimised.

        Args:
            logits: shape (images, tasks).
            features: shape (images, width).
            batch: the images, with labels and the number of their data set.
            loss: of logits and labels.
            progress: of the training, 0 to 1.
        """
        raise NotImplementedError


class Coral(Algorithm):
    """Means and covariances of the features of two data sets shall be alike (Sun and Saenko, ECCV 2016).

    Added to the loss is, in the mean of all pairs of data sets in the batch, the mean squared difference of the entries
    of both.
    """

    def forward(self, logits: Tensor, features: Tensor, batch: Batch, loss: Loss, progress: float) -> Tensor:
        """Return the loss and the distance of moments."""
        groups = [features[batch.datasets == number].float() for number in range(self.datasets)]
        moments = [(group.mean(0), group.T.cov()) for group in groups if len(group) > 1]
        distances = [
            (mean - other_mean).pow(2).mean() + (spread - other_spread).pow(2).mean()
            for (mean, spread), (other_mean, other_spread) in itertools.combinations(moments, 2)
        ]
        plain = loss(logits, batch.labels)
        return plain + self.weight * torch.stack(distances).mean() if distances else plain


class Dann(Algorithm):
    """A second network predicts the data set from the features, which try to prevent it (Ganin et al., JMLR 2016).

    The gradient of the second network is reversed on its way into the features, and grows as in that paper:
    2 / (1 + exp(-10 progress)) - 1.
    """

    def __init__(self, datasets: int, width: int, weight: float) -> None:
        super().__init__(datasets, width, weight)
        self.discriminator = nn.Sequential(nn.Linear(width, _HIDDEN), nn.ReLU(), nn.Linear(_HIDDEN, datasets))

    def forward(self, logits: Tensor, features: Tensor, batch: Batch, loss: Loss, progress: float) -> Tensor:
        """Return the loss plus that of predicting the data set."""
        strength = self.weight * (2 / (1 + math.exp(-10 * progress)) - 1)
        told = self.discriminator(_Reversed.apply(features.float(), strength)).float()
        return loss(logits, batch.labels) + nn.functional.cross_entropy(told, batch.datasets)


class _Reversed(torch.autograd.Function):
    """Values as they are, gradients times ``-strength``."""

    @staticmethod
    def forward(context: Any, values: Tensor, strength: float) -> Tensor:
        """Hand on the values."""
        context.strength = strength
        return values.view_as(values)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        """Turn the gradient round."""
        return -context.strength * gradients[0], None


class GroupDro(Algorithm):
    """The data set with the largest loss weighs most (Sagawa et al., ICLR 2020, algorithm 1).

    With each batch the share q of a data set is multiplied by exp(weight x its loss); then all are scaled to sum to 1.
    Minimised is the sum of q x loss.
    """

    def __init__(self, datasets: int, width: int, weight: float) -> None:
        super().__init__(datasets, width, weight)
        self.shares: Tensor
        self.register_buffer("shares", torch.full((datasets,), 1 / datasets))

    def forward(self, logits: Tensor, features: Tensor, batch: Batch, loss: Loss, progress: float) -> Tensor:
        """Return the weighted sum of the losses of the data sets in the batch."""
        here = batch.datasets.unique()
        losses = torch.stack([loss(logits[batch.datasets == n], batch.labels[batch.datasets == n]) for n in here])
        raised = self.shares[here] * torch.exp(self.weight * losses.detach())
        self.shares = self.shares.index_copy(0, here, raised)
        self.shares = self.shares / self.shares.sum()
        return (self.shares[here] * losses).sum()


#: setting -> what it is, and the weight that DomainBed gives it
ALGORITHMS: Mapping[str, tuple[type[Algorithm], float]] = {
    "coral": (Coral, 1.0),
    "dann": (Dann, 1.0),
    "group_dro": (GroupDro, 0.01),
}


def make_algorithm(settings: TrainingRun, datasets: int, network: nn.Module) -> Algorithm | None:
    """Return the algorithm of the settings; none for ``erm`` and for a source of one data set.

    Args:
        settings: those of the training.
        datasets: of the source.
        network: whose features it is about.

    Raises:
        UserError: if the network does not end in a linear layer, or several processes train together.
    """
    name = settings.algorithm
    if name == "erm" or datasets < 2:
        return None
    if processes.count() > 1:
        raise UserError(f"training.algorithm: {name} compares data sets in a batch; train with one process a model")
    kind, weight = ALGORITHMS[name]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derived_seed(settings.seed, "algorithm") % 2**63)
        return kind(datasets, last_layer(network, name).in_features, weight)


def last_layer(network: nn.Module, name: str) -> nn.Linear:
    """Return the layer whose input an algorithm uses.

    Raises:
        UserError: if the network has no linear layer.
    """
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Linear)]
    if not layers:
        raise UserError(f"training.algorithm: {name} needs an architecture that ends in a linear layer")
    return layers[-1]
