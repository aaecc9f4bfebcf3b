"""What a source is: a name, what it reads, and where to get it."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from theory_sim.errors import InputError, TheorySimError, get_reason
from theory_sim.plugins import Registry
from theory_sim.vision.images import ImageSet

__all__ = ["SOURCES", "Source", "missing", "read_bytes", "unreadable", "what_is_wrong"]

_MOST: Final = 2**31
"""Bytes of a file, unpacked: many times the largest that is known here."""


@dataclass(frozen=True)
class Source:
    """A form in which images are stored.

    Attributes
    ----------
    name : str
    summary : str
        What it reads.
    get : str
        Where to get such data.
    read : callable
        A path, None for the usual place, to the images.
    """

    name: str
    summary: str
    get: str
    read: Callable[[Path | None], ImageSet]


SOURCES: Final[Registry[Source]] = Registry("source of images", "theory_sim.vision.sources", lambda source: source.summary,
                                            home=lambda source: source.read)


def missing(path: Path | None, what: str, get: str) -> InputError:
    """Error for data that are not there; ``get`` says where they come from."""
    where = f"{path}: not there" if path is not None else "no path"
    return InputError(where, what, get, fields=["path"])


def unreadable(path: Path, reason: str, what: str, get: str) -> InputError:
    """Error for data that are there and are not what they should be."""
    return InputError(f"{path}: {reason}", what, f"get it anew: {get}", fields=["path"])


def what_is_wrong(error: Exception) -> str:
    """Why a file cannot be read, in words; what unpacks and decodes raises exceptions of its own."""
    known = isinstance(error, (OSError, ValueError, MemoryError, RecursionError, TheorySimError))
    return get_reason(error) if known else f"it is damaged: {error}"


def read_bytes(path: Path, what: str, get: str) -> bytes:
    """A file's bytes, unpacked if its name ends in .gz.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    try:
        if path.suffix == ".gz":
            with gzip.open(path) as file:
                found = file.read(_MOST + 1)
        else:
            with path.open("rb") as plain:
                found = plain.read(_MOST + 1)
    except FileNotFoundError:
        raise missing(path, what, get) from None
    except Exception as error:  # what unpacks a broken file raises nearly anything
        raise unreadable(path, what_is_wrong(error), what, get) from error
    if len(found) > _MOST:
        raise unreadable(path, "over 2 GiB", what, get)
    return found
