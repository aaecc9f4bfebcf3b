"""Size of signal and accumulated noise, and the noise's level and correlations beside THEORY §5's recursion."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from theory_sim.arrays import Array
from theory_sim.observe.base import Values, Variable
from theory_sim.probe.reference import squared_norm
from theory_sim.probe.split import Split
from theory_sim.probe.watcher import SINCE, Moment, Watcher

__all__ = ["SplitRecorder"]


class SplitRecorder(Watcher):
    """Norms, levels and correlations, by layer; a layer is a parameter tensor of the network's.

    The noise of up to three earlier times is kept: start, last record, annealing.
    """

    variables: Mapping[str, Variable] = {
        "norm_signal": Variable(("layer",), "1", "Frobenius norm of the signal part"),
        "norm_noise": Variable(("layer",), "1", "Frobenius norm of the accumulated noise"),
        "tau_noise": Variable(("layer",), "1", "root mean square entry of the accumulated noise"),
        "tau_noise_recursion": Variable(("layer",), "1", "the same by the recursion of THEORY §5 with the run's own xi"),
        "tau_noise_exact": Variable((), "1", "the same over all layers"),
        "noise_correlation": Variable(("layer", "since"), "1", "correlation of the accumulated noise then and now"),
        "noise_correlation_recursion": Variable(("layer", "since"), "1", "rho of THEORY §5 with the run's own xi"),
        "gradient_norm": Variable((), "1", "norm of the gradient of the reference loss, as last computed"),
        "gradient_error": Variable((), "1", "root expected squared error of it, by sampling"),
        "xi_norm": Variable((), "1", "norm of xi, what the last step's gradient had beside it"),
    }

    def __init__(self, split: Split) -> None:
        self._earlier: dict[str, list[Any]] = {}
        self._split = split
        self._keep("start")

    def _keep(self, since: str) -> None:
        self._earlier[since] = [each.clone() for each in self._split.noise]
        self._split.law.mark(since)

    def annealed(self, moment: Moment) -> None:
        self._keep("annealing")

    def observe(self, moment: Moment) -> Values:
        split, law = moment.split, moment.split.law
        if "last record" not in self._earlier:
            self._earlier["last record"] = self._earlier["start"]
            law.copy_mark("start", "last record")
        measured = np.full((len(split.sizes), len(SINCE)), math.nan)
        recursion = measured.copy()
        for column, since in enumerate(SINCE):
            if since in self._earlier:
                measured[:, column] = _correlations(self._earlier[since], split.noise)
                recursion[:, column] = law.correlations(since)
        values: dict[str, Any] = {
            "norm_signal": split.norms(split.signal), "norm_noise": split.norms(split.noise),
            "tau_noise": np.sqrt(split.squares(split.noise)), "tau_noise_recursion": law.levels(),
            "tau_noise_exact": law.level(), "noise_correlation": measured, "noise_correlation_recursion": recursion,
            "gradient_norm": math.sqrt(squared_norm(moment.estimate.gradients)), "gradient_error": moment.estimate.error,
            "xi_norm": math.sqrt(split.noise_square),
        }
        self._keep("last record")
        return values

    def state(self) -> dict[str, Any]:
        return {"earlier": self._earlier}

    def restore(self, state: Mapping[str, Any]) -> None:
        self._earlier = dict(state["earlier"])

    @property
    def bytes_held(self) -> float:
        held = {id(each): each.numel() * each.element_size() for tensors in self._earlier.values() for each in tensors}
        return float(sum(held.values()))


def _correlations(then: list[Any], now: list[Any]) -> Array:
    """Cosine of the angle between two tensors, for each pair; NaN where one is zero."""
    found = []
    for a, b in zip(then, now, strict=True):
        product, sizes = float((a.double() * b.double()).sum()), float(a.double().norm() * b.double().norm())
        found.append(product / sizes if sizes > 0 else math.nan)
    return np.array(found)
