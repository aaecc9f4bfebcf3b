"""The P/Q mixture of THEORY §1: P needs many examples and a line, Q needs few examples and a kink."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from theory_sim.errors import InputError
from theory_sim.experiment import Experiment
from theory_sim.numeric.streams import generator
from theory_sim.reading.arguments import accepts

__all__ = ["KINDS", "P_ONLY", "Q_ONLY", "BOTH", "Data", "draw_data", "draw_test_data", "shared_directions"]

Array = np.ndarray[Any, Any]
KINDS: Final = ("P-only", "Q-only", "both")
P_ONLY, Q_ONLY, BOTH = range(3)
_ROWS: Final = 1024


@dataclass(frozen=True)
class Data:
    """Labelled examples of the P/Q mixture.

    Attributes
    ----------
    x1 : (N, d) array
        First patch; zero for Q-only.
    alpha : (N,) array
        Length of the second patch along its direction; zero for P-only.
    direction : (N,) int8 array
        Direction of the second patch: 0, 1, 2 for z - zeta, z, z + zeta; 1 where alpha is zero.
    y : (N,) array
        Labels, -1 or +1.
    kind : (N,) int8 array
        Index into `KINDS`.
    w_star : (d,) float64 array
        The unit vector w* of P.
    r : float
        Norm of zeta.
    """

    x1: Array
    alpha: Array
    direction: Array
    y: Array
    kind: Array
    w_star: Array
    r: float

    def __len__(self) -> int:
        return len(self.y)

    @property
    def x2(self) -> Array:
        """Second patch, (N, 2), in the orthonormal basis (z, zeta / r) of the plane that holds it (THEORY §2)."""
        return np.stack([self.alpha, self.alpha * self.r * (self.direction - 1.0)], axis=1)

    @property
    def counts(self) -> Array:
        """Number of examples of each kind, (3,)."""
        return np.bincount(self.kind, minlength=3)

    def mean_by_kind(self, values: Array) -> Array:
        """Mean of (N,) values over each kind, (3,); NaN for a kind without examples."""
        total = np.bincount(self.kind, weights=values, minlength=3)
        counts = self.counts
        mean: Array = np.divide(total, counts, out=np.full(3, np.nan), where=counts > 0)
        return mean


@accepts(experiment="Experiment")
def draw_data(experiment: Experiment) -> Data:
    """Training set of an experiment (THEORY §1).

    Kinds are drawn, or for ``counts = "exact"`` rounded by largest remainder and shuffled. The stream depends on
    ``seed_data`` alone, so that schedules compared on one seed see the same examples.
    """
    rng = generator(experiment.seed_of("data"), "data")
    n = experiment.n_examples
    share = np.array([experiment.p0_value, experiment.q0, max(0.0, 1.0 - experiment.p0_value - experiment.q0)])
    share /= share.sum()
    if experiment.counts == "exact":
        kind = rng.permutation(np.repeat(np.arange(3, dtype=np.int8), _largest_remainder(n * share, n)))
    else:
        kind = rng.choice(np.arange(3, dtype=np.int8), size=n, p=share)
    return _fill(experiment, kind, _unit_vector(experiment), rng)


@accepts(experiment="Experiment", n_each="a whole number")
def draw_test_data(experiment: Experiment, n_each: int | None = None) -> Data:
    """Fresh examples, ``n_each`` (default ``n_test``) of each kind, with the training set's w*."""
    n = experiment.n_test if n_each is None else n_each
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise InputError(f"n_each = {n!r}", "at least one example of each kind", "give 1 or more")
    rng = generator(experiment.seed_of("data"), "test data")
    kind = np.repeat(np.arange(3, dtype=np.int8), n)
    return _fill(experiment, kind, _unit_vector(experiment), rng)


def shared_directions(experiment: Experiment, w_star: Array) -> Array:
    """z - zeta, z and z + zeta in R^d, (3, d) float64, as the shared network's filters meet them (THEORY §2).

    z has the inner product ``overlap_z`` with w*; zeta is orthogonal to both; otherwise both are uniform directions,
    drawn from ``seed_data``. The split network never sees where its plane lies.
    """
    rng = generator(experiment.seed_of("data"), "plane")
    axes = [w_star]
    for _ in range(2):
        axis = rng.standard_normal(experiment.d)
        for _ in range(2):  # twice is enough for orthogonality to rounding
            for other in axes:
                axis -= np.sum(axis * other) * other
        axes.append(axis / np.sqrt(np.sum(axis * axis)))
    c = experiment.overlap_z
    z = c * w_star + np.sqrt((1.0 - c) * (1.0 + c)) * axes[1]
    zeta = experiment.r * axes[2]
    return np.stack([z - zeta, z, z + zeta])


def _largest_remainder(wanted: Array, n: int) -> Array:
    counts = np.floor(wanted).astype(np.int64)
    rest = np.argsort(counts - wanted, kind="stable")[: n - counts.sum()]
    counts[rest] += 1
    return counts


def _unit_vector(experiment: Experiment) -> Array:
    w = generator(experiment.seed_of("data"), "data", 1).standard_normal(experiment.d)
    unit: Array = w / np.sqrt(np.sum(w * w))
    return unit


def _fill(experiment: Experiment, kind: Array, w_star: Array, rng: np.random.Generator) -> Data:
    n = len(kind)
    dtype = np.dtype(experiment.dtype)
    y = rng.choice(np.array([-1.0, 1.0]), size=n)
    x1 = np.empty((n, experiment.d), dtype)
    for start in range(0, n, _ROWS):  # in blocks, so that float64 draws of a large set need little memory
        rows = slice(start, min(start + _ROWS, n))
        z = rng.standard_normal((rows.stop - start, experiment.d))
        z /= np.sqrt(experiment.d)
        # Not by BLAS: its sums depend on its number of threads.
        along = np.einsum("ij,j->i", z, w_star)
        # z conditioned on y <w*, z> >= 0 is z with the component along w* reflected to the label's side.
        z += np.outer(y[rows] * (np.abs(along) + experiment.gamma_0) - along, w_star)
        z[kind[rows] == Q_ONLY] = 0.0
        x1[rows] = z
    alpha = rng.uniform(experiment.alpha_min, experiment.alpha_max, size=n)
    alpha[kind == P_ONLY] = 0.0
    side = rng.choice(np.array([0, 2], dtype=np.int8), size=n)
    direction = np.where((y > 0) | (kind == P_ONLY), np.int8(1), side)
    return Data(x1, alpha, direction, y, kind, w_star, experiment.r)
