"""The weights at the end are those of `theory_sim.simulate` with the same data, start and noise."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from theory_sim.engines import simulate
from theory_sim.experiment import Experiment
from theory_sim.network.layers import layer_shapes
from theory_sim.testing.simulator.answer import Answer
from theory_sim.testing.simulator.draw_laws import BrokenAt
from theory_sim.testing.simulator.runs import Runs
from theory_sim.testing.simulator.search import run_some, smaller_that_fails
from theory_sim.testing.simulator.task import PARTS, Declined, TaskDeclined

__all__ = ["AgreementBroken", "agrees_with_simulate"]

_EXAMPLES: Final = 10
# In float64: rounding of sums of under 100 terms over at most 12 steps, each of which at most doubles an error.
_LARGEST_ERROR: Final = 1e-9
_LEAST_EPSILON: Final = 1e-3
_EXACT: Final = {"dtype": "float64"}


class AgreementBroken(BrokenAt):
    """Weights that differ from those of this package."""


def agrees_with_simulate(runs: Runs, examples: int = _EXAMPLES) -> str:
    """Compare the last weights of a few runs, in float64, with those of `simulate` on injected data, start and noise."""
    compared = taken = 0
    for e, task, answer in run_some(runs, examples, _EXACT):
        taken += 1
        own = [part for part in PARTS if part not in task.read and (part != "noise" or e.tau_xi > 0)]
        if own:
            raise Declined(f"it draws its own {' and '.join(own)}: nothing could be the same")
        if answer.eps > float(np.finfo(np.float64).eps):
            raise Declined("in float32 a pattern can flip by rounding alone, after which whole runs differ; see the step")
        if e.own_values.get("epsilon", 1.0) < _LEAST_EPSILON:
            raise Declined(f"with epsilon below {_LEAST_EPSILON:g} rounding of a small gradient turns its step; see the step")
        found = _difference(e, answer)
        if found is None:
            continue
        compared += 1
        if found:
            e = smaller_that_fails(runs, _EXACT, lambda case: bool(_difference(*case)), e)
            raise AgreementBroken(_difference(e, runs.run(e)[1]) or found, experiment=e)
    if not taken:
        raise TaskDeclined("it took no task")
    if not compared:
        raise Declined(f"simulate ended all of {examples} runs early")
    return f"{compared} experiments in float64, to {_LARGEST_ERROR:g}"


def _difference(e: Experiment, answer: Answer) -> str | None:
    """How far the last weights are off, in words, empty if they agree; None where `simulate` ends the run early."""
    mine, steps = _simulated(e, answer), len(answer.W) - 1
    if int(mine.attrs["final_step"]) != steps:
        return None
    for layer, states in (("W", answer.W), ("V", answer.V)):
        expected = _weights(mine, layer) if states.size else states[-1]
        off = float(np.abs(states[-1] - expected).max(initial=0.0))
        if not off <= _LARGEST_ERROR * (1.0 + float(np.abs(expected).max(initial=0.0))):
            return f"{layer} after {steps} steps is {off:.3g} from that of simulate"
    return ""


def _simulated(e: Experiment, answer: Answer) -> Any:
    """Result of `simulate` with the start and the noise of an answer, and the data that both draw from the same seed."""
    labels = layer_shapes(e)
    start, noise = answer.initial, answer.noise
    initial = {name: part for label, parts in zip(labels, ((start.W, start.w), (start.V, start.v)), strict=False)
               for name, part in ((label, parts[0]), (label.lower(), parts[1]))}
    drawn = None if noise is None or not e.tau_xi else {label: xi / e.tau_xi for label, xi in zip(labels, noise, strict=False)}
    return simulate(e, initial=initial, noise=drawn, threads=1).dataset


def _weights(dataset: Any, layer: str) -> Any:
    """First-layer weights at the end, biases as a last column."""
    label = layer if layer in dataset else "U"
    found = dataset[label].values
    return np.hstack([found, dataset[f"{label}_bias"].values[:, None]]) if f"{label}_bias" in dataset else found
