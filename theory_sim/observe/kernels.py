"""Tangent kernels on probe inputs at equal and at unequal times, and how far they drift (THEORY §6).

K_{s,t}(x, x') = <x, x'> (number of neurons active for x at s and for x' at t) / m. At equal times it is the NTK, which the
limit keeps still at every t. At unequal times it shows the rotation of the features, the drift that the theorem is about.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from theory_sim.arrays import Array
from theory_sim.experiment.choices import OBSERVERS
from theory_sim.experiment.record_times import Recording
from theory_sim.memory import Bytes
from theory_sim.numeric.patterns import common_active, pack
from theory_sim.numeric.pool import BlockPool
from theory_sim.observe.base import Labelled, Observer, Snapshot, Use, Values, Variable
from theory_sim.observe.probes import FEATURES, PROBES, Probes, cosines, get_probes
from theory_sim.theory.arc_cosine import tangent_kernel
from theory_sim.train.clock import AnyInstant, instants_from_numbers, numbers_of_instants

__all__ = ["Kernels"]

_EIGENVALUES: Final = 5
_MAPS: Final = {
    "kernel_map_equal": "||K_tt - K_ss|| / ||K_ss||, Frobenius, s down and t across: equal times, measured",
    "kernel_map_two": "||K_st - K_ss|| / ||K_ss||, Frobenius, s down and t across: two times, measured",
    "kernel_map_two_predicted": "the same by THEORY §6 with rho(s, t) of THEORY §5",
}


@OBSERVERS.register
class Kernels(Observer):
    """Equal-time and two-time Gram matrices of P's and Q's patterns, their drift, and what THEORY §6 predicts of it.

    The limit has the predicted kernels themselves. The patterns of every record are kept to the end, n m / 8 bytes a record,
    for the maps over all pairs of times.

    Parameters
    ----------
    recording : Recording
        Record times, and the number of ``probes``: training patches x_1, 64 by default.
    """

    needs_theory = True
    name = "kernels"
    summary = (r"Gram matrices at equal times, $K_{t,t}$, and at two, $K_{0,t}$, on probes of P and of Q; their drift, "
               "alignment and leading eigenvalues; maps of the drift over all pairs of times, beside "
               "those of {ref}`§6 <theory-6>`")
    uses_probes = True

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self._probes = recording.probes or PROBES
        pairs = {"P": ("kernel_probe", "other_kernel_probe"), "Q": ("direction", "other_direction")}
        self.variables: Mapping[str, Variable] = {
            "kernel_drift_equal": Variable(("feature",), "1", "||K_tt - K_00|| / ||K_00||, Frobenius: equal times"),
            "kernel_drift_two": Variable(("feature",), "1", "||K_0t - K_00|| / ||K_00||, Frobenius: two times"),
            "kernel_drift_two_predicted": Variable(("feature",), "1", "the same by THEORY §6 with rho(0, t) of THEORY §5"),
            "kernel_alignment_equal": Variable(("feature",), "1", "<K_tt, K_00> / (||K_tt|| ||K_00||)"),
            "kernel_alignment_two": Variable(("feature",), "1", "<K_0t, K_00> / (||K_0t|| ||K_00||)"),
            "kernel_eigenvalues": Variable(("feature", "eigenvalue"), "1", "leading eigenvalues of K_tt, decreasing"),
            **{f"kernel_equal_{f}": Variable(dims, "1", f"K_tt on {f}'s probes") for f, dims in pairs.items()},
            **{f"kernel_two_{f}": Variable(dims, "1", f"K_0t on {f}'s probes") for f, dims in pairs.items()},
        }
        self._words: dict[str, list[Array]] = {feature: [] for feature in FEATURES}
        self._instants: list[AnyInstant] = []
        self._geometry: dict[str, tuple[Array, Array]] = {}
        self._neurons: dict[str, int] = {}

    def observe(self, snapshot: Snapshot) -> Values:
        found = get_probes(snapshot, self._probes)
        self._learn(found)
        self._instants.append(snapshot.now)
        rho = self._instants[0].rho(snapshot.now)
        values: dict[str, Any] = {}
        rows: dict[str, list[Any]] = {}
        with BlockPool(1) as pool:
            for feature, probes in found.items():
                if probes.pre_activations is not None:
                    self._words[feature].append(pack(probes.pre_activations))
                first, equal, two = (self._kernel(feature, *times, pool) for times in ((0, 0), (-1, -1), (0, -1)))
                values[f"kernel_equal_{feature}"], values[f"kernel_two_{feature}"] = equal, two
                predicted, start = self._predicted(feature, rho), self._predicted(feature, 1.0)
                leading = np.full(_EIGENVALUES, math.nan)
                eigenvalues = np.linalg.eigvalsh(equal)[::-1][:_EIGENVALUES]
                leading[: len(eigenvalues)] = eigenvalues
                for name, value in (
                    ("drift_equal", _distance(equal, first)), ("drift_two", _distance(two, first)),
                    ("drift_two_predicted", _distance(predicted, start)),
                    ("alignment_equal", _alignment(equal, first)), ("alignment_two", _alignment(two, first)),
                    ("eigenvalues", leading),
                ):
                    rows.setdefault(f"kernel_{name}", []).append(value)
        return values | {name: np.array(row) for name, row in rows.items()}

    def _learn(self, found: Mapping[str, Probes]) -> None:
        for feature, probes in found.items():
            self._geometry.setdefault(feature, cosines(probes.inputs))
            self._neurons[feature] = 0 if probes.pre_activations is None else len(probes.pre_activations)

    def _kernel(self, feature: str, s: int, t: int, pool: BlockPool) -> Array:
        """K_{s,t} of two records: counted, or in the limit as predicted."""
        if not self._words[feature]:
            return self._predicted(feature, self._instants[s].rho(self._instants[t]))
        words = self._words[feature]
        counted: Array = self._geometry[feature][0] * common_active(words[s], words[t], pool) / self._neurons[feature]
        return counted

    def _predicted(self, feature: str, rho: float) -> Array:
        return tangent_kernel(*self._geometry[feature], rho)

    def coordinates(self) -> Mapping[str, Any]:
        return {"feature": list(FEATURES)}

    def final(self) -> Labelled:
        record = f"record_{self.name}" if self.own_times else "record"
        n = len(self._instants)
        maps = {name: np.zeros((len(FEATURES), n, n)) for name in _MAPS}
        with BlockPool() as pool:
            for f, feature in enumerate(FEATURES):
                equal = [self._kernel(feature, s, s, pool) for s in range(n)]
                start = self._predicted(feature, 1.0) if n else np.zeros((0, 0))
                for s in range(n):
                    for t in range(n):
                        rho = self._instants[s].rho(self._instants[t])
                        maps["kernel_map_equal"][f, s, t] = _distance(equal[t], equal[s])
                        maps["kernel_map_two"][f, s, t] = _distance(self._kernel(feature, s, t, pool), equal[s])
                        maps["kernel_map_two_predicted"][f, s, t] = _distance(self._predicted(feature, rho), start)
        return {
            name: (("feature", record, f"other_{record}"), values, {"units": "1", "long_name": _MAPS[name]})
            for name, values in maps.items()
        }

    @classmethod
    def memory(cls, use: Use) -> Bytes:
        n, m, records, d = use.inputs["P"], use.neurons.get("P", 0), use.records, use.experiment.d
        square = 8 * n * n
        words = sum(use.inputs[f] * use.neurons.get(f, 0) / 8 for f in use.inputs)
        # Inner products and cosines; K_tt and K_0t of each record, once more stacked for the result; and the maps of it.
        held = square * (2 + 4 * records) + words * records + 48 * records**2 + 2000 * records
        # Equal, two-time and predicted kernels with what they are made of; nothing is stacked then. At the end K_tt of each
        # record, and what a distance takes.
        at_record = square * (10 - 2 * records) + use.item * (2.5 * m * n + use.seen * d + n * d)
        return Bytes(held, max(at_record, square * (records + 4)))

    @classmethod
    def seconds(cls, use: Use) -> float:
        from theory_sim.numeric.rates import get_rates

        n, m, records, rates = use.inputs["P"], use.neurons.get("P", 0), use.records, get_rates("float64")
        # A predicted kernel takes an arc sine a pair; a counted one the words; eigenvalues some n^3.
        kernel = n * n * (14.0 / rates.elements + m / 64.0 / rates.elements)
        return records * (6.0 * kernel + 2.0 * n**3 / rates.products) + 2.0 * records**2 * kernel

    def state(self) -> Mapping[str, Array]:
        state = {f"words {feature}": np.array(words, np.uint64) for feature, words in self._words.items()}
        for feature, (inner, cosine) in self._geometry.items():
            state[f"geometry {feature}"] = np.stack([inner, cosine])
            state[f"neurons {feature}"] = np.array(self._neurons[feature])
        return state | {"instants": numbers_of_instants(self._instants)}

    def restore(self, state: Mapping[str, Array]) -> None:
        self._words = {feature: list(state[f"words {feature}"]) for feature in FEATURES}
        for feature in FEATURES:
            if f"geometry {feature}" in state:
                inner, cosine = state[f"geometry {feature}"]
                self._geometry[feature] = inner, cosine
                self._neurons[feature] = int(state[f"neurons {feature}"])
        self._instants = instants_from_numbers(state["instants"])


def _distance(a: Array, b: Array) -> float:
    size = float(np.linalg.norm(b))
    return float(np.linalg.norm(a - b)) / size if size > 0 else math.nan


def _alignment(a: Array, b: Array) -> float:
    size = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float((a * b).sum()) / size if size > 0 else math.nan
