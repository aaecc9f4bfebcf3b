"""Cosine from eta_1 at the start to eta_2 at the end of the run."""

from __future__ import annotations

import math

from theory_sim.experiment.choices import SCHEDULES
from theory_sim.train.schedules.stretched import StretchedSchedule

__all__ = ["Cosine"]


@SCHEDULES.register
class Cosine(StretchedSchedule):
    """eta_2 + (eta_1 - eta_2)(1 + cos(pi tau / max_tau)) / 2."""

    name = "cosine"
    summary = "from `eta_1` down to `eta_2` along half a cosine, which ends with the run"

    def rate_at_share(self, share: float) -> float:
        return self.eta_2 + (self.eta_1 - self.eta_2) * (1 + math.cos(math.pi * share)) / 2
