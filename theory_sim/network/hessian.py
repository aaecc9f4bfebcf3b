"""The Hessian of the training loss by the first-layer weights, as products with vectors and as its eigenvalues (THEORY §2, §3).

f_i = N_A(u, U; x_i) is linear in U as long as no pattern changes, so that almost everywhere
H = (1/N) sum_i l''(y_i f_i) J_i J_i^T, J_i the gradient of f_i: the Gauss-Newton matrix is the whole Hessian. The ridge adds
lambda to each eigenvalue and is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from scipy.linalg import eigvalsh, qr
from scipy.sparse.linalg import LinearOperator, eigsh

__all__ = ["DENSE", "Hessian", "LayerAtSites"]

Array = np.ndarray[Any, Any]
DENSE: Final = 500
"""Number of weights up to which every eigenvalue is computed."""
# Up to so many sites the range of H may be too small for Lanczos, which would need fresh vectors to go on.
_FEW_SITES: Final = 64
_TOLERANCE: Final = 1e-8
_START_SEED: Final = 20210301  # of Lanczos' first vector: the same for every call, and from no stream of a run


class LayerAtSites(NamedTuple):
    """A layer at the inputs of which its outputs are made: f_i = sum_e weight_e out(site_e) over the entries e of example i.

    Attributes
    ----------
    x : (n, k) array
        Distinct inputs.
    active : (m, n) array
        1 where a neuron is active.
    u : (m,) array
        Second layer.
    site, example : (entries,) integer arrays
        Input and example of each entry.
    weight : (entries,) array
        Factor of each entry.
    """

    x: Array
    active: Array
    u: Array
    site: Array
    example: Array
    weight: Array


class Hessian:
    """Hessian of (1/N) sum_i l(y_i f_i) by the weights of some layers, without the ridge.

    Parameters
    ----------
    layers : sequence of LayerAtSites
        The layers, in float64.
    curvature : (N,) array
        l''(y_i f_i) of each example.

    Attributes
    ----------
    size : int
        Number of weights.
    """

    def __init__(self, layers: Sequence[LayerAtSites], curvature: Array) -> None:
        self._layers, self._weights = list(layers), curvature / len(curvature)
        self._shapes = [(len(layer.u), layer.x.shape[1]) for layer in self._layers]
        self.size = sum(m * k for m, k in self._shapes)

    def product(self, vector: Array) -> Array:
        """H times a vector, (size,)."""
        return self._transposed(self._weights * self._jacobian(np.asarray(vector).ravel()))

    def _jacobian(self, vector: Array) -> Array:
        """How fast each output (N,) changes along a vector of weights."""
        change, start = np.zeros(len(self._weights)), 0
        for layer, (m, k) in zip(self._layers, self._shapes, strict=True):
            moved = vector[start : start + m * k].reshape(m, k)
            of_sites = layer.u @ (layer.active * (moved @ layer.x.T))
            change += np.bincount(layer.example, layer.weight * of_sites[layer.site], minlength=len(change))
            start += m * k
        return change

    def _transposed(self, weight: Array) -> Array:
        """Gradient of sum_i weight_i f_i by the weights, (size,)."""
        found = []
        for layer in self._layers:
            of_sites = np.bincount(layer.site, layer.weight * weight[layer.example], minlength=len(layer.x))
            found.append((layer.u[:, None] * (layer.active @ (of_sites[:, None] * layer.x))).ravel())
        return np.concatenate(found)

    def spectrum(self) -> Array:
        """Every eigenvalue, decreasing, (size,); dense, so that it is for small networks."""
        dense = np.stack([self.product(unit) for unit in np.eye(self.size)])
        return np.asarray(eigvalsh((dense + dense.T) / 2))[::-1]

    def top(self, count: int) -> Array:
        """The largest eigenvalues, decreasing, (count,); NaN beyond the number of weights."""
        if self.size <= DENSE:
            found = self.spectrum()[:count]
        elif self._few_sites() <= _FEW_SITES:
            found = self._by_sites(count)
        else:
            start = np.random.default_rng(_START_SEED).standard_normal(self.size)
            operator = LinearOperator((self.size, self.size), matvec=self.product, dtype=np.float64)
            values = eigsh(operator, count, which="LA", v0=start, tol=_TOLERANCE, return_eigenvectors=False)
            found = np.sort(values)[::-1]
        padded = np.full(count, np.nan)
        padded[: len(found)] = found
        return padded

    def _used_sites(self) -> list[Array]:
        """Sites of each layer that an example with curvature has: the others are not in H."""
        return [np.unique(layer.site[self._weights[layer.example] != 0]) for layer in self._layers]

    def _few_sites(self) -> int:
        return sum(len(sites) for sites in self._used_sites())

    def _by_sites(self, count: int) -> Array:
        """The largest eigenvalues of S^T M S, S the gradients of the outputs at the sites: those of R M R^T with S^T = Q R."""
        used = self._used_sites()
        total, start = sum(len(sites) for sites in used), 0
        gradients, of_sites = np.zeros((total, self.size)), np.zeros((len(self._weights), total))
        column = 0
        for layer, sites, (m, k) in zip(self._layers, used, self._shapes, strict=True):
            for row, site in enumerate(sites, start=column):
                gradient = (layer.u * layer.active[:, site])[:, None] * layer.x[site]
                gradients[row, start : start + m * k] = gradient.ravel()
            position = np.full(len(layer.x), -1)
            position[sites] = np.arange(column, column + len(sites))
            there = position[layer.site] >= 0
            np.add.at(of_sites, (layer.example[there], position[layer.site[there]]), layer.weight[there])
            start, column = start + m * k, column + len(sites)
        middle = of_sites.T @ (self._weights[:, None] * of_sites)
        upper = qr(gradients.T, mode="r")[0][:total]
        found = np.concatenate([eigvalsh(upper @ middle @ upper.T), np.zeros(self.size - total)]) if total else np.zeros(count)
        return np.sort(found)[::-1][:count]
