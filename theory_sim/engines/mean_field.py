"""The limit as d goes to infinity at fixed N / d (THEORY §16)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from theory_sim.engines.closure import Closure, outside_of_averages, with_other_engines
from theory_sim.engines.registry import register
from theory_sim.engines.solver import Option
from theory_sim.errors import Fault

if TYPE_CHECKING:
    from theory_sim.experiment import Experiment
    from theory_sim.loop import Progress, UnfinishedRun
    from theory_sim.memory import Bytes
    from theory_sim.observe.base import Observer
    from theory_sim.trajectory import Trajectory

__all__ = ["MeanField"]

_NODES, _PARTICLES = 100, 4096
_MOST_NODES, _MOST_PARTICLES = 1000, 65536
_NUMBERS = ("nodes", "particles", "particle_seed")


@register
class MeanField(Closure):
    """What the closure takes, and squared loss, solved exactly as d goes to infinity at fixed N / d: means over data sets,
    without terms of the order of 1 / d but for the d - 1 directions across w*.

    A record is a node of the time grid. ``stated_error``, an attribute of the run, says what another grid and other particles
    change. The signal's norm is NaN. In gradient flow (``time`` = "flow") a record's step is the number of its node.
    """

    name = "mean-field"
    loaded = 131 * 2**20
    summary = "the limit as d goes to infinity, in a second"
    curve = r"mean field, $d\to\infty$"
    nothing_given = "the mean field averages over data sets, and has neither neurons nor noise increments (THEORY §16)"
    options = (
        Option("nodes", _NODES, "aimed nodes of the time grid", least=10, most=_MOST_NODES),
        Option("particles", _PARTICLES, "examples that stand for all, a power of two", least=64, most=_MOST_PARTICLES),
        Option("particle_seed", 0, "seed of the particles", least=0, most=2**31),
        Option("time", "steps", "the run's own steps (default), flow (gradient flow: a thousand small steps for each)",
               ("steps", "flow")),
    )

    def note(self) -> str:
        return "mean field: means over data sets as d goes to infinity; corrections are of the order of 1 / d (THEORY §16)"

    def caution(self, experiment: Experiment) -> str:
        return ""  # its stated error says it, and too long a block is refused

    def unsupported(
        self, experiment: Experiment, options: Mapping[str, Any], observers: Sequence[Observer] = ()
    ) -> Fault | None:
        faults = [*_no_such_numbers(options), *_of_flow(experiment, options)]
        return outside_of_averages(self, experiment, observers, faults, squared=True)

    def run(
        self, experiment: Experiment, options: Mapping[str, Any], unfinished: UnfinishedRun | None, *,
        observers: Sequence[Observer], threads: int | None, progress: Progress | None, seconds: float,
    ) -> Trajectory:
        from theory_sim.closure.mean_field.trajectory import run_mean_field

        nodes, particles, seed = (int(options[name]) for name in _NUMBERS)
        with with_other_engines(self, experiment, observers):
            run = run_mean_field(
                experiment, engine=self.name, nodes=nodes, particles=particles, seed=seed, time=options["time"]
            )
        self.report(run, progress)
        return run

    def memory(
        self, experiment: Experiment, options: Mapping[str, Any], threads: int, observers: Sequence[Observer] = ()
    ) -> Mapping[str, Bytes]:
        from theory_sim.closure.mean_field.memory import mean_field_parts

        return mean_field_parts(experiment, int(options["nodes"]), int(options["particles"]), _share(options))

    def estimated_seconds(self, experiment: Experiment, options: Mapping[str, Any], threads: int) -> float:
        from theory_sim.closure.mean_field.duration import mean_field_seconds

        return mean_field_seconds(experiment, int(options["nodes"]), int(options["particles"]), _share(options))


def _no_such_numbers(options: Mapping[str, Any]) -> Iterator[Fault]:
    for name in _NUMBERS:
        if float(options[name]) != int(options[name]):
            yield Fault(f"{name} = {options[name]}", "a whole number", f"say {name} = {round(options[name])}", ())
    particles = int(options["particles"])
    if particles & (particles - 1):
        nearest = 2 ** round(math.log2(particles))
        yield Fault(f"particles = {particles}", "a power of two", f"say particles = {nearest}", ())


def _share(options: Mapping[str, Any]) -> float:
    """By which all rates are multiplied."""
    from theory_sim.closure.rates import FLOW

    return FLOW if options["time"] == "flow" else 1.0


def _of_flow(e: Experiment, options: Mapping[str, Any]) -> Iterator[Fault]:
    """What continuous time does not have."""
    from theory_sim.experiment.choices import SCHEDULES

    if options["time"] != "flow":
        return
    if e.max_steps is not None:
        yield Fault(f"max_steps = {e.max_steps} with time = 'flow'", "continuous time has no gradient steps",
                    "leave max_steps out", ("max_steps",))
    if e.tau_0_value == 0:
        yield Fault("tau_0 = 0 with time = 'flow'", "patterns must exist from the start",
                    "give a small tau_0, or use time = 'steps'", ("tau_0",))
    if e.clock_of_steps and e.schedule in SCHEDULES.readers("schedule_clock"):
        yield Fault("schedule_clock = 'step' with time = 'flow'", "continuous time has no steps to count",
                    "use time = 'steps', or schedule_clock = 'tau'", ("schedule_clock", "schedule"))
