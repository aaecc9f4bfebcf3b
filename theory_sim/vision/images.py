"""Labelled images of one shape, scaled down where asked for, and their deterministic splits."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from theory_sim.arrays import Array
from theory_sim.errors import InputError
from theory_sim.numeric.streams import generator

__all__ = ["ImageSet", "Images", "averaging", "split_images"]


@dataclass(frozen=True)
class Images:
    """Images with labels.

    Parameters
    ----------
    pixels : (n, height, width, channels) array of uint8
    labels : (n,) array of int64
        From 0.
    classes : tuple of str
        Name of each label.

    Raises
    ------
    InputError
        If shapes, types or labels do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from theory_sim.vision import Images
    >>> images = Images(np.zeros((4, 8, 8, 1), np.uint8), np.array([0, 1, 0, 1]), ("shirt", "shoe"))
    >>> images.scaled(4).shape
    (4, 1, 4, 4)
    """

    pixels: Array
    labels: Array
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        shape = self.pixels.shape
        if self.pixels.ndim != 4 or self.pixels.dtype != np.uint8 or not self.pixels.size or shape[3] not in (1, 3):
            raise InputError(f"pixels of the shape {shape} and type {self.pixels.dtype}",
                             "(n, height, width, channels) of uint8, 1 or 3 channels, at least one image",
                             "convert them; values go from 0 to 255")
        if self.labels.shape != shape[:1] or self.labels.dtype.kind not in "iu":
            raise InputError(f"labels of the shape {self.labels.shape} and type {self.labels.dtype} for {shape[0]} images",
                             "a whole number for each image", "give as many labels as images")
        if self.labels.min() < 0 or self.labels.max() >= len(self.classes):
            raise InputError(f"labels from {self.labels.min()} to {self.labels.max()} of {len(self.classes)} classes",
                             f"labels from 0 to {len(self.classes) - 1}", "check that labels and classes are of one data set")

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def digest(self) -> str:
        """SHA-256 of pixels and labels, by which runs know their data again."""
        found = hashlib.sha256(str(self.pixels.shape).encode())
        found.update(np.ascontiguousarray(self.pixels).tobytes())
        found.update(self.labels.astype("<i8").tobytes())
        return found.hexdigest()

    def take(self, chosen: Array) -> Images:
        """The images at these positions."""
        return replace(self, pixels=self.pixels[chosen], labels=self.labels[chosen])

    def scaled(self, side: int | None = None) -> Array:
        """Pixels from 0 to 1, (n, channels, side, side) float32; scaled down by the mean over areas.

        Raises
        ------
        InputError
            If the images are smaller than that.
        """
        height, width = self.pixels.shape[1:3]
        found = self.pixels.transpose(0, 3, 1, 2)
        if side is None or (side, side) == (height, width):
            return np.ascontiguousarray(found, dtype=np.float32) / np.float32(255)
        if not 1 <= side <= min(height, width):
            raise InputError(f"images of {height} x {width} pixels at side = {side}", "images are only scaled down",
                             f"a side from 1 to {min(height, width)}")
        rows, columns = averaging(height, side) / 255, averaging(width, side)
        pieces = [(rows @ piece.astype(np.float64) @ columns.T).astype(np.float32)
                  for piece in np.array_split(found, max(1, len(found) // 1000))]
        return np.concatenate(pieces)


@dataclass(frozen=True)
class ImageSet:
    """A data set as its source has it.

    Attributes
    ----------
    name : str
    train : Images
    test : Images or None
        The source's own test images, if it has any.

    Raises
    ------
    InputError
        If both are of different shapes or classes.
    """

    name: str
    train: Images
    test: Images | None = None

    def __post_init__(self) -> None:
        if self.test is None:
            return
        shapes = [" x ".join(map(str, each.pixels.shape[1:])) for each in (self.train, self.test)]
        if shapes[0] != shapes[1]:
            raise InputError(f"training images of {shapes[0]}, test images of {shapes[1]} (height, width, channels)",
                             "images of one shape", "convert one of them")
        if self.train.classes != self.test.classes:
            raise InputError(f"training images of {len(self.train.classes)} classes, test images of {len(self.test.classes)}, "
                             "by their names", "the same classes", "check that both are of one data set")

    @property
    def digest(self) -> str:
        """SHA-256 of all images and labels."""
        parts = [each.digest for each in (self.train, self.test) if each is not None]
        return hashlib.sha256(" ".join(parts).encode()).hexdigest()


def averaging(many: int, few: int) -> Array:
    """The matrix (few, many) that takes the mean over equal areas of a line of pixels."""
    edges = np.arange(few + 1) * (many / few)
    pixel = np.arange(many)
    covered = np.minimum(edges[1:, None], pixel + 1) - np.maximum(edges[:-1, None], pixel)
    shares: Array = np.clip(covered, 0.0, 1.0) * (few / many)
    return shares


def split_images(images: ImageSet, sizes: Mapping[str, int], seed: int) -> dict[str, Images]:
    """Disjoint splits with as many images of each class as its share: train and tune of the source's training images, report
    of its test images, or of its training images if it has no others.

    Parameters
    ----------
    images : ImageSet
    sizes : mapping
        Number of images of "train", "tune" and "report", or of some of them.
    seed : int
        Of the drawing.

    Raises
    ------
    InputError
        If there are too few images.
    """
    found: dict[str, Images] = {}
    homes: list[tuple[Images, list[str]]] = [(images.train, ["train", "tune"])]
    if images.test is None:
        homes[0][1].append("report")
    else:
        homes.append((images.test, ["report"]))
    for number, (home, of_home) in enumerate(homes):
        names = [name for name in of_home if name in sizes]
        wanted = sum(sizes[name] for name in names)
        if wanted > len(home):
            raise InputError(f"{' + '.join(f'{name} = {sizes[name]}' for name in names)} of {len(home)} images",
                             f"at most {len(home)} images", "lower one of these, or give more images", fields=names)
        order, start = _by_turns(home.labels, generator(seed, "images", number)), 0
        for name in names:
            found[name] = home.take(np.sort(order[start : start + sizes[name]]))
            start += sizes[name]
    return found


def _by_turns(labels: Array, rng: Any) -> Array:
    """Positions in a random order in which every stretch has the classes in their shares."""
    drawn = rng.permutation(len(labels))
    rank = np.empty(len(labels))
    for label in np.unique(labels):
        of_class = drawn[labels[drawn] == label]
        rank[of_class] = (np.arange(len(of_class)) + rng.random()) / len(of_class)
    return np.argsort(rank, kind="stable")
