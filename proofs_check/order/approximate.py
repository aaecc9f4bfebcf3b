"""The run by the engine of infinite width, in double precision: rates, mini-batches and residuals. None of it is trusted."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from theory_sim.arrays import Array
from theory_sim.data import Data, draw_test_data
from theory_sim.errors import InputError
from theory_sim.experiment import Experiment, Recording
from theory_sim.limit.network import LimitNetwork
from theory_sim.loop import Run
from theory_sim.numeric.pool import BlockPool
from theory_sim.observe.base import Observer, Snapshot, Values, Variable
from theory_sim.train.clock import get_kernel
from theory_sim.train.sampling import make_sampling

__all__ = ["BITS", "ApproximateRun", "run_approximately"]

BITS: Final = 40
"""Residuals are whole multiples of 2^-BITS."""
_TOLERANCE: Final = 1e-12


@dataclass(frozen=True)
class ApproximateRun:
    """A run as the engine computes it.

    Attributes
    ----------
    rates : (T,) array
        Learning rates.
    residuals : (T, N) int64 array
        1 / (1 + e^{y f}) of each step and example in units of 2^-BITS, rounded.
    batches : tuple of arrays, or None
        Indices of each step's examples, repeated where one counts more than once; None: all examples at each step.
    annealed : int or None
        First step with a lower rate than the one before, None if there is none or it falls from the start.
    outcome : str
        How the run ended.
    """

    rates: Array
    residuals: Array
    batches: tuple[Array, ...] | None
    annealed: int | None
    outcome: str


class _Residuals(Observer):
    """Keeps what each step takes its residuals of."""

    name = "residuals"
    recording = Recording(every_steps=1)
    variables: Mapping[str, Variable] = {"rate_of_step": Variable((), "1", "learning rate of the step that leaves the record")}

    def __init__(self, progress: Callable[[int, float], None] | None) -> None:
        self.rates: list[float] = []
        self.residuals: list[Array] = []
        self.annealed_step: int | None = None
        self._progress = progress

    def observe(self, snapshot: Snapshot) -> Values:
        margin = snapshot.train.y * snapshot.network.f
        self.rates.append(snapshot.rate)
        self.residuals.append(np.rint(-snapshot.loss.slope(margin) * 2.0**BITS).astype(np.int64))
        if self._progress is not None:
            self._progress(snapshot.step, snapshot.tau)
        return {"rate_of_step": snapshot.rate}

    def annealed(self, snapshot: Snapshot) -> None:
        self.annealed_step = snapshot.step


def run_approximately(
    experiment: Experiment, data: Data, *, threads: int | None = None, progress: Callable[[int, float], None] | None = None,
) -> ApproximateRun:
    """Run an experiment on a training set in the limit of infinite width.

    Raises
    ------
    InputError
        If it diverges.
    """
    e = experiment
    train, test = _in_double(data), _in_double(draw_test_data(e, 1))
    watching = _Residuals(progress)
    with BlockPool(threads) as pool, np.errstate(over="ignore", invalid="ignore"):
        network = LimitNetwork(e, train, test, pool, kernel=get_kernel(e.patterns), spatial="exact", noise="vanishing",
                               tolerance=_TOLERANCE, continuous=False)
        run: Run[Any] = Run(e, train, test, network, [watching], engine="limit",
                            layers=["U"] if e.shared_filters else ["W", "V"], progress=None, interrupted=threading.Event())
        outcome, message = run.to_the_end()
    if outcome == "diverged":
        raise InputError(message, "a run whose losses stay bounded", "lower the learning rate", fields=("schedule",))
    rates = np.array(watching.rates[:-1])
    assert math.isfinite(float(rates.sum())) and run.step == len(rates), "a record at each step"
    sampling = make_sampling(e)
    batches = [sampling.at(step) for step in range(len(rates))]
    whole = all(each is None for each in batches)
    chosen = None if whole else tuple(each for each in batches if each is not None)
    return ApproximateRun(rates, np.array(watching.residuals[:-1]).reshape(len(rates), len(train)), chosen,
                          watching.annealed_step, outcome)


def _in_double(data: Data) -> Data:
    """The same numbers in double precision, exactly."""
    return replace(data, x1=data.x1.astype(np.float64))
