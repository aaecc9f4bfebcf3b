"""Points at which the general network's layers are evaluated, and how the outputs of examples follow from them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from theory_sim.arrays import Array
from theory_sim.data import Data, get_directions
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import ACTIVATIONS

__all__ = ["Points", "get_points", "with_constant"]


class Points(NamedTuple):
    """Inputs of one layer.

    Attributes
    ----------
    x : (n, k) array
        The points, with a last coordinate 1 where neurons have biases.
    example, site, weight : (e,) arrays
        The output of ``example`` takes in ``weight`` times that of the point ``site``.
    """

    x: Array
    example: Array
    site: Array
    weight: Array

    def of_examples(self, values: Array, count: int) -> Array:
        """Sum over the points (n,) of each of ``count`` examples."""
        return np.bincount(self.example, weights=self.weight * values[self.site], minlength=count)

    def of_sites(self, residual: Array) -> Array:
        """Residuals (N,) gathered by the points, (n,)."""
        return np.bincount(self.site, weights=self.weight * residual[self.example], minlength=len(self.x))


def get_points(experiment: Experiment, data: Data) -> list[Points]:
    """Points of each layer: of x_1 and of x_2, or of both together for the shared network.

    A patch that is zero is no point where it neither gives an output nor moves a weight: phi(0) = 0, and no biases. Where phi
    is homogeneous besides, a second patch of the P/Q mixture is alpha times one of three directions.
    """
    e, chosen = experiment, ACTIVATIONS[experiment.activation]
    skip = chosen.zero_at_zero and not e.biases
    first = _of_patches(data.x1, np.flatnonzero(data.has_x1) if skip else np.arange(len(data)))
    if skip and chosen.homogeneous and data.pq is not None:
        holding = np.flatnonzero(data.alpha > 0)
        x2 = get_directions(e, data).astype(data.x1.dtype)
        second = Points(x2, holding, data.direction[holding].astype(np.int64), data.alpha[holding])
    else:
        patches = data.x2
        if data.pq is not None:
            patches = data.alpha[:, None] * get_directions(e, data)[data.direction]
        second = _of_patches(patches.astype(data.x1.dtype),
                             np.flatnonzero(patches.any(axis=1)) if skip else np.arange(len(data)))
    found = [_joined(first, second) if second.x.shape[1] else first] if e.shared_filters else [first, second]
    return [points._replace(x=with_constant(points.x, e)) for points in found if points.x.shape[1]]


def with_constant(x: Array, experiment: Experiment) -> Array:
    """Inputs (n, k) with a last coordinate 1 if neurons have biases."""
    return np.hstack([x, np.ones((len(x), 1), x.dtype)]) if experiment.biases else x


def _of_patches(patches: Array, rows: Array) -> Points:
    return Points(np.ascontiguousarray(patches[rows]), rows, np.arange(len(rows)), np.ones(len(rows)))


def _joined(first: Points, second: Points) -> Points:
    return Points(np.concatenate([first.x, second.x]), np.concatenate([first.example, second.example]),
                  np.concatenate([first.site, second.site + len(first.x)]), np.concatenate([first.weight, second.weight]))
