"""Near-duplicates: planted copies are found, other patients are not, and odd collections do not explode."""

import io

import cv2
import numpy as np
import pandas as pd
import PIL.Image
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from crossray.datasets import duplicates
from crossray.datasets.duplicates import SIMILAR, Descriptors, concatenate, describe, find_duplicates, threshold
from crossray.datasets.hospital import patients
from crossray.datasets.phantom import render
from crossray.study.hospital import Hospital

SETTINGS = Hospital(images=60, seed=3, several_images=0)


@pytest.fixture(scope="module")
def films():
    """Return phantoms of sixty patients, 64 x 64, with noise that makes each its own."""
    generator = np.random.default_rng(0)
    drawn = []
    for patient in patients("p", SETTINGS):
        image = render(patient.anatomy, patient.severities, "PA", (64, 64), generator)[0]
        noise = cv2.resize(generator.normal(0, 0.08, (24, 24)), (64, 64), interpolation=cv2.INTER_CUBIC)
        drawn.append((255 * np.clip(image + noise, 0, 1)).round().astype(np.uint8))
    return np.array(drawn)


def compressed(image):
    buffer = io.BytesIO()
    PIL.Image.fromarray(image).save(buffer, "JPEG", quality=50)
    return np.array(PIL.Image.open(buffer))


def rescaled(image):
    small = cv2.resize(image, (40, 40), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (64, 64), interpolation=cv2.INTER_CUBIC)


def cropped(image):
    """Leave out a hundredth of each side."""
    large = cv2.resize(image, (1000, 1000), interpolation=cv2.INTER_CUBIC)
    return cv2.resize(large[10:-10, 10:-10], (64, 64), interpolation=cv2.INTER_AREA)


def windowed(image):
    first, last = np.percentile(image, (5, 95))
    return (255 * np.clip((image - first) / (last - first), 0, 1)).round().astype(np.uint8)


def rounded_otherwise(image):
    off = np.random.default_rng(0).integers(-1, 2, image.shape)
    return np.clip(image.astype(int) + off, 0, 255).astype(np.uint8)


COPIES = {
    "exact": lambda image: image,
    "compressed": compressed,
    "rescaled": rescaled,
    "inverted": lambda image: 255 - image,
    "inverted and compressed": lambda image: compressed(255 - image),
    "gamma": lambda image: (255 * (image / 255) ** 1.4).round().astype(np.uint8),
    "windowed": windowed,
    "rounded otherwise": rounded_otherwise,
    "cropped": cropped,
}


@pytest.mark.parametrize("name", COPIES)
def test_every_planted_copy_is_found_and_nothing_else(films, name):
    copies = np.array([COPIES[name](image) for image in films[:20]])
    found = find_duplicates(concatenate([describe(films), describe(copies)]))
    assert sorted(zip(found["first"], found["second"], strict=True)) == [(n, 60 + n) for n in range(20)]
    assert set(found["kind"]) == {"exact" if name == "exact" else "near"}
    assert found["inverted"].eq("inverted" in name).all()
    assert found["similarity"].between(SIMILAR, 1).all()


def test_films_of_different_patients_are_no_duplicates(films):
    assert find_duplicates(describe(films)).empty


def framed(films):
    """Brighten films and put them into a black frame, two pixels wide."""
    images = films // 2 + 120
    images[:, :2] = images[:, -2:] = images[:, :, :2] = images[:, :, -2:] = 0
    return images


def shaded(films):
    """Put strong slow waves under weak films."""
    wave = np.sin(np.linspace(0, 9, 64))
    return (films / 3 + 85 + 80 * np.outer(wave, wave)).astype(np.uint8)


@pytest.mark.parametrize(("changed", "most"), [(framed, 0.7), (shaded, 0.8)])
def test_what_all_films_share_makes_nobody_alike(films, changed, most):
    patterns = describe(changed(films)).patterns.astype(float)
    assert np.triu(patterns @ patterns.T, 1).max() < most


def test_the_order_of_images_decides_nothing(films):
    stack = np.concatenate([films, films[:5], np.array([compressed(image) for image in films[5:30]])])
    order = np.random.default_rng(1).permutation(len(stack))

    def pairs(images, names):
        found = find_duplicates(describe(images))
        ends = (frozenset(pair) for pair in names[found[["first", "second"]].to_numpy()])
        return set(zip(ends, found["kind"], found["similarity"], found["inverted"], strict=True))

    assert len(pairs(stack, np.arange(len(stack)))) == 30
    assert pairs(stack, np.arange(len(stack))) == pairs(stack[order], order)


def test_nor_does_it_where_hundreds_are_alike():
    generator = np.random.default_rng(0)
    patterns = 9 * generator.normal(0, 1, 100) + generator.normal(0, 2.5, (500, 100))
    patterns = (patterns / np.linalg.norm(patterns, axis=1, keepdims=True)).astype(np.float16)
    digests = generator.integers(0, 2**63, (500, 2)).astype(np.uint64)
    patterns[250:] = patterns[:250] + generator.normal(0, 0.002, (250, 100)).astype(np.float16)
    order = generator.permutation(500)
    found = find_duplicates(Descriptors(digests, patterns))
    turned = find_duplicates(Descriptors(digests[order], patterns[order]))
    assert len(found) > 200
    ends = np.sort(order[turned[["first", "second"]].to_numpy()], axis=1)
    assert set(map(tuple, ends)) == set(map(tuple, found[["first", "second"]].to_numpy()))


@pytest.mark.parametrize("size", [1, 7])
def test_the_batches_decide_nothing(films, size):
    together = describe(films)
    batches = concatenate([describe(films[start : start + size]) for start in range(0, len(films), size)])
    np.testing.assert_array_equal(batches.digests, together.digests)
    np.testing.assert_array_equal(batches.patterns, together.patterns)


@pytest.mark.parametrize("common", [0.0, 3.0])
def test_no_pair_escapes_however_alike_all_images_are(common):
    """Of 5,000 descriptions 200 are planted again, just within the threshold, some negated."""
    generator = np.random.default_rng(0)
    frequencies = 300

    def unit(vectors):
        return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)

    own = generator.normal(0, 1, (5000, frequencies)) + common * generator.normal(0, 1, frequencies)
    similar = threshold(unit(own).astype(np.float32)) + 0.01
    noise = generator.normal(0, 1, (200, frequencies))
    originals = unit(own[:200])
    noise -= (noise * originals).sum(axis=1, keepdims=True) * originals
    copies = similar * originals + np.sqrt(1 - similar**2) * unit(noise)
    copies[::20] *= -1
    patterns = np.concatenate([unit(own), copies]).astype(np.float16)
    found = find_duplicates(Descriptors(np.arange(10400, dtype=np.uint64).reshape(5200, 2), patterns))
    planted = set(zip(range(200), range(5000, 5200), strict=True))
    hits = found[[pair in planted for pair in zip(found["first"], found["second"], strict=True)]]
    assert len(hits) == 200
    assert (hits["inverted"] == (hits["first"] % 20 == 0)).all()
    assert len(found) == len(hits)


@pytest.mark.parametrize("spread", [0.0, 0.4, 3.0])
def test_the_pairs_that_are_compared_in_full_are_few_and_all_that_are_alike(monkeypatch, spread):
    """Descriptions near a few directions, so that some are alike; ``spread`` is how unevenly the rest is spread."""
    generator = np.random.default_rng(0)
    centres = generator.normal(0, 1, (300, 120))
    weights = np.exp(-spread * np.arange(120) / 10)
    patterns = (centres[generator.integers(0, 300, 900)] + 0.28 * generator.normal(0, 1, (900, 120))) * weights
    patterns *= generator.choice([-1, 1], (900, 1)) / np.linalg.norm(patterns, axis=1, keepdims=True)
    patterns = patterns.astype(np.float16).astype(np.float32)
    monkeypatch.setattr(duplicates, "_BLOCK", 64)
    found = np.concatenate([np.stack(pair, axis=1) for pair in duplicates._candidates(patterns, SIMILAR)])
    exact = np.abs(patterns.astype(float) @ patterns.T.astype(float))
    alike = set(zip(*np.nonzero(np.triu(exact, 1) >= SIMILAR), strict=True))
    assert len(alike) > 50
    pairs = list(map(tuple, found))
    assert len(set(pairs)) == len(pairs)
    assert alike <= set(pairs)
    assert spread > 1 or len(pairs) < len(patterns) ** 2 / 10


def test_links_that_are_collected_in_parts_are_those_of_all(films, monkeypatch):
    generator = np.random.default_rng(0)
    patterns = describe(films).patterns[generator.integers(0, 60, 400)]
    patterns = patterns + generator.normal(0, 0.004, patterns.shape).astype(np.float16)
    described = Descriptors(generator.integers(0, 2**63, (400, 2)).astype(np.uint64), patterns)
    whole = find_duplicates(described)
    monkeypatch.setattr(duplicates, "_MOST_LINKS", 10)
    monkeypatch.setattr(duplicates, "_BLOCK", 32)
    assert len(whole) > 300
    pd.testing.assert_frame_equal(find_duplicates(described), whole)


def test_inversion_negates_the_description(films):
    one, other = (describe(images).patterns.astype(float) for images in (films, 255 - films))
    assert ((one * other).sum(axis=1) < -0.98).all()


def test_a_monotone_change_of_grey_levels_hardly_changes_the_description(films):
    levels = np.sort(np.random.default_rng(2).choice(256, 256)).astype(np.uint8)
    one, other = (describe(images).patterns.astype(float) for images in (films, levels[films]))
    assert (one * other).sum(axis=1).min() > SIMILAR


def test_where_unrelated_images_are_alike_the_threshold_rises():
    generator = np.random.default_rng(0)

    def collection(common):
        patterns = generator.normal(0, 1, (1000, 200)) + common * generator.normal(0, 1, 200)
        return (patterns / np.linalg.norm(patterns, axis=1, keepdims=True)).astype(np.float32)

    assert threshold(collection(0)) == SIMILAR
    alike = collection(3.5)
    products = alike @ alike.T
    np.fill_diagonal(products, 0)
    assert products.max() > SIMILAR
    assert products.max() < threshold(alike) <= 0.99
    digests = generator.integers(0, 2**63, (1000, 2)).astype(np.uint64)
    assert find_duplicates(Descriptors(digests, alike)).empty


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_images(films, count):
    assert find_duplicates(describe(films[:count])).empty


def test_images_without_structure_are_only_equal_or_not():
    flat = np.stack([np.full((64, 64), grey, np.uint8) for grey in (0, 0, 7, 255)])
    assert (describe(flat).patterns == 0).all()
    found = find_duplicates(describe(flat))
    assert found[["first", "second", "kind"]].to_numpy().tolist() == [[0, 1, "exact"]]


def test_thousands_of_equal_or_nearly_equal_images_give_a_chain_and_not_all_pairs(films):
    equal = find_duplicates(describe(np.repeat(films[:1], 3000, axis=0)))
    assert len(equal) == 2999
    assert (equal["first"] == 0).all()
    generator = np.random.default_rng(0)
    patterns = np.repeat(describe(films[:1]).patterns, 1000, axis=0)
    digests = generator.integers(0, 2**63, (1000, 2)).astype(np.uint64)
    nearly = find_duplicates(Descriptors(digests, patterns))
    assert len(nearly) == 999
    graph = coo_array((np.ones(999), (nearly["first"], nearly["second"])), shape=(1000, 1000))
    assert connected_components(graph, directed=False)[0] == 1
