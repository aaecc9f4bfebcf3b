"""Mistakes in what a network has beside that of THEORY §2: one filter bank, activation, biases, second layer, output scale."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from theory_sim.arrays import Array
from theory_sim.experiment import Experiment
from theory_sim.testing.simulator.answer import Answer
from theory_sim.testing.simulator.rule import Evaluation, Pair, Rule

__all__ = ["IN_NETWORKS"]


class _OnePatch(Rule):
    says = "filters of the shared network see the first patch alone"

    def shared_patches(self, x1: Array, x2: Array) -> Sequence[Array]:
        return [x1]


class _FirstPatchInGradient(Rule):
    says = "gradient of the shared network through the first patch alone"

    def forward(self, t: int, states: Pair, noise: Pair | None) -> tuple[Array, Array, list[list[tuple[Array, ...]]]]:
        f, f_error, layers = super().forward(t, states, noise)
        return f, f_error, [patches[:1] for patches in layers]


class _Scaled(Rule):
    """Another output scale."""

    def __init__(self, experiment: Experiment, answer: Answer, rates: Array, levels: Array) -> None:
        super().__init__(experiment, answer, rates, levels)
        self.scale = self.other()

    def other(self) -> float:
        """Scale in place of the right one."""
        raise NotImplementedError


class _MeanOfPatches(_Scaled):
    says = "the shared network's output is the mean over the patches, not their sum"

    def other(self) -> float:
        return self.scale / 2 if self.e.shared_filters else self.scale


class _NoScale(_Scaled):
    says = "outputs without output_scale"

    def other(self) -> float:
        return 1.0


class _ScaleTwice(_Scaled):
    says = "output_scale twice"

    def other(self) -> float:
        return self.scale**2


class _ScaleOfOutputs(Rule):
    says = "output_scale in the outputs, but not in the gradient"

    def gradient_scale(self) -> float:
        return 1.0


class _FixedBias(Rule):
    says = "biases are not trained"

    def moved(self, U: Array, direction: Array, rate: float, t: int) -> Array:
        after = super().moved(U, direction, rate, t)
        if self.e.biases:
            after[:, -1:] = U[:, -1:]
        return after


class _BiasWithoutDecay(Rule):
    says = "biases without weight decay"

    def decay(self, U: Array, t: int) -> Array:
        found = super().decay(U, t)
        if self.e.biases:
            found[:, -1:] = 0.0
        return found


class _BiasWithoutNoise(Rule):
    says = "biases without noise"

    def noise(self, t: int) -> Pair:
        found = super().noise(t)
        if not self.e.biases or self.answer.noise is None:
            return found
        return tuple(np.concatenate([xi[:, :-1], 0.0 * xi[:, -1:]], axis=1) for xi in found)  # type: ignore[return-value]


class _FixedSecondLayer(Rule):
    says = "the second layer is not trained"

    def second_moved(self, u: Array, gradient: Array, rate: float) -> Array:
        return u


class _SecondWithoutDecay(Rule):
    says = "the second layer without weight decay"

    def second_moved(self, u: Array, gradient: Array, rate: float) -> Array:
        moved: Array = u - rate * gradient
        return moved


class _SecondAfterFirst(Rule):
    says = "the second layer's gradient at the first layer's new weights"

    def at(self, t: int) -> Evaluation:
        found = super().at(t)
        right = Rule(self.e, self.answer, self.rates, self.levels)
        later = self.evaluate(t, right.step(t).layers)
        return found._replace(second=later.second, second_errors=later.second_errors)


class _ReLU(Rule):
    says = "ReLU, whatever the activation"

    def value(self, z: Array, start: Array) -> Array:
        return np.maximum(z, 0.0)

    def slope_at(self, z: Array, start: Array) -> Array:
        return (z > 0).astype(np.float64)


class _RoughGELU(Rule):
    says = "GELU by its approximation with tanh"

    def value(self, z: Array, start: Array) -> Array:
        if self.e.activation != "gelu":
            return super().value(z, start)
        return 0.5 * z * (1.0 + np.tanh(self.inner(z)))

    def slope_at(self, z: Array, start: Array) -> Array:
        if self.e.activation != "gelu":
            return super().slope_at(z, start)
        tanh = np.tanh(self.inner(z))
        of_inner = np.sqrt(2 / np.pi) * (1.0 + 3 * 0.044715 * z**2)
        return np.asarray(0.5 * (1.0 + tanh) + 0.5 * z * (1.0 - tanh**2) * of_inner)

    def inner(self, z: Array) -> Array:
        """Argument of tanh."""
        return np.asarray(np.sqrt(2 / np.pi) * (z + 0.044715 * z**3))


class _OtherLeak(Rule):
    says = "leaky ReLU with PyTorch's default slope 0.01 below 0"

    def value(self, z: Array, start: Array) -> Array:
        return np.where(z > 0, z, 0.01 * z) if self.e.activation == "leaky-relu" else super().value(z, start)

    def slope_at(self, z: Array, start: Array) -> Array:
        return np.where(z > 0, 1.0, 0.01) if self.e.activation == "leaky-relu" else super().slope_at(z, start)


class _SlopeAtValue(Rule):
    says = "the activation's derivative at its value, not at the pre-activation"

    def slope_at(self, z: Array, start: Array) -> Array:
        return self.phi.slope(self.phi.value(z))


IN_NETWORKS = (
    _OnePatch, _FirstPatchInGradient, _MeanOfPatches, _NoScale, _ScaleTwice, _ScaleOfOutputs, _FixedBias, _BiasWithoutDecay,
    _BiasWithoutNoise, _FixedSecondLayer, _SecondWithoutDecay, _SecondAfterFirst, _ReLU, _RoughGELU, _OtherLeak, _SlopeAtValue,
)
