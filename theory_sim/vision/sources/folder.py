"""A folder of image files, a folder a class, read by Pillow."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from theory_sim.arrays import Array
from theory_sim.errors import InputError
from theory_sim.vision.images import Images, ImageSet
from theory_sim.vision.sources.base import SOURCES, Source, missing, unreadable, what_is_wrong
from theory_sim.vision.sources.pictures import read_picture, stack_pictures

__all__: list[str] = []

_GET: Final = "put images into FOLDER/CLASS/*.png, or into FOLDER/train/CLASS and FOLDER/test/CLASS; path = \"FOLDER\""
_WHAT: Final = "a folder with a folder of image files for each class, all of one size, at least two classes"
_ENDINGS: Final = (".png", ".jpg", ".jpeg", ".bmp", ".ppm", ".pgm", ".tif", ".tiff", ".webp")


def _read(path: Path | None) -> ImageSet:
    if path is None or not path.is_dir():
        raise missing(path, _WHAT, _GET)
    parted = (path / "train").is_dir() and (path / "test").is_dir()
    homes = [path / "train", path / "test"] if parted else [path]
    classes = _folders(homes[0])
    for home in homes[1:]:
        strange = sorted({*_folders(home)} - {*classes})
        if strange:
            raise unreadable(home, f"classes that {homes[0].name} has not: {', '.join(strange)}", _WHAT, _GET)
    labelled = [_files(home, classes) for home in homes]
    files = [file for part in labelled for file, _ in part]
    pixels = stack_pictures(len(files), lambda number: _pixels(files[number]), str(path),
                            lambda number, reason: unreadable(files[number], reason, _WHAT, _GET))
    # Grey is what is grey in both parts, image by image to save memory.
    if all((each == each[..., :1]).all() for each in pixels):
        pixels = pixels[..., :1]
    ends = np.cumsum([0, *map(len, labelled)])
    return ImageSet(_SOURCE.name, *(Images(pixels[start:end], np.array([label for _, label in part], np.int64), tuple(classes))
                                    for start, end, part in zip(ends[:-1], ends[1:], labelled, strict=True)))


def _folders(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir() if each.is_dir() and not each.name.startswith("."))


def _files(folder: Path, classes: Sequence[str]) -> list[tuple[Path, int]]:
    """Image files with their labels."""
    if len(classes) < 2:
        raise unreadable(folder, f"{len(classes)} folders", _WHAT, _GET)
    found: list[tuple[Path, int]] = []
    for label, name in enumerate(classes):
        files = sorted(each for each in (folder / name).glob("*") if each.suffix.lower() in _ENDINGS)
        if not files:
            raise unreadable(folder / name, "no image file", _WHAT, _GET)
        found += [(file, label) for file in files]
    return found


def _pixels(file: Path) -> Array:
    try:
        return read_picture(file)
    except InputError:
        raise
    except Exception as error:  # a broken file raises nearly anything
        raise unreadable(file, what_is_wrong(error), "an image file of 8 bits a channel", _GET) from error


_SOURCE: Final = SOURCES.add("folder", Source("folder", "image files in a folder for each class, by Pillow", _GET, _read))
