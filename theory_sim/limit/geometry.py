"""What a run of the limit never changes: patches, directions of x_2, and weights of memories in outputs (THEORY §7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from theory_sim.arrays import Array
from theory_sim.data import Data, get_directions
from theory_sim.errors import InputError
from theory_sim.experiment import Experiment
from theory_sim.limit.compression import Compression
from theory_sim.theory.arc_cosine import KernelConstants

__all__ = ["Geometry", "Patches"]

_TWO_PI: Final = 2.0 * np.pi


class Patches:
    """Patches x_1 of the training examples that have one, and of the fresh ones.

    Attributes
    ----------
    seen, seen_test : (n,), (n_test,) int arrays
        Indices of the examples that have a patch x_1.
    x, norm : (n, d), (n,) arrays
        Training patches, in the experiment's precision, and their norms.
    x_test, norm_test : (n_test, d), (n_test,) arrays
        The same for fresh examples.
    """

    def __init__(self, train: Data, test: Data) -> None:
        self.seen, self.seen_test = np.flatnonzero(train.has_x1), np.flatnonzero(test.has_x1)
        self.x, self.x_test = np.ascontiguousarray(train.x1[self.seen]), np.ascontiguousarray(test.x1[self.seen_test])
        self.norm, self.norm_test = _norms(self.x), _norms(self.x_test)


def _norms(x: Array) -> Array:
    norm: Array = np.sqrt(np.einsum("ij,ij->i", x, x, dtype=np.float64))
    return np.maximum(norm, np.finfo(np.float64).tiny)


@dataclass(frozen=True)
class Geometry:
    """Directions, examples, and weights of the memories' E exponents.

    Attributes
    ----------
    shared : bool
        Whether one filter bank sees both patches.
    directions : (3, k) array
        z - zeta, z, z + zeta as the filters see them.
    norm : (N,) array
        Norms of the whole training inputs.
    y, alpha, direction : (n,) arrays
        Label, size of x_2 and its direction, of the examples that have a patch x_1.
    own_weights : (E,) array
        Between a patch and itself, per squared norm.
    linear, arcsine : float
        The kernel is <x, x'> (linear + arcsine arcsin(rho cos theta) / (2 pi)): 1/4 and 1 for ReLU
        (`theory_sim.theory.arc_cosine.kernel_constants`).
    q_weights, q_linear, q_equal_time : (E, 3, 3), (3, 3), (3, 3) arrays
        Between directions: of the arcsin term at any age, of the linear part, and of the arcsin term at equal times.
    cross, cross_equal_time, cross_test : (E, 3, n), (3, n), (E, 3, n_test) arrays, or None
        Between directions and patches x_1, of the shared network only.
    """

    shared: bool
    directions: Array
    norm: Array
    y: Array
    alpha: Array
    direction: Array
    own_weights: Array
    linear: float
    arcsine: float
    q_weights: Array
    q_linear: Array
    q_equal_time: Array
    cross: Array | None
    cross_equal_time: Array | None
    cross_test: Array | None

    @classmethod
    def of(cls, experiment: Experiment, train: Data, patches: Patches, compression: Compression) -> Geometry:
        """Geometry of one training set."""
        e, shared = experiment, experiment.shared_filters
        directions = get_directions(e, train)
        linear, arcsine = _constants(e)
        gram = directions @ directions.T
        lengths = np.sqrt(np.diag(gram))
        cosines = np.clip(gram / np.outer(lengths, lengths), -1.0, 1.0)
        np.fill_diagonal(cosines, 1.0)
        cross = equal_time = cross_test = None
        if shared:
            cross, equal_time = _between(directions, lengths, patches.x, patches.norm, compression)
            cross_test, _ = _between(directions, lengths, patches.x_test, patches.norm_test, compression)
        norm_Q = train.alpha * lengths[train.direction]
        return cls(
            shared=shared, directions=directions,
            norm=np.sqrt((train.x1.astype(np.float64) ** 2).sum(axis=1) + norm_Q**2),
            y=train.y[patches.seen], alpha=train.alpha[patches.seen], direction=train.direction[patches.seen],
            linear=linear, arcsine=arcsine, own_weights=compression.weights(np.ones(1))[:, 0] / _TWO_PI,
            q_weights=(compression.weights(cosines.ravel()) * gram.ravel() / _TWO_PI).reshape(-1, 3, 3),
            q_linear=gram * linear, q_equal_time=gram * np.arcsin(cosines) / _TWO_PI,
            cross=cross, cross_equal_time=equal_time, cross_test=cross_test,
        )


def _constants(experiment: Experiment) -> KernelConstants:
    """Constants of the two-time kernel."""
    constants = experiment.kernel_constants
    if constants is None:
        raise InputError(f"activation = {experiment.activation!r} in the limit", "an activation of two straight lines",
                         "use the engine finite", fields=("activation",))
    return constants


def _between(directions: Array, lengths: Array, x: Array, norm: Array, compression: Compression) -> tuple[Array, Array]:
    """Weights (E, 3, n) between the directions and patches x_1, and their values at equal times, (3, n)."""
    inner = directions @ x.T.astype(np.float64)
    cosine = np.clip(inner / np.outer(lengths, norm), -1.0, 1.0)
    weights = compression.weights(cosine.ravel()).reshape(len(compression.exponents), *inner.shape)
    weights *= inner / _TWO_PI
    return weights, inner * np.arcsin(cosine) / _TWO_PI
