"""One step of THEORY §3, or of heavy ball (§15), written out, in parts that a mistake can change."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import numpy as np

from theory_sim.experiment import Experiment
from theory_sim.testing.simulator.task import Answer
from theory_sim.train.losses import make_loss
from theory_sim.train.schedules import make_schedule

__all__ = ["Rule", "Step", "possible_rates", "share_of_q_only", "training_loss"]

Array = np.ndarray[Any, Any]


class Step(NamedTuple):
    """What a step makes of the weights before it.

    Attributes
    ----------
    W, V : arrays
        Weights after it.
    f : (N,) array
        Outputs before it.
    gradients : pair of arrays
        Of the data term, by layer.
    """

    W: Array
    V: Array
    f: Array
    gradients: tuple[Array, Array]


class Rule:
    """The step of THEORY §3 from any weights, given data and noise; a mistake is a subclass that changes one part.

    Parameters
    ----------
    experiment : Experiment
        Gives lambda, the loss, the momentum of heavy ball, and the schedule.
    answer : Answer
        Gives data, second layers, noise, and the weights at the start.
    rates : (steps,) array
        Learning rate of each step.
    """

    says: ClassVar[str] = "the step of THEORY §3"

    def __init__(self, experiment: Experiment, answer: Answer, rates: Array) -> None:
        self.e, self.answer, self.rates = experiment, answer, rates
        self.y, self.loss = answer.data.y, make_loss(experiment)
        self.momentum = float(experiment.own_values.get("momentum", 0.0))

    def step(self, t: int, W: Array, V: Array) -> Step:
        """Weights after step t, from those before it."""
        x1, x2 = self.patches()
        initial, rate = self.answer.initial, self.rate(t)
        a_W, a_V = self.active(W, initial.W, x1), self.active(V, initial.V, x2)
        f = ((W @ x1.T) * a_W).T @ initial.w + ((V @ x2.T) * a_V).T @ initial.v
        residual = self.residual(f)
        b_W, b_V = self.passed_back(a_W, initial.W, x1), self.passed_back(a_V, initial.V, x2)
        g_W = initial.w[:, None] * ((b_W * residual) @ x1)
        g_V = initial.v[:, None] * ((b_V * residual) @ x2)
        xi_W, xi_V = self.noise(t)
        b_W, b_V = self.velocity(t)
        return Step(self.move(W, g_W + b_W, xi_W, rate), self.move(V, g_V + b_V, xi_V, rate), f, (g_W, g_V))

    def patches(self) -> tuple[Array, Array]:
        """Inputs of the two layers."""
        return self.answer.data.x1, self.answer.data.x2

    def active(self, U: Array, start: Array, x: Array) -> Array:
        """Activation patterns, (m, N)."""
        return (U @ x.T > 0).astype(np.float64)

    def passed_back(self, active: Array, start: Array, x: Array) -> Array:
        """Derivative of the activation in the gradient, (m, N)."""
        return active

    def slope(self, margin: Array) -> Array:
        """l'(v), (N,)."""
        return self.loss.slope(margin)

    def residual(self, f: Array) -> Array:
        """Derivative of the mean loss in each output, (N,)."""
        residual: Array = self.y * self.slope(self.y * f) / len(self.y)
        return residual

    def rate(self, t: int) -> float:
        """gamma_t."""
        return float(self.rates[t])

    def noise(self, t: int) -> tuple[Any, Any]:
        """xi_t of both layers; none where the simulator draws its own."""
        noise = self.answer.noise
        return (0.0, 0.0) if noise is None else (noise[0][t], noise[1][t])

    def velocity(self, t: int) -> tuple[Any, Any]:
        """What momentum adds to the gradients of step t: mu b, where b is what the step before moved by, over its rate."""
        if self.momentum == 0.0 or t == 0:
            return 0.0, 0.0
        W, V, rate = self.answer.W, self.answer.V, self.rate(t - 1)
        return self.momentum * (W[t - 1] - W[t]) / rate, self.momentum * (V[t - 1] - V[t]) / rate

    def move(self, U: Array, gradient: Array, xi: Any, rate: float) -> Array:
        """U_{t+1}; ``gradient`` is that of the data term, and the momentum beside it."""
        moved: Array = U - rate * (gradient + self.e.lambda_ * U + xi)
        return moved


def training_loss(rule: Rule, f: Array) -> float:
    """Unregularised mean loss."""
    return float(np.mean(rule.loss.value(rule.y * f)))


def share_of_q_only(answer: Answer) -> float:
    """q_hat of the training set."""
    return float(np.mean(~np.any(answer.data.x1 != 0.0, axis=1)))


def possible_rates(experiment: Experiment, answer: Answer) -> list[tuple[float, ...]]:
    """Rates of each step by the experiment's schedule: two where rounding decides on which side of a change it is.

    The schedule is asked along the weights that were observed, whose losses L-S reads.
    """
    schedule = make_schedule(experiment, share_of_q_only(answer))
    rule, tau, found = Rule(experiment, answer, np.ones(len(answer.W))), 0.0, []
    for t in range(len(answer.W) - 1):
        loss = training_loss(rule, rule.step(t, answer.W[t], answer.V[t]).f)
        slack = 1e3 * answer.eps
        schedule.step, before = t, schedule.state()
        rates = []
        for side in (1.0 + slack, 1.0 - slack, 1.0):  # the last one is what the schedule remembers
            schedule.restore(before)
            rates.append(schedule.rate(tau * side, loss / side))
        found.append(tuple(dict.fromkeys(reversed(rates))))
        tau += rates[-1]
    return found
