"""S of THEORY §3: the small learning rate throughout."""

from __future__ import annotations

from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import SCHEDULES
from theory_sim.train.schedules.constant import Constant

__all__ = ["Small"]


@SCHEDULES.register
class Small(Constant):
    """The same rate, eta_2, at every step."""

    name = "S"
    summary = "`eta_2` throughout"
    reads = ("eta_2",)
    has_order = True

    @classmethod
    def title(cls, experiment: Experiment) -> str:
        return rf"{cls.name}: $\eta$ = {experiment.eta_2:g}"
