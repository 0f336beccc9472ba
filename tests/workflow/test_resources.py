"""What a job asks for follows the size of the data."""

import re

import pytest
import yaml

from helpers import ROOT

pytestmark = pytest.mark.workflow


def asked(checkout, images):
    """Return memory (MB) and time (minutes) that jobs of each rule ask for, where hospitals have so many images."""
    study = yaml.safe_load((ROOT / "tests/workflow/tiny.yaml").read_text())
    for hospital in study["datasets"].values():
        hospital["images"] = images
        hospital["shards"] = max(2, images // 2000)
    study["images"]["size"] = 224
    study["training"]["epochs"] = 100
    checkout.write("tiny.yaml", yaml.safe_dump(study))
    plan = checkout.snakemake("-n")
    blocks = {
        rule: plan.split(f"rule {rule}:")[1].split("\n\n")[0] for rule in ("train_model", "predict", "convert_shard")
    }
    return {rule: tuple(int(re.search(rf"\b{name}=(\d+)", block).group(1)) for name in ("mem_mb", "runtime"))
            for rule, block in blocks.items()}  # fmt: skip


def test_memory_and_time_follow_the_number_of_images(checkout):
    small, large, larger = (asked(checkout, images) for images in (60, 100_000, 200_000))
    for rule in ("train_model", "predict"):
        pixels = 100_000 * 224 * 224 / 1e6
        assert large[rule][0] - small[rule][0] > pixels / 2 - 2, rule
        assert large[rule][1] > small[rule][1], rule
    assert large["train_model"][1] > 100 * 100_000 / 300 / 60  # 300 images a second
    # A shard has 2,000 images, so a conversion asks for the same whatever the release's size.
    assert large["convert_shard"] == larger["convert_shard"]
