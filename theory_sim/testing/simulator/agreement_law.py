"""The weights at the end are those of `theory_sim.simulate` with the same data, start and noise."""

from __future__ import annotations

from typing import Final

import numpy as np

from theory_sim.engines import simulate
from theory_sim.experiment import Experiment
from theory_sim.testing.simulator.draw_laws import Broken
from theory_sim.testing.simulator.runs import Runs
from theory_sim.testing.simulator.search import draw_some
from theory_sim.testing.simulator.task import PARTS, Declined

__all__ = ["AgreementBroken", "agrees_with_simulate"]

_EXAMPLES: Final = 10
# In float64: rounding of sums of under 100 terms over at most 12 steps, each of which at most doubles an error.
_LARGEST_ERROR: Final = 1e-9


class AgreementBroken(Broken):
    """Weights that differ from those of this package.

    Attributes
    ----------
    experiment : Experiment
        Of which.
    """

    def __init__(self, what: str, experiment: Experiment) -> None:
        super().__init__(what)
        self.experiment = experiment


def agrees_with_simulate(runs: Runs) -> str:
    """Compare the last weights of a few runs, in float64, with those of `simulate` on injected data, start and noise."""
    compared = 0
    for e in draw_some(runs, _EXAMPLES, {"dtype": "float64"}):
        task, answer = runs.run(e)
        own = [part for part in PARTS if part not in task.read and (part != "noise" or e.tau_xi > 0)]
        if own:
            raise Declined(f"it draws its own {' and '.join(own)}: nothing could be the same")
        if answer.eps > float(np.finfo(np.float64).eps):
            raise Declined("in float32 a pattern can flip by rounding alone, after which whole runs differ; see the step")
        drawn = {layer: xi / e.tau_xi for layer, xi in zip("WV", task.noise, strict=True)} if e.tau_xi > 0 else None
        mine = simulate(e, data=task.data, initial=task.initial._asdict(), noise=drawn, threads=1).dataset
        if int(mine.attrs["final_step"]) != task.steps:
            continue
        compared += 1
        for layer, states in (("W", answer.W), ("V", answer.V)):
            expected = mine[layer].values
            off = float(np.abs(states[-1] - expected).max())
            if not off <= _LARGEST_ERROR * (1.0 + float(np.abs(expected).max())):
                raise AgreementBroken(f"{layer} after {task.steps} steps is {off:.3g} from that of simulate", e)
    return f"{compared} experiments in float64, to {_LARGEST_ERROR:g}"
