"""Models with training settings of their own, sweeps spelt out, and weights that come from other models."""

import pytest

from crossray.errors import UserError
from crossray.planning import study_of
from crossray.study.models import OtherModel
from crossray.study.trained_models import expand_sweeps, origins

SOURCES = ["north", "south"]


def models(**blocks):
    """Return the models of a study of two hospitals, sweeps expanded."""
    datasets = {name: {"reader": "simulated", "public": True, "images": 60} for name in SOURCES}
    study = study_of({"study": "s", "tasks": ["Effusion"], "datasets": datasets, "models": blocks,
                     "training": {"epochs": 7, "augmentation": {"rotation": 3}}})  # fmt: skip
    return expand_sweeps(study)


def test_a_model_has_the_studys_settings_but_for_its_own():
    made = models(a={}, b={"training": {"epochs": 2, "augmentation": {"scale": 0.5}}, "sources": ["south"]})
    assert made["a"].training.epochs == 7
    assert made["a"].sources == tuple(SOURCES)
    assert made["b"].sources == ("south",)
    assert made["b"].training.as_dict() == made["a"].training.as_dict() | {
        "epochs": 2, "augmentation": {"rotation": 3, "translation": 0.15, "scale": 0.5, "contrast": 0}}  # fmt: skip


def test_a_sweep_is_every_combination():
    made = models(net={"sweep": {"learning_rate": [1e-5, 0.1], "images": [20, None]}, "training": {"epochs": 1}})
    assert list(made) == ["net-learning_rate-1e-05-images-20", "net-learning_rate-1e-05-images-all",
                          "net-learning_rate-0.1-images-20", "net-learning_rate-0.1-images-all"]  # fmt: skip
    point = made["net-learning_rate-0.1-images-20"]
    assert (point.training.learning_rate, point.training.images, point.training.epochs) == (0.1, 20, 1)
    assert (point.sweep, point.point) == ("net", {"learning_rate": 0.1, "images": 20})
    assert models(net={})["net"].point == {}


def test_weights_come_from_other_models():
    made = models(a={"sources": ["north"]}, b={"weights": {"from": "a", "source": "north"}},
                  c={"weights": {"from": "b", "source": "south"}})  # fmt: skip
    assert origins(made, "c") == [OtherModel(from_="b", source="south"), OtherModel(from_="a", source="north")]
    assert origins(made, "a") == []


@pytest.mark.parametrize(
    ("blocks", "words"),
    [
        ({"a": {"sweep": {"learning_rat": [1]}}}, "models.a.training: unknown key learning_rat; allowed are"),
        ({"a": {"sweep": {"epochs": [0]}}}, "models.a.training.epochs: 0 is less than the minimum of 1"),
        ({"a": {"training": {"loss": "hinge"}}}, "'hinge' is not one of cross_entropy, focal, asymmetric"),
        ({"a": {"sources": ["east"]}}, "models.a.sources: 'east' is not a source; allowed are north, south"),
        ({"a": {"sweep": {"epochs": [1]}}, "a-epochs-1": {}}, "two models are called 'a-epochs-1'"),
        ({"a": {"weights": {"from": "b", "source": "north"}}}, "models.a.weights.from: 'b' is not a model of this"),
        ({"a": {"weights": 3}}, "3 is not allowed; it may be a text, nothing, or a block with from and source"),
        ({"a": {"sources": ["north"]}, "b": {"weights": {"from": "a", "source": "south"}}},
         "models.b.weights.source: a is not trained on 'south'; it is on north"),
        ({"a": {"architecture": "resnet18"}, "b": {"weights": {"from": "a", "source": "south"}}},
         "a is a resnet18, b is a resnet50"),
        ({"a": {"weights": {"from": "b", "source": "north"}}, "b": {"weights": {"from": "a", "source": "north"}}},
         "a would start from itself"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told_with_its_key(blocks, words):
    with pytest.raises(UserError) as told:
        models(**blocks)
    assert words in str(told.value)
