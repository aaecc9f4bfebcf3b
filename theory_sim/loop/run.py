"""The loop that both engines share: rates, stop rules, records, checkpoints and the labelled result (THEORY §3).

An engine gives a `Network`; the loop asks it for outputs, tells it residuals and rates, and knows nothing of its width.
"""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Final, Generic, TypeVar

import numpy as np

from theory_sim.arrays import Array
from theory_sim.data import Data
from theory_sim.errors import InputError, StoreError, shown
from theory_sim.experiment import Experiment
from theory_sim.loop.divergence import likely_cause
from theory_sim.loop.records import Group, Records
from theory_sim.loop.steps import Network, Steps
from theory_sim.loop.unfinished import UnfinishedRun
from theory_sim.network.arrays import digest_arrays
from theory_sim.network.given import contents
from theory_sim.network.given_noise import GivenNoise
from theory_sim.observe.base import Observer, Snapshot
from theory_sim.reading.answers import is_named, require_answer
from theory_sim.storage.formats import RUN
from theory_sim.train.losses import make_loss
from theory_sim.train.optimisers import make_optimiser
from theory_sim.train.schedules import TimeSchedule, make_schedule, require_rate
from theory_sim.trajectory import Outcome, Trajectory

__all__ = ["Progress", "Run", "stopped"]

Progress = Callable[[int, float, float], None]
"""Called with (step, tau, training loss) at every record, and every other second between two."""

_ASTRONOMIC: Final = 1e6
# Small rates take many steps from a record to the next: that they advance is to be seen.
_REPORT_SECONDS: Final = 2.0


N = TypeVar("N", bound=Network)


def stopped(e: Experiment, step: int, tau: float, training_loss: float) -> tuple[Outcome, str] | None:
    """How a run ends between two steps by its experiment's rules, and in words; None if it continues."""
    if e.epsilon_2 is not None and training_loss <= e.epsilon_2:
        return "reached_loss", f"training loss {training_loss:.4g} <= epsilon_2 = {e.epsilon_2:g}"
    if tau >= e.max_tau * (1 - 1e-12):
        return "budget_spent", f"tau = {tau:g} reached max_tau = {e.max_tau:g}"
    if e.max_steps is not None and step >= e.max_steps:
        return "budget_spent", f"{step} steps taken, max_steps = {e.max_steps}"
    return None


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
    engine : str
        Name that the result carries.
    layers : sequence of str
        Labels of the first layers.
    progress : callable or None
        Called at each record, and every other second between two.
    interrupted : threading.Event
        Read between steps.
    unfinished : UnfinishedRun, optional
        Open folder for checkpoints; without one an interrupted run cannot continue.
    checkpoint_seconds : float
        Time between two checkpoints.
    noise : GivenNoise, optional
        Noise on the gradient that is put in.
    """

    def __init__(
        self, experiment: Experiment, train: Data, test: Data, network: N, observers: Sequence[Observer], *,
        engine: str, layers: Sequence[str], progress: Progress | None, interrupted: threading.Event,
        unfinished: UnfinishedRun | None = None, checkpoint_seconds: float = 30.0, noise: GivenNoise | None = None,
    ) -> None:
        self.experiment, self.train, self.test = experiment, train, test
        self.network, self.engine, self.layers = network, engine, list(layers)
        self.progress, self.interrupted = progress, interrupted
        self.schedule = make_schedule(experiment, train.q_hat)
        self.loss = make_loss(experiment)
        self.loss.require_derivative()
        self._steps = Steps(experiment, train, self.loss)
        self._stability = make_optimiser(experiment).stability
        self.step, self.tau, self.rate = 0, 0.0, math.nan
        self.records = Records(observers, experiment.record_every)
        self._tau_before = -math.inf
        self._highest_loss = math.inf
        self._unfinished, self._checkpoint_seconds = unfinished, checkpoint_seconds
        self._noise = noise
        self._checkpointed = self._reported = time.monotonic()

    @cached_property
    def _data(self) -> Array:
        """Digest of the training set, which a resumed run draws again."""
        return np.frombuffer(bytes.fromhex(digest_arrays(dict(contents(self.train)))), np.uint8)

    def complete(self, attributes: Callable[[], Mapping[str, Any]] = dict) -> Trajectory:
        """Run from the last checkpoint, if there is one, to the end, and save.

        ``attributes`` gives the engine's own attributes of the result, once the run has ended.
        """
        if self._unfinished is not None:
            segments, state = self._unfinished.load()
            if state is not None:
                self.restore(segments, state)
        outcome, message = self.to_the_end()
        trajectory = Trajectory(self.dataset(outcome, message, **attributes()), self.experiment)
        if self._unfinished is not None and outcome != "interrupted":
            trajectory.save(self._unfinished.store, force=True)
            self._unfinished.finish()
        if self.interrupted.is_set() and outcome != "interrupted" and threading.current_thread() is threading.main_thread():
            raise KeyboardInterrupt  # it came after the last step, while the run was saved: what follows must not begin
        return trajectory

    def to_the_end(self) -> tuple[Outcome, str]:
        """Step until a stop rule holds."""
        if self.step == 0:
            self._start()
        try:
            while True:
                training_loss = float(np.mean(self.loss.value(self.train.y * self.network.f)))
                end = self._visit(training_loss)
                if end is not None:
                    return end
                self._advance(self.rate)
        except KeyboardInterrupt:  # raised by the caller's progress
            return "interrupted", f"interrupted at step {self.step}, tau = {self.tau:g}"

    def _start(self) -> None:
        snapshot = self._snapshot()
        for observer in self.records.observers:
            observer.start(snapshot)

    def _visit(self, training_loss: float) -> tuple[Outcome, str] | None:
        """Between two steps: checkpoint, stop rules, the next rate and the records that are due; how the run ended."""
        end = self._end(training_loss)
        if end is not None and end[0] == "interrupted":
            self._checkpoint()
        elif self._unfinished is not None and time.monotonic() - self._checkpointed >= self._checkpoint_seconds:
            self._checkpoint()
        if self.step == 0:
            self._highest_loss = self._loss_limit(training_loss)
        if not training_loss <= self._highest_loss:  # NaN included
            message = self._diagnosis(training_loss, self.rate)
            if not len(self.records.main):  # diverged from the start: a Trajectory has at least one record
                self._record(training_loss, end=True)
            return "diverged", message
        if end is None or self.step == 0:  # no step leaves the last record: it repeats the rate before it
            self.schedule.step = self.step
            before, self.rate = self.rate, self.schedule.rate(self.tau, training_loss)
            require_rate(self.experiment.schedule, self.rate, self.tau)
            self._rate_changed(before)
        self._record(training_loss, end=end is not None)
        return end

    def _rate_changed(self, before: float) -> None:
        if self.rate < before and self.schedule.annealed_tau == self.tau:
            self.network.annealed()
            snapshot = self._snapshot()
            for observer in self.records.observers:
                observer.annealed(snapshot)

    def _loss_limit(self, training_loss: float) -> float:
        """Training loss beyond which a run has diverged: far above its start, or where that is no sign of it, astronomic."""
        if math.isinf(self.loss.largest_rise):
            return _ASTRONOMIC
        return min(self.loss.largest_rise * max(training_loss, self.loss.at_zero), _ASTRONOMIC)

    def _advance(self, rate: float) -> None:
        if self._noise is not None:
            self._noise.load(self.step)
        self._steps.take(self.network, self.step, rate, self.tau, self.schedule.annealed_tau)
        self._tau_before = self.tau
        self.step += 1
        self.tau += rate

    def _end(self, training_loss: float) -> tuple[Outcome, str] | None:
        e = self.experiment
        if self.interrupted.is_set():
            return "interrupted", f"interrupted at step {self.step}, tau = {self.tau:g}"
        pause = None if self._unfinished is None else self._unfinished.pause
        if pause is not None and pause(self.step, self.tau, training_loss):
            return "interrupted", f"paused at step {self.step}, tau = {self.tau:g}"
        return stopped(e, self.step, self.tau, training_loss)

    def _diagnosis(self, training_loss: float, rate: float) -> str:
        cause = likely_cause(self.experiment, self.loss, self.step, rate, self.network.clock.level)
        return (f"training loss {training_loss:g} at step {self.step}, tau = {self.tau:g} (limit {self._highest_loss:.3g}); "
                f"{cause}")

    def _snapshot(self) -> Snapshot:
        return Snapshot(self.step, self.tau, self.rate, self.network.clock.now, self.network, self.train, self.test,
                        self.loss, self._stability)

    def _record(self, training_loss: float, *, end: bool) -> None:
        due = self.records.due(self.step, self.tau, self._tau_before, end=end)
        snapshot = self._snapshot() if due else None
        for group in due:
            assert snapshot is not None
            group.record(snapshot)
            if len(group) == 1 and any(observer.is_users() for observer in group.observers):
                self._require_labels(group)
        if self.progress is not None:
            self._report(training_loss, recorded=self.records.main in due)

    def _require_labels(self, group: Group) -> None:
        """Raise InputError if what observers have recorded could not be labelled at the end: of lengths at odds, say."""
        import xarray

        names = ", ".join(observer.called() for observer in group.observers if observer.is_users())
        try:
            variables, labels = group.dataset(self.loss)
            xarray.Dataset(variables, self._coordinates() | labels)
        except (ValueError, TypeError, AttributeError) as error:
            raise InputError(f"a record of {names} cannot be labelled: {shown(str(error))}",
                             "each dimension has one length, that of its coordinate", "change variables, observe or coordinates"
                             ) from error

    def _report(self, training_loss: float, *, recorded: bool) -> None:
        assert self.progress is not None
        now = time.monotonic()
        if recorded or now - self._reported >= _REPORT_SECONDS:
            self._reported = now
            self.progress(self.step, self.tau, training_loss)

    # -- continuing after an interruption -------------------------------------------------------------

    def _checkpoint(self) -> None:
        """Keep the state between two steps, before this step's records: they are made again."""
        if self._unfinished is None:
            return
        self._unfinished.checkpoint(self.records.since(self._unfinished.counts), self.records.counts(), self._state())
        self._checkpointed = time.monotonic()

    def _state(self) -> dict[str, Array]:
        run = [self.step, self.tau, self.rate, self._tau_before, self._highest_loss]
        state: dict[str, Array] = {"data": self._data, "run": np.array(run)}
        state["schedule"] = np.array(self.schedule.state())
        state |= {f"clock/{name}": value for name, value in self.network.clock.state().items()}
        state |= {f"network/{name}": value for name, value in self.network.checkpoint().items()}
        for index, observer in enumerate(self.records.observers):
            found = observer.state()
            if observer.is_users():
                require_answer(type(observer), "state", found, lambda found: is_named(found, _can_be_stored),
                               "arrays by name, which restore takes back")
            state |= {f"observer {index}/{name}": value for name, value in found.items()}
        if self._noise is not None:
            state |= {f"noise/{name}": value for name, value in self._noise.state().items()}
        return state

    def restore(self, segments: Sequence[Mapping[str, Array]], state: Mapping[str, Array]) -> None:
        """Go back to a checkpoint; the run must have been made with the same arguments."""
        for segment in segments:
            self.records.extend(segment)
        if not np.array_equal(state["data"], self._data):
            raise StoreError("the training set is not the one that the run was begun with", "a run continues with its own data",
                             "use the law of the data, and of alpha, that it was begun with, or run the experiment again")
        step, self.tau, self.rate, self._tau_before, self._highest_loss = (float(value) for value in state["run"])
        self.step = int(step)
        self._require_schedule()
        self.schedule.restore(tuple(float(value) for value in state["schedule"]))
        if not math.isnan(self.schedule.annealed_tau):
            self.network.clock.annealed()
        self.network.clock.restore(_below("clock/", state))
        self.network.restore(_below("network/", state))
        for index, observer in enumerate(self.records.observers):
            observer.restore(_below(f"observer {index}/", state))
        if self._noise is not None:
            self._noise.restore(_below("noise/", state), self.step)

    def _require_schedule(self) -> None:
        """Raise StoreError if the schedule, a function of time, would not have taken the last step as it was taken."""
        schedule = self.schedule
        if not isinstance(schedule, TimeSchedule) or self.step == 0:
            return
        schedule.step = self.step - 1
        rate = schedule.rate_at(schedule.time(self._tau_before))
        if rate != self.rate:
            raise StoreError(f"the schedule {self.experiment.schedule!r} has the rate {rate:g} at tau = {self._tau_before:g}, "
                             f"where the run took a step of {self.rate:g}", "a run continues with its own schedule",
                             "use the schedule that it was begun with, or run the experiment again")

    def _coordinates(self) -> dict[str, Any]:
        """Labels of the dimensions that every run has."""
        return {"kind": list(self.train.kinds), "layer": self.layers, "direction": ["z-zeta", "z", "z+zeta"],
                "part": ["total", "signal"]}

    def dataset(self, outcome: Outcome, message: str, **attributes: Any) -> Any:
        """Everything recorded and the final state, labelled; ``attributes`` are the engine's own."""
        import xarray

        variables: dict[str, Any] = {}
        coordinates = self._coordinates()
        for group in self.records.groups:
            recorded, labels = group.dataset(self.loss)
            variables |= recorded
            coordinates |= labels
        if self.train.pq is not None:
            variables["w_star"] = (("x1",), self.train.w_star, {"long_name": "unit vector w* of P"})
        variables["f_train"] = (("example",), self.network.f, {"long_name": "outputs on the training set at the end"})
        for observer in self.records.observers:
            found = observer.final()
            if observer.is_users():
                require_answer(type(observer), "final", found,
                               lambda found: is_named(found, lambda each: xarray.Variable(*each) is not None),
                               "(dimensions, values, attributes) of each variable, by its name")
            variables |= found
        variables |= self.network.state()
        common = {
            **RUN.attributes, "engine": self.engine, "outcome": outcome,
            "message": message, "annealed_tau": self.schedule.annealed_tau, "final_step": self.step,
            "final_tau": self.tau, "n_examples": len(self.train), "n_kind": [int(n) for n in self.train.counts],
            "experiment": json.dumps(self.experiment.fields()),
        }
        return xarray.Dataset(variables, coordinates, common | attributes)


def _can_be_stored(value: Any) -> bool:
    return np.asarray(value).dtype.kind != "O"


def _below(prefix: str, state: Mapping[str, Array]) -> dict[str, Array]:
    return {name[len(prefix) :]: value for name, value in state.items() if name.startswith(prefix)}
