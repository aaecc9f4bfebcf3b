"""A memorizable patch on images (THEORY §12, last lines): a pattern that all share, and one of each class, plus or minus.

At the pixels of the patch stands gamma g +- zeta_y: g Gaussian and the same in every image, zeta_y of the class, the sign
drawn for each image, so that no linear function of the patch tells the class. On an image with nothing but the patch, zeta_y is
scaled by a number that is uniform from 0 to a most.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from theory_sim.arrays import Array
from theory_sim.errors import Fault, InputError
from theory_sim.numeric.streams import generator

__all__ = ["KINDS", "Patch", "Patterns", "share_kinds"]

KINDS: Final = ("clean", "mixed", "patch-only")
"""An image alone, an image with the patch, the patch alone."""


@dataclass(frozen=True)
class Patch:
    """The law of the patch. Defaults are those of the official experiment on images of 32 x 32 pixels.

    Attributes
    ----------
    size : int
        Pixels of each side.
    row, column : int or None
        Of its upper left pixel, from 0; None: in the centre.
    gaussian : float
        gamma: standard deviation of the pattern that all share, in standard deviations of the images' pixels.
    amplitude : float
        Largest entry of a class's pattern, which is uniform between both signs of it.
    share_patched : float
        Share of training images with the patch, with or without the image.
    share_only : float
        Share of those that are the patch alone; the rest of the image is its mean.
    scale_only : float
        Most by which the class's pattern is scaled there.
    additive : bool
        Whether the patch is added to the image's pixels, as fits grey images with empty corners, or takes their place.

    Examples
    --------
    >>> from theory_sim.vision import Patch
    >>> {name: round(share, 2) for name, share in Patch().shares().items()}
    {'clean': 0.2, 'mixed': 0.64, 'patch-only': 0.16}
    """

    size: int = 7
    row: int | None = None
    column: int | None = None
    gaussian: float = 1.25
    amplitude: float = 0.1
    share_patched: float = 0.8
    share_only: float = 0.2
    scale_only: float = 1.75
    additive: bool = False

    def __post_init__(self) -> None:
        faults = [Fault(f"{name} = {getattr(self, name)}", "a share from 0 to 1", "such as 0.8", (f"patch.{name}",))
                  for name in ("share_patched", "share_only") if not 0.0 <= getattr(self, name) <= 1.0]
        faults += [Fault(f"{name} = {getattr(self, name)}", "a number from 0 below infinity", "such as 1.25",
                         (f"patch.{name}",))
                   for name in ("gaussian", "amplitude", "scale_only") if not 0.0 <= getattr(self, name) < np.inf]
        if self.size < 1:
            faults.append(Fault(f"size = {self.size}", "a whole number from 1", "such as 7", ("patch.size",)))
        if faults:
            raise InputError.of(faults)

    def shares(self) -> dict[str, float]:
        """Expected share of each kind among training images."""
        only = self.share_patched * self.share_only
        return dict(zip(KINDS, (1.0 - self.share_patched, self.share_patched - only, only), strict=True))

    def place(self, side: int) -> tuple[slice, slice]:
        """Rows and columns of the patch in an image of side x side pixels.

        Raises
        ------
        InputError
            If it does not fit.
        """
        starts = [(side - self.size) // 2 if given is None else given for given in (self.row, self.column)]
        if any(start < 0 or start + self.size > side for start in starts):
            centred = self.row is None and self.column is None
            where = "in the centre" if centred else f"at row {starts[0]}, column {starts[1]}"
            raise InputError(f"a patch of {self.size} x {self.size} pixels {where} of an image of {side} x {side}",
                             "a patch inside of the image", "lower size, row or column, or raise side",
                             fields=["patch.size"])
        rows, columns = (slice(start, start + self.size) for start in starts)
        return rows, columns


@dataclass(frozen=True)
class Patterns:
    """Drawn patterns.

    Attributes
    ----------
    patch : Patch
    shared : (channels, size, size) array
        gamma g.
    of_class : (classes, channels, size, size) array
        zeta.
    """

    patch: Patch
    shared: Array
    of_class: Array

    @classmethod
    def draw(cls, patch: Patch, *, classes: int, channels: int, seed: int) -> Patterns:
        """Patterns of a seed; those of two amplitudes differ by a factor alone."""
        rng, shape = generator(seed, "patches", 0), (channels, patch.size, patch.size)
        shared = patch.gaussian * rng.standard_normal(shape)
        return cls(patch, shared, patch.amplitude * rng.uniform(-1.0, 1.0, (classes, *shape)))

    def apply(self, images: Array, labels: Array, kinds: Array, seed: int, purpose: int) -> Array:
        """Images with the patch where their kind has it; the input is left as it is.

        Parameters
        ----------
        images : (n, channels, side, side) array
            Of mean 0 and standard deviation 1.
        labels : (n,) array of int
        kinds : (n,) array of int
            Position in `KINDS`.
        seed, purpose : int
            Of the signs and scales; one purpose a set of images.
        """
        rng, n = generator(seed, "patches", 1, purpose), len(images)
        signs, scales = rng.choice([-1.0, 1.0], n), rng.uniform(0.0, self.patch.scale_only, n)
        found = images.copy()
        only, mixed = (kinds == KINDS.index(name) for name in ("patch-only", "mixed"))
        found[only] = 0.0
        factors = np.where(only, signs * scales, signs)
        rows, columns = self.patch.place(images.shape[-1])
        patched = only | mixed
        value = self.shared + factors[patched, None, None, None] * self.of_class[labels[patched]]
        if self.patch.additive:
            value = value + found[patched][:, :, rows, columns]
        found[patched, :, rows, columns] = value.astype(found.dtype)
        return found


def share_kinds(shares: Mapping[str, float], n: int, seed: int) -> Array:
    """Kind of each of n images in a random order, (n,): as near to the shares as whole numbers come."""
    ends = np.rint(np.cumsum([shares[name] for name in KINDS]) * n).astype(int)
    kinds = np.searchsorted(ends, np.arange(n), side="right").clip(max=len(KINDS) - 1)
    found: Array = generator(seed, "patches", 2).permutation(kinds)
    return found
