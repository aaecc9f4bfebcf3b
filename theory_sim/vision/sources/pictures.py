"""Image files, read by Pillow."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from theory_sim.arrays import Array
from theory_sim.memory import available_bytes, fits, refuse
from theory_sim.vision.extra import require_pillow

__all__ = ["read_picture", "stack_pictures"]


def read_picture(file: Any) -> Array:
    """Pixels (height, width, 3) of a file, or of a path, in red, green and blue.

    Raises
    ------
    ValueError
        If a pixel has more than a byte a channel: Pillow would cut it off at 255.
    Exception
        Nearly any, if it is broken, or so large that Pillow takes it for an attack.
    """
    library = require_pillow()
    with warnings.catch_warnings():
        warnings.simplefilter("error", library.DecompressionBombWarning)
        with library.open(file) as image:
            if image.mode.startswith(("I", "F")):
                raise ValueError(f"pixels of more than 8 bits (mode {image.mode})")
            return np.array(image.convert("RGB"), np.uint8)


def stack_pictures(count: int, read: Callable[[int], Array], what: str, wrong: Callable[[int, str], Exception]) -> Array:
    """Pictures of one shape as one array (count, height, width, 3).

    Parameters
    ----------
    count : int
    read : callable
        Pixels of the picture of a number; called in order.
    what : str
        What they are, for messages.
    wrong : callable
        The number of a picture that has another shape than the first, and what is wrong, to an exception.

    Raises
    ------
    MemoryRefusedError
        If they do not fit into memory, before any but the first is read.
    Exception
        What ``wrong`` makes.
    """
    first = read(0)
    # All of them, and a copy of those that are scaled down or looked at.
    needed, there = 2.0 * count * first.nbytes, available_bytes()
    if not fits(needed, there):
        refuse(f"{what}: {count} images of {first.shape[0]} x {first.shape[1]} pixels", needed, there,
               ["store them scaled down", "give fewer"])
    found = np.empty((count, *first.shape), np.uint8)
    found[0] = first
    for number in range(1, count):
        picture = read(number)
        if picture.shape != first.shape:
            sizes = [" x ".join(map(str, each.shape[:2])) for each in (picture, first)]
            raise wrong(number, f"{sizes[0]} pixels, others have {sizes[1]}")
        found[number] = picture
    return found
