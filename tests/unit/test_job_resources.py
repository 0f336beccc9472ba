"""What jobs ask for follows from the study: threads of a training from the pixels of a batch."""

import pytest

from crossray.job_resources import Loads
from crossray.planning import plan_of

HOSPITALS = {name: {"reader": "simulated", "public": True, "images": 60} for name in ("north", "south")}


def loads(**more):
    """Return the loads of a study of two hospitals."""
    made, data = plan_of({"study": "s", "tasks": ["Effusion"], "datasets": HOSPITALS} | more)
    return Loads(made, data.releases)


@pytest.mark.parametrize(("size", "batch", "threads"), [(48, 32, 1), (64, 64, 3), (224, 2, 2), (224, 64, 8)])
def test_trainings_whose_batches_are_small_leave_processors_to_others(size, batch, threads):
    asked = loads(images={"size": size}, training={"batch_size": batch})
    assert asked.training_threads("resnet50") == threads
    in_colour = loads(images={"size": size, "colour": "rgb"}, training={"batch_size": batch})
    assert in_colour.training_threads("resnet50") >= threads


def test_threads_of_a_training_are_those_of_its_model():
    models = {"few": {"training": {"batch_size": 2}}, "many": {"training": {"batch_size": 256}}}
    asked = loads(images={"size": 64}, models=models)
    assert (asked.training_threads("few"), asked.training_threads("many")) == (1, 8)
