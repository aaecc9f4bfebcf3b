"""Mistakes in noise, decay, gradient, loss and inputs of a step."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from theory_sim.arrays import Array
from theory_sim.experiment import Experiment
from theory_sim.testing.simulator.answer import Answer
from theory_sim.testing.simulator.rule import Evaluation, Pair, Rule

__all__ = ["IN_STEPS"]


class _RootOfRate(Rule):
    says = "noise multiplied by the square root of the rate, not by the rate"

    def noise(self, t: int) -> Pair:
        xi_W, xi_V = super().noise(t)
        return xi_W / np.sqrt(self.rate(t)), xi_V / np.sqrt(self.rate(t))


class _NoiseWithoutRate(Rule):
    says = "noise not multiplied by the rate"

    def noise(self, t: int) -> Pair:
        xi_W, xi_V = super().noise(t)
        return xi_W / self.rate(t), xi_V / self.rate(t)


class _ScaledNoise(Rule):
    factor: ClassVar[float]

    def noise(self, t: int) -> Pair:
        xi_W, xi_V = super().noise(t)
        return self.factor * xi_W, self.factor * xi_V


class _NoNoise(_ScaledNoise):
    says, factor = "no noise on the gradient", 0.0


class _OppositeNoise(_ScaledNoise):
    says, factor = "noise added, not subtracted: the law is the same, the run is not", -1.0


class _NoiseByExample(Rule):
    says = "noise divided by the number of examples, as if it were part of the sum"

    def noise(self, t: int) -> Pair:
        xi_W, xi_V = super().noise(t)
        return xi_W / len(self.y), xi_V / len(self.y)


class _NoiseOfFirstStep(Rule):
    says = "the first step's noise at every step"

    def noise(self, t: int) -> Pair:
        return super().noise(0)


class _NoiseOfNextStep(Rule):
    says = "noise of the next step, t + 1 in place of t"

    def noise(self, t: int) -> Pair:
        noise = self.answer.noise
        return super().noise(t if noise is None else min(t + 1, len(noise[0]) - 1))


class _DecayAfter(Rule):
    says = "weight decay after the step: it shrinks gradient and noise of the same step too"

    def decay(self, U: Array, t: int) -> Array:
        return np.zeros_like(U)

    def moved(self, U: Array, direction: Array, rate: float, t: int) -> Array:
        moved: Array = self.kept(rate) * (U - rate * direction)
        return moved


class _ScaledDecay(Rule):
    factor: ClassVar[float]

    def decay(self, U: Array, t: int) -> Array:
        return self.factor * super().decay(U, t)

    def kept(self, rate: float) -> float:
        return 1.0 - self.factor * rate * self.e.lambda_


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

    def decay(self, U: Array, t: int) -> Array:
        return super().decay(U, t) / self.rate(t)

    def kept(self, rate: float) -> float:
        return 1.0 - self.e.lambda_


class _Sum(Rule):
    says = "gradient of the sum over examples, without 1/N"

    def weights(self, t: int) -> Array:
        return super().weights(t) * len(self.batch(t))


class _Ascent(Rule):
    says = "gradient with the wrong sign: the loss rises"

    def weights(self, t: int) -> Array:
        return -super().weights(t)


class _FlippedLabel(Rule):
    says = "labels flipped"

    def residual(self, f: Array, t: int) -> Array:
        residual: Array = -self.y * self.slope(-self.y * f)
        return residual


class _SlopeAtOutput(Rule):
    says = "slope of the loss at the output f, not at the margin y f"

    def residual(self, f: Array, t: int) -> Array:
        residual: Array = self.y * self.slope(f)
        return residual


class _SlopeOfOpposite(Rule):
    says = "slope of the loss at the wrong side: sigmoid(y f) in place of sigmoid(-y f)"

    def slope(self, margin: Array) -> Array:
        return super().slope(-margin)


class _LogisticLoss(Rule):
    says = "slope of the logistic loss"

    def slope(self, margin: Array) -> Array:
        return -np.exp(-np.logaddexp(0.0, margin))


class _DoubleSlope(Rule):
    says = "slope of the loss twice as large: the squared loss is (f - y)^2 / 2"

    def residual(self, f: Array, t: int) -> Array:
        return 2.0 * super().residual(f, t)


class _UnflippedLabels(Rule):
    says = "labels without their flips"

    def __init__(self, experiment: Experiment, answer: Answer, rates: Array, levels: Array) -> None:
        super().__init__(experiment, answer, rates, levels)
        if experiment.has_pq and not experiment.shared_filters:
            along = answer.data.x1 @ answer.data.w_star
            self.y = np.where(along != 0, np.sign(along), np.where(answer.data.x2[:, 1] == 0, 1.0, -1.0))


class _SquaredLoss(Rule):
    says = "slope of the squared loss (f - y)^2 / 2"

    def residual(self, f: Array, t: int) -> Array:
        residual: Array = f - self.y
        return residual


class _ExponentialLoss(Rule):
    says = "slope of the exponential loss"

    def slope(self, margin: Array) -> Array:
        return -np.exp(-margin)


class _HingeLoss(Rule):
    says = "slope of the hinge loss"

    def slope(self, margin: Array) -> Array:
        return -(margin < 1.0).astype(np.float64)


class _InPlane(Rule):
    """Of second patches in the basis (z, zeta / r)."""

    def inputs(self) -> tuple[Array, Array]:
        x1, x2 = super().inputs()
        return (x1, self.second_patch(x2)) if self.e.has_pq and not self.e.shared_filters else (x1, x2)

    def second_patch(self, x2: Array) -> Array:
        """What it makes of them, (N, 2); z's component is alpha."""
        raise NotImplementedError


class _SquaredAlpha(_InPlane):
    says = "alpha squared in the second patch"

    def second_patch(self, x2: Array) -> Array:
        return x2 * x2[:, :1]


class _UnitAlpha(_InPlane):
    says = "alpha left out of the second patch"

    def second_patch(self, x2: Array) -> Array:
        return np.divide(x2, x2[:, :1], out=np.zeros_like(x2), where=x2[:, :1] > 0)


class _UnitZeta(_InPlane):
    says = "zeta of length 1, not r"

    def second_patch(self, x2: Array) -> Array:
        return np.asarray(x2 / np.array([1.0, self.e.r]))


class _FrozenPatterns(Rule):
    says = "activation patterns of the start, not of the present weights"

    def value(self, z: Array, start: Array) -> Array:
        return self.phi.slope(start) * z

    def slope_at(self, z: Array, start: Array) -> Array:
        return self.phi.slope(start)


class _FrozenInGradient(Rule):
    says = "gradient with the activation patterns of the start, outputs with those of the present weights"

    def slope_at(self, z: Array, start: Array) -> Array:
        return self.phi.slope(start)


class _NoDerivative(Rule):
    says = "gradient without the activation's derivative"

    def slope_at(self, z: Array, start: Array) -> Array:
        return np.ones_like(z)


class _LinearNeurons(Rule):
    says = "no activation: neurons are linear"

    def value(self, z: Array, start: Array) -> Array:
        return z

    def slope_at(self, z: Array, start: Array) -> Array:
        return np.ones_like(z)


class _LayerAfterLayer(Rule):
    says = "the second layer to be updated sees the first one's new weights"

    def at(self, t: int) -> Evaluation:
        found = super().at(t)
        right = Rule(self.e, self.answer, self.rates, self.levels)
        later = self.evaluate(t, (right.step(t).layers[0], self.answer.V[t]))
        return found._replace(gradients=(found.gradients[0], later.gradients[1]), errors=(found.errors[0], later.errors[1]))


class _NoSecondLayer(Rule):
    says = "gradient without the second layer's weight"

    def back(self, u: Array) -> Array:
        return np.ones_like(u)


IN_STEPS = (
    _RootOfRate, _NoiseWithoutRate, _NoNoise, _OppositeNoise, _NoiseByExample, _NoiseOfFirstStep, _NoiseOfNextStep,
    _DecayAfter, _OppositeDecay, _NoDecay, _DoubleDecay, _HalfDecay, _DecayWithoutRate,
    _Sum, _Ascent, _FlippedLabel, _SlopeAtOutput, _SlopeOfOpposite, _DoubleSlope, _UnflippedLabels,
    _LogisticLoss, _SquaredLoss, _ExponentialLoss, _HingeLoss,
    _SquaredAlpha, _UnitAlpha, _UnitZeta, _FrozenPatterns, _FrozenInGradient, _NoDerivative, _LinearNeurons,
    _LayerAfterLayer, _NoSecondLayer,
)
