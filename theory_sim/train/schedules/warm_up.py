"""Warm-up along a straight line, then a constant rate."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import Field

from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import SCHEDULES
from theory_sim.train.schedules.of_time import TimeSchedule

__all__ = ["WARM_UP_FIELDS", "WarmUp"]

WARM_UP_FIELDS: Final[Mapping[str, Any]] = {
    "warm_up": Annotated[float, Field(50.0, ge=1e-6, le=1e12, description="time over which the rate rises to eta_1")],
    "warm_up_from": Annotated[float, Field(0.1, ge=1e-6, le=1, description="rate at the start, as a share of eta_1")],
}


@SCHEDULES.register
class WarmUp(TimeSchedule):
    """eta_1 (s + (1 - s) tau / warm_up), s = warm_up_from, until tau = warm_up; eta_1 from then on."""

    name = "warm-up"
    summary = "from `warm_up_from` times `eta_1` along a straight line to `eta_1` at `warm_up`, then `eta_1`"
    reads = ("eta_1", "schedule_clock")
    fields = WARM_UP_FIELDS

    def __init__(self, experiment: Experiment, q_hat: float = math.nan) -> None:
        super().__init__(experiment, q_hat)
        own = experiment.own_values
        self._rate, self._end, self._from = experiment.eta_1, own["warm_up"], own["warm_up_from"]

    def rate_at(self, time: float) -> float:
        return self._rate * (self._from + (1.0 - self._from) * time / self._end) if time < self._end else self._rate
