"""Learning rate and level of placed noise of each step, by the experiment alone and the losses that were observed."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from theory_sim.arrays import Array
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import PLACEMENTS
from theory_sim.testing.simulator.answer import Answer
from theory_sim.testing.simulator.rule import Rule, share_of_q_only, training_loss
from theory_sim.train.schedules import make_schedule

__all__ = ["Setting", "placed_level", "possible_settings", "rule_of"]


class Setting(NamedTuple):
    """Learning rate and level of placed noise of a step."""

    rate: float
    level: float = 0.0


def possible_settings(experiment: Experiment, answer: Answer, rule: type[Rule] = Rule) -> list[tuple[Setting, ...]]:
    """Of each step: more than one where rounding decides on which side of a change it is.

    The schedule is asked along the weights that were observed, whose losses, by the rule's own outputs, L-S reads.
    """
    e, schedule = experiment, make_schedule(experiment, share_of_q_only(experiment, answer))
    steps = len(answer.W) - 1
    of_outputs, tau, found = rule(e, answer, np.ones(steps), np.zeros(steps)), 0.0, []
    for t in range(steps):
        loss = training_loss(of_outputs, of_outputs.forward(t, (answer.W[t], answer.V[t]), None)[0])
        slack = 1e3 * answer.eps
        schedule.step, before = t, schedule.state()
        settings = []
        for side in (1.0 + slack, 1.0 - slack, 1.0):  # the last one is what the schedule remembers
            schedule.restore(before)
            rate = schedule.rate(tau * side, loss / side)
            settings.append(Setting(rate, placed_level(e, tau * side, schedule.annealed_tau)))
        found.append(tuple(dict.fromkeys(reversed(settings))))
        tau += settings[-1].rate
    return found


def placed_level(e: Experiment, tau: float, annealed_tau: float) -> float:
    """Of the placed noise in the step that leaves ``tau``, where the rate first fell at ``annealed_tau`` (NaN: not yet)."""
    if e.noise_placement not in PLACEMENTS:
        return 0.0
    if e.anneals_with_rate:
        annealed = not math.isnan(annealed_tau)
    else:
        annealed = e.anneals_noise and tau >= float(e.noise_annealing)
    return e.noise_level * (e.noise_factor if annealed else 1.0)


def rule_of(experiment: Experiment, answer: Answer, rule: type[Rule] = Rule) -> Rule:
    """The rule of an answer at the likeliest setting of each step."""
    settings: Array = np.array([found[0] for found in possible_settings(experiment, answer, rule)])
    return rule(experiment, answer, settings[:, 0], settings[:, 1])
