"""A film of 2500 x 2048 pixels to 224 px: each transfer syntax, one core and two, beside what others do.

CrossRay is timed through ``convert``, the whole of it: reading, decoding in a process that may die, resizing, writing
the shard. The peers return an array and write nothing; the codec alone gets the frame's bytes and returns stored
values, in this process, so that it also shows what the other process costs. The floor reads the file, copies its pixels
and shrinks them in the fastest way that OpenCV has, which is not exact, and knows nothing of DICOM.
"""

import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import cv2
import films
import numpy as np
import pandas as pd
import pydicom
from measuring import Row, interleaved, missing, one_core
from numpy.typing import NDArray

from crossray import codecs, native_pixels, pixel_data, streams
from crossray.area import area_means
from crossray.datasets.conversion import convert, settle_process
from crossray.study.stages.convert_shard import ConvertShard

SIZE = 224
REPETITIONS = 5
#: images in a timed shard; a shard of a data set has 2,000, so what a shard costs once must not weigh
IN_A_SHARD = {"raw": 128, "RLE": 64}
IN_A_SLOW_SHARD = 8
ON_CORES = 60


def convert_copies(path: Path, copies: int, shard: Path) -> None:
    """Convert a film several times into one shard."""
    settle_process()
    images = pd.DataFrame({"image_id": [f"i{n}" for n in range(copies)], "path": path.name, "file": path.name})
    settings = ConvertShard(size=SIZE, fit="crop", colour="grey", burnt_in="reject", burnt_in_areas=(), shards=1)
    assert convert(images, path.parent, "films", settings, shard).empty


def with_scikit_image(path: Path) -> NDArray:
    """Convert as is usual with pydicom and scikit-image."""
    from pydicom.pixels import apply_modality_lut, apply_voi_lut
    from skimage.transform import resize

    header = pydicom.dcmread(path)
    grey = apply_voi_lut(apply_modality_lut(header.pixel_array, header), header).astype(np.float32)
    top = (grey.shape[0] - grey.shape[1]) // 2
    small = resize(grey[top : top + grey.shape[1]], (SIZE, SIZE), anti_aliasing=True)
    return np.clip(255 * small / (2**header.BitsStored - 1), 0, 255).astype(np.uint8)


def with_torchxrayvision(path: Path) -> NDArray:
    """Convert with torchxrayvision's own reader, crop and resize."""
    from torchxrayvision.datasets import XRayCenterCrop, XRayResizer
    from torchxrayvision.utils import read_xray_dcm

    return XRayResizer(SIZE)(XRayCenterCrop()(read_xray_dcm(path)[None]))


def floor(path: Path) -> NDArray:
    """Read a file of plain pixels and shrink them."""
    count = films.ROWS * films.COLUMNS
    stored = np.fromfile(path, np.uint16, count, offset=path.stat().st_size - 2 * count)
    top = (films.ROWS - films.COLUMNS) // 2
    return two_stages(stored.reshape(films.ROWS, films.COLUMNS).copy()[top : top + films.COLUMNS])


def two_stages(square: NDArray) -> NDArray:
    """Shrink 2048 pixels by the whole factor 4, which is quick, then by the rest."""
    half = cv2.resize(square, (512, 512), interpolation=cv2.INTER_AREA)
    return cv2.resize(half, (SIZE, SIZE), interpolation=cv2.INTER_AREA)


def measure(folder: Path) -> Iterator[Row]:
    """Time every syntax, then one core against two, then say how far resized pixels are from the exact mean."""
    warnings.simplefilter("ignore")
    settle_process()  # which also helps the floor and the peers
    peers: dict[str, Callable[[Path], NDArray]] = {}
    if not missing("skimage"):
        peers["pydicom and scikit-image"] = with_scikit_image
        if not missing("torchxrayvision", "imageio"):
            peers["torchxrayvision"] = with_torchxrayvision
    files = {syntax: films.write_film(folder / f"{number}.dcm", syntax) for number, syntax in enumerate(films.SYNTAXES)}
    for syntax, path in files.items():
        yield Row(f"{syntax}, file", "", [path.stat().st_size / 1e6], "MB")
        names = list(peers) if syntax == "raw" else [name for name in peers if name != "torchxrayvision"]
        with one_core():
            rows = list(_each_image(syntax, path, folder, {name: partial(peers[name], path) for name in names}))
        yield from rows
    yield from _cores(files["raw"], folder)
    yield from _errors()


def _each_image(syntax: str, path: Path, folder: Path, peers: dict[str, Callable[[], object]]) -> Iterator[Row]:
    """Time the conversion of an image; quick contenders do several in a row, for a time that can be trusted."""
    several = IN_A_SHARD.get(syntax, IN_A_SLOW_SHARD)
    quick: dict[str, Callable[[], object]] = {"CrossRay": partial(convert_copies, path, several, folder / "shard.h5")}
    if syntax == "raw":
        quick["floor"] = partial(_repeatedly, partial(floor, path), several)
    else:
        quick["codec alone"] = partial(_repeatedly, _codec(path, syntax), several)
    counts = dict.fromkeys(quick, several)
    yield from interleaved(syntax, quick | peers, REPETITIONS, counts)


def _codec(path: Path, syntax: str) -> Callable[[], NDArray]:
    """Return what decodes a film's frame within this process."""
    header, element = pixel_data.read_file(path)
    content = bytes(pixel_data.frame(element, is_run_length=syntax == "RLE"))
    if syntax == "RLE":
        return partial(native_pixels.run_length, header, content)
    return partial(codecs.decode_stream, content, streams.describe(content), convert=False)


def _repeatedly(call: Callable[[], object], times: int) -> None:
    for _ in range(times):
        call()


def _cores(path: Path, folder: Path) -> Iterator[Row]:
    """Time two shards, one after the other in one process and side by side in two."""
    with ProcessPoolExecutor(2) as pool:

        def one() -> None:
            pool.submit(_both, path, folder).result()

        def two() -> None:
            for done in [pool.submit(convert_copies, path, ON_CORES, folder / f"{n}.h5") for n in range(2)]:
                done.result()

        yield from interleaved(
            "raw, on cores",
            {"one core": one, "two cores": two},
            REPETITIONS,
            dict.fromkeys(("one core", "two cores"), 2 * ON_CORES),
        )


def _both(path: Path, folder: Path) -> None:
    for number in range(2):
        convert_copies(path, ON_CORES, folder / f"{number}.h5")


def _errors() -> Iterator[Row]:
    """Compare ways to shrink with the mean over each pixel's area, in grey levels of 255; low to high is over films."""
    ways: dict[str, Callable[[NDArray], NDArray]] = {
        "CrossRay": lambda square: area_means(square, SIZE, SIZE),
        "OpenCV, one stage": lambda square: cv2.resize(square, (SIZE, SIZE), interpolation=cv2.INTER_AREA),
        "OpenCV, two stages": two_stages,
    }
    largest: dict[str, list[float]] = {name: [] for name in ways}
    for seed in range(3):
        square = films.film(16, films.COLUMNS, films.COLUMNS, seed)
        weights = np.clip(
            np.minimum(np.arange(1, 2049), (np.arange(SIZE)[:, None] + 1) * 2048 / SIZE)
            - np.maximum(np.arange(2048), np.arange(SIZE)[:, None] * 2048 / SIZE),
            0,
            None,
        )
        exact = weights @ square.astype(np.float64) @ weights.T / (2048 / SIZE) ** 2
        for name, shrink in ways.items():
            largest[name].append(float(np.abs(shrink(square).astype(np.float64) - exact).max()) / 257)
    for name, values in largest.items():
        yield Row("largest error of the resize", name, values, "grey levels of 255")
