"""Files of labelled arrays under one digest: no byte of them can change unnoticed, and nothing in them can be code.

A line with the format's name, a line of JSON (label and names), the arrays in NumPy's own format, and the SHA-256 of all that.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Final

import numpy as np

from theory_sim.arrays import Array
from theory_sim.storage.writing import write_file

__all__ = ["begins_as_labelled", "read_arrays", "read_json", "read_label", "read_regular", "write_arrays"]

_MAGIC: Final = b"theory_sim arrays 1\n"
_DIGEST: Final = 32
_PIECE: Final = 2**20
_MOST_JSON: Final = 2**26


class _Hashed:
    """A file that keeps a digest of what passes."""

    def __init__(self, file: Any) -> None:
        self._file, self.digest = file, hashlib.sha256()

    def write(self, data: Any) -> int:
        self.digest.update(data)
        self._file.write(data)
        return len(data)


def write_arrays(path: Path, label: Mapping[str, Any], arrays: Mapping[str, Array], *, fix: str) -> str:
    """Write arrays, whole or not at all.

    Returns
    -------
    str
        Digest of the file, which `read_arrays` gives too.

    Raises
    ------
    StoreError
        If the file cannot be written.
    ValueError
        If an array holds Python objects.
    """
    digest = ""

    def content(file: Any) -> None:
        nonlocal digest
        hashed = _Hashed(file)
        hashed.write(_MAGIC)
        hashed.write(json.dumps({"label": dict(label), "names": list(arrays)}).encode() + b"\n")
        for array in arrays.values():
            np.lib.format.write_array(hashed, np.asanyarray(array), allow_pickle=False)
        digest = hashed.digest.hexdigest()
        file.write(hashed.digest.digest())

    write_file(path, content, fix=fix)
    return digest


def read_arrays(path: Path) -> tuple[str, dict[str, Any], dict[str, Array]]:
    """Digest, label and arrays of a file that `write_arrays` wrote.

    Raises
    ------
    OSError, ValueError
        If it cannot be read, or any byte of it is not what was written.
    """
    with _open_plain(path) as file:
        digest, head = _checked_head(file, path.name)
        arrays = {name: np.lib.format.read_array(file, allow_pickle=False) for name in head["names"]}
        return digest, dict(head["label"]), arrays


def read_label(path: Path) -> dict[str, Any]:
    """Label of a file that `write_arrays` wrote; every byte of it is looked at, as by `read_arrays`, and no array is made."""
    with _open_plain(path) as file:
        return dict(_checked_head(file, path.name)[1]["label"])


def begins_as_labelled(path: Path, label: Mapping[str, Any]) -> bool:
    """Whether a file begins, as far as it goes, as one that `write_arrays` writes with a label of such first entries.

    That is how a process leaves a draft that dies while it writes one.
    """
    begin = _MAGIC + json.dumps({"label": dict(label)}).encode().rstrip(b"}")
    with _open_plain(path) as file:
        found = file.read(len(begin))
    return begin.startswith(found)


def _checked_head(file: IO[bytes], name: str) -> tuple[str, Any]:
    """Digest and head of a file that is as it was written; the file stands at its first array then."""
    size = os.fstat(file.fileno()).st_size - _DIGEST
    found, left = hashlib.sha256(), size
    while left > 0:
        piece = file.read(min(left, _PIECE))
        if not piece:
            raise ValueError(f"{name} ends early")
        found.update(piece)
        left -= len(piece)
    if file.read() != found.digest():
        raise ValueError(f"{name} is not as it was written")
    file.seek(0)
    if file.read(len(_MAGIC)) != _MAGIC:
        raise ValueError(f"{name} is no file of arrays of this version")
    return found.hexdigest(), json.loads(file.readline())


def read_json(path: Path) -> Any:
    """Content of a JSON file of bounded size and nesting.

    Raises
    ------
    OSError, ValueError
        If it cannot be read, is no plain file, too long or too deeply nested, or not JSON.
    """
    with _open_plain(path) as file:
        if os.fstat(file.fileno()).st_size > _MOST_JSON:
            raise ValueError(f"{path.name} is longer than {_MOST_JSON} bytes")
        try:
            return json.loads(file.read())
        except RecursionError as error:
            raise ValueError(f"{path.name} is nested too deeply") from error


def read_regular(path: Path) -> bytes:
    """Bytes of a regular file, or of one that a link names: a pipe would be waited for, and a device may never end.

    Raises
    ------
    OSError, ValueError
        If it cannot be read, or is no regular file.
    """
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise ValueError(f"{path.name} is not a regular file")
    return path.read_bytes()


def _open_plain(path: Path) -> IO[bytes]:
    """A file that is one: a link, a device or a pipe is not opened."""
    if not stat.S_ISREG(os.lstat(path).st_mode):
        raise ValueError(f"{path.name} is not a plain file")
    return open(path, "rb")
