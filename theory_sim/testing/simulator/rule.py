"""One step of THEORY §3 and §15 from any weights, written out, in parts that a mistake can change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np

from theory_sim.arrays import Array
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import ACTIVATIONS
from theory_sim.network.activations import make_activation
from theory_sim.testing.simulator.answer import Answer
from theory_sim.testing.simulator.optimiser_rule import Memory, OptimiserRule
from theory_sim.train.losses import make_loss

__all__ = ["Evaluation", "Pair", "Rule", "Step", "share_of_q_only", "training_loss"]

Pair = tuple[Any, Any]
"""One thing of each layer, W's first."""


class Evaluation(NamedTuple):
    """Outputs and gradients at some weights, each with a bound of its rounding error.

    Attributes
    ----------
    f, f_error : (N,) arrays
        Outputs without placed noise.
    gradients, errors : pairs of (m, k) arrays
        Of the data term, by layer.
    second, second_errors : pairs of (m,) arrays
        Of the data term with respect to the second layers.
    """

    f: Array
    f_error: Array
    gradients: Pair
    errors: Pair
    second: Pair
    second_errors: Pair


class Step(NamedTuple):
    """What a step makes of the weights before it, and how far rounding can move that.

    Attributes
    ----------
    layers, errors : pairs of (m, k) arrays
        Weights after it.
    second, second_errors : pairs of (m,) arrays
        Second layers after it.
    """

    layers: Pair
    errors: Pair
    second: Pair
    second_errors: Pair


class Rule(OptimiserRule):
    """The steps of an answer, each from the weights that the simulator had; a mistake is a subclass that changes one part.

    Parameters
    ----------
    experiment : Experiment
        What was simulated.
    answer : Answer
        Gives data, second layers, noise, batches, and the weights.
    rates, levels : (steps,) arrays
        Learning rate of each step, and level of the placed noise. What is asked of a step reads those up to it.
    """

    says: ClassVar[str] = "the step of THEORY §3"

    def __init__(self, experiment: Experiment, answer: Answer, rates: Array, levels: Array) -> None:
        super().__init__(experiment, 4.0 * answer.eps * (
            len(answer.data.y) + answer.W.shape[1] + answer.V.shape[1] + answer.W.shape[2] + 16))
        self.answer, self.rates, self.levels = answer, rates, levels
        self.y, self.loss, self.phi = answer.data.y, make_loss(experiment), make_activation(experiment)
        self.scale = experiment.output_scale
        self._evaluated: dict[int, Evaluation] = {}
        self._remembered: list[list[Memory]] = [[self.begin(answer.W[0]), self.begin(answer.V[0])]]

    # -- a step -----------------------------------------------------------------------------------

    def at(self, t: int) -> Evaluation:
        """Outputs and gradients at the weights before step t."""
        if t not in self._evaluated:
            self._evaluated[t] = self.evaluate(t, (self.answer.W[t], self.answer.V[t]))
        return self._evaluated[t]

    def used(self, t: int) -> list[tuple[Array, Array]]:
        """What the optimiser takes for the gradient in step t, and bounds of its error, by layer."""
        found = self.at(t)
        parts = []
        states = self.answer.W[t], self.answer.V[t]
        for g, error, U, xi in zip(found.gradients, found.errors, states, self.noise(t), strict=True):
            decay = self.decay(U, t) if self.coupled else np.zeros_like(U)
            parts.append((g + decay + xi, error + self.eps * (np.abs(decay) + np.abs(xi))))
        return parts

    def memory(self, t: int) -> list[Memory]:
        """What the optimiser remembers after the gradient of step t, by layer."""
        while len(self._remembered) <= t:
            self.memory(len(self._remembered) - 1)
        found = [self.remember(memory, *used, t) for memory, used in zip(self._remembered[t], self.used(t), strict=True)]
        self._remembered[t + 1 :] = [found]  # a rate of step t may have changed since it was asked last
        return found

    def step(self, t: int) -> Step:
        """Weights after step t."""
        rate, layers, errors = self.rate(t), [], []
        memories, moved_by = self.memory(t), self.increments(t)
        for U, memory, used, moved in zip((self.answer.W[t], self.answer.V[t]), memories, self.used(t), moved_by, strict=True):
            direction, error = self.direction(memory, *used, t)
            after = self.moved(U, direction, rate, t) - moved
            layers.append(after)
            errors.append(rate * error + self.eps * (np.abs(U) + np.abs(after) + rate * np.abs(direction) + np.abs(moved)))
        second, second_errors = self.second_layers(t)
        return Step((layers[0], layers[1]), (errors[0], errors[1]), second, second_errors)

    def second_layers(self, t: int) -> tuple[Pair, Pair]:
        """Second layers after step t, with bounds of their error: where they are trained, by gradient descent without noise."""
        found, rate, after, errors = self.at(t), self.rate(t), [], []
        for u, g, error in zip((u[t] for u in self.answer.second), found.second, found.second_errors, strict=True):
            moved = self.second_moved(u, g, rate) if self.e.train_second_layer else u
            after.append(moved)
            errors.append((rate * error if self.e.train_second_layer else 0.0) + self.eps * (np.abs(u) + np.abs(moved)))
        return (after[0], after[1]), (errors[0], errors[1])

    # -- parts ------------------------------------------------------------------------------------

    def evaluate(self, t: int, states: Pair) -> Evaluation:
        """Outputs and gradients of step t at weights (m, k) of each layer."""
        f, f_error, layers = self.forward(t, states, None)
        seen, seen_error, noise = f, f_error, self.pre_activation_noise(t)
        if noise is not None:
            seen, seen_error, layers = self.forward(t, states, noise)
        seen = seen + self.output_noise(t)
        weights = self.weights(t)
        residual = self.residual(seen, t) * weights
        off = np.maximum(*(np.abs(self.residual(seen + side * seen_error, t) * weights - residual) for side in (-1, 1)))
        size = np.abs(residual)
        off = off + 2 * self.eps * size
        gradients, errors, second, second_errors = [], [], [], []
        for u, patches in zip((u[t] for u in self.answer.second), layers, strict=True):
            g, error, of_u, of_u_error = 0.0, 0.0, 0.0, 0.0
            for x, value, value_error, slope, slope_error in patches:
                g = g + (slope * residual) @ x
                error = error + (slope_error * size + np.abs(slope) * off) @ np.abs(x)
                of_u = of_u + value @ residual
                of_u_error = of_u_error + value_error @ size + np.abs(value) @ off
            gradients.append(self.gradient_scale() * self.back(u)[:, None] * g)
            errors.append(np.abs(self.gradient_scale() * self.back(u)[:, None]) * error)
            second.append(self.scale * of_u)
            second_errors.append(self.scale * of_u_error)
        return Evaluation(f, f_error, (gradients[0], gradients[1]), (errors[0], errors[1]), (second[0], second[1]),
                          (second_errors[0], second_errors[1]))

    def forward(self, t: int, states: Pair, noise: Pair | None) -> tuple[Array, Array, list[list[tuple[Array, ...]]]]:
        """Outputs with bounds of their error, and by layer and patch: inputs, values and slopes with bounds of theirs.

        ``noise`` (m, patches, N) is added to the pre-activations of each layer.
        """
        f, f_error = np.zeros(len(self.y)), np.zeros(len(self.y))
        # Formulas of other activations than two lines may lose digits where they are small.
        rough = 0.0 if ACTIVATIONS[self.e.activation].two_lines else self.eps
        layers: list[list[tuple[Array, ...]]] = []
        second = (u[t] for u in self.answer.second)
        for i, (U, start, u) in enumerate(zip(states, self.answer.initial[:2], second, strict=True)):
            patches: list[tuple[Array, ...]] = []
            for c, x in enumerate(self.patches()[i]):
                z, z_0, extra = U @ x.T, start @ x.T, 0.0 if noise is None else noise[i][:, c]
                error = self.eps * (np.abs(U) @ np.abs(x).T + np.abs(extra))
                z = z + extra
                value, slope = self.value(z, z_0), self.slope_at(z, z_0)
                value_error = np.maximum(*(np.abs(self.value(z + side * error, z_0) - value) for side in (-1, 1))) + rough
                slope_error = np.maximum(*(np.abs(self.slope_at(z + side * error, z_0) - slope) for side in (-1, 1))) + rough
                patches.append((x, value, value_error, slope, slope_error))
                f = f + self.output_of(u, value, extra)
                f_error = f_error + np.abs(u) @ (value_error + self.eps * np.abs(value))
            layers.append(patches)
        return self.scale * f, self.scale * f_error, layers

    def patches(self) -> tuple[Sequence[Array], Sequence[Array]]:
        """Inputs of the two layers, each a list of patches (N, k)."""
        x1, x2 = (self.with_constant(x) for x in self.inputs())
        if self.e.shared_filters:
            return (self.shared_patches(x1, x2), [])
        return ([x1], [x2] if self.answer.V.size else [])

    def shared_patches(self, x1: Array, x2: Array) -> Sequence[Array]:
        """What the filters of the shared network see."""
        return [x1, x2] if x2.shape[1] == x1.shape[1] else [x1]

    def inputs(self) -> tuple[Array, Array]:
        """Both patches of the examples."""
        return self.answer.data.x1, self.answer.data.x2

    def with_constant(self, x: Array) -> Array:
        """Inputs with a last coordinate 1 for the biases."""
        return np.hstack([x, np.ones((len(x), 1))]) if self.e.biases else x

    def value(self, z: Array, start: Array) -> Array:
        """Activations (m, N), at pre-activations now; ``start`` is those at the start."""
        return self.phi.value(z)

    def slope_at(self, z: Array, start: Array) -> Array:
        """Their derivatives in the gradient, (m, N)."""
        return self.phi.slope(z)

    def output_of(self, u: Array, value: Array, extra: Any) -> Array:
        """Output of a patch; ``extra`` is the noise on its pre-activations."""
        found: Array = u @ value
        return found

    def back(self, u: Array) -> Array:
        """Second layer as the gradient of the first has it."""
        return u

    def gradient_scale(self) -> float:
        """Output scale as the gradient has it."""
        return self.scale

    def slope(self, margin: Array) -> Array:
        """l'(v), (N,)."""
        return self.loss.slope(margin)

    def residual(self, f: Array, t: int) -> Array:
        """Derivative of each example's loss in its output, (N,); labels are those that step t sees."""
        placement, level = self.e.noise_placement, self.level(t)
        if placement == "labels":
            seen = np.where(self.placed(t) < level, -self.y, self.y)
            return np.asarray(seen * self.slope(seen * f))
        residual: Array = self.y * self.slope(self.y * f)
        return residual - level * self.placed(t) if placement == "targets" else residual

    def weights(self, t: int) -> Array:
        """Share of each example in the mean of step t, (N,)."""
        batch = self.batch(t)
        return np.bincount(batch, minlength=len(self.y)) / len(batch)

    def batch(self, t: int) -> Array:
        """Examples of step t."""
        return self.answer.batches[t]

    def rate(self, t: int) -> float:
        """gamma_t."""
        return float(self.rates[t])

    def level(self, t: int) -> float:
        """Level of the placed noise in step t."""
        return float(self.levels[t])

    def placed(self, t: int) -> Any:
        """Draws of the placed noise in step t, of examples or of both layers."""
        found = self.answer.placed
        return (found[0][t], found[1][t]) if isinstance(found, tuple) else found[t]

    def pre_activation_noise(self, t: int) -> Pair | None:
        """What is added to the pre-activations in step t, (m, patches, N) of each layer."""
        kind = self.e.noise_placement
        if self.level(t) == 0.0 or kind not in ("pre-activations", "pre-activations-shared", "iterates-transient"):
            return None
        found = []
        for drawn, patches, U in zip(self.placed(t), self.patches(), (self.answer.W, self.answer.V), strict=True):
            if not patches:
                found.append(np.zeros((U.shape[1], 0, len(self.y))))
            elif kind == "iterates-transient":
                found.append(self.level(t) * np.stack([drawn @ x.T for x in patches], axis=1))
            else:
                found.append(self.level(t) * drawn * np.stack([self.norm(x) for x in patches]))
        return found[0], found[1]

    def norm(self, x: Array) -> Array:
        """Norms of patches, by which noise on their pre-activations is multiplied."""
        return np.asarray(np.linalg.norm(x, axis=1))

    def output_noise(self, t: int) -> Any:
        """What is added to the outputs of which step t takes its residuals."""
        if self.e.noise_placement != "activations":
            return 0.0
        x1, x2 = self.inputs()
        return self.level(t) * self.placed(t) * np.sqrt(self.norm(x1) ** 2 + self.norm(x2) ** 2)

    def increments(self, t: int) -> Pair:
        """What placed noise moves the weights by in step t."""
        kind, level = self.e.noise_placement, self.level(t)
        if kind not in ("gradient", "iterates"):
            return 0.0, 0.0
        size = level * (self.rate(t) if kind == "gradient" else 1.0)
        first, last = self.placed(t)
        return size * first, size * last

    def noise(self, t: int) -> Pair:
        """xi_t of both layers; none where the simulator draws its own."""
        noise = self.answer.noise
        return (0.0, 0.0) if noise is None else (noise[0][t], noise[1][t])

    def decay(self, U: Array, t: int) -> Array:
        """What weight decay adds to the gradient, where it is coupled."""
        return self.e.lambda_ * U

    def kept(self, rate: float) -> float:
        """What is left of the weights beside the step, where decay is decoupled."""
        return 1.0 - rate * self.e.lambda_

    def moved(self, U: Array, direction: Array, rate: float, t: int) -> Array:
        """U_{t+1}, placed noise apart."""
        moved: Array = (1.0 if self.coupled else self.kept(rate)) * U - rate * direction
        return moved

    def second_moved(self, u: Array, gradient: Array, rate: float) -> Array:
        """Second layer after a step."""
        moved: Array = (1.0 - rate * self.e.lambda_) * u - rate * gradient
        return moved


def training_loss(rule: Rule, f: Array) -> float:
    """Unregularised mean loss."""
    return float(np.mean(rule.loss.value(rule.y * f)))


def share_of_q_only(experiment: Experiment, answer: Answer) -> float:
    """q_hat of the training set; 0 for other data than the P/Q mixture."""
    return float(np.mean(~np.any(answer.data.x1 != 0.0, axis=1))) if experiment.has_pq else 0.0
