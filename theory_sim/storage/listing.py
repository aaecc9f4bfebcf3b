"""Which files the program wrote into a folder, and as what; and a walk that follows no symbolic link."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final, Self

__all__ = ["Listing", "digest_file", "strangers", "walk"]

# What Zarr writes for one array: its metadata, chunks, and each of them under the name that it has until it is whole.
_OF_ARRAY: Final = re.compile(r"\.zarray|\.zattrs|\d+(\.\d+)*|[^/]*\.[0-9a-f]{32}\.partial")

# The name that a file of the program's has until it is whole (`theory_sim.storage.writing.write_file`).
_UNTIL_WHOLE: Final = re.compile(r"\.(.+)\.draft-[0-9a-f]{16}")


@dataclass(frozen=True)
class Listing:
    """Names below a folder, with "/" between their parts.

    Attributes
    ----------
    files : frozenset of str
        Files.
    arrays : frozenset of str
        Folders of Zarr arrays; their files are known by Zarr's own names.
    digests : mapping of str to str
        SHA-256 of files, as the program wrote them; a file that has another one is no longer the program's.
    """

    files: frozenset[str] = frozenset()
    arrays: frozenset[str] = frozenset()
    digests: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, entries: list[str], digests: Mapping[str, str] = MappingProxyType({})) -> Self:
        """Listing of names, those of arrays end in "/", and of digests that are known."""
        return cls(frozenset(name for name in entries if not name.endswith("/")),
                   frozenset(name[:-1] for name in entries if name.endswith("/")), dict(digests))

    def entries(self) -> list[str]:
        """What `of` takes."""
        return sorted(self.files | {f"{name}/" for name in self.arrays})

    def has_file(self, name: str) -> bool:
        """Whether the program wrote a file of this name."""
        folder, _, last = name.rpartition("/")
        return name in self.files or (folder in self.arrays and _OF_ARRAY.fullmatch(last) is not None)

    def owns(self, name: str, path: Path) -> bool:
        """Whether the program wrote this file, and it is as it was written if its digest is known."""
        return self.has_file(name) and (name not in self.digests or self.digests[name] == digest_file(path))

    def with_half_written(self, folder: Path) -> Self:
        """With the files below a folder that were to become files of this listing: a dead writer's, in a folder of its own."""
        half = set()
        for name, _, kind in walk(folder):
            inside, slash, last = name.rpartition("/")
            found = _UNTIL_WHOLE.fullmatch(last)
            if kind == "file" and found and f"{inside}{slash}{found[1]}" in self.files:
                half.add(name)
        return replace(self, files=self.files | half)

    def has_folder(self, name: str) -> bool:
        """Whether the program made a folder of this name."""
        return name in self.arrays or any(each.startswith(f"{name}/") for each in (*self.files, *self.arrays))


def walk(folder: Path) -> Iterator[tuple[str, Path, str]]:
    """Everything below a folder, a folder after what is in it: name, path and "file", "folder" or "other".

    A symbolic link is "other", as is a device; none is followed.
    """
    yield from _walk(folder, "")


def _walk(folder: Path, prefix: str) -> Iterator[tuple[str, Path, str]]:
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        name, path = f"{prefix}{entry.name}", Path(entry.path)
        mode = entry.stat(follow_symlinks=False).st_mode
        if stat.S_ISDIR(mode):
            yield from _walk(path, f"{name}/")
            yield name, path, "folder"
        else:
            yield name, path, "file" if stat.S_ISREG(mode) else "other"


def digest_file(path: Path) -> str:
    """SHA-256 of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def strangers(folder: Path, listing: Listing) -> list[str]:
    """What lies below a folder and is not the program's by the listing; symbolic links and devices never are."""
    return [name for name, path, kind in walk(folder)
            if not ((kind == "file" and listing.owns(name, path)) or (kind == "folder" and listing.has_folder(name)))]
