"""Mistakes in the learning rate of a step."""

from __future__ import annotations

from theory_sim.arrays import Array
from theory_sim.experiment import Experiment
from theory_sim.testing.simulator.answer import Answer
from theory_sim.testing.simulator.rule import Rule, share_of_q_only, training_loss
from theory_sim.train.schedules import Schedule, make_schedule

__all__ = ["IN_RATES"]


class _OtherRate(Rule):
    """Another rate; time continues by the rates that are used, and L-S reads the losses that were observed."""

    def __init__(self, experiment: Experiment, answer: Answer, rates: Array, levels: Array) -> None:
        super().__init__(experiment, answer, rates, levels)
        self.chosen_rates: list[float] = []
        schedule = make_schedule(experiment, share_of_q_only(experiment, answer))
        for t in range(len(rates)):
            schedule.step = t
            loss = training_loss(self, self.forward(t, (answer.W[t], answer.V[t]), None)[0])
            self.chosen_rates.append(self.chosen(t, schedule, sum(self.chosen_rates), loss))

    def chosen(self, t: int, schedule: Schedule, tau: float, loss: float) -> float:
        """The rate of step t."""
        raise NotImplementedError

    def rate(self, t: int) -> float:
        return self.chosen_rates[t] if t < len(self.chosen_rates) else super().rate(t)


class _LateSwitch(_OtherRate):
    says = "the learning rate changes a step late"
    before: float | None = None

    def chosen(self, t: int, schedule: Schedule, tau: float, loss: float) -> float:
        right = schedule.rate(tau, loss)
        # Before its first step L-S has not annealed.
        used = self.before or (self.e.eta_1 if self.e.schedule == "L-S" else right)
        self.before = right
        return used


class _StepsForTime(_OtherRate):
    says = "the schedule counts steps, not learning-rate time tau"

    def chosen(self, t: int, schedule: Schedule, tau: float, loss: float) -> float:
        return schedule.rate(float(t), loss)


class _BareThreshold(_OtherRate):
    says = "L-S anneals at epsilon_1, without q_hat log 2"
    annealed: bool = False

    def chosen(self, t: int, schedule: Schedule, tau: float, loss: float) -> float:
        if self.e.schedule != "L-S":
            return schedule.rate(tau, loss)
        self.annealed = self.annealed or loss <= self.e.epsilon_1
        return self.e.eta_2 if self.annealed else self.e.eta_1


class _LargeRate(_OtherRate):
    says = "the learning rate never changes"

    def chosen(self, t: int, schedule: Schedule, tau: float, loss: float) -> float:
        if self.e.schedule == "L-S":
            return self.e.eta_1
        return self.chosen_rates[0] if self.chosen_rates else schedule.rate(tau, loss)


IN_RATES = (_LateSwitch, _StepsForTime, _BareThreshold, _LargeRate)
