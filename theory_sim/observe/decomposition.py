"""Sizes of the signal and of the accumulated noise, measured and by the exact recursion (THEORY §4, §5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from theory_sim.observe.base import Observer, Snapshot, Values, Variable, get_weights

__all__ = ["Decomposition"]


def _norm(array: np.ndarray[Any, Any]) -> float:
    return float(np.sqrt(np.einsum("ij,ij->", array, array, dtype=np.float64)))


class Decomposition(Observer):
    """Frobenius norms of both parts in each layer; the noise's standard deviation beside tau_t."""

    variables: Mapping[str, Variable] = {
        "norm_signal": Variable(("layer",), "1", "Frobenius norm of the signal part"),
        "norm_noise": Variable(("layer",), "1", "Frobenius norm of the accumulated noise, over all neurons"),
        "tau_noise": Variable(("layer",), "1", "root mean square entry of the accumulated noise"),
        "tau_noise_exact": Variable((), "1", "tau_t of the exact recursion"),
    }

    def observe(self, snapshot: Snapshot) -> Values:
        layers = list(get_weights(snapshot, "Decomposition").layers.values())
        noise = np.array([_norm(layer.noise) for layer in layers])
        return {
            "norm_signal": np.array([_norm(layer.signal) for layer in layers]),
            "norm_noise": noise * np.sqrt([layer.share for layer in layers]),
            "tau_noise": noise / np.sqrt([layer.noise.size for layer in layers]),
            "tau_noise_exact": snapshot.tau_noise,
        }
