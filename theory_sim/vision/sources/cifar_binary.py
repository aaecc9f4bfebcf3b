"""CIFAR-10, binary version: records of a label and 3072 pixels."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from theory_sim.arrays import Array
from theory_sim.vision.images import ImageSet
from theory_sim.vision.sources.base import SOURCES, Source
from theory_sim.vision.sources.cifar_files import PIXELS, read_cifar

__all__ = ["parse_records"]

_GET: Final = "cifar-10-binary.tar.gz of https://www.cs.toronto.edu/~kriz/cifar.html; path = \"where it lies\""
_WHAT: Final = "cifar-10-binary.tar.gz, or a folder with data_batch_1.bin to data_batch_5.bin and test_batch.bin"


def parse_records(data: bytes) -> tuple[Array, Array]:
    """Pixels (n, 3072) and labels (n,) of a file.

    Raises
    ------
    ValueError
        If it holds no whole number of records.
    """
    if not data or len(data) % (1 + PIXELS):
        raise ValueError(f"{len(data)} bytes are no records of {1 + PIXELS} bytes")
    records = np.frombuffer(data, np.uint8).reshape(-1, 1 + PIXELS)
    return records[:, 1:], records[:, 0]


def _read(path: Path | None) -> ImageSet:
    return read_cifar(path, name=_SOURCE.name, train=[f"data_batch_{number}.bin" for number in range(1, 6)],
                      test=["test_batch.bin"], what=_WHAT, get=_GET, parse=parse_records)


_SOURCE: Final = SOURCES.add("cifar-10-binary", Source("cifar-10-binary", "CIFAR-10's binary version: archive or folder",
                                                       _GET, _read))
