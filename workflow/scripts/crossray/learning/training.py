"""One training: a Lightning module, the best epoch by mean validation AUC, and checkpoints that resume exactly."""

import itertools
import logging
import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as lightning
import torch
from lightning_fabric.plugins.environments import LightningEnvironment, TorchElasticEnvironment
from pytorch_lightning.loggers import TensorBoardLogger
from torch import Tensor, nn

from crossray.errors import UserError
from crossray.learning import processes
from crossray.learning.algorithms import last_layer, make_algorithm
from crossray.learning.batches import Batch, Examples, augmented, ordered_batches, training_batches
from crossray.learning.checkpoints import LAST, RotatedFiles, whole_checkpoints
from crossray.learning.freezing import FrozenLayers
from crossray.learning.hardware import FULL_PRECISION, precision
from crossray.learning.losses import MaskedLoss, SoftmaxLoss
from crossray.learning.models import Network, head_names
from crossray.seeds import derived_seed
from crossray.statistics import auc, class_log_odds
from crossray.study.names import MULTICLASS
from crossray.study.training import TrainingRun

log = logging.getLogger(__name__)

# Lightning's own chatter (devices that are not there, advertisements) would drown the story of the run.
logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
warnings.filterwarnings("ignore", module="pytorch_lightning")


class Classifier(lightning.LightningModule):
    """A network with its loss, its optimiser and its validation AUC, of classes one against the rest.

    Args:
        tasks: names of the outputs.
        labels: of the training split, shape (images, tasks), for weights of tasks and positives.
        settings: those of the training.
        network: it learns in place.
        penalty: what is added to the loss for the network's weights, if anything.
        datasets: how many the source has.
    """

    def __init__(
        self, tasks: Sequence[str], labels: np.ndarray, settings: TrainingRun, network: Network,
        penalty: Callable[[nn.Module], Tensor] | None = None, datasets: int = 1,
    ) -> None:  # fmt: skip
        super().__init__()
        self.tasks, self.settings, self.penalty = list(tasks), settings, penalty
        self.network = network.to(memory_format=torch.channels_last)
        self.exclusive = settings.objective == MULTICLASS
        smoothing = settings.label_smoothing
        self.loss = SoftmaxLoss(smoothing) if self.exclusive else MaskedLoss(labels, settings)
        self.algorithm = make_algorithm(settings, datasets, network)
        self._losses: list[Tensor] = []
        self._validation: list[tuple[Tensor, Tensor]] = []
        self.has_numbers = True

    def configure_optimizers(self) -> Any:
        """Adam with AMSGrad as in the paper's code, at a constant rate or one that falls along a cosine to 0."""
        optimiser = torch.optim.Adam(
            self.parameters(),
            self.settings.learning_rate,
            weight_decay=self.settings.weight_decay,
            amsgrad=True,
            fused=True,
        )
        if self.settings.schedule == "constant":
            return optimiser
        steps = int(self.trainer.estimated_stepping_batches)
        cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": cosine, "interval": "step"}}

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Augment, predict, compare; augmentation and dropout are seeded by epoch and step, whatever came before."""
        place = ("step", str(self.current_epoch), str(batch_idx), *map(str, range(processes.number())))
        torch.manual_seed(derived_seed(self.settings.seed, *place))
        with self._seeing_features() as seen:
            logits = self.network(augmented(batch.images, self.settings.augmentation))
        if self.algorithm:
            progress = self.trainer.global_step / max(int(self.trainer.estimated_stepping_batches), 1)
            loss = self.algorithm(logits, seen[0], batch, self.loss, progress)
        else:
            known = processes.total((~torch.isnan(batch.labels)).sum(0))
            # Gradients are averaged over processes, and these losses are to be added.
            loss = processes.count() * self.loss(logits, batch.labels, known)
        self._losses.append(loss.detach())
        return loss + self.penalty(self.network) if self.penalty else loss

    @contextmanager
    def _seeing_features(self) -> Iterator[list[Tensor]]:
        """Collect the input of the network's last layer, if an algorithm uses it."""
        seen: list[Tensor] = []
        if not self.algorithm:
            yield seen
            return
        layer = last_layer(self.network, type(self.algorithm).__name__)
        hook = layer.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
        try:
            yield seen
        finally:
            hook.remove()

    def on_validation_epoch_start(self) -> None:
        """Start a new list of validation logits."""
        self._validation = []

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Collect logits and labels."""
        self._validation.append((self.network(batch.images).float().cpu(), batch.labels.cpu()))

    def epoch_row(self) -> dict[str, float]:
        """Return the row of ``history.csv`` for the epoch that has just ended; AUCs that are undefined are NaN.

        ``has_numbers`` then says whether all outputs for the validation images are.
        """
        losses, self._losses = torch.stack(processes.gathered(torch.stack(self._losses).cpu())).mean(0), []
        shares = [share for part in processes.gathered(self._validation) for share in part]
        logits, labels = (torch.cat(parts) for parts in zip(*shares, strict=True))
        self.has_numbers = bool(torch.isfinite(logits).all())
        row = {
            "epoch": self.current_epoch + 1,
            "train_loss": float(losses.mean()),
            "validation_loss": float(self.loss(logits.to(self.device), labels.to(self.device))),
        }
        aucs = dict.fromkeys((f"auc {task}" for task in self.tasks), float("nan"))
        if self.has_numbers:
            scores = torch.from_numpy(class_log_odds(logits.numpy())) if self.exclusive else logits
            aucs = {f"auc {task}": _known_auc(labels[:, i], scores[:, i]) for i, task in enumerate(self.tasks)}
        known = [value for value in aucs.values() if not np.isnan(value)]
        return row | {"validation_auc": float(np.mean(known)) if known else float("nan")} | aucs


def _known_auc(labels: Tensor, logits: Tensor) -> float:
    known = ~torch.isnan(labels)
    return auc(labels[known].numpy(), logits[known].numpy())


def _merit(row: Mapping[str, float]) -> tuple[float, float]:
    """Return what epochs are compared by; an AUC that is not defined is below all others."""
    value = row["validation_auc"]
    return (float("-inf") if np.isnan(value) else value, -row["validation_loss"])


class BestEpoch(lightning.Callback):
    """Keeps the history and the weights of the best epoch, inside the checkpoint, and logs a line an epoch.

    Best is the highest mean validation AUC, and of equal ones, as when every image is ranked rightly, the lowest
    validation loss. Where no AUC is defined, the last epoch is the best.

    A training that diverges, whose outputs for the validation images are not numbers after an epoch, ends there. All
    its weights become NaN, so that whatever is computed with them is no number either.

    Attributes:
        history: one row per epoch.
        best: weights of the best epoch.
        best_epoch: its number, from 1; 0 where there is none.
        diverged: the epoch after which outputs were not numbers; 0 where they always were.
        outcome: this in words, with what to change; empty where there is nothing to say.
        has_learnt: whether a step has been made, so that what the training continues from was fit for it.
    """

    def __init__(self) -> None:
        self.outcome = ""
        self.has_learnt = False
        self.history: list[dict[str, float]] = []
        self.best: dict[str, Tensor] = {}
        self.best_epoch = 0
        self.diverged = 0

    def on_train_start(self, trainer: lightning.Trainer, module: lightning.LightningModule) -> None:
        """Check what a checkpoint held, if there was one."""
        self.check(trainer, module)

    def check(self, trainer: lightning.Trainer, module: lightning.LightningModule) -> None:
        """Compare what a checkpoint held of this with what it held of the rest, and the optimiser's with the network's.

        Raises:
            ValueError: if it is of another number of epochs, or of another network.
        """
        assert isinstance(module, Classifier)
        for optimiser in trainer.optimizers:
            for parameter, state in optimiser.state.items():  # the fused one writes past what is too short
                averages = [value for key, value in state.items() if key != "step"]
                if any(value.shape != parameter.shape for value in averages):
                    raise ValueError("the optimiser in the checkpoint is of another network")
        names = module.network.body.state_dict().keys()
        if len(self.history) != trainer.current_epoch or (self.best and self.best.keys() != names):
            raise ValueError("the history in the checkpoint is of another training")

    def on_train_batch_end(self, trainer: lightning.Trainer, *arguments: Any) -> None:
        """Note that a step has been made."""
        self.has_learnt = True

    def on_train_epoch_end(self, trainer: lightning.Trainer, module: lightning.LightningModule) -> None:
        """Compare the epoch with the best so far; stop a training whose outputs are no numbers any more."""
        if self.diverged:  # the last checkpoint of a run that was stopped had it already
            trainer.should_stop = True
            return
        assert isinstance(module, Classifier)
        row = module.epoch_row()
        if not module.has_numbers:
            self._give_up(trainer, module, row)
            return
        before = max(map(_merit, self.history), default=(float("-inf"), 0.0))
        self.history.append(row)
        if _merit(row) > before or before[0] == float("-inf"):
            self.best_epoch = int(row["epoch"])
            self.best = {name: value.detach().cpu().clone() for name, value in module.network.body.state_dict().items()}
        for experiment in trainer.loggers:
            experiment.log_metrics({name: value for name, value in row.items() if name != "epoch"}, int(row["epoch"]))
        log.info(
            "epoch %d of %d: loss %.3f, validation AUC %.3f%s",
            row["epoch"],
            trainer.max_epochs,
            row["train_loss"],
            row["validation_auc"],
            ", best so far" if self.best_epoch == row["epoch"] else "",
        )

    def _give_up(self, trainer: lightning.Trainer, module: Classifier, row: dict[str, float]) -> None:
        """End a diverged training without weights: no epoch of it is usable."""
        self.history.append(row)
        self.diverged, self.best_epoch = int(row["epoch"]), 0
        state = module.network.body.state_dict()
        self.best = {
            name: torch.full_like(value, float("nan")).cpu() if value.is_floating_point() else value.detach().cpu()
            for name, value in state.items()
        }
        trainer.should_stop = True

    def state_dict(self) -> dict[str, Any]:
        """Return what Lightning puts into the checkpoint."""
        kept = {"history": self.history, "best": self.best, "best_epoch": self.best_epoch}
        return kept | {"diverged": self.diverged}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up what the checkpoint held."""
        self.history, self.best = state_dict["history"], state_dict["best"]
        self.best_epoch, self.diverged = state_dict["best_epoch"], state_dict["diverged"]


def train(
    network: Network,
    tasks: Sequence[str],
    training: Examples,
    validation: Examples,
    settings: TrainingRun,
    work: Path,
    device: torch.device,
    tensorboard: Path,
    penalty: Callable[[nn.Module], Tensor] | None = None,
    checkpoint_every: int = 1,
) -> BestEpoch:
    """Train a model, from its newest checkpoint in ``work`` if there is one.

    Several processes train one model together if torchrun starts them; the batch size is that of all together.

    A checkpoint that is whole but cannot be used is passed over for the one before, or the start.

    A run that is killed and started again ends in the same weights as an undisturbed one (on the CPU, with the same
    number of threads): order, augmentation and dropout are seeded by epoch and step, the rest is in the checkpoint.

    Args:
        network: what learns, with the weights it starts from.
        tasks: names of the label columns.
        training: images to learn from.
        validation: images that choose the epoch.
        settings: those of the training.
        work: folder of the checkpoint; it must belong to these settings, this code and these data.
        device: where to compute.
        tensorboard: folder of the TensorBoard log.
        penalty: what is added to the loss for the network's weights, if anything.
        checkpoint_every: epochs between checkpoints.

    Returns:
        The history and the best weights.

    Raises:
        UserError: if a batch has fewer images than there are processes, or layers cannot be frozen as asked.
    """
    if settings.batch_size < processes.count():
        raise UserError(f"training.batch_size: {settings.batch_size} images for {processes.count()} processes")
    started = all(bool(torch.isfinite(value).all()) for value in network.parameters())
    begun = {name: value.detach().clone() for name, value in network.state_dict().items()}
    for checkpoint in itertools.chain(whole_checkpoints(work), [None]):
        if checkpoint:
            log.info("continuing from %s", checkpoint)
        best = BestEpoch()
        try:
            _fit(
                network, tasks, training, validation, settings, work, device, tensorboard, penalty, best, checkpoint,
                checkpoint_every,
            )  # fmt: skip
            break
        except (UserError, torch.OutOfMemoryError):
            raise
        except Exception as error:  # what is in a checkpoint fails in as many ways as there are things in it
            if checkpoint is None or best.has_learnt:
                raise
            log.warning("%s is intact, but cannot be used (%s); it is skipped", checkpoint, type(error).__name__)
            network.load_state_dict(begun)
    if best.diverged:
        best.outcome = _outcome(best.diverged, started, settings)
        log.error("%s: %s. Its cells stay empty (reason D)", work.parent.parent, best.outcome)
    return best


def _fit(
    network: Network, tasks: Sequence[str], training: Examples, validation: Examples, settings: TrainingRun,
    work: Path, device: torch.device, tensorboard: Path, penalty: Callable[[nn.Module], Tensor] | None,
    best: BestEpoch, checkpoint: Path | None, checkpoint_every: int,
) -> None:  # fmt: skip
    """Train from a checkpoint, or from the start; the arguments are those of :func:`train`."""
    datasets = 1 if training.datasets is None else len(np.unique(training.datasets))
    module = Classifier(tasks, training.labels, settings, network, penalty, datasets)
    callbacks: list[lightning.Callback] = [best]
    if settings.freeze:
        head = head_names(settings.architecture, training.store.size)
        callbacks.append(FrozenLayers(network, head, settings.freeze, settings.unfreeze_every))
    keep_last = lightning.callbacks.ModelCheckpoint(
        work, LAST.removesuffix(".ckpt"), save_top_k=1, enable_version_counter=False, save_on_train_epoch_end=True,
        every_n_epochs=checkpoint_every,
    )  # fmt: skip
    trainer = lightning.Trainer(
        accelerator="gpu" if device.type == "cuda" else "cpu",
        precision=precision(settings.precision, device),  # type: ignore[arg-type]
        max_epochs=settings.epochs,
        callbacks=[*callbacks, keep_last],
        plugins=[RotatedFiles(), TorchElasticEnvironment() if processes.count() > 1 else LightningEnvironment()],
        logger=TensorBoardLogger(tensorboard, name=None, version=""),
        enable_progress_bar=os.isatty(2),
        enable_model_summary=False,
        num_sanity_val_steps=0,
        log_every_n_steps=1,
        use_distributed_sampler=False,
        **_share_of_hardware(device),
    )
    trainer.fit(
        module,
        training_batches(training, settings.batch_size, settings.balance, settings.seed),
        ordered_batches(validation, settings.batch_size),
        ckpt_path=str(checkpoint) if checkpoint else None,
    )
    if not best.has_learnt:  # all epochs were in the checkpoint
        best.check(trainer, module)


def _outcome(epoch: int, started: bool, settings: TrainingRun) -> str:
    """Say that a training diverged, when, and what to change."""
    if not started:
        return "diverged at once: the weights that it starts from are not numbers; look where they come from"
    change = f"lower training.learning_rate (it is {settings.learning_rate:g})"
    if settings.precision != FULL_PRECISION:
        change += " or set training.precision to float32"
    return (
        f"diverged: outputs are not numbers after epoch {epoch} of {settings.epochs}; {change} for this model, and "
        "it alone is trained again"
    )


def _share_of_hardware(device: torch.device) -> dict[str, Any]:
    """Return the Trainer's arguments for one process, or for several that train together."""
    together, here = processes.count(), processes.count_here()
    if together == 1:
        return {"devices": [device.index] if device.type == "cuda" else 1}
    return {
        "strategy": "ddp",
        "devices": here,
        "num_nodes": together // here,
        "sync_batchnorm": device.type == "cuda",  # torch has it for GPUs alone
    }
