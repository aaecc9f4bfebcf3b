"""Fashion-MNIST, or other data in the IDX files of MNIST, packed by gzip or not (Xiao, Rasul and Vollgraf 2017)."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Final

import numpy as np

from theory_sim.arrays import Array
from theory_sim.errors import InputError
from theory_sim.vision.images import Images, ImageSet
from theory_sim.vision.sources.base import SOURCES, Source, missing, read_bytes, unreadable

__all__ = ["DEBIAN", "parse_idx"]

DEBIAN: Final = Path("/usr/share/datasets/fashion-mnist")
"""Where Debian's package dataset-fashion-mnist has it."""
_GET: Final = ("apt-get install dataset-fashion-mnist (Debian, Ubuntu), or the four files of "
               "https://github.com/zalandoresearch/fashion-mnist in a folder: path = \"that folder\"")
_WHAT: Final = "a folder with train-images-idx3-ubyte, train-labels-idx1-ubyte and the same of t10k, each plain or .gz"
_NAMES: Final = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
_BYTES: Final = 8
"""The code of unsigned bytes in the third byte of such a file."""


def parse_idx(data: bytes, dimensions: int) -> Array:
    """The array in an IDX file of unsigned bytes.

    Raises
    ------
    ValueError
        If it is none, of another number of dimensions, or of another length than it says.
    """
    head = 4 + 4 * dimensions
    if len(data) < head or data[:4] != bytes([0, 0, _BYTES, dimensions]):
        raise ValueError(f"no IDX file of unsigned bytes in {dimensions} dimensions: it begins with {data[:4].hex(' ')}")
    shape = [int(size) for size in np.frombuffer(data[4:head], ">u4")]
    if len(data) - head != math.prod(shape):
        raise ValueError(f"{len(data) - head} bytes after the head for {' x '.join(map(str, shape))}")
    return np.frombuffer(data, np.uint8, offset=head).reshape(shape)


def _read(path: Path | None) -> ImageSet:
    folder = DEBIAN if path is None else path
    if not folder.is_dir():
        raise missing(folder, _WHAT, _GET)
    parts = [_part(folder, prefix) for prefix in ("train", "t10k")]
    return ImageSet(_SOURCE.name, *parts)


def _part(folder: Path, prefix: str) -> Images:
    pixels = _array(folder, f"{prefix}-images-idx3-ubyte", 3)
    labels = _array(folder, f"{prefix}-labels-idx1-ubyte", 1)
    try:
        return Images(pixels[..., None], labels.astype(np.int64), _NAMES)
    except InputError as error:
        raise unreadable(folder, f"{prefix}: {error.found}", error.rule, _GET) from None


def _array(folder: Path, name: str, dimensions: int) -> Array:
    path = next((each for each in (folder / name, folder / f"{name}.gz") if each.is_file()), folder / name)
    data = read_bytes(path, _WHAT, _GET)
    try:
        return parse_idx(data, dimensions)
    except ValueError as error:
        raise unreadable(path, str(error), _WHAT, _GET) from None


_SOURCE: Final = SOURCES.add("fashion-mnist", Source(
    "fashion-mnist", "IDX files, plain or .gz, of a folder or where Debian's dataset-fashion-mnist has them", _GET, _read))
