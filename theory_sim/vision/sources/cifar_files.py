"""Files of CIFAR-10 by their names, in a folder or in the official archive (Krizhevsky 2009)."""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from theory_sim.arrays import Array
from theory_sim.errors import InputError
from theory_sim.vision.images import Images, ImageSet
from theory_sim.vision.sources.base import missing, read_bytes, unreadable, what_is_wrong

__all__ = ["PIXELS", "read_cifar"]

_NAMES: Final = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
PIXELS: Final = 3 * 32 * 32
"""Bytes of an image: red, green and blue, each row by row."""
_MOST: Final = 2**27
"""Bytes of one file: the largest has 31 million."""
_PIECE: Final = 2**20


def read_cifar(
    path: Path | None, *, name: str, train: Sequence[str], test: Sequence[str], what: str, get: str,
    parse: Callable[[bytes], tuple[Array, Array]],
) -> ImageSet:
    """Images of a folder or of an archive (.tar.gz, .tar), which is read and not unpacked onto the disk.

    Parameters
    ----------
    path : Path or None
    name : str
        Of the source.
    train, test : sequence of str
        Names of files.
    what, get : str
        What is expected, and where to get it.
    parse : callable
        Bytes of a file to pixels (n, 3072) and labels (n,); raises ValueError for others.

    Raises
    ------
    InputError
        If a file is missing or is something else.
    """
    if path is None or not path.exists():
        raise missing(path, what, get)
    names = [*train, *test]
    if path.is_dir():
        files = {each: read_bytes(path / each, what, get) for each in names}
    else:
        files = _archive(path, names, what, get)
    arrays = {}
    for each, data in files.items():
        try:
            arrays[each] = parse(data)
        except (ValueError, InputError) as error:
            raise unreadable(path, f"{each}: {error}", what, get) from None
    parts = []
    for chosen in (train, test):
        pixels, labels = (np.concatenate([arrays[each][index] for each in chosen]) for index in (0, 1))
        try:
            parts.append(Images(pixels.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1), labels.astype(np.int64), _NAMES))
        except InputError as error:
            raise unreadable(path, error.found, error.rule, get) from None
    return ImageSet(name, *parts)


def _archive(path: Path, names: Sequence[str], what: str, get: str) -> dict[str, bytes]:
    """Bytes of the files of an archive with these names, in whichever folder."""
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                name = member.name.rpartition("/")[2]
                if name in names and member.isfile():
                    if member.size > _MOST:
                        raise ValueError(f"{name} has {member.size} bytes")
                    file = archive.extractfile(member)
                    assert file is not None, "a plain file"
                    found[name] = file.read()
            # To the end, where gzip has its checksum: an archive's own end comes before it.
            while archive.fileobj is not None and archive.fileobj.read(_PIECE):
                pass
    except Exception as error:  # what unpacks a broken archive raises nearly anything
        raise unreadable(path, what_is_wrong(error), what, get) from error
    lacking = [name for name in names if name not in found]
    if lacking:
        raise unreadable(path, f"an archive without {', '.join(lacking)}", what, get)
    return {name: found[name] for name in names}
