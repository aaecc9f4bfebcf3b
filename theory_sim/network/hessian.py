"""The Hessian of the training loss by the trained weights, as products with vectors and as its eigenvalues (THEORY §2, §3).

H = (1/N) sum_i [l''(y_i f_i) J_i J_i^T + y_i l'(y_i f_i) D_i], J_i the gradient and D_i the second derivative of f_i. For ReLU
with a fixed second layer D_i is zero almost everywhere: f_i is linear in U as long as no pattern changes, and the first part,
the Gauss-Newton matrix, is the whole. Else products with D_i are the derivative of the gradient along a direction, written out
(Pearlmutter 1994). At a kink an activation has the second derivative of its pieces. The ridge adds lambda to each eigenvalue
and is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from scipy.linalg import eigvalsh, qr
from scipy.sparse.linalg import LinearOperator, eigsh

from theory_sim.arrays import Array

__all__ = ["DENSE", "Hessian", "LayerAtSites"]

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
    slopes : (m, n) array
        phi' of each pre-activation; for ReLU 1 where a neuron is active.
    u : (m,) array
        Second layer.
    site, example : (entries,) integer arrays
        Input and example of each entry.
    weight : (entries,) array
        Factor of each entry.
    values : (m, n) array or None
        phi of each pre-activation, where the second layer is trained, too.
    bends : (m, n) array or None
        phi''; None if it is zero.
    """

    x: Array
    slopes: Array
    u: Array
    site: Array
    example: Array
    weight: Array
    values: Array | None = None
    bends: Array | None = None

    @property
    def size(self) -> int:
        """Number of trained weights."""
        return len(self.u) * (int(self.x.shape[1]) + (self.values is not None))

    @property
    def is_linear(self) -> bool:
        """Whether outputs are linear in the trained weights, near these."""
        return self.values is None and self.bends is None

    def parts(self, vector: Array) -> tuple[Array, Array | None]:
        """A vector (size,) as changes of U (m, k) and of the second layer (m,), if that is trained."""
        m, k = len(self.u), self.x.shape[1]
        return vector[: m * k].reshape(m, k), None if self.values is None else vector[m * k :]

    def at_sites(self, of_examples: Array) -> Array:
        """Numbers of the examples (N,) gathered by the sites, (n,)."""
        return np.bincount(self.site, self.weight * of_examples[self.example], minlength=len(self.x))


class Hessian:
    """Hessian of (1/N) sum_i l(y_i f_i) by the trained weights of some layers, without the ridge.

    Parameters
    ----------
    layers : sequence of LayerAtSites
        The layers, in float64.
    curvature : (N,) array
        l''(y_i f_i) of each example.
    slope : (N,) array, optional
        y_i l'(y_i f_i); not read where outputs are linear in the weights.

    Attributes
    ----------
    size : int
        Number of weights.
    """

    def __init__(self, layers: Sequence[LayerAtSites], curvature: Array, slope: Array | None = None) -> None:
        self._layers, self._weights = list(layers), curvature / len(curvature)
        self._linear = all(layer.is_linear for layer in self._layers)
        self._slope = np.zeros(len(curvature)) if slope is None else slope / len(curvature)
        self.size = sum(layer.size for layer in self._layers)

    def product(self, vector: Array) -> Array:
        """H times a vector, (size,)."""
        parts = self._parts(np.asarray(vector).ravel())
        found = self._transposed(self._weights * self._jacobian(parts))
        if not self._linear:
            found += np.concatenate([self._bent(layer, part) for layer, part in zip(self._layers, parts, strict=True)])
        return found

    def _parts(self, vector: Array) -> list[Array]:
        """What of a vector is each layer's."""
        return np.split(vector, np.cumsum([layer.size for layer in self._layers])[:-1])

    def _jacobian(self, parts: Sequence[Array]) -> Array:
        """How fast each output (N,) changes along a direction."""
        change = np.zeros(len(self._weights))
        for layer, part in zip(self._layers, parts, strict=True):
            moved, moved_u = layer.parts(part)
            of_sites = layer.u @ (layer.slopes * (moved @ layer.x.T))
            if moved_u is not None:
                of_sites += moved_u @ layer.values
            change += np.bincount(layer.example, layer.weight * of_sites[layer.site], minlength=len(change))
        return change

    def _transposed(self, weight: Array) -> Array:
        """Gradient of sum_i weight_i f_i by the weights, (size,)."""
        found = []
        for layer in self._layers:
            of_sites = layer.at_sites(weight)
            found.append((layer.u[:, None] * (layer.slopes @ (of_sites[:, None] * layer.x))).ravel())
            if layer.values is not None:
                found.append(layer.values @ of_sites)
        return np.concatenate(found)

    def _bent(self, layer: LayerAtSites, part: Array) -> Array:
        """sum_i y_i l'(y_i f_i) D_i times a layer's part of a vector; D_i couples no two neurons, over which outputs add up."""
        moved, moved_u = layer.parts(part)
        weight, along = layer.at_sites(self._slope), moved @ layer.x.T
        change = np.zeros_like(along)
        if layer.bends is not None:
            change += layer.u[:, None] * layer.bends * along
        if moved_u is not None:
            change += moved_u[:, None] * layer.slopes
        found = [((change * weight) @ layer.x).ravel()]
        if moved_u is not None:
            found.append((layer.slopes * along) @ weight)
        return np.concatenate(found)

    def spectrum(self) -> Array:
        """Every eigenvalue, decreasing, (size,); dense, so that it is for small networks."""
        dense = np.stack([self.product(unit) for unit in np.eye(self.size)])
        return np.asarray(eigvalsh((dense + dense.T) / 2))[::-1]

    def top(self, count: int) -> Array:
        """The largest eigenvalues, decreasing, (count,); NaN beyond the number of weights."""
        if self.size <= DENSE:
            found = self.spectrum()[:count]
        elif self._linear and self._few_sites() <= _FEW_SITES:
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
        for layer, sites in zip(self._layers, used, strict=True):
            for row, site in enumerate(sites, start=column):
                gradient = (layer.u * layer.slopes[:, site])[:, None] * layer.x[site]
                gradients[row, start : start + layer.size] = gradient.ravel()
            position = np.full(len(layer.x), -1)
            position[sites] = np.arange(column, column + len(sites))
            there = position[layer.site] >= 0
            np.add.at(of_sites, (layer.example[there], position[layer.site[there]]), layer.weight[there])
            start, column = start + layer.size, column + len(sites)
        middle = of_sites.T @ (self._weights[:, None] * of_sites)
        upper = qr(gradients.T, mode="r")[0][:total]
        found = np.concatenate([eigvalsh(upper @ middle @ upper.T), np.zeros(self.size - total)]) if total else np.zeros(count)
        return np.sort(found)[::-1][:count]
