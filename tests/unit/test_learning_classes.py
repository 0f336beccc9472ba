"""Learning classes of which an image has one, in colour, from small images: known answers and properties."""

import numpy as np
import pytest
import torch

from crossray import manifest
from crossray.errors import UserError
from crossray.files import write_json
from crossray.images import load_square
from crossray.learning.batches import augmented
from crossray.learning.initialisation import initial_network
from crossray.learning.losses import SoftmaxLoss
from crossray.learning.models import PHOTOGRAPH_SCALE, build_model, load_model, save_weights
from crossray.learning.source import load_source
from crossray.learning.training import BestEpoch, _merit
from crossray.shards import ImageStore, shard_entry, write_shard
from crossray.statistics import class_log_odds
from crossray.study.names import MULTICLASS
from crossray.study.training import Augmentation, Start, TrainingRun


def test_the_loss_is_that_of_torch_and_adds_up_over_parts():
    torch.manual_seed(0)
    logits, numbers = torch.randn(7, 4), torch.randint(0, 4, (7,))
    labels = torch.nn.functional.one_hot(numbers, 4).float()
    whole = SoftmaxLoss()(logits, labels)
    assert torch.allclose(whole, torch.nn.functional.cross_entropy(logits, numbers))
    parts = [SoftmaxLoss()(logits[part], labels[part], torch.full((3,), 7)) for part in (slice(3), slice(3, 7))]
    assert torch.allclose(sum(parts), whole)


def test_log_odds_are_the_softmax_and_do_not_saturate():
    logits = np.random.default_rng(0).normal(size=(50, 5)) * 4
    softmax = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    odds = class_log_odds(logits)
    assert np.allclose(1 / (1 + np.exp(-odds)), softmax, atol=1e-12)
    assert (odds.argmax(axis=1) == logits.argmax(axis=1)).all()
    assert np.allclose(class_log_odds(logits + 1000.0), odds)  # the softmax does not see a constant
    sure = class_log_odds(np.array([[90.0, 0.0, 0.0], [100.0, 0.0, 0.0]]))[:, 0]
    assert sure == pytest.approx([90 - np.log(2), 100 - np.log(2)])
    assert class_log_odds(np.array([[2.0, -1.0]])).tolist() == [[3.0, -3.0]]


def learning(*classes):
    """Return what a source is told of a training."""
    return TrainingRun(architecture="resnet18", tasks=classes, objective=MULTICLASS)


def classed(names, labelled):
    """Return an edit of a made table that gives images classes in turn, of which some are labelled."""

    def edit(table):
        for name in names:
            table[name] = 0.0
        for row in table.index:
            table.loc[row, names[row % len(names)]] = 1.0
        for name in set(names) - set(labelled):
            del table[name]
        rows = table[labelled].sum(axis=1) == 0
        table.loc[rows, labelled] = np.nan

    return edit


def test_images_of_other_classes_are_left_out_and_counted(make_dataset):
    folder = make_dataset("north", images=90, tasks=("A",), edit=classed(["A", "B", "C"], ["A", "B"]))
    paths = [folder / "manifest.parquet"], [folder / "32px/index.json"]
    source = load_source(*paths, learning("A", "B", "C"))
    assert source.tasks == ["A", "B"]
    assert (source.training.labels.sum(axis=1) == 1).all()
    table = manifest.read(paths[0][0])
    left = (table["split"] == "train") & table["A"].isna()
    assert f"{left.sum()} images of the train split are of other classes, or of none known" in source.notes
    assert len(source.training.rows) == ((table["split"] == "train") & ~left).sum()
    with pytest.raises(UserError, match=r"images of one class alone \(A\); it takes two"):
        load_source(*paths, learning("A", "C"))


def test_a_class_that_one_of_two_data_sets_lacks_is_none_of_its_images(make_dataset):
    folders = [make_dataset("north", images=60, tasks=("A",), edit=classed(["A", "B"], ["A", "B"])),
               make_dataset("south", images=60, tasks=("B",), edit=classed(["B", "C"], ["B", "C"]))]  # fmt: skip
    paths = [[folder / name for folder in folders] for name in ("manifest.parquet", "32px/index.json")]
    source = load_source(*paths, learning("A", "B", "C"))
    assert source.tasks == ["A", "B", "C"]
    assert (source.training.labels.sum(axis=1) == 1).all()
    assert not np.isnan(source.training.labels).any()


def test_of_equal_aucs_the_lower_loss_is_better_and_none_is_the_worst():
    rows = [{"validation_auc": auc, "validation_loss": loss}
            for auc, loss in ((float("nan"), 0.1), (0.9, 0.5), (1.0, 0.4), (1.0, 0.2))]  # fmt: skip
    assert sorted([rows[2], rows[0], rows[3], rows[1]], key=_merit) == rows
    assert BestEpoch().best_epoch == 0


@pytest.mark.parametrize("architecture", ["resnet18", "wide_resnet50_2"])
def test_a_small_stem_keeps_the_size_and_loads_again(tmp_path, architecture):
    model = build_model(architecture, 3, 32, PHOTOGRAPH_SCALE, "small").eval()
    assert model.body.conv1.kernel_size == (3, 3)
    seen = []
    model.body.layer1.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0].shape[2:]))
    images = torch.randint(0, 256, (2, 32, 32, 3), dtype=torch.uint8)
    logits = model(images)
    assert seen == [(32, 32)]
    save_weights(tmp_path / "w", model.body.state_dict(), list("abc"), architecture, 32, model.scale, "small")
    again, tasks, size = load_model(tmp_path / "w")
    assert torch.equal(again(images), logits)
    assert (tasks, size) == (list("abc"), 32)


def test_a_small_stem_is_for_resnets():
    with pytest.raises(UserError, match="stem: small is for ResNets and wide ResNets of torchvision; leave it out for"):
        build_model("vgg11", 3, 32, stem="small")


def test_colour_goes_through_as_each_of_its_channels_alone():
    torch.manual_seed(1)
    grey = torch.randint(0, 256, (4, 16, 16), dtype=torch.uint8)
    coloured = torch.stack([grey, grey // 2, 255 - grey], dim=3)
    moved = []
    for images in (grey, coloured[..., 1], coloured):
        torch.manual_seed(2)
        moved.append(augmented(images, Augmentation(rotation=30, translation=0.2, scale=0.1)))
    assert moved[2].shape == (4, 16, 16, 3)
    assert torch.allclose(moved[2][..., 0], moved[0])
    assert torch.allclose(moved[2][..., 1], moved[1])
    scaled = build_model("resnet18", 2, 32, PHOTOGRAPH_SCALE).scaled(coloured)
    assert scaled.shape == (4, 3, 16, 16)
    assert torch.allclose(scaled[:, 1], (coloured[..., 1] / 255 - 0.456) / 0.224, atol=1e-5)


def test_networks_get_as_many_channels_as_the_images_have(tmp_path):
    settings = Start(architecture="resnet18")
    assert initial_network(settings, 2, 32, None, 3).scale == PHOTOGRAPH_SCALE
    torch.save(build_model("resnet18", 2, 32).body.state_dict(), tmp_path / "grey.pt")
    with pytest.raises(UserError, match=r"are for greyscale images; set images\.colour to grey"):
        initial_network(settings, 2, 32, tmp_path / "grey.pt", 3)


def test_colours_are_kept_in_shards_and_grey_is_grey_in_all_three(tmp_path, write_picture, write_dicom):
    pixels = np.zeros((40, 40, 3), np.uint8)
    pixels[:, :20] = (200, 100, 50)
    square = load_square(write_picture(pixels), 20, colour="rgb")
    assert square.shape == (20, 20, 3)
    assert square[10, 2].tolist() == [200, 100, 50]
    assert load_square(write_picture(pixels[:20]), 20, fit="pad", colour="rgb")[0].max() == 0
    radiograph = load_square(write_dicom(pixels[..., 0]), 20, colour="rgb")
    assert (radiograph == radiograph[..., :1]).all()
    assert radiograph[10, 2].tolist() == [200, 200, 200]
    shard = tmp_path / "shards/0000.h5"
    write_shard(shard, [square, radiograph], ["a", "b"], 20, {"dataset": "d"}, channels=3)
    write_json(tmp_path / "index.json", {"dataset": "d", "size": 20, "images": 2, "shards": [shard_entry(shard)]})
    store = ImageStore(tmp_path / "index.json")
    assert (store.shape, store.channels) == ((20, 20, 3), 3)
    assert np.array_equal(store.take(np.array([1, 0])), [radiograph, square])


@pytest.fixture
def write_picture(tmp_path):
    import PIL.Image

    def write(pixels):
        PIL.Image.fromarray(pixels).save(tmp_path / "picture.png")
        return tmp_path / "picture.png"

    return write
