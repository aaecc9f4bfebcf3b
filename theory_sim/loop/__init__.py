"""What both engines share: the loop, its records, and the folder that lets an interrupted run go on."""

from theory_sim.loop.environment import environment, environment_changes
from theory_sim.loop.partial import Partial, partial_listing, partial_path
from theory_sim.loop.run import Network, Progress, Run, deferred_interrupt

__all__ = ["Network", "Partial", "Progress", "Run", "deferred_interrupt", "environment", "environment_changes",
           "partial_listing", "partial_path"]
