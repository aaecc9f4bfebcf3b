"""Learning-rate schedules, one a file, and the choice among them."""

from __future__ import annotations

from theory_sim.experiment import Experiment
from theory_sim.train.schedules.base import Schedule
from theory_sim.train.schedules.constant import Constant
from theory_sim.train.schedules.cosine import Cosine
from theory_sim.train.schedules.pieces import Pieces
from theory_sim.train.schedules.step import Step
from theory_sim.train.schedules.threshold import Threshold

__all__ = ["Schedule", "schedule_of"]


def schedule_of(experiment: Experiment, q_hat: float) -> Schedule:
    """Schedule of an experiment; ``q_hat`` is the share of Q-only in its training set."""
    match experiment.schedule:
        case "L-S":
            return Threshold(experiment, q_hat)
        case "S":
            return Constant(experiment.eta_2)
        case "constant":
            return Constant(experiment.eta_1)
        case "step":
            return Step(experiment)
        case "cosine":
            return Cosine(experiment)
        case "pieces":
            return Pieces(experiment)
