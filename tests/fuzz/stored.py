"""Alterations of what is stored: a file changed, cut, emptied, removed, or something else in its place."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hypothesis import strategies as st

Draw = Callable[..., Any]
HOWS: Final = ("flip", "cut", "empty", "append", "replace", "remove", "folder", "link", "dangling", "pipe", "swap",
                "unreadable")
CONTENTS: Final = (b"", b"{}", b"[]", b"null", b'"x"', b"{", b"\xff\xfe", b"9" * 5000, b"[" * 100_000, b'{"metadata": 1}',
                   b'{"metadata": {}}', b"\x00" * 100, b"d = 3\n", b"name = 1\n", "é".encode("latin-1"))  # fmt: skip


@dataclass(frozen=True)
class Alteration:
    """One thing that is done to a stored folder.

    Attributes
    ----------
    name : str
        File, relative to the folder.
    how : str
        One of `HOWS`.
    at : int
        Byte, modulo the file's size.
    content : bytes
        What is put there.
    other : str
        A second file of the folder.
    """

    name: str
    how: str
    at: int
    content: bytes
    other: str


@st.composite
def alterations(draw: Draw, folder: Path) -> Alteration:
    """An alteration of a folder that is there; its metadata, which say how the rest is read, come more often."""
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    described = [name for name in names if Path(name).name[0] == "." or Path(name).suffix in (".json", ".toml", ".sqlite")]
    name = draw(st.one_of(st.sampled_from(described), st.sampled_from(names)))
    content = draw(st.one_of(st.sampled_from(CONTENTS), st.binary(min_size=1, max_size=8)))
    return Alteration(name, draw(st.sampled_from(HOWS)), draw(st.integers(0, 2**20)), content, draw(st.sampled_from(names)))


@contextmanager
def altered(folder: Path, alteration: Alteration) -> Iterator[bool]:
    """Do it, and undo it afterwards; whether the folder is another one meanwhile."""
    path, kept = folder / alteration.name, folder.parent / "kept"
    content = path.read_bytes()
    shutil.move(path, kept)
    try:
        _put(path, alteration, content, folder)
        yield path.is_symlink() or not path.is_file() or path.read_bytes() != content
    finally:
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        else:
            path.unlink(missing_ok=True)
        shutil.move(kept, path)


def _put(path: Path, alteration: Alteration, content: bytes, folder: Path) -> None:
    at = alteration.at % (len(content) or 1)
    changed = {
        "flip": content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :] if content else b"x", "cut": content[:at],
        "empty": b"", "append": content + alteration.content, "replace": alteration.content, "unreadable": content,
        "swap": (folder / alteration.other).read_bytes() if alteration.other != alteration.name else b"",
    }  # fmt: skip
    if alteration.how in changed:
        path.write_bytes(changed[alteration.how])
        path.chmod(0 if alteration.how == "unreadable" else 0o644)
    elif alteration.how == "folder":
        path.mkdir()
    elif alteration.how == "link":
        path.symlink_to(folder.parent / "kept")
    elif alteration.how == "dangling":
        path.symlink_to("nowhere")
    elif alteration.how == "pipe":
        os.mkfifo(path)
