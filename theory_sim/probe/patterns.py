"""Activation patterns of a network's ReLUs on probe examples, and how many have flipped (THEORY §6)."""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

import numpy as np

from theory_sim.arrays import Array
from theory_sim.errors import InputError
from theory_sim.observe.base import Values, Variable
from theory_sim.observe.probes import PROBES
from theory_sim.probe.passes import Call, choose_activations, find_activations, find_linear_layers, look
from theory_sim.probe.watcher import SINCE, Moment, Settings, Watcher
from theory_sim.theory.arc_cosine import flip_probability

__all__ = ["PatternRecorder"]

_MOST_UNITS: Final = 4096
"""Units of a module that are recorded; of more, so many are drawn once."""
_ALL: Final = "all"
_MOST_BYTES: Final = 200
"""Of a label in a variable's name, which is a folder's where runs are stored."""
_signs: Final = functools.partial(Variable, counts_signs=True)


class PatternRecorder(Watcher):
    """Share of (unit, example) pairs whose pattern differs from that at the start, the last record and the annealing.

    A unit is an entry of a module's input: of a convolution, a channel at a position. Predicted is arccos(rho)/pi with the rho
    of THEORY §5 for the weight of the layer that was called last before the module, linear or a convolution; over all modules,
    the mean of these over units; NaN where that weight is not trained. It is the probability for noise alone, with independent
    Gaussian entries and no bias, on inputs that do not change; it leaves out the signal, biases, earlier layers and batch norm.
    """

    name, by_default = "patterns", True

    @classmethod
    def of(cls, moment: Moment, settings: Settings) -> PatternRecorder:
        return cls(moment, settings.activations, settings.probes or PROBES)

    def __init__(self, moment: Moment, activations: Sequence[str] | None, probes: int) -> None:
        model = moment.tracked.model
        self._modules = find_activations(model, activations)
        self._layers = find_linear_layers(model)
        self._inputs, self.kinds = moment.groups.probes(probes)
        self._names = moment.groups.names
        calls = self._look(moment)
        self._activations = choose_activations(model, activations, self._modules, calls)
        _require_own_labels([call.label for call in calls if call.module in self._activations])
        self._feeding = _feeding_layers(calls, moment, self._layers, self._activations)
        rng = np.random.default_rng(0)
        self._chosen: dict[str, Array] = {}
        for call in calls:
            if call.module in self._activations:
                if len(call.inputs) != len(self.kinds):
                    raise InputError(f"activations: {call.label!r} gets {len(call.inputs)} rows of {len(self.kinds)} examples",
                                     "inputs whose first dimension is that of the examples",
                                     "name other modules in activations=[...], or leave patterns out of record")
                units = call.inputs[0].numel()
                drawn = rng.choice(units, _MOST_UNITS, replace=False) if units > _MOST_UNITS else np.arange(units)
                self._chosen[call.label] = np.sort(drawn)
        self.features = [_ALL, *self._chosen]
        self._earlier = {"start": self._patterns(calls)}
        self._mark(moment, "start")
        self.variables: Mapping[str, Variable] = {
            "flips": _signs(("feature", "since"), "1", "share of (unit, example) pairs with another pattern than then"),
            "flips_predicted": Variable(("feature", "since"), "1",
                                        "arccos(rho) / pi, rho of the layer before by THEORY §5; of all, their mean"),
            "flips_group": _signs(("feature", "kind", "since"), "1", "flips on each group's examples"),
            "flips_input": _signs(("feature", "pattern_probe"), "1", "share of units flipped since the start, by example"),
            **{f"patterns_{_stored(label)}": _signs(("pattern_probe", f"byte_{_stored(label)}"), "1",
                                                    f"patterns at {label}, unit 8k + b of those recorded at bit b of byte k")
               for label in self._chosen},
        }

    def _look(self, moment: Moment) -> list[Call]:
        return look(moment.tracked, self._inputs, [*self._layers, *self._modules], moment.seed, moment.replaced, functions=True)

    def _patterns(self, calls: Sequence[Call]) -> dict[str, Array]:
        """Patterns (n, units) of each module's call."""
        return {call.label: (call.inputs.reshape(len(call.inputs), -1) > 0).cpu().numpy()[:, self._chosen[call.label]]
                for call in calls if call.label in self._chosen}

    def _mark(self, moment: Moment, since: str) -> None:
        moment.split.law.mark(("patterns", since))

    def annealed(self, moment: Moment) -> None:
        self._earlier["annealing"] = self._patterns(self._look(moment))
        self._mark(moment, "annealing")

    def observe(self, moment: Moment) -> Values:
        patterns = self._patterns(self._look(moment))
        if "last record" not in self._earlier:
            self._earlier["last record"] = self._earlier["start"]
            moment.split.law.copy_mark(("patterns", "start"), ("patterns", "last record"))
        shape = len(self.features), len(SINCE)
        flips, predicted = np.full(shape, math.nan), np.full(shape, math.nan)
        by_group = np.full((shape[0], len(self._names), shape[1]), math.nan)
        by_input = np.full((shape[0], len(self.kinds)), math.nan)
        of = [np.array([kind == name for kind in self.kinds]) for name in self._names]
        for column, since in enumerate(SINCE):
            if since not in self._earlier:
                continue
            before = self._earlier[since]
            predicted[:, column] = self._predicted(moment, since)
            changed = [patterns[label] != before[label] for label in self._chosen]
            for row, each in enumerate([np.concatenate(changed, axis=1), *changed]):
                flips[row, column] = each.mean()
                by_group[row, :, column] = [each[rows].mean() if rows.any() else math.nan for rows in of]
                if since == "start":
                    by_input[row] = each.mean(axis=1)
        self._earlier["last record"] = patterns
        self._mark(moment, "last record")
        packed = {f"patterns_{_stored(label)}": np.packbits(each, axis=1, bitorder="little")
                  for label, each in patterns.items()}
        return {"flips": flips, "flips_predicted": predicted, "flips_group": by_group, "flips_input": by_input, **packed}

    def _predicted(self, moment: Moment, since: str) -> Array:
        law, mark = moment.split.law, ("patterns", since)
        by_layer = dict(zip(moment.tracked.names, law.correlations(mark), strict=True))
        of_each = flip_probability(np.array([by_layer.get(self._feeding[label], math.nan) for label in self._chosen]))
        return np.array([np.average(of_each, weights=[len(units) for units in self._chosen.values()]), *of_each])

    def coordinates(self) -> Mapping[str, Any]:
        return {"feature": self.features, "since": list(SINCE), "pattern_probe_kind": ("pattern_probe", self.kinds)}

    def state(self) -> dict[str, Any]:
        return {"earlier": self._earlier}

    def restore(self, state: Mapping[str, Any]) -> None:
        self._earlier = dict(state["earlier"])

    @property
    def bytes_held(self) -> float:
        return float(sum(each.nbytes for patterns in self._earlier.values() for each in patterns.values()))


def _require_own_labels(labels: Sequence[str]) -> None:
    """Raise InputError if two calls have one label, or one has that of all."""
    for label in (_ALL, *labels):
        if [_ALL, *labels].count(label) > 1:
            raise InputError(f"activations: {label!r} names two things", f"a name for each call: {_ALL!r} is that of all "
                             "modules together, 'name#2' that of a module's second call",
                             "rename the module, or name others in activations=[...]")


def _stored(label: str) -> str:
    """A label as part of a file's name: what that cannot hold is percent-encoded, and a long one ends in a digest."""
    safe = "".join(each if each.isprintable() and each not in "/\\%" else quote(each, safe="", errors="replace")
                   for each in label)
    if len(safe.encode()) <= _MOST_BYTES:
        return safe
    return f"{safe.encode()[: _MOST_BYTES - 17].decode(errors='ignore')}-{hashlib.sha256(label.encode()).hexdigest()[:16]}"


def _feeding_layers(
    calls: Sequence[Call], moment: Moment, layers: Sequence[str], activations: Sequence[str]
) -> dict[str, str]:
    """Name of the weight that was used last before each call of an activation; empty where there is none, or it is not
    trained."""
    last, found = "", {}
    for call in calls:
        if call.module in activations:
            found[call.label] = last
        elif call.module in layers:
            last = moment.tracked.layers(call.module)[0] or ""
    return found
