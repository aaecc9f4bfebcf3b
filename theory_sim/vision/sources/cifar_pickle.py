"""CIFAR-10, Python version: pickled dictionaries of NumPy arrays, read without running anything that they name.

A pickle can call whatever it names. Here it may name three things of NumPy alone, and gets stand-ins of this file for them,
which keep what they are given. Nothing else is called, whatever the file holds.
"""

from __future__ import annotations

import io
import math
import pickle
from pathlib import Path
from typing import Any, Final

import numpy as np

from theory_sim.arrays import Array
from theory_sim.vision.images import ImageSet
from theory_sim.vision.sources.base import SOURCES, Source
from theory_sim.vision.sources.cifar_files import PIXELS, read_cifar

__all__ = ["parse_batch"]

_GET: Final = "cifar-10-python.tar.gz of https://www.cs.toronto.edu/~kriz/cifar.html; path = \"where it lies\""
_WHAT: Final = "cifar-10-python.tar.gz, or a folder with data_batch_1 to data_batch_5 and test_batch"


class _Type:
    """Stands for numpy.dtype."""

    def __init__(self, name: object = None, *more: object) -> None:
        self.name = name

    def __setstate__(self, state: object) -> None:
        """What follows of a plain type is its order of bytes, which one byte has not."""


class _Stored:
    """Stands for numpy.ndarray: keeps shape, type, order and bytes."""

    def __init__(self, *arguments: object) -> None:
        self.state: Any = None

    def __setstate__(self, state: object) -> None:
        self.state = state

    def array(self) -> Array:
        """The array of bytes that it is; ValueError if it is another."""
        if not isinstance(self.state, tuple) or len(self.state) != 5:
            raise ValueError("an array without its values")
        _, shape, kind, columns_first, data = self.state
        known = isinstance(kind, _Type) and kind.name in (b"u1", "u1") and isinstance(data, bytes)
        if not known or not isinstance(shape, tuple) or not all(isinstance(size, int) and size >= 0 for size in shape):
            raise ValueError("an array that is not of unsigned bytes")
        if math.prod(shape) != len(data):
            raise ValueError(f"an array of {len(data)} bytes for the shape {shape}")
        return np.frombuffer(data, np.uint8).reshape(shape, order="F" if columns_first else "C")


def _rebuild(*arguments: object) -> _Stored:
    """Stands for numpy's _reconstruct."""
    return _Stored()


_ALLOWED: Final = {
    **{(f"numpy.{core}.multiarray", "_reconstruct"): _rebuild for core in ("core", "_core")},
    ("numpy", "ndarray"): _Stored, ("numpy", "dtype"): _Type,
}


class _Reader(pickle.Unpickler):
    """Gives stand-ins for what a batch of CIFAR-10 names, and refuses every other name."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"it names {module}.{name}, which no batch of CIFAR-10 does")
        return _ALLOWED[module, name]

    def persistent_load(self, key: object) -> Any:
        raise pickle.UnpicklingError("it refers to something outside of it")


def parse_batch(data: bytes) -> tuple[Array, Array]:
    """Pixels (n, 3072) and labels (n,) of a file.

    Raises
    ------
    ValueError
        If it is no batch of CIFAR-10; nothing that it names was called.
    """
    try:
        found = _Reader(io.BytesIO(data), encoding="bytes").load()
    except Exception as error:  # a broken pickle raises nearly anything
        raise ValueError(f"no batch of CIFAR-10: {type(error).__name__}: {error}") from None
    table = {key.decode(errors="replace") if isinstance(key, bytes) else key: value for key, value in found.items()} \
        if isinstance(found, dict) else {}
    pixels, labels = table.get("data"), table.get("labels")
    if not isinstance(pixels, _Stored) or not isinstance(labels, list):
        raise ValueError("no batch of CIFAR-10: no table with an array 'data' and a list 'labels'")
    array = pixels.array()
    if array.ndim != 2 or array.shape[1] != PIXELS or len(labels) != len(array):
        raise ValueError(f"an array of the shape {array.shape} and {len(labels)} labels, not (n, {PIXELS}) and n")
    if not all(isinstance(label, int) and 0 <= label < 256 for label in labels):
        raise ValueError("labels that are not whole numbers from 0 to 255")
    return array, np.array(labels, np.int64)


def _read(path: Path | None) -> ImageSet:
    return read_cifar(path, name=_SOURCE.name, train=[f"data_batch_{number}" for number in range(1, 6)],
                      test=["test_batch"], what=_WHAT, get=_GET, parse=parse_batch)


_SOURCE: Final = SOURCES.add("cifar-10", Source("cifar-10", "CIFAR-10's Python version: archive or folder; nothing in it is "
                                                "run", _GET, _read))
