"""A trained model that is applied to image files: ``crossray.load_model``."""

from collections.abc import Iterable, Sequence
from os import PathLike
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from scipy.special import expit, softmax

from crossray.analysis.metrics import calibrated
from crossray.datasets.conversion import load_image
from crossray.errors import UnusableImageError, UserError, listed
from crossray.learning.attribution import METHODS, attribute
from crossray.learning.models import is_ours
from crossray.learning.models import load_model as load_network
from crossray.remarks import counted
from crossray.shell.logits import logits_of
from crossray.shell.recalibration import Lines
from crossray.shell.trained import Facts, facts_of, find_trained
from crossray.study.names import MULTICLASS
from crossray.study.stages.attribute_images import STEPS

#: columns of predictions
COLUMNS = ["file", "task", "logit", "probability", "recalibrated", "calibrated", "threshold", "positive", "note"]


class Model:
    """A trained model.

    Args:
        folder: of a trained model, ``results/STUDY/models/MODEL/SOURCE/SEED``, or one that ``crossray export`` wrote.

    Attributes:
        facts: what is known of it: tasks, size of images, thresholds, training data.

    Raises:
        UserError: if there is no model, or a file of it is damaged.
    """

    def __init__(self, folder: str | PathLike[str]) -> None:
        trained = find_trained(Path(folder))
        self.facts: Facts = facts_of(trained)
        if not is_ours(trained.weights):
            raise UserError(f"{trained.weights}: not the weights of a CrossRay model")
        self._network, tasks, _ = load_network(trained.weights)
        if tuple(tasks) != self.facts.tasks:
            raise UserError(f"{trained.weights}: of the tasks {listed(tasks)}, the files beside it name others")

    @property
    def tasks(self) -> tuple[str, ...]:
        """The findings or classes, in the order of the outputs."""
        return self.facts.tasks

    def predict(self, files: Iterable[str | PathLike[str]], at: str | None = None) -> pd.DataFrame:
        """Apply the model to image files, in float32.

        Args:
            files: DICOM, by their content, or PNG and JPEG by their endings; each is converted as the study's images
                were.
            at: data set of the model's study whose validation images say what a logit means; by default its source.

        Returns:
            One row a file and task, in their order: ``file``; ``task``; ``logit``; ``probability``, its sigmoid, or
            for classes the softmax; ``recalibrated``, the probability by those validation images (Platt 1999), missing
            for classes and where a task has fewer than ten positives or negatives among them; ``calibrated``, from 0
            to 1 with the threshold at 0.5 (Cohen et al. 2020, equation 2); ``threshold``, as a logit; ``positive``,
            whether the logit is at least that; ``note``, what was irregular about the file, or why it could not be
            used, in which case there are no numbers. Without a threshold, as before a study is evaluated, the three
            columns that need it are missing values.

        Raises:
            UserError: if nothing was fitted at ``at``.
        """
        lines = self._lines(at)
        names = [Path(file) for file in files]
        parts = [self._read(name) for name in names]
        usable = [pixels for pixels, _ in parts if pixels is not None]
        logits = logits_of(self._network, np.stack(usable)) if usable else np.empty((0, len(self.tasks)), np.float32)
        rows = np.full((len(names), len(self.tasks)), np.nan)
        rows[[pixels is not None for pixels, _ in parts]] = logits
        return self._table(names, rows, [note for _, note in parts], lines)

    def _lines(self, at: str | None) -> Lines:
        """Return the intercept and slope of each task that was recalibrated at a data set."""
        known = self.facts.recalibrated
        if at is not None and at not in known:
            raise UserError(
                f"the model is recalibrated for {listed(known) or 'no data set'}, not for {at!r}: that needs a data "
                "set of its study with ten validation images of each kind"
            )
        return known.get(at or self.facts.source, {})

    def evidence(self, file: str | PathLike[str], task: str, method: str = "grad_cam") -> NDArray[np.float32]:
        """Say where in an image the evidence for a finding is.

        Args:
            file: an image file, as for :meth:`predict`.
            task: the finding.
            method: ``grad_cam``, ``integrated_gradients`` or ``input_gradients``.

        Returns:
            Shape (size, size), of the image as the model sees it (:meth:`pixels`), 0 to 1 at its maximum.

        Raises:
            UserError: if the file cannot be used, the model has no such task, there is no such method, or grad_cam
                does not fit the network.
        """
        return self.evidence_in(self.pixels(file), task, method)

    def evidence_in(self, pixels: NDArray[np.uint8], task: str, method: str = "grad_cam") -> NDArray[np.float32]:
        """Return :meth:`evidence` in an image as the model sees it (:meth:`pixels`), which may be asked about more."""
        if task not in self.tasks:
            raise UserError(f"the model has no task {task!r}; it has {listed(self.tasks, 20)}")
        if method not in METHODS:
            raise UserError(f"there is no method {method!r}; there are {', '.join(METHODS)}")
        images = torch.from_numpy(pixels[None])
        return attribute(self._network, images, self.tasks.index(task), method, STEPS)[0].numpy()

    def pixels(self, file: str | PathLike[str]) -> NDArray[np.uint8]:
        """Return an image as the model sees it: levels 0 to 255, shape (size, size), or (size, size, 3) in colour.

        Raises:
            UserError: if the file cannot be used.
        """
        pixels, note = self._read(Path(file))
        if pixels is None:
            raise UserError(f"{file}: {note}")
        return pixels

    def _read(self, file: Path) -> tuple[NDArray[np.uint8] | None, str]:
        """Return an image as the model sees it, and what is to be said of its file."""
        with counted() as remarks:
            try:
                pixels = load_image(file, self.facts.conversion())
            except UnusableImageError as error:
                return None, str(error)
        return pixels, "; ".join(sorted(remarks))

    def _table(
        self, names: Sequence[Path], logits: NDArray[np.float64], notes: Sequence[str], lines: Lines
    ) -> pd.DataFrame:  # fmt: skip
        """Return predictions, a row a file and task."""
        count = len(self.tasks)
        multiclass = self.facts.objective == MULTICLASS
        table = pd.DataFrame({"file": np.repeat([str(name) for name in names], count)})
        table["task"] = np.tile(np.array(self.tasks, object), len(names))
        table["logit"] = logits.ravel()
        table["probability"] = (softmax(logits, axis=1) if multiclass and len(logits) else expit(logits)).ravel()
        intercepts, slopes = np.array([lines.get(task, (np.nan, np.nan)) for task in self.tasks]).reshape(-1, 2).T
        table["recalibrated"] = expit(intercepts + slopes * logits).ravel()
        limits = np.array([self.facts.thresholds.get(task, np.nan) for task in self.tasks])
        scaled = [calibrated(column, limit) for column, limit in zip(logits.T, limits, strict=True)]
        table["calibrated"] = np.array(scaled).T.ravel()
        table["threshold"] = np.tile(limits, len(names))
        known = table["logit"].notna() & table["threshold"].notna()
        table["positive"] = (table["logit"] >= table["threshold"]).astype("boolean").mask(~known)
        table["note"] = np.repeat(np.array(list(notes), object), count)
        return table[COLUMNS]
