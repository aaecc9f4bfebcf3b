"""Training and held-out images of one run, as tensors: drawn, normalised, with the patch where its kind has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from theory_sim.arrays import Array
from theory_sim.errors import InputError
from theory_sim.numeric.streams import generator
from theory_sim.vision.images import Images, ImageSet, split_images
from theory_sim.vision.patch import KINDS, Patterns, share_kinds
from theory_sim.vision.plan import Arm, VisionPlan

__all__ = ["Prepared", "prepare"]

_POOL_SEED = 0
"""Of the partition into images for training, tuning and reporting, which all seeds share."""


@dataclass(frozen=True)
class Prepared:
    """Images of a run.

    Attributes
    ----------
    train : pair of Tensor
        Inputs (n, channels, side, side) and labels of the training images.
    kinds : (n,) array of int
        Position in `KINDS` of each.
    tests : mapping
        Held-out inputs and labels by kind: the same images clean and with the patch, and patches alone.
    classes : int
    """

    train: tuple[Any, Any]
    kinds: Array
    tests: Mapping[str, tuple[Any, Any]]
    classes: int


def prepare(plan: VisionPlan, arm: Arm, seed: int, images: ImageSet) -> Prepared:
    """Draw a run's images.

    Raises
    ------
    InputError
        If there are too few.
    """
    data = plan.data
    fixed = {"tune": data.tune, "report": data.report}
    held_out = sum(fixed.values()) if images.test is None else data.tune
    if data.train + held_out > len(images.train):
        raise InputError(f"train = {data.train} beside {held_out} held-out images of {len(images.train)}",
                         "disjoint images for training, tuning and reporting", "lower one of these",
                         fields=["data.train", "data.tune", "data.report"])
    if plan.training.batch > data.train:
        raise InputError(f"batch = {plan.training.batch} of train = {data.train} images", "at least one batch an epoch",
                         "lower batch, or raise train", fields=["training.batch", "data.train"])
    pool = split_images(images, {"train": len(images.train) - held_out, **fixed}, _POOL_SEED)
    chosen = split_images(ImageSet(images.name, pool["train"]), {"train": data.train}, seed)["train"]
    height, width = chosen.pixels.shape[1:3]
    if data.side is None and height != width:
        raise InputError(f"images of {height} x {width} pixels", "square images, or a side that all are scaled down to",
                         f"give data.side, such as {min(height, width)}", fields=["data.side"])
    pixels = chosen.scaled(data.side)
    mean, deviation = (getattr(pixels, name)(axis=(0, 2, 3), keepdims=True) for name in ("mean", "std"))
    if not (deviation > 0).all():
        raise InputError("training images of which a channel is the same everywhere", "images that differ",
                         "check the data", fields=["data.source"])
    plan.patch.place(pixels.shape[-1])
    patterns = Patterns.draw(plan.patch, classes=len(chosen.classes), channels=pixels.shape[1], seed=seed)
    clean = dict.fromkeys(KINDS, 0.0) | {KINDS[0]: 1.0}
    kinds = share_kinds(plan.patch.shares() if arm.patch else clean, len(chosen), seed)
    trained = patterns.apply((pixels - mean) / deviation, chosen.labels, kinds, seed, 0)
    evaluated = pool[data.evaluate].take(_mixed_up(pool[data.evaluate], seed))
    tests = {}
    normal = (evaluated.scaled(data.side) - mean) / deviation
    for number, name in enumerate(KINDS):
        of_kind = np.full(len(evaluated), number)
        tests[name] = _tensors(patterns.apply(normal, evaluated.labels, of_kind, seed, 1 + number), evaluated)
    return Prepared(_tensors(trained, chosen), kinds, tests, len(chosen.classes))


def _mixed_up(images: Images, seed: int) -> Array:
    """An order in which the first images are of all classes."""
    order: Array = generator(seed, "images", 3).permutation(len(images))
    return order


def _tensors(pixels: Array, images: Images) -> tuple[Any, Any]:
    return torch.from_numpy(np.ascontiguousarray(pixels, dtype=np.float32)), torch.from_numpy(images.labels.astype(np.int64))
