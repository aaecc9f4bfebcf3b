"""Activation patterns, packed into bits, and how many have flipped (THEORY §6)."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from theory_sim.arrays import Array
from theory_sim.experiment.choices import OBSERVERS
from theory_sim.experiment.record_times import Recording
from theory_sim.memory import Bytes
from theory_sim.numeric.patterns import flipped_by_input, flipped_by_neuron, pack, unpack
from theory_sim.observe.base import Observer, Snapshot, Use, Values, Variable
from theory_sim.observe.probes import FEATURES, PROBES, Probes, get_probes
from theory_sim.theory.arc_cosine import flip_probability
from theory_sim.train.clock import AnyInstant, instants_from_numbers, numbers_of_instants

__all__ = ["SINCE", "Patterns"]

SINCE: Final = ("start", "last record", "annealing")
_signs: Final = functools.partial(Variable, counts_signs=True)


@OBSERVERS.register
class Patterns(Observer):
    """Share of (neuron, input) pairs whose pattern differs from that at an earlier time, beside Sheppard's arccos(rho) / pi.

    Earlier times are the start, the last record and the annealing (NaN before it). In the limit the shares are the
    predicted ones and there are no neurons to list. Near-kink neurons are those of Q that told z from z - zeta or z + zeta
    at the start.

    Parameters
    ----------
    recording : Recording
        Record times, and the number of ``probes``: training patches x_1, 64 by default.
    """

    needs_theory = True
    name = "patterns"
    summary = (r"bit-packed activation patterns on probe inputs; shares of flips since the start, the last record and "
               r"annealing, by neuron and by input, beside $\arccos(\rho)/\pi$; Q's near-kink neurons by themselves")
    uses_probes = True

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self._probes = recording.probes or PROBES
        pairs = {"P": "pattern_probe", "Q": "direction"}
        self.variables: Mapping[str, Variable] = {
            "flips": _signs(("feature", "since"), "1", "share of (neuron, input) pairs with another pattern than then"),
            "flips_predicted": Variable(("since",), "1", "arccos(rho) / pi, with rho of THEORY §5"),
            "flips_near_kink": _signs(("since",), "1", "the same share among Q's near-kink neurons of the start"),
            "near_kink_kept": _signs((), "1", "share of these that still tell z from z - zeta or z + zeta"),
            **{f"flips_input_{f}": _signs((dim,), "1", f"share of neurons flipped since the start, by {f}'s input")
               for f, dim in pairs.items()},
            **{f"flips_neuron_{f}": _signs((f"filter_{f}",), "1", f"share of {f}'s inputs flipped since the start, by neuron")
               for f in pairs},
            **{f"patterns_{f}": _signs((dim, f"byte_{f}"), "1", f"patterns on {f}'s inputs, neuron 8k + b at bit b of byte k")
               for f, dim in pairs.items()},
        }
        self._earlier: dict[str, tuple[AnyInstant, dict[str, Array]]] = {}

    def start(self, snapshot: Snapshot) -> None:
        now = self._now(snapshot)
        self._earlier = {"start": now, "last record": now}

    def annealed(self, snapshot: Snapshot) -> None:
        self._earlier["annealing"] = self._now(snapshot)

    def _now(self, snapshot: Snapshot) -> tuple[AnyInstant, dict[str, Array]]:
        return snapshot.now, _packed(get_probes(snapshot, self._probes))

    def observe(self, snapshot: Snapshot) -> Values:
        found = get_probes(snapshot, self._probes)
        instant, words = snapshot.now, _packed(found)
        predicted = np.full(len(SINCE), math.nan)
        flips = np.full((len(FEATURES), len(SINCE)), math.nan)
        near = np.full(len(SINCE), math.nan)
        kink = self._near_kink(found["Q"])
        for i, since in enumerate(SINCE):
            if since not in self._earlier:
                continue
            then, before = self._earlier[since]
            predicted[i] = flip_probability(then.rho(instant))
            for f, feature in enumerate(FEATURES):
                z = found[feature].pre_activations
                if z is None:
                    flips[f, i] = predicted[i]
                elif len(found[feature].inputs):
                    flips[f, i] = flipped_by_input(before[feature], words[feature]).mean() / len(z)
            if kink is not None and kink.any():
                changed = flipped_by_neuron(before["Q"], words["Q"], len(kink))
                near[i] = float(changed[kink].mean()) / 3.0
        kept = math.nan
        if kink is not None and kink.any():
            still = unpack(words["Q"], len(kink))[:, kink]
            kept = float(np.mean((still != still[1]).any(axis=0)))
        values: dict[str, Any] = {"flips": flips, "flips_predicted": predicted, "flips_near_kink": near, "near_kink_kept": kept}
        for feature in FEATURES:
            values |= self._details(feature, words.get(feature), found[feature], predicted[0])
        self._earlier["last record"] = instant, words
        return values

    def _near_kink(self, probes: Probes) -> Array | None:
        if probes.pre_activations is None:
            return None
        at_start = unpack(self._earlier["start"][1]["Q"], len(probes.pre_activations))
        near: Array = (at_start != at_start[1]).any(axis=0)
        return near

    def _details(self, feature: str, words: Array | None, probes: Any, predicted: float) -> dict[str, Any]:
        n = len(probes.inputs)
        if words is None:
            return {f"flips_input_{feature}": np.full(n, predicted), f"flips_neuron_{feature}": np.zeros(0),
                    f"patterns_{feature}": np.zeros((n, 0), np.uint8)}
        m = len(probes.pre_activations)
        first = self._earlier["start"][1][feature]
        return {
            f"flips_input_{feature}": flipped_by_input(first, words) / m,
            f"flips_neuron_{feature}": (flipped_by_neuron(first, words, m) / max(n, 1)).astype(np.float32),
            f"patterns_{feature}": words.view(np.uint8)[:, : -(-m // 8)],
        }

    def coordinates(self) -> Mapping[str, Any]:
        return {"feature": list(FEATURES), "since": list(SINCE)}

    @classmethod
    def memory(cls, use: Use) -> Bytes:
        words = sum(use.inputs[f] * use.neurons.get(f, 0) / 8 for f in use.inputs)
        largest = max((use.inputs[f] * m for f, m in use.neurons.items()), default=0)
        record = words + 4 * sum(use.neurons.values()) + 8 * sum(use.inputs.values())
        # Patterns of three earlier times; each record, and all of them once more, stacked for the result.
        held = 3 * words + (2 * record + 1000) * use.records
        patches = use.item * use.experiment.d * (use.seen + use.inputs["P"])
        return Bytes(held, max(0.0, largest * 2.5 * use.item + patches + words - record * use.records))

    def state(self) -> Mapping[str, Array]:
        state: dict[str, Array] = {}
        for since, (instant, words) in self._earlier.items():
            state[f"{since}/instant"] = numbers_of_instants([instant])
            state |= {f"{since}/{feature}": array for feature, array in words.items()}
        return state

    def restore(self, state: Mapping[str, Array]) -> None:
        self._earlier = {}
        for since in SINCE:
            if f"{since}/instant" in state:
                (instant,) = instants_from_numbers(state[f"{since}/instant"])
                words = {f: state[f"{since}/{f}"] for f in FEATURES if f"{since}/{f}" in state}
                self._earlier[since] = instant, words


def _packed(found: Mapping[str, Probes]) -> dict[str, Array]:
    """Patterns of each feature; empty in the limit."""
    return {f: pack(probes.pre_activations) for f, probes in found.items() if probes.pre_activations is not None}
