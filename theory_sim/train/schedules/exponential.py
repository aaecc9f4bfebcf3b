"""Exponential decay from eta_1 at the start to eta_2 at the end of the run."""

from __future__ import annotations

from theory_sim.experiment.choices import SCHEDULES
from theory_sim.train.schedules.stretched import StretchedSchedule

__all__ = ["Exponential"]


@SCHEDULES.register
class Exponential(StretchedSchedule):
    """eta_1 (eta_2 / eta_1)^(tau / max_tau)."""

    name = "exponential"
    summary = "`eta_1` times a constant factor for each unit of time, so that it is `eta_2` at the end of the run"

    def rate_at_share(self, share: float) -> float:
        return self.eta_1 * float((self.eta_2 / self.eta_1) ** share)
