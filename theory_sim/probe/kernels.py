"""Tangent kernels of any network at equal and at unequal times, and how far they drift (THEORY §6, §15).

K_{s,t} = J(U_s) J(U_t)^T over the outputs at probe inputs, whole and layer by layer. At equal times it is the empirical NTK.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from theory_sim.arrays import Array
from theory_sim.errors import InputError
from theory_sim.memory import available_bytes
from theory_sim.observe.base import Labelled, Values, Variable
from theory_sim.probe.jacobians import Jacobians
from theory_sim.probe.watcher import Moment, Settings, Watcher

__all__ = ["KernelRecorder"]

_EIGENVALUES: Final = 5
_PROBES: Final = 16
"""Examples unless it is told how many: a kernel has a row for each of their outputs."""
_ALL: Final = "all"
_SHARE: Final = 0.25
"""Of the available memory, if no limit is given."""
_MAPS: Final = {
    "kernel_map_equal": "||K_tt - K_ss|| / ||K_ss||, Frobenius, s down and t across: equal times",
    "kernel_map_two": "||K_st - K_ss|| / ||K_ss||, Frobenius, s down and t across: two times",
}


class KernelRecorder(Watcher):
    """Gram matrices on probe examples, drift since the start, alignment, leading eigenvalues; maps over pairs of times.

    Jacobians of every record are kept for the maps while they fit into memory; of those beyond, maps have NaN. Where layers
    have more parameters than fit, columns are projected at random, and ``kernel_error`` is a bound of the root mean square
    error that this gives K_tt, over ||K_tt||.
    """

    name = "kernels"

    @classmethod
    def of(cls, moment: Moment, settings: Settings) -> KernelRecorder:
        return cls(moment, settings.probes or _PROBES, settings.memory)

    def __init__(self, moment: Moment, probes: int, memory: int | None) -> None:
        if _ALL in moment.tracked.names:
            raise InputError(f"a parameter named {_ALL!r}", f"parameters of other names: {_ALL!r} is that of the whole network "
                             "in kernels", "rename it, or leave kernels out of record")
        inputs, self.kinds = moment.groups.probes(probes)
        limit = float(memory) if memory is not None else _SHARE * available_bytes()
        self._jacobians = Jacobians(moment.tracked, inputs, limit, moment.seed)
        self._kept: list[list[Any]] = []
        self._count = 0
        self.parts = [_ALL, *moment.tracked.names]
        pairs = "kernel_output", "other_kernel_output"
        self.variables: Mapping[str, Variable] = {
            "kernel_drift_equal": Variable(("kernel_part",), "1", "||K_tt - K_00|| / ||K_00||, Frobenius: equal times"),
            "kernel_drift_two": Variable(("kernel_part",), "1", "||K_0t - K_00|| / ||K_00||, Frobenius: two times"),
            "kernel_alignment_equal": Variable(("kernel_part",), "1", "<K_tt, K_00> / (||K_tt|| ||K_00||)"),
            "kernel_alignment_two": Variable(("kernel_part",), "1", "<K_0t, K_00> / (||K_0t|| ||K_00||)"),
            "kernel_eigenvalues": Variable(("kernel_part", "eigenvalue"), "1", "leading eigenvalues of K_tt, decreasing"),
            "kernel_equal": Variable(pairs, "1", "K_tt on the probes' outputs"),
            "kernel_two": Variable(pairs, "1", "K_0t on the probes' outputs"),
            "kernel_error": Variable((), "1", "relative error of K_tt by projection, a bound; 0 if it is exact"),
        }

    def observe(self, moment: Moment) -> Values:
        now = self._jacobians.at(moment.replaced)
        if self._count < self._jacobians.most_records - 1 or not self._kept:
            self._kept.append(now)
        self._count += 1
        first = self._kept[0]
        kernels = {"00": _kernels(first, first), "tt": _kernels(now, now), "0t": _kernels(first, now)}
        rows: dict[str, list[Any]] = {}
        for start, equal, two in zip(*kernels.values(), strict=True):
            leading = np.full(_EIGENVALUES, math.nan)
            if np.isfinite(equal).all():
                found = np.linalg.eigvalsh(equal)[::-1][:_EIGENVALUES]
                leading[: len(found)] = found
            for name, value in (
                ("drift_equal", _distance(equal, start)), ("drift_two", _distance(two, start)),
                ("alignment_equal", _alignment(equal, start)), ("alignment_two", _alignment(two, start)),
                ("eigenvalues", leading),
            ):
                rows.setdefault(f"kernel_{name}", []).append(value)
        whole = kernels["tt"][0]
        return {name: np.array(row) for name, row in rows.items()} | {
            "kernel_equal": whole, "kernel_two": kernels["0t"][0], "kernel_error": self._error(whole)}

    def _error(self, kernel: Array) -> float:
        """Root of the summed bounds of an entry's variance, (K_aa K_bb + K_ab^2) / k, over ||K||."""
        if self._jacobians.exact:
            return 0.0
        trace, square = float(np.trace(kernel)), float((kernel**2).sum())
        return math.sqrt((trace**2 + square) / self._jacobians.columns / square)

    def coordinates(self) -> Mapping[str, Any]:
        return {"kernel_part": self.parts,
                "kernel_output_kind": ("kernel_output", np.repeat(self.kinds, self._jacobians.outputs))}

    def final(self, record: str) -> Labelled:
        maps = {name: np.full((len(self.parts), self._count, self._count), math.nan) for name in _MAPS}
        equal = [_kernels(each, each) for each in self._kept]
        for s, earlier in enumerate(self._kept):
            for t, later in enumerate(self._kept):
                two = _kernels(earlier, later)
                for part in range(len(self.parts)):
                    maps["kernel_map_equal"][part, s, t] = _distance(equal[t][part], equal[s][part])
                    maps["kernel_map_two"][part, s, t] = _distance(two[part], equal[s][part])
        return {name: (("kernel_part", record, f"other_{record}"), values, {"units": "1", "long_name": _MAPS[name]})
                for name, values in maps.items()}

    def state(self) -> dict[str, Any]:
        return {"kept": self._kept, "count": self._count}

    def restore(self, state: Mapping[str, Any]) -> None:
        self._kept, self._count = list(state["kept"]), int(state["count"])

    @property
    def bytes_held(self) -> float:
        return float(len(self._kept) * self._jacobians.bytes_a_record)


def _kernels(a: list[Any], b: list[Any]) -> list[Array]:
    """K of the whole network, then of each layer, float64."""
    layers = [(of_a.double() @ of_b.double().T).cpu().numpy() for of_a, of_b in zip(a, b, strict=True)]
    return [np.sum(layers, axis=0), *layers]


def _distance(a: Array, b: Array) -> float:
    size = float(np.linalg.norm(b))
    return float(np.linalg.norm(a - b)) / size if size > 0 else math.nan


def _alignment(a: Array, b: Array) -> float:
    size = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float((a * b).sum()) / size if size > 0 else math.nan
