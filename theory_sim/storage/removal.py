"""The only functions of the program that delete, and rename away: by a list of what it wrote, never through a link."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from theory_sim.errors import StoreError
from theory_sim.storage.listing import Listing, strangers, walk

__all__ = ["remove_empty", "remove_file", "remove_folder", "remove_listed", "require_no_strangers", "set_aside"]


def require_no_strangers(folder: Path, listing: Listing, *, of: str) -> None:
    """Raise StoreError, which names the first stranger, unless a folder holds nothing but what the listing has, unchanged.

    Parameters
    ----------
    folder : Path
    listing : Listing
        What the program wrote there.
    of : str
        What the folder is, for the message.
    """
    if folder.is_symlink() or not folder.is_dir():
        kind = "a symbolic link" if folder.is_symlink() else "no folder"
        raise StoreError(f"{folder} is {kind}", f"{of} is a folder of its own, and links are not followed to remove anything",
                         "remove or move it yourself, or choose another output")
    found = strangers(folder, listing)
    edited = [name for name in found
              if name in listing.digests and (folder / name).is_file() and not (folder / name).is_symlink()]
    if edited:
        raise StoreError(f"{folder} holds {edited[0]!r}, which is not as theory_sim wrote it: edited or damaged",
                         f"{of} is replaced or removed only if each of its files is as it was written",
                         f"move {folder} away; or delete it yourself, if you need nothing of it")
    if found:
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        raise StoreError(f"{folder} holds {found[0]!r}{more}, which theory_sim did not write",
                         f"{of} is replaced or removed only if nothing of yours is in it", f"move {found[0]!r} elsewhere first")


def remove_folder(folder: Path, listing: Listing, *, of: str) -> None:
    """Remove a folder that holds nothing but what the listing has.

    Raises
    ------
    StoreError
        If something else is in it, or it is a link; nothing is removed then.
    """
    require_no_strangers(folder, listing, of=of)
    _remove(folder, listing)
    folder.rmdir()


def remove_listed(folder: Path, listing: Listing) -> None:
    """Remove what the listing has, and the folder itself if nothing else is in it."""
    if folder.is_symlink():
        return
    _remove(folder, listing)
    with suppress(OSError):
        folder.rmdir()


def _remove(folder: Path, listing: Listing) -> None:
    for name, path, kind in list(walk(folder)):
        if kind == "file" and listing.owns(name, path):
            path.unlink()
        elif kind == "folder" and listing.has_folder(name):
            with suppress(OSError):  # holds what stays
                path.rmdir()


def set_aside(path: Path) -> Path:
    """Give what has a name another one beside it, NAME.damaged or NAME.damaged-2 and so on; that name. Nothing is removed."""
    number = 1
    while os.path.lexists(aside := path.with_name(f"{path.name}.damaged{f'-{number}' if number > 1 else ''}")):
        number += 1
    path.rename(aside)
    return aside


def remove_file(path: Path) -> None:
    """Remove a file that the caller made."""
    with suppress(FileNotFoundError):
        os.unlink(path)


def remove_empty(folders: Iterable[Path]) -> None:
    """Remove folders that the caller made, if nothing is in them."""
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()
