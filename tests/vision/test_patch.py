"""Splits, scaling and the patch, against their definitions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from theory_sim.errors import InputError
from theory_sim.vision import Patch, load_images
from theory_sim.vision.images import ImageSet, averaging, split_images
from theory_sim.vision.patch import KINDS, Patterns, share_kinds

SIZES = {"train": 200, "tune": 100, "report": 80}


@pytest.mark.parametrize(("many", "few"), [(32, 16), (28, 12), (7, 3), (5, 5)])
def test_averaging_by_a_fine_grid(many: int, few: int) -> None:
    """The slow reference: each pixel is cut into as many as make every area whole."""
    line = np.random.default_rng(0).normal(size=many)
    fine = np.repeat(line, few).reshape(few, many).mean(axis=1)
    np.testing.assert_allclose(averaging(many, few) @ line, fine, rtol=1e-12, atol=1e-12)


def test_scaled_images_keep_their_means() -> None:
    images = load_images("generated").train
    for side in (12, 6, 5):
        found = images.scaled(side)
        assert found.shape == (600, 3, side, side)
        means = images.pixels.mean(axis=(1, 2)) / 255
        np.testing.assert_allclose(found.mean(axis=(2, 3)), means, atol=1e-6)
    with pytest.raises(InputError, match="only scaled down"):
        images.scaled(13)


@pytest.mark.parametrize("whole", [True, False])
def test_splits_are_disjoint_balanced_and_the_same_again(whole: bool) -> None:
    images = load_images("generated")
    if not whole:
        images = ImageSet("x", images.train)
    found = split_images(images, SIZES, seed=3)
    assert {name: len(each) for name, each in found.items()} == SIZES
    assert all(np.ptp(np.bincount(each.labels)) <= 2 for each in found.values())
    rows = [set(each.pixels.reshape(len(each), -1).view("V432").ravel().tolist()) for each in found.values()]
    assert len(set.union(*rows)) == sum(SIZES.values())
    again, other = split_images(images, SIZES, seed=3), split_images(images, SIZES, seed=4)
    assert all(again[name].digest == found[name].digest != other[name].digest for name in SIZES)


def test_too_many_images_are_refused() -> None:
    with pytest.raises(InputError, match=r"train = 590 \+ tune = 100 of 600"):
        split_images(load_images("generated"), {**SIZES, "train": 590}, 0)


def drawn(patch: Patch, n: int = 400, side: int = 12) -> tuple[Patterns, Any, Any, Any, Any]:
    rng = np.random.default_rng(1)
    patterns = Patterns.draw(patch, classes=4, channels=3, seed=0)
    images, labels = rng.normal(size=(n, 3, side, side)).astype(np.float32), rng.integers(0, 4, n)
    kinds = share_kinds(patch.shares(), n, 0)
    return patterns, images, labels, kinds, patterns.apply(images, labels, kinds, 0, 0)


@pytest.mark.parametrize("additive", [False, True])
def test_each_image_is_what_the_law_says(additive: bool) -> None:
    """Image by image, by the formula alone; signs and scales are read off and held against their laws."""
    patch = Patch(size=4, row=1, column=7, amplitude=0.3, additive=additive)
    patterns, images, labels, kinds, found = drawn(patch)
    inside = np.zeros((12, 12), bool)
    inside[1:5, 7:11] = True
    factors: dict[int, list[float]] = {}
    for image, label, kind, made in zip(images, labels, kinds, found, strict=True):
        name = KINDS[kind]
        ground = np.zeros_like(image) if name == "patch-only" else image
        assert np.array_equal(made[:, ~inside], ground[:, ~inside])
        if name == "clean":
            assert np.array_equal(made, image)
            continue
        at = made[:, 1:5, 7:11] - patterns.shared - (ground[:, 1:5, 7:11] if additive else 0.0)
        zeta = patterns.of_class[label]
        factor = float((at * zeta).sum() / (zeta**2).sum())
        np.testing.assert_allclose(at, factor * zeta, atol=2e-6)
        factors.setdefault(kind, []).append(factor)
    mixed, only = (np.array(factors[KINDS.index(name)]) for name in ("mixed", "patch-only"))
    np.testing.assert_allclose(np.abs(mixed), 1.0, atol=1e-5)
    # Signs of 256 images: 128 +- 5 standard deviations; scales uniform up to 1.75, so below 1.75 with a mean near its half.
    assert abs((mixed > 0).sum() - len(mixed) / 2) < 2.5 * np.sqrt(len(mixed))
    assert len(only) == 64 and abs((only > 0).sum() - 32) < 2.5 * np.sqrt(64)
    assert np.abs(only).min() < 0.3 and 1.45 < np.abs(only).max()  # of 64 uniform ones, but with probability 1e-5
    assert np.abs(only).max() < 1.75 + 1e-5 and abs(np.abs(only).mean() - 0.875) < 5 * 1.75 / np.sqrt(12 * len(only))


def test_shares_are_those_of_the_law() -> None:
    counts = np.bincount(share_kinds(Patch().shares(), 1000, 0), minlength=3)
    assert counts.tolist() == [200, 640, 160]
    assert np.bincount(share_kinds(Patch(share_patched=0.0).shares(), 50, 0), minlength=3).tolist() == [50, 0, 0]


def test_the_patch_without_sign_would_be_seen() -> None:
    """Its mean over images of a class tells nothing of the class; without the sign it would tell it."""
    patch = Patch(size=4, amplitude=1.0, share_patched=1.0, share_only=0.0)
    patterns, _, labels, _, found = drawn(patch, n=4000)
    rows, columns = patch.place(12)
    for label in range(4):
        mean = found[labels == label][:, :, rows, columns].mean(axis=0) - patterns.shared
        share = float((mean * patterns.of_class[label]).sum() / (patterns.of_class[label] ** 2).sum())
        assert abs(share) < 5 / np.sqrt((labels == label).sum())


def test_patterns_have_their_sizes() -> None:
    patterns = Patterns.draw(Patch(size=20, amplitude=0.3), classes=10, channels=3, seed=0)
    assert abs(patterns.shared.std() - 1.25) < 5 * 1.25 / np.sqrt(2 * 1200)
    assert 0.29 < np.abs(patterns.of_class).max() <= 0.3 and abs(patterns.of_class.std() - 0.3 / np.sqrt(3)) < 0.01


@pytest.mark.parametrize("fields", [{"size": 0}, {"share_patched": 1.1}, {"amplitude": -0.1}, {"gaussian": float("nan")}])
def test_a_patch_that_makes_no_sense_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=next(iter(fields))):
        replace(Patch(), **fields)


@pytest.mark.parametrize("fields", [{"size": 13}, {"row": 9}, {"column": -1}])
def test_a_patch_outside_of_the_image_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="inside of the image") as refused:
        replace(Patch(size=4), **fields).place(12)
    assert ("in the centre of an image of 12 x 12" in str(refused.value)) == ("size" in fields)
