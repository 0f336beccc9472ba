"""What a job asks for follows the size of the data."""

import re

import pytest
import yaml

from helpers import ROOT

pytestmark = pytest.mark.workflow


def asked(checkout, images, rule):
    """Return memory (MB) and time (minutes) that jobs of a rule ask for, where hospitals have so many images."""
    study = yaml.safe_load((ROOT / "tests/workflow/tiny.yaml").read_text())
    for hospital in study["datasets"].values():
        hospital["images"] = images
        hospital["shards"] = max(2, images // 2000)
    study["images"]["size"] = 224
    study["training"]["epochs"] = 100
    checkout.write("tiny.yaml", yaml.safe_dump(study))
    block = checkout.snakemake("-n").split(f"rule {rule}:")[1].split("\n\n")[0]
    return tuple(int(re.search(rf"\b{name}=(\d+)", block).group(1)) for name in ("mem_mb", "runtime"))


def test_memory_and_time_follow_the_number_of_images(checkout):
    for rule in ("train_model", "predict"):
        small, large = asked(checkout, 60, rule), asked(checkout, 100_000, rule)
        pixels = 100_000 * 224 * 224 / 1e6
        assert large[0] - small[0] > pixels / 2 - 2, rule
        assert large[1] > small[1], rule
    assert asked(checkout, 100_000, "train_model")[1] > 100 * 100_000 / 300 / 60  # 300 images a second
    # A shard has 2,000 images, so a conversion asks for the same whatever the release's size.
    assert asked(checkout, 100_000, "convert_shard") == asked(checkout, 200_000, "convert_shard")
