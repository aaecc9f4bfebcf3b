"""Probe inputs and the filters that see them, so that observers of patterns read every network alike (THEORY §2)."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from theory_sim.arrays import Array
from theory_sim.observe.base import Snapshot

__all__ = ["FEATURES", "PROBES", "Probes", "cosines", "get_probes"]

FEATURES: Final = ("P", "Q")
# Training patches x_1 that an observer looks at unless it is told how many.
PROBES: Final = 64


class Probes(NamedTuple):
    """Inputs of one feature, and the neurons that see them.

    Attributes
    ----------
    inputs : (n, k) array
        Probe patches x_1 (P), or z - zeta, z, z + zeta (Q).
    pre_activations : (m, n) array or None
        Those at present, whose signs are the activation patterns; None in the limit, which has no neurons.
    """

    inputs: Array
    pre_activations: Array | None


def get_probes(snapshot: Snapshot, count: int) -> dict[str, Probes]:
    """Probes of P, up to ``count`` training patches x_1, and of Q."""
    train = snapshot.train
    x1 = np.ascontiguousarray(train.x1[train.has_x1][:count])
    network = snapshot.network
    inputs = {"P": x1, "Q": network.directions.astype(x1.dtype)}
    return {feature: Probes(x, network.pre_activations(feature, x)) for feature, x in inputs.items()}


def cosines(inputs: Array) -> tuple[Array, Array]:
    """Inner products and cosines between inputs, (n, n) float64."""
    x = inputs.astype(np.float64)
    inner = x @ x.T
    length = np.sqrt(np.diag(inner))
    cosine = np.divide(inner, np.outer(length, length), out=np.zeros_like(inner), where=np.outer(length, length) > 0)
    np.fill_diagonal(cosine, 1.0)
    return inner, np.clip(cosine, -1.0, 1.0)
