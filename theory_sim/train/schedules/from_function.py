"""A schedule from a function of time, for programs and notebooks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from theory_sim.errors import ExperimentError, InputError, repr_of, shown
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import SCHEDULES
from theory_sim.experiment.section import LEAST, MOST
from theory_sim.reading.arguments import accepts
from theory_sim.train.schedules.of_time import TimeSchedule

__all__ = ["schedule_from"]


@accepts(function="a function", name="a text", rates="a list", summary="a text")
def schedule_from(
    function: Callable[[float], float], *, name: str, rates: tuple[float, float], summary: str = ""
) -> type[TimeSchedule]:
    """Make a function of time known as a schedule: ``Experiment(schedule=name)`` then uses it.

    It is registered in this process. Another process that continues the run, as `theory_sim.resume` does after a crash, has
    to call this first. Worker processes of a sweep find it only in a module that is declared as an entry point.

    Parameters
    ----------
    function : callable
        Learning rate of the step that leaves a time: tau, or with ``schedule_clock = "step"`` the number of steps taken. The
        same whenever it is asked.
    name : str
        Name of the schedule. One of your own that is made again replaces the earlier one.
    rates : (float, float)
        Least and largest rate that it can take; estimates of time and memory rest on them, and a run that meets another one
        ends with an error.
    summary : str
        One line for tables.

    Raises
    ------
    InputError
        If the rates are no range, or a schedule that is not one of these has the name.

    Examples
    --------
    >>> from theory_sim import Experiment, schedule_from, simulate
    >>> halved = schedule_from(lambda tau: 8.0 if tau < 100 else 1.0, name="halved", rates=(1.0, 8.0))
    >>> simulate(Experiment(schedule="halved", tau_0=1.0, max_tau=200.0), "closure").annealed_tau
    104.0
    """
    SCHEDULES.require_name(name)
    if len(rates) != 2 or not all(isinstance(rate, (int, float)) and not isinstance(rate, bool) for rate in rates):
        raise InputError(f"rates = {shown(repr_of(rates))}", "the least and the largest rate", "such as rates=(0.5, 16.0)")
    least, most = rates
    if not LEAST <= least <= most <= MOST:
        raise InputError(f"rates = ({least:g}, {most:g})", f"the least and the largest rate, from {LEAST:g} to {MOST:g}",
                         "give them in order")
    own_name, own_summary = name, summary or "a function of time, from a program"

    class FromFunction(TimeSchedule):
        name = own_name
        summary = own_summary
        reads = ("schedule_clock",)

        def rate_at(self, time: float) -> float:
            given: Any = function(time)
            try:
                if isinstance(given, (str, bytes)):
                    raise TypeError
                rate = float(given)
            except (TypeError, ValueError):
                raise ExperimentError(f"schedule {own_name!r} gives {shown(repr_of(given))} at {time:g}",
                                      f"a number, a rate from {least:g} to {most:g}", "change the function",
                                      fields=("schedule",)) from None
            if not least * (1 - 1e-12) <= rate <= most * (1 + 1e-12):  # NaN included
                raise ExperimentError(f"schedule {own_name!r} gives {rate:g} at {time:g}",
                                      f"rates from {least:g} to {most:g}, as schedule_from was told",
                                      "change the function, or the rates given to schedule_from", fields=("schedule",))
            return rate

        def lowest(self, start: float, end: float) -> float:
            return least

        @classmethod
        def rates(cls, experiment: Experiment) -> dict[str, float]:
            return {"the least rate of schedule_from": least, "the largest rate of schedule_from": most}

        @classmethod
        def least_rate(cls, experiment: Experiment, duration: float) -> float:
            return least

    FromFunction.__qualname__ = f"schedule_from[{name}]"
    FromFunction.__module__ = getattr(function, "__module__", None) or "__main__"
    known = SCHEDULES[name] if name in SCHEDULES else None
    if known is not None and known.__qualname__ == FromFunction.__qualname__:
        FromFunction.__module__ = known.__module__  # made again, as when a cell of a notebook is run again
    SCHEDULES.register(FromFunction)
    return FromFunction

