"""What a run trains on and is tested on: normalised by its training images, with patterns and signs by their streams."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.vision.arms import TOML
from theory_sim.vision import VisionPlan, load_images
from theory_sim.vision.images import split_images
from theory_sim.vision.patch import KINDS, Patterns

PLAN = VisionPlan.from_table(tomllib.loads(TOML))


@pytest.fixture(params=[0, 1])
def prepared(request: pytest.FixtureRequest, torch: Any) -> tuple[int, Any]:
    """A seed and its images."""
    from theory_sim.vision.prepared import prepare

    return request.param, prepare(PLAN, PLAN.arms[0], request.param, load_images("generated"))


def test_held_out_images_are_normalised_by_the_training_images(prepared: tuple[int, Any]) -> None:
    """By mean and deviation of each channel of the clean training images; those of the held-out images are others."""
    seed, data = prepared
    images = load_images("generated")
    pool = split_images(images, {"train": 600 - 64, "tune": 64, "report": 96}, 0)
    trained = split_images(replace(images, train=pool["train"], test=None), {"train": 128}, seed)["train"].scaled(8)
    moments = trained.mean((0, 2, 3), keepdims=True), trained.std((0, 2, 3), keepdims=True)
    held_out = pool["tune"].scaled(8)
    found = data.tests["clean"][0].numpy()
    order = [int(np.argmin(np.abs(found - each).reshape(64, -1).sum(axis=1)))
             for each in (held_out - moments[0]) / moments[1]]
    assert sorted(order) == list(range(64))
    np.testing.assert_allclose(found[order], (held_out - moments[0]) / moments[1], atol=1e-6)
    assert np.abs(found.mean((0, 2, 3))).max() > 1e-4


def _factors(patterns: Patterns, inputs: Any, labels: Any) -> Any:
    """Factor of the class's pattern in each image, read off the patch."""
    rows, columns = PLAN.patch.place(8)
    zeta = patterns.of_class[labels]
    at = inputs[:, :, rows, columns] - patterns.shared
    factors = (at * zeta).sum((1, 2, 3)) / (zeta**2).sum((1, 2, 3))
    np.testing.assert_allclose(at, factors[:, None, None, None] * zeta, atol=1e-5)
    return factors


def test_patterns_are_the_seeds_and_every_set_has_signs_of_its_own(prepared: tuple[int, Any]) -> None:
    """Of 64 images some 32 have the same sign in two sets, to 5 standard deviations."""
    seed, data = prepared
    patterns = Patterns.draw(PLAN.patch, classes=4, channels=3, seed=seed)
    sets = {name: _factors(patterns, *(each.numpy() for each in data.tests[name])) for name in ("mixed", "patch-only")}
    inputs, labels = (each.numpy() for each in data.train)
    patched = data.kinds > 0
    sets["trained"] = np.zeros(len(labels))
    sets["trained"][patched] = _factors(patterns, inputs[patched], labels[patched])
    np.testing.assert_allclose(np.abs(sets["mixed"]), 1.0, atol=1e-5)
    np.testing.assert_allclose(np.abs(sets["trained"][data.kinds == KINDS.index("mixed")]), 1.0, atol=1e-5)
    assert np.ptp(np.abs(sets["patch-only"])) > 1.0
    for one, other in (("mixed", "patch-only"), ("mixed", "trained"), ("patch-only", "trained")):
        signs = sets[one][:64] * sets[other][:64]
        known = signs != 0
        assert abs((signs[known] > 0).sum() - known.sum() / 2) < 2.5 * np.sqrt(known.sum()), (one, other)
