"""Sampled paths of the noise output n_t, a Gaussian process over inputs and time (THEORY §7).

Its covariance tau_s tau_t |x| |x'| kappa_1(rho cos theta) is a power series in rho cos theta with coefficients a_k >= 0. So
n_t / tau_t is a sum of independent modes: mode k has the spatial covariance |x| |x'| cos^k theta and, between times, the
correlation rho^k, which is that of a first-order autoregression. Degrees above 16 share a mode by bins, whose mass is small.
An activation of slopes a and b has (b - a)^2 times these covariances, but ((a + b)/2)^2 in degree 1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, Literal, NamedTuple

import numpy as np

from theory_sim.arrays import Array
from theory_sim.limit.compression import taylor
from theory_sim.numeric.streams import StepStream
from theory_sim.theory.arc_cosine import RELU, KernelConstants

__all__ = ["Mode", "NoiseOutput", "modes"]

_SINGLE: Final = 16
_RATIO: Final = 1.2
_LARGEST: Final = 6000
# What is dropped of the covariance between different sites, relative to |x| |x'|, in all modes together.
_NEGLIGIBLE: Final = 1e-6
_SAMPLED: Final = 256
_ROWS: Final = 512


class Mode(NamedTuple):
    """Even degrees of kappa_1 that share one autoregression.

    Attributes
    ----------
    degrees, coefficients : (k,) arrays
        Degrees, and their coefficients in kappa_1.
    exponent : float
        Power of |rho| that the mode follows: the mean degree.
    """

    degrees: Array
    coefficients: Array
    exponent: float

    @property
    def mass(self) -> float:
        """Share of the variance per squared norm, of 1/2 in all."""
        return float(self.coefficients.sum())


@lru_cache(maxsize=1)
def modes() -> tuple[Mode, ...]:
    """Modes of degree 2 and more.

    Their correlation in time differs from kappa_1's by less than 2e-6 at any rho (tested); the degrees beyond the last, of
    mass below 1e-7, are given to the last mode.
    """
    degrees = np.arange(2, _LARGEST + 1, 2)
    coefficients, taylor_j = np.empty(len(degrees)), taylor(0)
    for j, degree in enumerate(degrees):  # b_{j+1} / b_j = (2j + 1)^2 / ((2j + 2) (2j + 3))
        coefficients[j] = taylor_j / degree / (2.0 * math.pi)
        taylor_j *= (2 * j + 1) ** 2 / ((2 * j + 2) * (2 * j + 3))
    # kappa_1(1) = 1/2, of which degrees 0 and 1 hold 1/(2 pi) and 1/4.
    coefficients[-1] += 0.25 - 0.5 / math.pi - coefficients.sum()
    found, start = [], 0
    while start < len(degrees):
        first = int(degrees[start])
        stop = start + 1 if first < _SINGLE else int(np.searchsorted(degrees, _RATIO * first, side="right"))
        part = slice(start, max(stop, start + 1))
        mass = coefficients[part].sum()
        found.append(Mode(degrees[part], coefficients[part], float(degrees[part] @ coefficients[part] / mass)))
        start = part.stop
    return tuple(found)


class NoiseOutput:
    """n_t / tau_t at given inputs, carried forward step by step.

    Parameters
    ----------
    x : (n, k) array
        Inputs of one filter bank.
    law : {"independent", "balanced"}
        Random signs of the second layer, or exactly balanced ones, which have no constant term.
    spatial : {"exact", "mean"}
        Covariance between inputs of the modes of degree 2 and more: every pair, or the mean over pairs.
    seed, address : int
        Address of the draws, with the step; the seed is that of xi.
    constants : KernelConstants
        Of the activation's kernel, by default ReLU.

    Attributes
    ----------
    values : (n,) float64 array
        n_t / tau_t at the present step.
    """

    def __init__(
        self, x: Array, *, law: Literal["independent", "balanced"], spatial: Literal["exact", "mean"], seed: int, address: int,
        constants: KernelConstants = RELU,
    ) -> None:
        n, k = x.shape
        self._of_linear, self._of_others = math.sqrt(constants.linear), math.sqrt(constants.arcsine)
        self._x = x
        self._norm = np.sqrt(np.einsum("ij,ij->i", x, x, dtype=np.float64))
        self._modes = modes()
        names = range(len(self._modes) + 2)
        self._streams = [StepStream(seed, "limit noise", address, index) for index in names]
        constant = np.zeros(1)
        self._streams[0].normal(0, constant)
        self._constant = float(constant[0]) / math.sqrt(2.0 * math.pi) if law == "independent" else 0.0
        cosine, chosen = self._cosines(spatial)
        matter = _matter(_largest_other(cosine)) if spatial == "exact" else len(self._modes)
        self._roots = [_Root(mode, cosine, chosen, index < matter) for index, mode in enumerate(self._modes)]
        self._linear = np.zeros(k)
        self._fields = np.zeros((len(self._modes), n))
        self._draw(0, 0.0)

    @staticmethod
    def estimated_bytes(n: int, k: int, spatial: str, nearest: float = 0.0) -> int:
        """Estimate for n inputs of independent directions in dimension k, or of which two have the cosine ``nearest``.

        The largest of n^2 / 2 cosines is near sqrt(4 log n / k).
        """
        total = 8 * n * (2 * len(modes()) + 8)
        if spatial == "exact":
            total += 8 * n * n * (_matter(_likely_largest(n, k, nearest)) + 3)
        return total

    @staticmethod
    def estimated_degrees(n: int, k: int, spatial: str, nearest: float = 0.0) -> int:
        """How many degrees are added up, for the same inputs."""
        found = modes()[: _matter(_likely_largest(n, k, nearest))] if spatial == "exact" else modes()
        return sum(len(mode.degrees) for mode in found)

    @property
    def values(self) -> Array:
        """n_t / tau_t, (n,)."""
        linear = np.dot(self._x, self._linear.astype(self._x.dtype))
        others = self._of_others * (self._norm * (self._constant + self._fields.sum(axis=0)))
        value: Array = others + self._of_linear * linear
        return value

    def state(self) -> dict[str, Array]:
        """What changes from step to step."""
        return {"linear": self._linear, "fields": self._fields}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take back what `state` gave."""
        self._linear[:], self._fields[:] = state["linear"], state["fields"]

    def advance(self, rho: float, step: int) -> None:
        """Go from a step to the next; rho, in [-1, 1], is the correlation of their patterns."""
        self._draw(step + 1, rho)

    def _draw(self, step: int, rho: float) -> None:
        fresh = np.empty(len(self._linear))
        _autoregress(self._linear, rho, self._streams[1], step, fresh)
        for field, mode, root, stream in zip(self._fields, self._modes, self._roots, self._streams[2:], strict=True):
            kept = abs(rho) ** mode.exponent
            if kept < 1.0:
                field *= kept
                field += math.sqrt((1.0 - kept) * (1.0 + kept)) * root.draw(stream, step)

    def _cosines(self, spatial: str) -> tuple[Array, Array | None]:
        """Cosines between all inputs, with None; or for the mean, of some rows with all, and which rows they are."""
        n = len(self._x)
        unit = (self._x / np.where(self._norm > 0, self._norm, 1.0)[:, None]).astype(self._x.dtype)
        chosen = np.arange(n) if spatial == "exact" or n <= _SAMPLED else np.linspace(0, n - 1, _SAMPLED).astype(np.int64)
        cosines = np.empty((len(chosen), n))
        for start in range(0, len(chosen), _ROWS):
            part = slice(start, start + _ROWS)
            cosines[part] = unit[chosen[part]] @ unit.T
        np.clip(cosines, -1.0, 1.0, out=cosines)
        cosines[np.arange(len(chosen)), chosen] = 1.0
        return cosines, None if spatial == "exact" else chosen


def _autoregress(state: Array, rho: float, stream: StepStream, step: int, fresh: Array) -> None:
    if rho < 1.0:
        stream.normal(step, fresh)
        state *= rho
        state += math.sqrt((1.0 - rho) * (1.0 + rho)) * fresh


def _likely_largest(n: int, k: int, nearest: float) -> float:
    return max(nearest, min(1.0, math.sqrt(4.0 * math.log(n + 1.0) / k)))


def _matter(largest: float) -> int:
    """How many of the first modes matter between different inputs of cosine at most ``largest``."""
    found = modes()
    bounds = [float(mode.coefficients @ largest ** mode.degrees.astype(float)) for mode in found]
    tails = np.cumsum(bounds[::-1])[::-1]
    return int((tails > _NEGLIGIBLE).sum())


class _Root:
    """Draws of one mode's field per unit norm: a root of its covariance times independent normals."""

    def __init__(self, mode: Mode, cosine: Array, chosen: Array | None, matters: bool) -> None:
        n = cosine.shape[1]
        self._n, self._root = n, None
        self._common, self._own = 0.0, math.sqrt(mode.mass)
        if n < 2 or not matters:
            return
        if chosen is not None:
            powers = _power_sum(mode, cosine)
            powers[np.arange(len(chosen)), chosen] = 0.0
            mean = float(powers.sum()) / (len(chosen) * (n - 1))
            self._common, self._own = math.sqrt(mean), math.sqrt(max(mode.mass - mean, 0.0))
        else:
            self._root = _square_root(_power_sum(mode, cosine))

    def draw(self, stream: StepStream, step: int) -> Array:
        """Field of a step, (n,)."""
        normal = np.empty(self._n + 1)
        stream.normal(step, normal)
        if self._root is not None:
            field: Array = self._root @ normal[1:]
            return field
        own: Array = self._own * normal[1:]
        own += self._common * normal[0]
        return own


def _largest_other(cosine: Array) -> float:
    largest = 0.0
    for i in range(1, len(cosine)):
        largest = max(largest, float(np.abs(cosine[i, :i]).max()))
    return largest


def _power_sum(mode: Mode, cosine: Array) -> Array:
    """sum_k a_k cos^k over the mode's degrees, by Horner in cos^2 (every degree is even)."""
    square = cosine * cosine
    total = np.full_like(cosine, mode.coefficients[-1])
    for coefficient in mode.coefficients[-2::-1]:
        total *= square
        total += coefficient
    total *= square ** (int(mode.degrees[0]) // 2)
    return total


def _square_root(covariance: Array) -> Array:
    try:
        root: Array = np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError:  # positive semi-definite, of less than full rank
        values, vectors = np.linalg.eigh(covariance)
        root = vectors * np.sqrt(np.maximum(values, 0.0))
    return root
