"""Arrays of one .npz file: pixels, or files of images end to end."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from theory_sim.arrays import Array
from theory_sim.errors import InputError, MemoryRefusedError
from theory_sim.vision.images import Images, ImageSet
from theory_sim.vision.sources.base import SOURCES, Source, missing, unreadable, what_is_wrong
from theory_sim.vision.sources.pictures import read_picture, stack_pictures

__all__: list[str] = []

_GET: Final = ("np.savez(\"images.npz\", train_images=..., train_label=..., test_images=..., test_label=...); "
               "path = \"images.npz\"")
_WHAT: Final = ("an .npz file with train_images (n, height, width[, channels]) of uint8 and train_label (n,), and perhaps the "
                "same of test; or with files of images end to end in train_jpeg and their ends in train_offset (n + 1,)")
_MOST_CLASSES: Final = 2**16


def _read(path: Path | None) -> ImageSet:
    if path is None or not path.is_file():
        raise missing(path, _WHAT, _GET)
    try:
        # Opened here: NumPy leaves what it cannot read open.
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        present = [name for name in ("train", "test") if f"{name}_label" in arrays]
        if "train" not in present:
            raise KeyError("train_label")
        for name in present:
            labels = arrays[f"{name}_label"]
            if labels.ndim != 1 or labels.dtype.kind not in "iu" or not labels.size:
                raise ValueError(f"labels of the shape {labels.shape} and type {labels.dtype} in {name}_label")
        classes = _classes(arrays, present)
        return ImageSet(_SOURCE.name, *(_part(arrays, name, classes, path) for name in present))
    except MemoryRefusedError:
        raise
    except Exception as error:  # a broken file raises nearly anything
        reason = f"no array {error}" if isinstance(error, KeyError) else what_is_wrong(error)
        raise unreadable(path, error.found if isinstance(error, InputError) else reason, _WHAT, _GET) from error


def _classes(arrays: Mapping[str, Any], parts: Sequence[str]) -> tuple[str, ...]:
    """Names of the classes, of all parts: as the file has them, or numbers up to the largest."""
    if "class_name" in arrays:
        return tuple(map(str, arrays["class_name"]))
    most = max(int(arrays[f"{name}_label"].max()) for name in parts)
    if most >= _MOST_CLASSES:
        raise ValueError(f"a label {most}, and no class_name")
    return tuple(map(str, range(most + 1)))


def _part(arrays: Mapping[str, Any], name: str, classes: tuple[str, ...], path: Path) -> Images:
    labels = arrays[f"{name}_label"]
    if f"{name}_jpeg" in arrays:
        pixels = _decoded(arrays[f"{name}_jpeg"], arrays[f"{name}_offset"], str(path))
    else:
        pixels = arrays[f"{name}_images"]
    if pixels.ndim == 3:
        pixels = pixels[..., None]
    return Images(pixels, labels.astype(np.int64), classes)


def _decoded(data: Array, ends: Array, what: str) -> Array:
    whole = data.tobytes()
    known = ends.ndim == 1 and ends.dtype.kind in "iu" and len(ends) > 1
    if not known or ends[0] != 0 or (np.diff(ends.astype(np.int64)) <= 0).any() or int(ends[-1]) != len(whole):
        raise ValueError(f"ends of files that do not increase from 0 to {len(whole)}")
    return stack_pictures(len(ends) - 1, lambda number: read_picture(io.BytesIO(whole[ends[number] : ends[number + 1]])), what,
                          lambda number, reason: ValueError(f"image {number}: {reason}"))


_SOURCE: Final = SOURCES.add("npz", Source("npz", "arrays of pixels, or files of images end to end, in one .npz file", _GET,
                                           _read))
