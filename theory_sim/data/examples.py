"""Labelled examples of two patches, in named kinds, and what is known of how they were made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from theory_sim.arrays import Array
from theory_sim.errors import InputError

__all__ = ["BOTH", "KINDS", "P_ONLY", "Q_ONLY", "Data", "PQStructure"]

KINDS: Final = ("P-only", "Q-only", "both")
P_ONLY, Q_ONLY, BOTH = range(3)


@dataclass(frozen=True)
class PQStructure:
    """How examples of the P/Q mixture were made (THEORY §1).

    Attributes
    ----------
    alpha : (N,) array
        Length of the second patch along its direction; zero for P-only.
    direction : (N,) int8 array
        Direction of the second patch: 0, 1, 2 for z - zeta, z, z + zeta; 1 where alpha is zero.
    w_star : (d,) float64 array
        The unit vector w* of P.
    r : float
        Norm of zeta.
    """

    alpha: Array
    direction: Array
    w_star: Array
    r: float

    def __repr__(self) -> str:
        """Shapes, not arrays; of any content, since messages show what was refused."""
        shapes = (f"{name} {getattr(getattr(self, name), 'shape', 'no array')}" for name in ("alpha", "direction", "w_star"))
        return f"<PQStructure: {', '.join(shapes)}; r {self.r}>"

    @property
    def x2(self) -> Array:
        """Second patch, (N, 2), in the orthonormal basis (z, zeta / r) of the plane that holds it (THEORY §2)."""
        return np.stack([self.alpha, self.alpha * self.r * (self.direction - 1.0)], axis=1)


@dataclass(frozen=True)
class Data:
    """Labelled examples of two patches.

    Attributes
    ----------
    x1 : (N, d) array
        First patch; zero where an example has none.
    x2 : (N, k) array
        Second patch; zero where an example has none, and k = 0 if none has one. Of the P/Q mixture (N, 2), in the orthonormal
        basis (z, zeta / r) of the plane that holds it.
    y : (N,) array
        Labels, -1 or +1.
    kind : (N,) int8 array
        Index into ``kinds``.
    kinds : tuple of str
        Names of the groups of examples of which losses are recorded: P-only, Q-only and both in the P/Q mixture.
    pq : PQStructure or None
        Directions and lengths of the P/Q mixture; None for other data. Its arrays can be read here: ``alpha``, ``direction``,
        ``w_star`` and ``r``.

    Examples
    --------
    >>> from theory_sim import Experiment, draw_data
    >>> data = draw_data(Experiment(d=20, N=80))
    >>> data.x1.shape, data.x2.shape, set(data.y.tolist())
    ((80, 20), (80, 2), {1.0, -1.0})
    """

    x1: Array
    x2: Array
    y: Array
    kind: Array
    kinds: tuple[str, ...] = KINDS
    pq: PQStructure | None = None

    @classmethod
    def of_pq(cls, x1: Array, y: Array, kind: Array, pq: PQStructure) -> Data:
        """Examples of the P/Q mixture, whose second patches follow from their structure."""
        return cls(x1, pq.x2, y, kind, KINDS, pq)

    def copy(self) -> Data:
        """The same examples in arrays of their own."""
        pq = self.pq
        if pq is not None:
            pq = PQStructure(np.array(pq.alpha), np.array(pq.direction), np.array(pq.w_star), pq.r)
        return Data(np.array(self.x1), np.array(self.x2), np.array(self.y), np.array(self.kind), self.kinds, pq)

    def __len__(self) -> int:
        return len(self.y)

    def __repr__(self) -> str:
        """Shapes and kinds, not arrays; of any content, since messages show what was refused."""
        shapes = (f"{name} {getattr(getattr(self, name), 'shape', 'no array')}" for name in ("x1", "x2", "y"))
        return f"<Data: {', '.join(shapes)}; kinds {', '.join(map(str, self.kinds))}>"

    @property
    def structure(self) -> PQStructure:
        """Directions and lengths of the P/Q mixture.

        Raises
        ------
        InputError
            If these are other data.
        """
        if self.pq is None:
            raise InputError("data without the P/Q mixture's directions",
                             "this is defined for data_law = 'pq-mixture' (THEORY §1)", "use x1, x2 and kind")
        return self.pq

    @property
    def alpha(self) -> Array:
        """Lengths of the P/Q mixture's second patches, (N,)."""
        return self.structure.alpha

    @property
    def direction(self) -> Array:
        """Directions of the P/Q mixture's second patches, (N,): 0, 1, 2 for z - zeta, z, z + zeta."""
        return self.structure.direction

    @property
    def w_star(self) -> Array:
        """The unit vector w* of P, (d,)."""
        return self.structure.w_star

    @property
    def r(self) -> float:
        """Norm of zeta."""
        return self.structure.r

    @property
    def has_x1(self) -> Array:
        """Which examples have a first patch, (N,) bool."""
        return np.asarray(self.kind != Q_ONLY if self.pq is not None else self.x1.any(axis=1))

    @property
    def q_hat(self) -> float:
        """Share of Q-only examples, which L-S does not wait for (THEORY §3); 0 for other data."""
        return float(self.counts[Q_ONLY]) / len(self) if self.pq is not None else 0.0

    @property
    def counts(self) -> Array:
        """Number of examples of each kind, (kinds,)."""
        return np.bincount(self.kind, minlength=len(self.kinds))

    def mean_by_kind(self, values: Array) -> Array:
        """Mean of (N,) values over each kind, (kinds,); NaN for a kind without examples."""
        count = len(self.kinds)
        total = np.bincount(self.kind, weights=values, minlength=count)
        counts = self.counts
        mean: Array = np.divide(total, counts, out=np.full(count, np.nan), where=counts > 0)
        return mean
