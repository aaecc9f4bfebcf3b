"""A folder of image files, a folder a class, read by Pillow."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from theory_sim.arrays import Array
from theory_sim.errors import get_reason
from theory_sim.vision.extra import require_pillow
from theory_sim.vision.images import Images, ImageSet
from theory_sim.vision.sources.base import SOURCES, Source, missing, unreadable

__all__: list[str] = []

_GET: Final = "put images into FOLDER/CLASS/*.png, or into FOLDER/train/CLASS and FOLDER/test/CLASS; path = \"FOLDER\""
_WHAT: Final = "a folder with a folder of image files for each class, all of one size, at least two classes"
_ENDINGS: Final = (".png", ".jpg", ".jpeg", ".bmp", ".ppm", ".pgm", ".tif", ".tiff", ".webp")


def _read(path: Path | None) -> ImageSet:
    if path is None or not path.is_dir():
        raise missing(path, _WHAT, _GET)
    if (path / "train").is_dir() and (path / "test").is_dir():
        classes = _folders(path / "train")
        return ImageSet(_SOURCE.name, _part(path / "train", classes), _part(path / "test", classes))
    return ImageSet(_SOURCE.name, _part(path, _folders(path)))


def _folders(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir() if each.is_dir() and not each.name.startswith("."))


def _part(folder: Path, classes: Sequence[str]) -> Images:
    if len(classes) < 2:
        raise unreadable(folder, f"{len(classes)} folders", _WHAT, _GET)
    pixels: list[Array] = []
    labels: list[int] = []
    for label, name in enumerate(classes):
        files = sorted(each for each in (folder / name).glob("*") if each.suffix.lower() in _ENDINGS)
        if not files:
            raise unreadable(folder / name, "no image file", _WHAT, _GET)
        for file in files:
            pixels.append(_pixels(file))
            if pixels[-1].shape != pixels[0].shape:
                raise unreadable(file, f"{' x '.join(map(str, pixels[-1].shape[:2]))} pixels, others have "
                                 f"{' x '.join(map(str, pixels[0].shape[:2]))}", _WHAT, _GET)
            labels.append(label)
    together = np.stack(pixels)
    if (together == together[..., :1]).all():
        together = together[..., :1]  # grey
    return Images(together, np.array(labels, np.int64), tuple(classes))


def _pixels(file: Path) -> Array:
    library = require_pillow()
    try:
        with library.open(file) as image:
            return np.array(image.convert("RGB"), np.uint8)
    except (OSError, ValueError, SyntaxError, library.DecompressionBombError) as error:
        raise unreadable(file, get_reason(error), "an image file", _GET) from error


_SOURCE: Final = SOURCES.add("folder", Source("folder", "image files in a folder for each class, by Pillow", _GET, _read))
