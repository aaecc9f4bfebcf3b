"""Learning-rate schedules, one a file, which registers its class; and the choice among them."""

from theory_sim.train.schedules.base import Schedule, make_schedule, require_rate
from theory_sim.train.schedules.from_function import schedule_from
from theory_sim.train.schedules.of_time import TimeSchedule

__all__ = ["Schedule", "TimeSchedule", "make_schedule", "require_rate", "schedule_from"]
