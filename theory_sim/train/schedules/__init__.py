"""Learning-rate schedules, one a file, which registers its class; and the choice among them."""

from theory_sim.train.schedules.base import Schedule, make_schedule

__all__ = ["Schedule", "make_schedule"]
