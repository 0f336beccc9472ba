"""One network with one output per data set and task, to compare their weight vectors.

Cohen et al. 2020, section 6: every output uses the same features and is trained only on its own data set, so two
vectors of one task differ as far as its meaning differs between the data sets. A penalty on their distance (same
section) separates relevant from irrelevant differences.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from crossray.errors import UserError
from crossray.learning.batches import Examples
from crossray.learning.source import Source


def with_own_outputs(source: Source) -> tuple[Source, pd.DataFrame]:
    """Give each data set an output of its own for each of its tasks.

    Returns:
        The source with one label column an output, NaN for images of other data sets; and the outputs, one row each
        with dataset and task: those with a positive and a negative among the data set's own training images.
    """
    datasets = source.training.datasets
    assert datasets is not None
    kept = []
    for number, dataset in enumerate(source.datasets):
        own = source.training.labels[datasets == number]
        for column, task in enumerate(source.tasks):
            if {0.0, 1.0} <= set(np.unique(own[:, column])):
                kept.append((number, column, dataset, task))
    training, validation = (_spread(part, kept) for part in (source.training, source.validation))
    outputs = pd.DataFrame([(dataset, task) for _, _, dataset, task in kept], columns=["dataset", "task"])
    names = list(outputs["dataset"] + ": " + outputs["task"])
    return Source(source.datasets, names, source.notes, training, validation), outputs


def _spread(examples: Examples, kept: Sequence[tuple[int, int, str, str]]) -> Examples:
    """Return the examples with one label column for each (number of a data set, column, ...)."""
    labels = np.full((len(examples.rows), len(kept)), np.nan, np.float32)
    for output, (number, column, _, _) in enumerate(kept):
        own = examples.datasets == number
        labels[own, output] = examples.labels[own, column]
    return replace(examples, labels=labels)


def output_weights(network: nn.Module, outputs: int) -> Tensor:
    """Return the weight vectors of the last linear layer, shape (outputs, features).

    Raises:
        UserError: if the network does not end in a linear layer.
    """
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Linear) and layer.out_features == outputs]
    if not layers:
        raise UserError("shared_heads: this architecture does not end in a linear layer; choose another one")
    return layers[-1].weight


def distance_penalty(tasks: Sequence[str], weight: float) -> Callable[[nn.Module], Tensor]:
    """Return the penalty of section 6: the mean distance of a task's vectors, summed over tasks, times ``weight``.

    Args:
        tasks: the task of each output; a task with one output costs nothing.
        weight: of the penalty in the loss.
    """
    groups = [np.flatnonzero(np.array(tasks) == task) for task in dict.fromkeys(tasks)]
    shared = [torch.from_numpy(group) for group in groups if len(group) > 1]

    def penalty(network: nn.Module) -> Tensor:
        vectors = output_weights(network, len(tasks)).float()
        distances = [nn.functional.pdist(vectors[group.to(vectors.device)]).mean() for group in shared]
        return weight * torch.stack(distances).sum() if distances else vectors.new_zeros(())

    return penalty
