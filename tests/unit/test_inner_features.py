"""Images described by the study's own models, as they see them before their last layer."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from crossray.analysis.cells import ModelKey
from crossray.analysis.shift import tables
from crossray.analysis.shift.representation import COMPONENTS, LEAN, RICH, inner_components
from crossray.errors import UserError
from crossray.learning.description import PROJECTED, describe_by_models
from crossray.planning import study_of
from crossray.study.stages.inference import Inference

CPU = torch.device("cpu")
SETTINGS = Inference(batch_size=16, precision="float32")


class Kept:
    """Images in memory."""

    size, channels = 16, 1

    def __init__(self, count):
        self.images = np.random.default_rng(0).integers(0, 256, (count, 16, 16)).astype(np.uint8)

    def take(self, rows):
        return self.images[rows]


def network(width):
    """Return a network whose last layer has so many inputs: the image's pixels, or the first of them."""

    class Body(nn.Module):
        def __init__(self):
            super().__init__()
            self.last = nn.Linear(width, 2)

        def forward(self, images):
            return self.last(images.flatten(1)[:, :width].float())

    return Body()


def test_a_wide_layer_is_projected_alike_everywhere_and_keeps_distances():
    store = Kept(40)
    models = {"net/north": network(256), "net/south": network(10)}
    found = describe_by_models(models, store, np.arange(40), SETTINGS, CPU, 0)
    wide, narrow = (found.filter(like=f"inner {name} ").to_numpy() for name in models)
    assert (wide.shape[1], narrow.shape[1]) == (PROJECTED, 10)
    some = describe_by_models(models, store, np.arange(5, 15), SETTINGS, CPU, 0)
    assert some.to_numpy() == pytest.approx(found.to_numpy()[5:15], rel=1e-5)
    other = describe_by_models(models, store, np.arange(40), SETTINGS, CPU, 1)
    assert not np.allclose(other.filter(like="inner net/north ").to_numpy(), wide)

    def distances(values):
        return np.linalg.norm(values[:, None] - values[None], axis=2)[np.triu_indices(40, 1)]

    kept = distances(wide) / distances(store.images.reshape(40, -1).astype(float))
    assert kept / kept.mean() == pytest.approx(1, abs=0.5)


def described(generator, count, **models):
    columns = {f"inner {name} {i}": values for name, part in models.items() for i, values in enumerate(part.T)}
    return pd.DataFrame(columns | {"encoder 0": generator.normal(size=count)})


def test_components_are_of_each_model_on_one_scale_and_none_of_one_that_diverged():
    generator = np.random.default_rng(0)
    both = {}
    for place, count in (("north", 60), ("south", 50)):
        good, bad = generator.normal(size=(count, 40)) + (place == "south"), generator.normal(size=(count, 40))
        bad[3, 0] = np.nan
        both[place] = described(generator, count, **{"net/north": good, "net/all": bad})
    found = inner_components(both)
    assert {name: list(parts) for name, parts in found.items()} == {"north": ["net/north"], "south": ["net/north"]}
    north, south = (found[name]["net/north"] for name in both)
    assert north.shape == (60, COMPONENTS)
    assert south.shape == (50, COMPONENTS)
    # what both differ in is the first component: each was not centred by itself
    assert abs(north[:, 0].mean() - south[:, 0].mean()) > 3 * north[:, 0].std()
    assert inner_components({"north": both["north"].filter(like="encoder")}) == {"north": {}}


def test_rich_has_the_sources_model_and_the_targets_own_and_lean_neither():
    generator = np.random.default_rng(0)
    inner = {f"net/{name}": generator.normal(size=(20, COMPONENTS)) for name in ("north", "south")}
    looks = {LEAN: generator.normal(size=(20, 3)), RICH: generator.normal(size=(20, 3 + COMPONENTS))}
    place = tables.Described(SimpleNamespace(), np.arange(20), np.arange(20), looks, inner)
    source, own = ModelKey("net", "north"), ModelKey("net", "south")
    both = tables._with_inner(place, [source, own])
    half = COMPONENTS // 2
    assert np.array_equal(both, np.c_[looks[LEAN], inner["net/north"][:, :half], inner["net/south"][:, :half]])
    assert np.array_equal(tables._with_inner(place, [source]), np.c_[looks[LEAN], inner["net/north"]])
    assert np.array_equal(tables._with_inner(place, [ModelKey("vendor", "elsewhere")]), looks[RICH])


def test_a_study_that_trains_no_model_has_none_to_describe_images():
    hospital = {"reader": "simulated", "images": 60}
    study = {"study": "s", "tasks": ["Nodule"], "datasets": {"north": hospital}, "models": {},
             "external": {"e": {"simulated": {}, "home": "north"}}, "explanation": {"encoder": "models"}}  # fmt: skip
    with pytest.raises(UserError, match=r"explanation\.encoder: models are those that this study trains, and it "):
        study_of(study)
