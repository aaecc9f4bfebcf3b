"""What only the limit records, or records in its own way: there are no neurons to count (docs/reference/trajectory.md)."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from theory_sim.limit.error_function import ErrorFunctionNetwork
from theory_sim.limit.network import LimitNetwork
from theory_sim.observe.base import Observer, Snapshot, Values, Variable
from theory_sim.observe.decomposition import Decomposition
from theory_sim.observe.separation import Separation

__all__ = ["LimitDecomposition", "LimitSeparation", "SpatialError"]


class LimitDecomposition(Observer):
    """Norm of the signal, finite in the limit, beside the noise: tau_t an entry, infinite over all neurons."""

    variables: Mapping[str, Variable] = Decomposition.variables

    def observe(self, snapshot: Snapshot) -> Values:
        norms = _limit(snapshot).signal_norms()  # NaN where placed noise gives examples a common pattern at equal times
        level = snapshot.tau_noise
        return {
            "norm_signal": norms,
            "norm_noise": np.full(len(norms), math.inf if level > 0 else 0.0),
            "tau_noise": np.full(len(norms), level),
            "tau_noise_exact": snapshot.tau_noise,
        }


class LimitSeparation(Observer):
    """g and h; the signal moves no pattern in the limit, and the share of kinks between Q's directions is an angle."""

    variables: Mapping[str, Variable] = Separation.variables

    def __init__(self, r: float, layers: int) -> None:
        self._near_kink, self._layers = 2.0 * math.atan(r) / math.pi, layers

    def observe(self, snapshot: Snapshot) -> Values:
        network = _limit(snapshot)
        g = np.stack([network.g, network.g_signal])
        return {
            "g": g,
            "h": g[:, 0] + g[:, 2] - 2 * g[:, 1],
            "pattern_shift": np.zeros(self._layers),
            "near_kink": self._near_kink,
        }


class SpatialError(Observer):
    """Error of ``spatial = "mean"``, measured on probe patches."""

    variables: Mapping[str, Variable] = {
        "spatial_error": Variable(
            (), "1", "root mean square, over 64 patches x_1, of what the mean over pairs leaves out of the output"
        ),
    }

    def observe(self, snapshot: Snapshot) -> Values:
        return {"spatial_error": _limit(snapshot).spatial_error()}


def _limit(snapshot: Snapshot) -> LimitNetwork | ErrorFunctionNetwork:
    assert isinstance(snapshot.network, LimitNetwork | ErrorFunctionNetwork), "given to runs of the limit only"
    return snapshot.network
