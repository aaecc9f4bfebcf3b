"""The loop that both engines share: rates, stop rules, records, interrupts and the labelled result (THEORY §3).

An engine gives a `Network`; the loop asks it for outputs, tells it residuals and rates, and knows nothing of its width.
"""

from __future__ import annotations

import json
import math
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, Generic, Literal, Protocol, TypeVar

import numpy as np

from theory_sim.data import KINDS, Data
from theory_sim.errors import InputError
from theory_sim.experiment import Experiment
from theory_sim.observe.base import Observer, Outputs, Snapshot, Variable
from theory_sim.theory.conditions import top_curvature
from theory_sim.train.batches import Batches
from theory_sim.train.logistic import loss, slope
from theory_sim.train.schedules import schedule_of
from theory_sim.trajectory import SCHEMA, SCHEMA_VERSION, Outcome

__all__ = ["Network", "Progress", "Run", "deferred_interrupt"]

Array = np.ndarray[Any, Any]
Progress = Callable[[int, float, float], None]
"""Called with (step, tau, training loss) at every record."""

# Logistic loss under a stable rate never rises this far above where it began, whatever the initial noise output.
_DIVERGED: Final = 10.0
_ASTRONOMIC: Final = 1e6


class Network(Outputs, Protocol):
    """What a run steps: outputs that observers read, one step, and the state that is stored at the end."""

    def step(self, residual: Array, rate: float, step: int) -> None:
        """Take a step with the derivative (N,) of the mean training loss with respect to each output."""

    def state(self) -> Mapping[str, Any]:
        """Variables of the end, each (dimensions, values, attributes)."""


N = TypeVar("N", bound=Network)


@contextmanager
def deferred_interrupt() -> Iterator[threading.Event]:
    """Turn Ctrl-C into an event that the loop reads between steps: a step or a record is never cut in two."""
    interrupted = threading.Event()
    previous = signal.getsignal(signal.SIGINT)
    ignored = previous in (None, signal.SIG_IGN)  # by a shell, for jobs in the background: it stays so
    if ignored or threading.current_thread() is not threading.main_thread():  # only the main thread may handle signals
        yield interrupted
        return
    signal.signal(signal.SIGINT, lambda number, frame: interrupted.set())
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, previous)


class Run(Generic[N]):
    """A run between its first and last step.

    Parameters
    ----------
    experiment : Experiment
        Description of the run.
    train, test : Data
        Training set and fresh examples.
    network : Network
        At its initial state.
    observers : sequence of Observer
        What is recorded.
    engine : {"finite", "limit"}
        Name that the result carries.
    layers : sequence of str
        Labels of the first layers.
    progress : callable or None
        Called at each record.
    interrupted : threading.Event
        Read between steps.
    """

    def __init__(
        self, experiment: Experiment, train: Data, test: Data, network: N, observers: Sequence[Observer], *,
        engine: Literal["finite", "limit"], layers: Sequence[str], progress: Progress | None, interrupted: threading.Event,
    ) -> None:
        self.experiment, self.train, self.test, self.observers = experiment, train, test, observers
        self.network, self.engine, self.layers = network, engine, list(layers)
        self.progress, self.interrupted = progress, interrupted
        self.schedule = schedule_of(experiment, float(train.counts[1]) / len(train))
        self.batches = Batches(experiment)
        self.step, self.tau = 0, 0.0
        self.tau_noise = experiment.tau_0_value
        self.records: dict[str, list[Any]] = {}
        self._recorded_at = -1
        self._next_record = 0.0
        self._highest_loss = math.inf

    def to_the_end(self) -> tuple[Outcome, str]:
        """Step until a stop rule holds."""
        rate = math.nan
        try:
            while True:
                margin = self.train.y * self.network.f
                training_loss = float(np.mean(loss(margin)))
                if self.step == 0:
                    self._highest_loss = min(_DIVERGED * max(training_loss, math.log(2)), _ASTRONOMIC)
                if not training_loss <= self._highest_loss:  # NaN included
                    message = self._diagnosis(training_loss, rate)
                    if not self.records:  # diverged from the start: a Trajectory has at least one record
                        self._record(rate, training_loss)
                    return "diverged", message
                end = self._end(training_loss)
                if end is None or self.step == 0:  # no step leaves the last record: it repeats the rate before it
                    rate = self.schedule.rate(self.tau, training_loss)
                if end is not None or self.tau >= self._next_record * (1 - 1e-12):
                    self._record(rate, training_loss)
                if end is not None:
                    return end
                self._advance(margin, rate)
        except KeyboardInterrupt:  # raised by the caller's progress
            return "interrupted", f"interrupted at step {self.step}, tau = {self.tau:g}"

    def _advance(self, margin: Array, rate: float) -> None:
        e = self.experiment
        residual = self.train.y * slope(margin)
        batch = self.batches.at(self.step)
        if batch is None:
            residual /= len(residual)
        else:
            chosen = residual[batch] / len(batch)
            residual = np.zeros_like(residual)
            residual[batch] = chosen
        self.network.step(residual, rate, self.step)
        self.tau_noise = math.hypot((1 - rate * e.lambda_) * self.tau_noise, rate * e.tau_xi)  # THEORY §5
        self.step += 1
        self.tau += rate

    def _end(self, training_loss: float) -> tuple[Outcome, str] | None:
        e = self.experiment
        if self.interrupted.is_set():
            return "interrupted", f"interrupted at step {self.step}, tau = {self.tau:g}"
        if e.epsilon_2 is not None and training_loss <= e.epsilon_2:
            return "reached_loss", f"training loss {training_loss:.4g} <= epsilon_2 = {e.epsilon_2:g}"
        if self.tau >= e.max_tau * (1 - 1e-12):
            return "budget_spent", f"tau = {self.tau:g} reached max_tau = {e.max_tau:g}"
        if e.max_steps is not None and self.step >= e.max_steps:
            return "budget_spent", f"{self.step} steps taken, max_steps = {e.max_steps}"
        return None

    def _diagnosis(self, training_loss: float, rate: float) -> str:
        e = self.experiment
        stable = 2.0 / top_curvature(r=e.r, p0=e.p0_value, alpha_min=e.alpha_min, alpha_max=e.alpha_max)
        if rate > stable:
            cause = (f"rate {rate:g} is above about {stable:.3g}, the largest stable one near f = 0 "
                     "(2 / the Hessian's top eigenvalue in the limit)")
        elif not math.isfinite(self.tau_noise) or self.tau_noise > 1e6:
            cause = f"the accumulated noise has standard deviation {self.tau_noise:.3g}"
        else:
            cause = (f"noise output: accumulated noise of standard deviation {self.tau_noise:.3g} in "
                     f"{e.neurons} neurons, or overflow of {e.dtype}")
        return (f"training loss {training_loss:g} at step {self.step}, tau = {self.tau:g} (limit {self._highest_loss:.3g}); "
                f"likely cause: {cause}; lower the rate or tau_xi, or use paired neurons")

    def _record(self, rate: float, training_loss: float) -> None:
        if self._recorded_at == self.step:
            return
        snapshot = Snapshot(self.step, self.tau, rate, self.tau_noise, self.network, self.train, self.test)
        values: dict[str, Any] = {"step": self.step, "tau": self.tau}
        for observer in self.observers:
            values.update(observer.observe(snapshot))
        for name, value in values.items():
            self.records.setdefault(name, []).append(value)
        self._recorded_at = self.step
        every = self.experiment.record_every
        self._next_record = (math.floor(self.tau / every * (1 + 1e-12)) + 1) * every
        if self.progress is not None:
            self.progress(self.step, self.tau, training_loss)

    def dataset(self, outcome: Outcome, message: str, **attributes: Any) -> Any:
        """Everything recorded and the final state, labelled; ``attributes`` are the engine's own."""
        import xarray

        declared: dict[str, Variable] = {}
        for observer in self.observers:
            clash = declared.keys() & observer.variables.keys()
            if clash:
                raise InputError(f"variables {sorted(clash)} declared twice", "one observer a variable", "rename them")
            declared.update(observer.variables)
        variables: dict[str, Any] = {
            name: (("record", *variable.dims), np.asarray(self.records.get(name, [])),
                   {"units": variable.unit, "long_name": variable.meaning})
            for name, variable in declared.items()
        }
        variables["w_star"] = (("x1",), self.train.w_star, {"long_name": "unit vector w* of P"})
        variables["f_train"] = (("example",), self.network.f, {"long_name": "outputs on the training set at the end"})
        variables |= self.network.state()
        coordinates: Mapping[str, Any] = {
            "tau": ("record", np.asarray(self.records.get("tau", [])), {"units": "1", "long_name": "learning-rate time"}),
            "step": ("record", np.asarray(self.records.get("step", []), dtype=np.int64)),
            "kind": list(KINDS), "layer": self.layers, "direction": ["z-zeta", "z", "z+zeta"], "part": ["total", "signal"],
        }
        common = {
            "schema": SCHEMA, "schema_version": SCHEMA_VERSION, "engine": self.engine, "outcome": outcome,
            "message": message, "annealed_tau": self.schedule.annealed_tau, "final_step": self.step,
            "final_tau": self.tau, "n_examples": len(self.train), "n_kind": [int(n) for n in self.train.counts],
            "experiment": json.dumps(self.experiment.fields()),
        }
        return xarray.Dataset(variables, coordinates, common | attributes)
