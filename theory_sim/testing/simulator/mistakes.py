"""Known mistakes of simulators, each a step that is wrong in one way: what a failure looks like tells which it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Final

import numpy as np

from theory_sim.experiment import Experiment
from theory_sim.testing.simulator.rule import Array, Rule, Step, share_of_q_only, training_loss
from theory_sim.testing.simulator.task import Answer
from theory_sim.train.schedules import Schedule, make_schedule

__all__ = ["MISTAKES"]


class _RootOfRate(Rule):
    says = "noise multiplied by the square root of the rate, not by the rate"

    def move(self, U: Array, gradient: Array, xi: Any, rate: float) -> Array:
        moved: Array = U - rate * (gradient + self.e.lambda_ * U) - np.sqrt(rate) * xi
        return moved


class _NoiseWithoutRate(Rule):
    says = "noise not multiplied by the rate"

    def move(self, U: Array, gradient: Array, xi: Any, rate: float) -> Array:
        moved: Array = U - rate * (gradient + self.e.lambda_ * U) - xi
        return moved


class _ScaledNoise(Rule):
    factor: ClassVar[float]

    def noise(self, t: int) -> tuple[Any, Any]:
        xi_W, xi_V = super().noise(t)
        return self.factor * xi_W, self.factor * xi_V


class _NoNoise(_ScaledNoise):
    says, factor = "no noise on the gradient", 0.0


class _OppositeNoise(_ScaledNoise):
    says, factor = "noise added, not subtracted: the law is the same, the run is not", -1.0


class _NoiseByExample(Rule):
    says = "noise divided by the number of examples, as if it were part of the sum"

    def noise(self, t: int) -> tuple[Any, Any]:
        xi_W, xi_V = super().noise(t)
        return xi_W / len(self.y), xi_V / len(self.y)


class _NoiseOfFirstStep(Rule):
    says = "the first step's noise at every step"

    def noise(self, t: int) -> tuple[Any, Any]:
        return super().noise(0)


class _NoiseOfNextStep(Rule):
    says = "noise of the next step, t + 1 in place of t"

    def noise(self, t: int) -> tuple[Any, Any]:
        noise = self.answer.noise
        return super().noise(t if noise is None else min(t + 1, len(noise[0]) - 1))


class _DecayAfter(Rule):
    says = "weight decay after the step: it shrinks gradient and noise of the same step too"

    def move(self, U: Array, gradient: Array, xi: Any, rate: float) -> Array:
        moved: Array = (1.0 - rate * self.e.lambda_) * (U - rate * (gradient + xi))
        return moved


class _ScaledDecay(Rule):
    factor: ClassVar[float]

    def move(self, U: Array, gradient: Array, xi: Any, rate: float) -> Array:
        moved: Array = U - rate * (gradient + self.factor * self.e.lambda_ * U + xi)
        return moved


class _OppositeDecay(_ScaledDecay):
    says, factor = "weight decay with the wrong sign: weights grow", -1.0


class _NoDecay(_ScaledDecay):
    says, factor = "no weight decay", 0.0


class _DoubleDecay(_ScaledDecay):
    says, factor = "weight decay twice as large: the ridge is (lambda / 2) ||U||^2, its gradient lambda U", 2.0


class _HalfDecay(_ScaledDecay):
    says, factor = "weight decay half as large: the ridge is (lambda / 2) ||U||^2, its gradient lambda U", 0.5


class _DecayWithoutRate(Rule):
    says = "weight decay not multiplied by the rate"

    def move(self, U: Array, gradient: Array, xi: Any, rate: float) -> Array:
        moved: Array = U - rate * (gradient + xi) - self.e.lambda_ * U
        return moved


class _Sum(Rule):
    says = "gradient of the sum over examples, without 1/N"

    def residual(self, f: Array) -> Array:
        return super().residual(f) * len(self.y)


class _Ascent(Rule):
    says = "gradient with the wrong sign: the loss rises"

    def residual(self, f: Array) -> Array:
        return -super().residual(f)


class _FlippedLabel(Rule):
    says = "labels flipped"

    def residual(self, f: Array) -> Array:
        residual: Array = -self.y * self.slope(-self.y * f) / len(self.y)
        return residual


class _SlopeAtOutput(Rule):
    says = "slope of the loss at the output f, not at the margin y f"

    def residual(self, f: Array) -> Array:
        residual: Array = self.y * self.slope(f) / len(self.y)
        return residual


class _SlopeOfOpposite(Rule):
    says = "slope of the loss at the wrong side: sigmoid(y f) in place of sigmoid(-y f)"

    def slope(self, margin: Array) -> Array:
        return super().slope(-margin)


class _LogisticLoss(Rule):
    says = "slope of the logistic loss"

    def slope(self, margin: Array) -> Array:
        return -np.exp(-np.logaddexp(0.0, margin))


class _SquaredLoss(Rule):
    says = "slope of the squared loss (f - y)^2 / 2"

    def residual(self, f: Array) -> Array:
        residual: Array = (f - self.y) / len(self.y)
        return residual


class _ExponentialLoss(Rule):
    says = "slope of the exponential loss"

    def slope(self, margin: Array) -> Array:
        return -np.exp(-margin)


class _HingeLoss(Rule):
    says = "slope of the hinge loss"

    def slope(self, margin: Array) -> Array:
        return -(margin < 1.0).astype(np.float64)


class _SquaredAlpha(Rule):
    says = "alpha squared in the second patch"

    def patches(self) -> tuple[Array, Array]:
        x1, x2 = super().patches()
        return x1, x2 * x2[:, :1]  # z's component is alpha


class _UnitAlpha(Rule):
    says = "alpha left out of the second patch"

    def patches(self) -> tuple[Array, Array]:
        x1, x2 = super().patches()
        alpha = x2[:, :1]
        return x1, np.divide(x2, alpha, out=np.zeros_like(x2), where=alpha > 0)


class _UnitZeta(Rule):
    says = "zeta of length 1, not r"

    def patches(self) -> tuple[Array, Array]:
        x1, x2 = super().patches()
        return x1, x2 / np.array([1.0, self.e.r])


class _FrozenPatterns(Rule):
    says = "activation patterns of the start, not of the present weights"

    def active(self, U: Array, start: Array, x: Array) -> Array:
        return super().active(start, start, x)


class _FrozenInGradient(Rule):
    says = "gradient with the activation patterns of the start, outputs with those of the present weights"

    def passed_back(self, active: Array, start: Array, x: Array) -> Array:
        return super().active(start, start, x)


class _NoDerivative(Rule):
    says = "gradient without the activation's derivative"

    def passed_back(self, active: Array, start: Array, x: Array) -> Array:
        return np.ones_like(active)


class _LinearNeurons(Rule):
    says = "no activation: neurons are linear"

    def active(self, U: Array, start: Array, x: Array) -> Array:
        return np.ones((len(U), len(x)))


class _OtherRate(Rule):
    """Another rate; time continues by the rates that are used, and L-S reads the losses that were observed."""

    def __init__(self, experiment: Experiment, answer: Answer, rates: Array) -> None:
        super().__init__(experiment, answer, rates)
        self.used: list[float] = []
        schedule = make_schedule(experiment, share_of_q_only(answer))
        for t in range(len(rates)):
            schedule.step = t
            loss = training_loss(self, Rule.step(self, t, answer.W[t], answer.V[t]).f)
            self.used.append(self.chosen(t, schedule, sum(self.used), loss))

    def chosen(self, t: int, schedule: Schedule, tau: float, loss: float) -> float:
        """The rate of step t."""
        raise NotImplementedError

    def rate(self, t: int) -> float:
        return self.used[t] if t < len(self.used) else super().rate(t)


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
        return self.e.eta_1 if self.e.schedule == "L-S" else self.used[0] if self.used else schedule.rate(tau, loss)


class _VelocityTwice(Rule):
    says = "the momentum buffer is multiplied by mu twice"

    def velocity(self, t: int) -> tuple[Any, Any]:
        b_W, b_V = super().velocity(t)
        return self.momentum * b_W, self.momentum * b_V


class _NoMomentum(Rule):
    says = "no momentum"

    def velocity(self, t: int) -> tuple[Any, Any]:
        return 0.0, 0.0


class _Dampened(Rule):
    says = "momentum that averages gradients: 1 - mu times each, where the theory has 1 times"

    def velocity(self, t: int) -> tuple[Any, Any]:
        b_W, b_V = super().velocity(t)
        return b_W / (1.0 - self.momentum), b_V / (1.0 - self.momentum)

    def move(self, U: Array, gradient: Array, xi: Any, rate: float) -> Array:
        return super().move(U, gradient, xi, (1.0 - self.momentum) * rate)


class _RateInVelocity(Rule):
    says = "the momentum buffer holds the rate: a change of the rate acts late"

    def velocity(self, t: int) -> tuple[Any, Any]:
        scale = self.rate(t - 1) / self.rate(t) if t else 1.0
        b_W, b_V = super().velocity(t)
        return scale * b_W, scale * b_V


class _LayerAfterLayer(Rule):
    says = "the second layer to be updated sees the first one's new weights"

    def step(self, t: int, W: Array, V: Array) -> Step:
        first = super().step(t, W, V)
        second = super().step(t, first.W, V)
        return Step(first.W, second.V, first.f, (first.gradients[0], second.gradients[1]))


class _NoSecondLayer(Rule):
    says = "gradient without the second layer's weight"

    def step(self, t: int, W: Array, V: Array) -> Step:
        s, initial = super().step(t, W, V), self.answer.initial
        g_W, g_V = s.gradients[0] / initial.w[:, None], s.gradients[1] / initial.v[:, None]
        (xi_W, xi_V), (b_W, b_V) = self.noise(t), self.velocity(t)
        rate = self.rate(t)
        return Step(self.move(W, g_W + b_W, xi_W, rate), self.move(V, g_V + b_V, xi_V, rate), s.f, (g_W, g_V))


MISTAKES: Final[Sequence[type[Rule]]] = (
    _RootOfRate, _NoiseWithoutRate, _NoNoise, _OppositeNoise, _NoiseByExample, _NoiseOfFirstStep, _NoiseOfNextStep,
    _DecayAfter, _OppositeDecay, _NoDecay, _DoubleDecay, _HalfDecay, _DecayWithoutRate,
    _Sum, _Ascent, _FlippedLabel, _SlopeAtOutput, _SlopeOfOpposite, _LogisticLoss, _SquaredLoss, _ExponentialLoss, _HingeLoss,
    _SquaredAlpha, _UnitAlpha, _UnitZeta, _FrozenPatterns, _FrozenInGradient, _NoDerivative, _LinearNeurons,
    _LateSwitch, _StepsForTime, _BareThreshold, _LargeRate, _VelocityTwice, _NoMomentum,
    _Dampened, _RateInVelocity, _LayerAfterLayer, _NoSecondLayer,
)
"""Every one, in the order in which they are reported."""
