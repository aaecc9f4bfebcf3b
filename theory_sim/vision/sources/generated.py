"""Images that are drawn, for trying things out in seconds: each class has a smooth picture, seen shifted and under noise."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from theory_sim.errors import InputError
from theory_sim.numeric.streams import generator
from theory_sim.vision.images import Images, ImageSet
from theory_sim.vision.sources.base import SOURCES, Source

__all__ = ["generate"]

_CLASSES: Final = 4
_SHIFT: Final = 2


def generate(*, train: int = 600, test: int = 400, side: int = 12, channels: int = 3, seed: int = 0) -> ImageSet:
    """Drawn images of four classes.

    Parameters
    ----------
    train, test : int
        Numbers of images.
    side, channels : int
        Shape of each.
    seed : int
    """
    rng = generator(seed, "images", 2)
    coarse = rng.normal(size=(_CLASSES, channels, 4, 4))
    pictures = np.kron(coarse, np.ones((1, 1, -(-side // 4), -(-side // 4))))[..., :side, :side]
    parts = []
    for count in (train, test):
        labels = rng.permutation(np.arange(count) % _CLASSES)
        shifts = rng.integers(-_SHIFT, _SHIFT + 1, (count, 2))
        shifted = np.stack([np.roll(pictures[label], tuple(shift), axis=(1, 2))
                            for label, shift in zip(labels, shifts, strict=True)])
        grey = 128 + 30 * shifted + rng.normal(scale=60.0, size=shifted.shape)
        pixels = np.clip(np.rint(grey), 0, 255).astype(np.uint8).transpose(0, 2, 3, 1)
        parts.append(Images(pixels, labels.astype(np.int64), tuple("ABCD")))
    return ImageSet("generated", *parts)


def _read(path: Path | None) -> ImageSet:
    if path is not None:
        raise InputError(f"path = {str(path)!r} of generated images", "no path: they are drawn", "leave path out",
                         fields=["path"])
    return generate()


SOURCES.add("generated", Source("generated", "drawn images of four classes, for trying things out", "nothing to get", _read))
