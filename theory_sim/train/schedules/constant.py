"""One learning rate throughout (S of THEORY §3 with eta_2)."""

from __future__ import annotations

from theory_sim.train.schedules.base import Schedule

__all__ = ["Constant"]


class Constant(Schedule):
    """The same rate at every step."""

    def __init__(self, rate: float) -> None:
        self._rate = rate

    def rate(self, tau: float, training_loss: float) -> float:
        return self._rate
