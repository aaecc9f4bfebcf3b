"""Warm-up, a long stretch at a constant rate, and a decay at the end."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import Field

from theory_sim.errors import Fault
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import SCHEDULES
from theory_sim.train.schedules.of_time import TimeSchedule
from theory_sim.train.schedules.warm_up import WARM_UP_FIELDS

__all__ = ["WarmUpStableDecay"]


@SCHEDULES.register
class WarmUpStableDecay(TimeSchedule):
    """As `WarmUp`, and from end - decay_time on along a straight line to eta_2 at the end of the run.

    The three stages are those of Hu et al. (2024, arXiv:2404.06395). The straight line is chosen here: secondary sources give
    their decay as some decreasing function, exponential in their own runs.
    """

    name = "warm-up-stable-decay"
    summary = "as `warm-up`, and over the last `decay_time` of the run along a straight line down to `eta_2`"
    reads = ("eta_1", "eta_2", "max_tau", "schedule_clock")
    fields: ClassVar = {
        **WARM_UP_FIELDS,
        "decay_time": Annotated[float, Field(100.0, ge=1e-6, le=1e12, description="time of the decay at the end of the run")],
    }
    needs_end = True

    def __init__(self, experiment: Experiment, q_hat: float = math.nan) -> None:
        super().__init__(experiment, q_hat)
        own = experiment.own_values
        self._rate, self._last, self._end = experiment.eta_1, experiment.eta_2, self.end_of(experiment)
        self._warm, self._from, self._decay = (float(own[name]) for name in ("warm_up", "warm_up_from", "decay_time"))

    @classmethod
    def faults(cls, experiment: Experiment) -> Iterator[Fault]:
        yield from super().faults(experiment)
        own, end = experiment.own_values, cls.end_of(experiment)
        if own["warm_up"] + own["decay_time"] > end:
            yield Fault(f"warm_up + decay_time = {own['warm_up'] + own['decay_time']:g} in a run of {end:g}",
                        "the rate rises before it falls", "shorten one of them, or lengthen the run",
                        ("warm_up", "decay_time", "max_steps" if experiment.clock_of_steps else "max_tau"))

    def rate_at(self, time: float) -> float:
        if time < self._warm:
            return self._rate * (self._from + (1.0 - self._from) * time / self._warm)
        gone = min((time - (self._end - self._decay)) / self._decay, 1.0)
        return self._rate + (self._last - self._rate) * gone if gone > 0.0 else self._rate
