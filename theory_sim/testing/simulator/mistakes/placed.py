"""Mistakes in noise that is placed beside xi."""

from __future__ import annotations

from typing import Any

import numpy as np

from theory_sim.arrays import Array
from theory_sim.testing.simulator.rule import Pair, Rule

__all__ = ["IN_PLACED_NOISE"]


class _NoPlacedNoise(Rule):
    says = "no noise but xi"

    def level(self, t: int) -> float:
        return 0.0


class _NeverAnnealed(Rule):
    says = "placed noise is not annealed"

    def level(self, t: int) -> float:
        return self.e.noise_level


class _AnnealedLate(Rule):
    says = "placed noise is annealed a step late"

    def level(self, t: int) -> float:
        return super().level(t - 1) if t else self.e.noise_level


class _Variance(Rule):
    says = "noise_level is taken for a variance, not for a standard deviation"

    def level(self, t: int) -> float:
        return float(np.sqrt(super().level(t)))


class _OtherScale(Rule):
    says = "noise on the iterates multiplied by the rate, or noise on the gradient not multiplied by it"

    def increments(self, t: int) -> Pair:
        a, b = super().increments(t)
        factor = {"gradient": 1.0 / self.rate(t), "iterates": self.rate(t)}.get(self.e.noise_placement, 1.0)
        return factor * a, factor * b


class _Added(Rule):
    says = "placed noise added, not subtracted: the law is the same, the run is not"

    def increments(self, t: int) -> Pair:
        a, b = super().increments(t)
        return -a, -b

    def residual(self, f: Array, t: int) -> Array:
        found = super().residual(f, t)
        return found + 2.0 * self.level(t) * self.placed(t) if self.e.noise_placement == "targets" else found


class _Kept(Rule):
    says = "the perturbation of the iterates is kept after the gradient has been taken"

    def increments(self, t: int) -> Pair:
        if self.e.noise_placement != "iterates-transient":
            return super().increments(t)
        return -self.level(t) * self.placed(t)[0], -self.level(t) * self.placed(t)[1]


class _AfterActivation(Rule):
    says = "noise after the activation, not on the pre-activation"

    def forward(self, t: int, states: Pair, noise: Pair | None) -> tuple[Array, Array, list[list[tuple[Array, ...]]]]:
        f, f_error, layers = super().forward(t, states, None)
        for u, extra in zip(self.answer.second, noise or (), strict=False):
            f = f + self.scale * (u[t] @ extra.sum(axis=1))
        return f, f_error, layers


class _OutputsAlone(Rule):
    says = "noise on pre-activations in the outputs alone: the gradient has patterns without it"

    def forward(self, t: int, states: Pair, noise: Pair | None) -> tuple[Array, Array, list[list[tuple[Array, ...]]]]:
        f, f_error, _ = super().forward(t, states, noise)
        return f, f_error, super().forward(t, states, None)[2]


class _PatternsAlone(Rule):
    says = "noise on pre-activations in the patterns alone: residuals are of outputs without it"

    def forward(self, t: int, states: Pair, noise: Pair | None) -> tuple[Array, Array, list[list[tuple[Array, ...]]]]:
        f, f_error, _ = super().forward(t, states, None)
        return f, f_error, super().forward(t, states, noise)[2]


class _WithoutNorm(Rule):
    says = "placed noise not multiplied by the norm of the patch"

    def norm(self, x: Array) -> Array:
        return np.asarray(super().norm(x) > 0, np.float64)


class _GradientNoise(Rule):
    says = "noise on the gradient in place of perturbed iterates"

    def pre_activation_noise(self, t: int) -> Pair | None:
        return None if self.e.noise_placement == "iterates-transient" else super().pre_activation_noise(t)

    def increments(self, t: int) -> Pair:
        if self.e.noise_placement != "iterates-transient":
            return super().increments(t)
        size = self.rate(t) * self.level(t)
        return size * self.placed(t)[0], size * self.placed(t)[1]


class _RightLabels(Rule):
    says = "labels flipped with probability 1 - s, not s"

    def placed(self, t: int) -> Any:
        found = super().placed(t)
        if self.e.noise_placement != "labels":
            return found
        return np.where(found < self.level(t), 1.0, -1.0)


IN_PLACED_NOISE = (
    _NoPlacedNoise, _NeverAnnealed, _AnnealedLate, _Variance, _OtherScale, _Added, _Kept, _AfterActivation, _OutputsAlone,
    _PatternsAlone, _WithoutNorm, _GradientNoise, _RightLabels,
)
