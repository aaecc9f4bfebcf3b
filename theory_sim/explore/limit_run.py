"""Both schedules in the limit or the mean field, in a process of its own that can be ended at any time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Final

from theory_sim.engines import Engine
from theory_sim.experiment import Experiment
from theory_sim.explore.view import SCHEDULES
from theory_sim.sweeps.executors.spawn import BareContext, BareProcess, end_with_parent, how_it_ended
from theory_sim.trajectory import Trajectory

__all__ = ["OPTIONS", "Failed", "LimitCurves", "LimitRun", "Progress", "estimate"]

OPTIONS: Final = ("time", "spatial")
"""Options of the engine that the page offers."""
_ENDING_SECONDS: Final = 2.0


@dataclass(frozen=True)
class Progress:
    """How far a run has come.

    Attributes
    ----------
    schedule : str
    tau, loss : float
    share : float
        Of both runs, by learning-rate time: a run that ends earlier is done at once.
    """

    schedule: str
    tau: float
    loss: float
    share: float


@dataclass(frozen=True)
class LimitCurves:
    """What came of it.

    Attributes
    ----------
    losses : mapping
        By schedule: times, P-only and Q-only training losses.
    said : list of str
        Learning times and order in words, and the stated error of what states one.
    """

    losses: Mapping[str, tuple[list[float], list[float], list[float]]]
    said: list[str]


@dataclass(frozen=True)
class Failed:
    """Why there is nothing, in words."""

    message: str


def estimate(experiment: Experiment, name: str, options: Mapping[str, str]) -> float:
    """Seconds that both runs by the engine of a name take on an idle machine.

    Raises
    ------
    InputError
        If it cannot compute the experiment, or memory lacks.
    """
    engine, seconds = Engine(name, options), 0.0
    for schedule in SCHEDULES:
        run = experiment.replace(schedule=schedule)
        engine.require_described(run, threads=_threads())
        seconds += engine.estimated_seconds(run, threads=_threads())
    return seconds


class LimitRun:
    """Runs of an experiment under both schedules that are under way.

    Parameters
    ----------
    experiment : Experiment
    name : str
        Of the engine.
    options : mapping
        Of the engine.
    """

    def __init__(self, experiment: Experiment, name: str, options: Mapping[str, str]) -> None:
        self.experiment = experiment
        context = BareContext()
        self._results, sending = context.Pipe(duplex=False)
        arguments = sending, experiment.fields(), name, dict(options)
        self._process: BareProcess = context.Process(target=_compute, args=arguments)
        self._process.start()
        sending.close()  # so that its end is seen when the process ends

    def poll(self) -> Progress | LimitCurves | Failed | None:
        """The newest of what it has said since the last call; None if nothing."""
        newest: Progress | LimitCurves | Failed | None = None
        try:
            while self._results.poll():
                newest = self._results.recv()
                if not isinstance(newest, Progress):
                    self._process.join()
                    break
        except EOFError:
            return Failed(f"the process that computed it is gone: {how_it_ended(self._process)[0]}")
        return newest

    def cancel(self) -> None:
        """End it; nothing is kept."""
        self._process.terminate()
        self._process.join(_ENDING_SECONDS)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._results.close()


def _threads() -> int:
    """All processors but one, which is left to the sliders."""
    from theory_sim.numeric.pool import default_threads

    return max(1, default_threads() - 1)


def _compute(results: Connection, fields: Mapping[str, Any], name: str, options: Mapping[str, str]) -> None:
    """What the process does."""
    end_with_parent()
    try:
        results.send(_curves(results, Experiment(**fields), Engine(name, options)))
    except Exception as error:  # whatever it is, the page is told
        results.send(Failed(str(error) or type(error).__name__))


def _curves(results: Connection, experiment: Experiment, engine: Engine) -> LimitCurves:
    from theory_sim.report.runs import say_what_was_seen
    from theory_sim.sweeps.over_seeds import summarise

    runs = []
    for number, name in enumerate(SCHEDULES):
        run = experiment.replace(schedule=name)

        def tell(step: int, tau: float, loss: float, name: str = name, before: int = number) -> None:
            results.send(Progress(name, tau, loss, (before + min(1.0, tau / experiment.max_tau)) / len(SCHEDULES)))

        runs.append(engine.run(run, threads=_threads(), progress=tell))
    losses = {run.experiment.schedule: (run.dataset["tau"].values.tolist(),
                                        *(run.history("loss_train", kind=kind).tolist() for kind in ("P-only", "Q-only")))
              for run in runs}
    return LimitCurves(losses, [*say_what_was_seen(summarise(runs)), *(line for run in runs for line in _stated(run))])


def _stated(run: Trajectory) -> Iterator[str]:
    """Stated error of a run, if it has one."""
    if "stated_error" in run.dataset.attrs:
        told = json.loads(run.dataset.attrs["stated_error"])
        losses, errors = ([value for value in told[name] if value is not None] for name in ("loss", "P_error"))
        times = "".join(f", {100.0 * told[name]:.1g} % of {name}" for name in ("tau_P", "tau_Q") if told[name] is not None)
        largest, last = max(losses, default=0.0), 100.0 * (errors or [0.0])[-1]
        yield (f"{run.experiment.schedule}, {run.dataset.attrs['engine']}: stated errors are at most {largest:.1g} nats of "
               f"losses, {last:.1g} % of the error on P at the end{times}")
