"""Features of all images of a data set from a frozen network, computed once and read by every probe on it.

A file of features holds ``features`` float32 (N, features), contiguous and uncompressed, and ``image_id``, N strings,
in the order of the shards. The record beside it has its digest, and that of the network without its last layer.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from crossray.errors import UserError
from crossray.files import damaged, file_digest, read_json, replacing
from crossray.learning.models import Network, head_names

FORMAT_VERSION = 1

#: images whose logits are computed at a time
_AT_A_TIME = 4096


def last_linear(network: Network) -> tuple[str, nn.Linear]:
    """Return the name in the body, and the layer itself, into which features go.

    Raises:
        UserError: if the network has no linear layer.
    """
    layers = [(name, layer) for name, layer in network.body.named_modules() if isinstance(layer, nn.Linear)]
    if not layers:
        raise UserError("models: probe: this network has no linear layer; choose another architecture")
    return layers[-1]


def probed_layer(network: Network, architecture: str, size: int) -> nn.Linear:
    """Return the layer that a linear probe fits.

    Raises:
        UserError: if it is not all of the network that follows the number of outputs.
    """
    name, layer = last_linear(network)
    if set(head_names(architecture, size)) != {f"{name}.weight", f"{name}.bias"}:
        raise UserError(
            f"models: probe: a {architecture} does not end in a linear layer with an intercept, which is what is "
            "fitted; choose another architecture"
        )
    return layer


def frozen_digest(network: Network) -> str:
    """Return a digest of what features follow from: the input's scale and all weights but the last layer's."""
    name, _ = last_linear(network)
    digest = hashlib.sha256(repr([list(map(float, values)) for values in astuple(network.scale)]).encode())
    for key, value in sorted(network.body.state_dict().items()):
        if key not in (f"{name}.weight", f"{name}.bias"):
            digest.update(f"{key} {tuple(value.shape)} {value.dtype}\0".encode())
            digest.update(value.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def head_logits(layer: nn.Linear, features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return logits (images, outputs) of features (images, features), in float32 on the CPU."""
    layer = layer.cpu().float()
    with torch.inference_mode():
        parts = [
            layer(torch.from_numpy(features[start : start + _AT_A_TIME])).numpy()
            for start in range(0, len(features), _AT_A_TIME)
        ]
    return np.concatenate(parts) if parts else np.empty((0, layer.out_features), np.float32)


def write_features(path: Path, image_ids: Sequence[str], width: int, parts: Iterable[NDArray[np.float32]]) -> None:
    """Write a file of features, whole or not at all.

    Args:
        path: the file.
        image_ids: of all images.
        width: features of an image.
        parts: their features, some images at a time, each of shape (images, width).
    """
    with replacing(path) as partial:
        with h5py.File(partial, "w", locking=False) as file:
            layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            layout.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
            shape = (len(image_ids), width)
            dataset = file.create_dataset("features", shape, "<f4", dcpl=layout, fill_time="never", track_times=False)
            file.create_dataset("image_id", data=np.array(image_ids, dtype=h5py.string_dtype()), track_times=False)
            file.attrs["format_version"] = FORMAT_VERSION
            offset = dataset.id.get_offset()
        # Features go past HDF5, which cannot let go of a file on a full disk.
        with partial.open("r+b") as numbers:
            numbers.seek(offset or 0)
            for part in parts:
                numbers.write(np.ascontiguousarray(part, "<f4").data)


class KeptFeatures:
    """The features of a data set.

    Args:
        record: the JSON file beside them.

    Attributes:
        dataset: name of the data set.
        size: pixels along each side of its images.
        channels: of its images.
        network: digest of the network (:func:`frozen_digest`).
        precision: in which it computed.
        width: features of an image.
        sha256: digest of the file.

    Raises:
        UserError: if the file is missing, or not what the record says.
    """

    def __init__(self, record: Path) -> None:
        facts, path = read_json(record), record.with_suffix(".h5")
        try:
            self.dataset, self.size, self.channels = str(facts["dataset"]), int(facts["size"]), int(facts["channels"])
            self.network, self.precision, self.sha256 = (str(facts[key]) for key in ("network", "precision", "sha256"))
        except (KeyError, TypeError, ValueError) as error:
            raise damaged(record, "is no record of features") from error
        if file_digest(path) != self.sha256:
            raise damaged(path, f"is not what {record.name} says, it was damaged since")
        with h5py.File(path, "r", locking=False) as file:
            names, numbers = file["image_id"].asstr()[:], file["features"]
            self.width, offset, shape = numbers.shape[1], numbers.id.get_offset(), numbers.shape
        self._rows = {name: row for row, name in enumerate(names)}
        self._features = np.memmap(path, "<f4", "r", offset, shape) if shape[0] else np.empty(shape, np.float32)

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self._rows)

    def rows(self, image_ids: Iterable[str]) -> NDArray[np.int64]:
        """Return where images are; -1 for those without features."""
        return np.array([self._rows.get(name, -1) for name in image_ids], dtype=np.int64)

    def take(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the features at ``rows``, float32 of shape (len(rows), width)."""
        return np.asarray(self._features[rows], np.float32)

    def check_network(self, network: Network) -> None:
        """Check that features are those of a network.

        Raises:
            UserError: if they are another's.
        """
        if frozen_digest(network) != self.network:
            raise UserError(
                f"{self.dataset}: these features are of another network; make them again (-R compute_features)"
            )


class JoinedFeatures:
    """The features of several data sets as one: the rows of the second begin where those of the first end, and so on.

    Args:
        stores: at least one, of one network and images of one size.
    """

    def __init__(self, stores: Sequence[KeptFeatures]) -> None:
        self._stores = stores
        self.size, self.channels = stores[0].size, max(store.channels for store in stores)
        self.starts = np.cumsum([0, *(len(store) for store in stores)])[:-1]

    def take(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the features at ``rows``, float32 of shape (len(rows), width)."""
        taken = np.empty((len(rows), self._stores[0].width), np.float32)
        store_of = np.searchsorted(self.starts, rows, side="right") - 1
        for number, store in enumerate(self._stores):
            here = store_of == number
            taken[here] = store.take(rows[here] - self.starts[number])
        return taken


def describe_file(path: Path, **facts: Any) -> dict[str, Any]:
    """Return the record of a file of features: its digest, and facts."""
    return {"sha256": file_digest(path), **facts}
