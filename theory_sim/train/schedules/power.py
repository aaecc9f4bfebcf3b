"""Power law of time."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar

from pydantic import Field

from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import SCHEDULES
from theory_sim.train.schedules.of_time import TimeSchedule

__all__ = ["Power"]


@SCHEDULES.register
class Power(TimeSchedule):
    """eta_1 (1 + tau / power_time)^(-power_exponent)."""

    name = "power"
    summary = "`eta_1` $(1+t/t_0)^{-a}$ with $t_0$ = `power_time`, $a$ = `power_exponent`"
    reads = ("eta_1", "schedule_clock")
    fields: ClassVar = {
        "power_time": Annotated[float, Field(10.0, ge=1e-6, le=1e12, description="time after which the rate begins to fall")],
        "power_exponent": Annotated[float, Field(0.5, gt=0, le=10, description="exponent with which the rate falls")],
    }
    falls_from_start = True

    def __init__(self, experiment: Experiment, q_hat: float = math.nan) -> None:
        super().__init__(experiment, q_hat)
        own = experiment.own_values
        self._first, self._time, self._exponent = experiment.eta_1, own["power_time"], own["power_exponent"]

    def rate_at(self, time: float) -> float:
        return self._first * float((1.0 + time / self._time) ** -self._exponent)
