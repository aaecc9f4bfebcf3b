"""Straight line from eta_1 at the start to eta_2 at the end of the run."""

from __future__ import annotations

from theory_sim.experiment.choices import SCHEDULES
from theory_sim.train.schedules.stretched import StretchedSchedule

__all__ = ["Linear"]


@SCHEDULES.register
class Linear(StretchedSchedule):
    """eta_1 + (eta_2 - eta_1) tau / max_tau."""

    name = "linear"
    summary = "from `eta_1` to `eta_2` along a straight line, which ends with the run"

    def rate_at_share(self, share: float) -> float:
        return self.eta_1 + (self.eta_2 - self.eta_1) * share
