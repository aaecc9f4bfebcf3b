"""The P/Q mixture of THEORY §1: P needs many examples and a line, Q needs few examples and a kink."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from theory_sim.arrays import Array
from theory_sim.data.alpha import AlphaLaw
from theory_sim.data.examples import KINDS, P_ONLY, Q_ONLY, Data, PQStructure
from theory_sim.data.law import DataLaw
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import ALPHA_LAWS, DATA_LAWS
from theory_sim.numeric.streams import generator
from theory_sim.reading.answers import require_numbers

__all__ = ["PQMixture", "get_directions", "shared_directions"]

_ROWS: Final = 1024


@DATA_LAWS.register
class PQMixture(DataLaw):
    """P-only, Q-only and both (THEORY §1)."""

    name = "pq-mixture"
    summary = "the theory's P/Q mixture: P needs many examples and a line, Q needs few examples and a kink"
    reads = ("p0", "q0", "g0", "r", "alpha_law", "alpha_min", "alpha_max", "overlap_z")
    kinds = KINDS
    in_theory, has_pq = True, True

    @classmethod
    def second_dimension(cls, experiment: Any) -> int:
        return 2

    @classmethod
    def shares(cls, experiment: Experiment) -> Sequence[float]:
        return experiment.p0_value, experiment.q0, max(0.0, 1.0 - experiment.p0_value - experiment.q0)

    @classmethod
    def draw(
        cls, experiment: Experiment, kind: Array, y: Array, rng: np.random.Generator, fixed: np.random.Generator
    ) -> Data:
        n, w_star = len(kind), fixed.standard_normal(experiment.d)
        w_star /= np.sqrt(np.sum(w_star * w_star))
        x1 = _first_patches(experiment, kind, y, w_star, rng)
        law = ALPHA_LAWS[experiment.alpha_law]
        assert issubclass(law, AlphaLaw), f"{law} is an AlphaLaw"
        alpha = require_numbers(law.draw(experiment, rng, n), (n,), f"alpha of alpha_law {law.name!r}", least=0.0)
        alpha[kind == P_ONLY] = 0.0
        side = rng.choice(np.array([0, 2], dtype=np.int8), size=n)
        direction = np.where((y > 0) | (kind == P_ONLY), np.int8(1), side)
        return Data.of_pq(x1, y, kind, PQStructure(alpha, direction, w_star, experiment.r))


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


def get_directions(experiment: Experiment, data: Data) -> Array:
    """z - zeta, z, z + zeta as the filters see them, (3, k); none for other data than the P/Q mixture."""
    if data.pq is None:
        return np.empty((0, experiment.d))
    if experiment.shared_filters:
        return shared_directions(experiment, data.w_star)
    return np.array([[1.0, side * data.r] for side in (-1, 0, 1)])


def _first_patches(experiment: Experiment, kind: Array, y: Array, w_star: Array, rng: np.random.Generator) -> Array:
    n = len(kind)
    x1 = np.empty((n, experiment.d), np.dtype(experiment.dtype))
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
    return x1
