"""What both engines share: the loop, its records, and the folder that lets an interrupted run continue."""

from theory_sim.loop.environment import environment, environment_changes
from theory_sim.loop.interrupted import deferred_interrupt, interrupt_thread
from theory_sim.loop.run import Progress, Run, stopped
from theory_sim.loop.steps import Network
from theory_sim.loop.unfinished import UnfinishedRun, holds_unfinished, unfinished_listing, unfinished_path

__all__ = ["Network", "UnfinishedRun", "Progress", "Run", "deferred_interrupt", "environment", "environment_changes",
           "holds_unfinished", "interrupt_thread", "stopped", "unfinished_listing", "unfinished_path"]
