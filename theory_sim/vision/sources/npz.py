"""Arrays of one .npz file: pixels, or files of images end to end."""

from __future__ import annotations

import io
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

import numpy as np

from theory_sim.arrays import Array
from theory_sim.errors import InputError, get_reason
from theory_sim.vision.extra import require_pillow
from theory_sim.vision.images import Images, ImageSet
from theory_sim.vision.sources.base import SOURCES, Source, missing, unreadable

__all__: list[str] = []

_GET: Final = ("np.savez(\"images.npz\", train_images=..., train_label=..., test_images=..., test_label=...); "
               "path = \"images.npz\"")
_WHAT: Final = ("an .npz file with train_images (n, height, width[, channels]) of uint8 and train_label (n,), and perhaps the "
                "same of test; or with files of images end to end in train_jpeg and their ends in train_offset (n + 1,)")


def _read(path: Path | None) -> ImageSet:
    if path is None or not path.is_file():
        raise missing(path, _WHAT, _GET)
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        parts = [_part(arrays, name) for name in ("train", "test") if f"{name}_label" in arrays]
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        reason = f"no array {error}" if isinstance(error, KeyError) else get_reason(error)
        raise unreadable(path, error.found if isinstance(error, InputError) else reason, _WHAT, _GET) from None
    if not parts:
        raise unreadable(path, "no array 'train_label'", _WHAT, _GET)
    return ImageSet(_SOURCE.name, *parts)


def _part(arrays: Mapping[str, Any], name: str) -> Images:
    labels = arrays[f"{name}_label"]
    classes = arrays.get("class_name")
    names = tuple(map(str, classes if classes is not None else range(int(labels.max(initial=0)) + 1)))
    if f"{name}_jpeg" in arrays:
        pixels = _decoded(arrays[f"{name}_jpeg"], arrays[f"{name}_offset"])
    else:
        pixels = arrays[f"{name}_images"]
    if pixels.ndim == 3:
        pixels = pixels[..., None]
    return Images(pixels, labels.astype(np.int64) if labels.dtype.kind in "iu" else labels, names)


def _decoded(data: Array, ends: Array) -> Array:
    library = require_pillow()
    whole = data.tobytes()
    pictures = (library.open(io.BytesIO(whole[start:end])) for start, end in pairwise(ends.tolist()))
    return np.stack([np.array(picture.convert("RGB"), np.uint8) for picture in pictures])


_SOURCE: Final = SOURCES.add("npz", Source("npz", "arrays of pixels, or files of images end to end, in one .npz file", _GET,
                                           _read))
