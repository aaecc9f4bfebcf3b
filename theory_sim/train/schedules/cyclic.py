"""Cycles between two rates: triangles (Smith 2017), or cosines with restarts (Loshchilov and Hutter 2017)."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import SCHEDULES
from theory_sim.train.schedules.of_time import TimeSchedule

__all__ = ["Cyclic"]


@SCHEDULES.register
class Cyclic(TimeSchedule):
    """Triangles rise from eta_2 to eta_1 and fall back; cosines fall from eta_1 to eta_2 and begin anew."""

    name = "cyclic"
    summary = "between `eta_2` and `eta_1` each `cycle`: a triangle from `eta_2` up and down, or half a cosine down, then anew"
    reads = ("eta_1", "eta_2", "schedule_clock")
    fields: ClassVar = {
        "cycle": Annotated[float, Field(200.0, ge=1e-6, le=1e12, description="time of a cycle")],
        "cycle_shape": Annotated[Literal["triangle", "cosine"], Field("triangle", description="law of the rate in a cycle")],
    }

    def __init__(self, experiment: Experiment, q_hat: float = math.nan) -> None:
        super().__init__(experiment, q_hat)
        own = experiment.own_values
        self.falls_from_start = own["cycle_shape"] == "cosine"
        self._high, self._low, self._cycle, self._shape = experiment.eta_1, experiment.eta_2, own["cycle"], own["cycle_shape"]

    def rate_at(self, time: float) -> float:
        turns = self._turns(time)
        phase = turns - math.floor(turns)
        share = 1.0 - abs(2.0 * phase - 1.0) if self._shape == "triangle" else (1.0 + math.cos(math.pi * phase)) / 2
        return self._low + (self._high - self._low) * share

    def lowest(self, start: float, end: float) -> float:
        first, last = self._turns(start), self._turns(end)
        rates = [self.rate_at(start), self.rate_at(end)]
        ends = math.floor(last) > math.floor(first)  # a cycle ends within
        if self._shape == "triangle":
            rates += [self._low] * ends + [self._high] * (math.floor(last + 0.5) > math.floor(first + 0.5))
        elif ends:
            rates += [self._low, self._high]
        return min(rates)

    def _turns(self, time: float) -> float:
        """Cycles so far; whole at the end of one, whatever the rounding of tau."""
        turns = time / self._cycle
        whole = float(round(turns))
        return whole if abs(turns - whole) <= 1e-12 * whole else turns
