"""Checkouts share conversions through Snakemake's cache, never a wrong or an old one, and nobody else reads them."""

import h5py
import pandas as pd
import pytest
import yaml

from workflow_helpers import copy_workflow

pytestmark = [pytest.mark.workflow, pytest.mark.whole]

STUDY = {
    "study": "tiny", "tasks": ["Effusion"], "images": {"size": 32},
    "datasets": {"north": {"reader": "simulated", "images": 12, "shards": 2, "appearance": {"rows": 64}}},
    "models": {"small": {"architecture": "resnet18"}},
}  # fmt: skip


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """Return a cache that only its owner can enter."""
    folder = tmp_path_factory.mktemp("cache")
    folder.chmod(0o700)
    return folder


@pytest.fixture(scope="module")
def first(tmp_path_factory, cache):
    """Return a checkout that has filled the cache."""
    return converted(tmp_path_factory.mktemp("first"), cache)


def converted(folder, cache, *changes):
    """Convert a small data set in a new checkout with the cache, after changes to it."""
    made = copy_workflow(folder)
    made.write("tiny.yaml", yaml.safe_dump(STUDY | {"private": str(cache.parent / "private")}))
    for change in changes:
        made.change(*change)
    made.output = made.snakemake("convert", "--cache", SNAKEMAKE_OUTPUT_CACHE=str(cache))
    return made


def files(checkout, pattern):
    return {path.relative_to(checkout.folder): path for path in (checkout.folder / "results").rglob(pattern)}


def test_every_image_is_in_the_shard_that_the_cache_gives(first):
    stored = []
    for path in sorted(files(first, "*.h5")):
        assert (first.folder / path).is_symlink()
        with h5py.File(first.folder / path) as file:
            stored += list(file["image_id"].asstr()[:])
    manifest = pd.read_parquet(first.folder / "results/datasets/north/manifest.parquet")
    assert stored == list(manifest["image_id"])


def test_a_second_checkout_converts_nothing(first, cache, tmp_path):
    second = converted(tmp_path / "second", cache)
    assert first.output.count("Moving output file") == 2 * (1 + 2)
    assert "Moving output file" not in second.output
    for pattern in ("*.h5", "manifest.parquet"):
        assert {name: path.resolve() for name, path in files(first, pattern).items()} == {
            name: path.resolve() for name, path in files(second, pattern).items()
        }
    assert "Nothing to be done" in second.snakemake("-n", "convert")


def test_changed_code_and_settings_get_nothing_old(first, cache, tmp_path):
    code = ("workflow/scripts/crossray/grey_levels.py", "GREY_MAX = 65535", "GREY_MAX = 65534 + 1")
    assert converted(tmp_path / "code", cache, code).output.count("Moving output file") == 2 * 2
    size = ("tiny.yaml", "size: 32", "size: 40")
    other = converted(tmp_path / "size", cache, size)
    assert other.output.count("Moving output file") == 2 * 2
    old = {path.resolve() for path in files(first, "*.h5").values()}
    assert not old & {path.resolve() for path in files(other, "*.h5").values()}


def test_a_folder_that_others_can_enter_is_refused(first, tmp_path):
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o755)
    output = first.snakemake("-n", "convert", "--cache", check=False, SNAKEMAKE_OUTPUT_CACHE=str(tmp_path / "open"))
    assert "can be entered by others, who could read the images and identifiers of north. Close it" in output
    public = yaml.safe_load((first.folder / "tiny.yaml").read_text())
    public["datasets"]["north"]["public"] = True
    first.write("public.yaml", yaml.safe_dump(public))
    first.snakemake("-n", "convert", "--cache", study="public.yaml", SNAKEMAKE_OUTPUT_CACHE=str(tmp_path / "open"))
