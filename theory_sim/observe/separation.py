"""What the V part says at Q's three directions, and how far signal has moved patterns (THEORY §2, §8)."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from theory_sim.data import Data
from theory_sim.network.layer import Weights
from theory_sim.observe.base import Observer, Snapshot, Values, Variable, get_weights

__all__ = ["Separation"]

_PROBES = 64


class Separation(Observer):
    """g at z - zeta, z, z + zeta and h = g(z+zeta) + g(z-zeta) - 2 g(z); the lazy-regime measure.

    In the lazy regime patterns are those of the noise alone. ``pattern_shift`` for W, or for U of the shared network, is the
    share of (neuron, input) pairs whose pattern differs from the noise's, over the first 64 training examples with x_1. For V
    it is the number of such (neuron, direction) pairs divided by the number of neurons whose kink separates Q's classes.
    Patterns that do not follow the weights have no such measure: it is NaN. So is all that is of Q's three directions,
    for data other than the P/Q mixture.
    """

    variables: Mapping[str, Variable] = {
        "g": Variable(("part", "direction"), "1", "output of the V part at z - zeta, z, z + zeta"),
        "h": Variable(("part",), "1", "g(z+zeta) + g(z-zeta) - 2 g(z), what separates Q's classes"),
        "pattern_shift": Variable(
            ("layer",), "1", "patterns that the signal has moved: share for W; for V per near-kink neuron; lazy is << 1",
            counts_signs=True,
        ),
        "near_kink": Variable(
            (), "1", "share of V neurons whose kink lies between z and z - zeta or z + zeta", counts_signs=True
        ),
    }

    def observe(self, snapshot: Snapshot) -> Values:
        network = get_weights(snapshot, "Separation")
        plane = network.plane()
        g = np.stack([network.g, plane.g_signal])
        last = list(network.layers.values())[-1]  # V, or the layer that sees both patches
        near = max(plane.near_kink, 1.0)
        shift = [_shift_x1(next(iter(network.layers.values())), snapshot.train)]
        if len(network.layers) > 1:
            shift.append(float(plane.shifted.sum()) / near)
        if not network.patterns_follow_weights:
            shift = [math.nan] * len(shift)
        return {
            "g": g,
            "h": g[:, 0] + g[:, 2] - 2 * g[:, 1],
            "pattern_shift": np.array(shift),
            "near_kink": plane.near_kink / len(last.signal),
        }


def _shift_x1(layer: Weights, train: Data) -> float:
    x1 = train.x1[np.flatnonzero(train.has_x1)[:_PROBES]]
    if not len(x1):
        return 0.0
    if layer.signal.shape[1] > x1.shape[1]:  # biases, the weights of a constant input
        x1 = np.hstack([x1, np.ones((len(x1), 1), x1.dtype)])
    of_signal, of_noise = layer.at(x1)
    return float(np.mean((of_signal + of_noise > 0) != (of_noise > 0)))
