"""The network of any activation and data: f(x) = s sum_c sum_j u_j phi(<U_j, x_c> + b_j) (THEORY §2 with more freedom).

Biases are weights of a constant input 1 and a last column of U; they have the law, the noise and the decay of the others. U is
split as ever: the gradient moves the signal, xi the noise (THEORY §15). The signal part of an output is
s sum_j u_j phi'(z_j) <Ubar_j, x>, for ReLU the N_A of THEORY §2. Written plainly; ReLU without all this has faster networks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from theory_sim.arrays import Array
from theory_sim.data import Data
from theory_sim.experiment import Experiment
from theory_sim.network.activations import make_activation
from theory_sim.network.base import LayeredNetwork
from theory_sim.network.hessian import LayerAtSites
from theory_sim.network.layer import Layer
from theory_sim.network.perturbed import Perturbed
from theory_sim.network.plane import Plane
from theory_sim.network.points import Points, get_points, with_constant
from theory_sim.numeric.pool import BlockPool

__all__ = ["GeneralNetwork"]

# Neurons at once; constant, since sums run chunk by chunk.
_ROWS: Final = 256


class _Bank:
    """A layer, its points, and what the last forward pass left there for the gradient."""

    def __init__(self, layer: Layer, points: Points, keep_values: bool) -> None:
        self.layer, self.points = layer, points
        shape = (len(layer.signal), len(points.x))
        self.slopes: Array = np.empty(shape, points.x.dtype)
        self.values: Array | None = np.empty(shape, points.x.dtype) if keep_values else None


class GeneralNetwork(LayeredNetwork):
    """Layers of any activation, with biases or without."""

    def __init__(
        self, experiment: Experiment, data: Data, pool: BlockPool, initial: Mapping[str, Array] | None = None
    ) -> None:
        super().__init__(experiment, data, pool, initial)
        self._phi = make_activation(experiment)
        self._phi.require_consistent()
        self._banks = self._banks_of(data)
        self._forward()

    def _banks_of(self, data: Data) -> list[_Bank]:
        trained = self._experiment.train_second_layer
        return [_Bank(layer, points, trained)
                for layer, points in zip(self.layers.values(), get_points(self._experiment, data), strict=True)]

    @property
    def g(self) -> Array:
        """Outputs at z - zeta, z, z + zeta as second patch, (3,); NaN for other data than the P/Q mixture."""
        g: Array = self._at_directions()[0]
        return g

    # -- steps ------------------------------------------------------------------------------------

    def step(
        self, residual: Array, rate: float, step: int, *, perturbed: Perturbed | None = None, whole: bool = False
    ) -> None:
        self._step(self._banks, residual, rate, step)

    def step_on(self, examples: Data, residual_of: Callable[[Array], Array], rate: float, step: int) -> None:
        """`step` by the gradient on other examples than the training set.

        Parameters
        ----------
        examples : Data
            What the step sees, B examples.
        residual_of : callable
            Derivative (B,) of their mean loss with respect to their outputs (B,), float64.
        rate, step
            As for `step`.
        """
        banks = self._banks_of(examples)
        self._step(banks, residual_of(self._outputs_of(banks, len(examples))), rate, step)

    def _step(self, banks: list[_Bank], residual: Array, rate: float, step: int) -> None:
        """`step` by the residuals of the examples whose slopes are in the banks."""
        e = self._experiment
        for bank in banks:
            layer, of_sites = bank.layer, e.output_scale * bank.points.of_sites(residual)
            weights = of_sites.astype(bank.points.x.dtype)
            weighted = bank.points.x * weights[:, None]

            def block_step(block: int, worker: int, bank: _Bank = bank, layer: Layer = layer, weighted: Array = weighted,
                           weights: Array = weights) -> None:
                rows = layer.rows(block)
                np.dot(bank.slopes[rows], weighted, out=layer.gradient[rows])
                # The gradient of the second layer before U moves; U's own takes the second layer of before, too.
                moved = None if bank.values is None else np.dot(bank.values[rows], weights)
                layer.update(block, step, rate, np.zeros_like(layer.noise[layer.noise_rows(block)]))
                if moved is not None:
                    cast = moved.dtype.type
                    layer.u[rows] = cast(1.0 - rate * e.lambda_) * layer.u[rows] - cast(rate) * moved

            self._pool.run(block_step, layer.blocks)
        self.clock.step(rate)
        self._forward()

    def _forward(self) -> None:
        self.f = self._outputs_of(self._banks, len(self._data))

    def _outputs_of(self, banks: list[_Bank], count: int) -> Array:
        """Outputs of ``count`` examples whose points the banks have; slopes, and values if asked for, are left there."""
        f = np.zeros(count)
        for bank in banks:
            f += bank.points.of_examples(self._evaluate(bank.layer, bank.points.x, bank)[0], count)
        return self._experiment.output_scale * f

    def _evaluate(self, layer: Layer, x: Array, bank: _Bank | None = None) -> Array:
        """sum_j u_j phi(z_j), and for no bank sum_j u_j phi'(z_j) <Ubar_j, x>, at inputs x (n, k): (2, n) float64.

        Slopes, and values where they are asked for, are left in a bank.
        """
        parts = np.zeros((layer.blocks, 2, len(x)))

        def work(block: int, worker: int) -> None:
            rows = layer.rows(block)
            for start in range(rows.start, rows.stop, _ROWS):
                part = slice(start, min(start + _ROWS, rows.stop))
                signal, noise = np.dot(layer.signal[part], x.T), self._of_noise(layer, part, x)
                # In float64: where the noise is large and cancels in a pair, the sum keeps the signal's digits.
                z = signal.astype(np.float64) + noise
                u, values, slopes = layer.u[part].astype(np.float64), self._phi.value(z), self._phi.slope(z)
                parts[block, 0] += _sum_of(u, values, layer.share)
                if bank is None:
                    parts[block, 1] += u @ (slopes * signal)
                else:
                    bank.slopes[part] = slopes
                    if bank.values is not None:
                        bank.values[part] = values

        self._pool.run(work, layer.blocks)
        return np.asarray(parts.sum(axis=0))

    @staticmethod
    def _of_noise(layer: Layer, part: slice, x: Array) -> Array:
        share = layer.share
        of_rows = np.dot(layer.noise[part.start // share : part.stop // share], x.T)
        return np.repeat(of_rows, share, axis=0) if share > 1 else of_rows

    # -- evaluation that does not change the state ------------------------------------------------

    def outputs(self, data: Data) -> tuple[Array, Array]:
        """Outputs on other examples: f and its signal part, both (n,) float64."""
        found = np.zeros((2, len(data)))
        for layer, points in zip(self.layers.values(), get_points(self._experiment, data), strict=True):
            for row, values in enumerate(self._evaluate(layer, points.x)):
                found[row] += points.of_examples(values, len(data))
        f, signal = self._experiment.output_scale * found
        return f, signal

    def _at_directions(self) -> Array:
        """Outputs and signal part at z - zeta, z, z + zeta as second patch, (2, 3)."""
        if not len(self.directions):
            return np.full((2, 3), np.nan)
        x = with_constant(self.directions.astype(self._last.signal.dtype), self._experiment)
        return self._experiment.output_scale * self._evaluate(self._last, x)

    def filters(self) -> dict[str, Array]:
        return {name: layer.weights[:, : self._inputs(layer)] for name, layer in (("P", self._first), ("Q", self._last))}

    def _inputs(self, layer: Layer) -> int:
        return int(layer.signal.shape[1]) - int(self._experiment.biases)

    def pre_activations(self, feature: str, x: Array) -> Array:
        return super().pre_activations(feature, with_constant(x, self._experiment))

    def at_sites(self) -> list[LayerAtSites]:
        """Layers at the points of the training set, in float64, for the Hessian."""
        found, phi = [], self._phi
        for bank in self._banks:
            points, (signal, noise) = bank.points, bank.layer.at(bank.points.x)
            z = signal.astype(np.float64) + noise
            found.append(LayerAtSites(
                points.x.astype(np.float64), phi.slope(z), bank.layer.u.astype(np.float64), points.site, points.example,
                points.weight * self._experiment.output_scale, None if bank.values is None else phi.value(z),
                None if phi.two_lines else phi.bend(z),
            ))
        return found

    def plane(self) -> Plane:
        """The signal on Q's directions, and the patterns 1(z > 0) that it has moved there; NaN for other data."""
        if not len(self.directions):
            return Plane(np.full(3, np.nan), np.full(3, np.nan), float("nan"))
        directions = self.directions.astype(self._last.signal.dtype)
        of_signal, of_noise = self._last.at(with_constant(directions, self._experiment))
        return Plane.of_patterns(self._at_directions()[1], of_signal + of_noise > 0, of_noise > 0)

    def signal_direction(self) -> Array:
        """Linear part of the signal on x_1, (d,), up to a factor: (s/2) sum_j u_j Ubar_j, as for ReLU."""
        signal = self._first.signal[:, : self._inputs(self._first)]
        return np.asarray(self._first.u.astype(np.float64) @ signal) * (self._experiment.output_scale / 2)

    # -- storage ----------------------------------------------------------------------------------

    def checkpoint(self) -> dict[str, Array]:
        """The layers, with what the optimiser keeps, and the second layers; outputs follow from them."""
        return super().checkpoint() | {f"{name} u": layer.u for name, layer in self.layers.items()}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take back what `checkpoint` gave; the clock is the run's to restore."""
        for name, layer in self.layers.items():
            layer.u[:] = state[f"{name} u"]
        super().restore(state)

    def _state_of(self, name: str, layer: Layer) -> dict[str, Any]:
        state: dict[str, Any] = {}
        neuron, k = f"neuron_{name}", self._inputs(layer)
        inputs = "x1" if name != "V" else "plane" if self._data.pq is not None else "x2"
        for ending, array, meaning in (("", layer.weights, "final {}"), ("_signal", layer.signal, "signal part of {}"),
                                       ("_noise", layer.noise_of_neurons, "accumulated noise of {}")):
            state[f"{name}{ending}"] = ((neuron, inputs), array[:, :k], {"long_name": meaning.format(f"weights {name}")})
            if self._experiment.biases:
                state[f"{name}_bias{ending}"] = ((neuron,), array[:, k], {"long_name": meaning.format(f"biases of {name}")})
        state[name.lower()] = ((neuron,), layer.u, {"long_name": f"second layer of {name}"})
        return state


def _sum_of(u: Array, values: Array, share: int) -> Array:
    """sum_j u_j values_j, (n,); in a pair by differences, so that equal values cancel exactly where u is opposite."""
    if share == 1:
        return np.asarray(u @ values)
    first, second = values[0::2], values[1::2]
    return np.asarray(u[0::2] @ (first - second) + (u[0::2] + u[1::2]) @ second)
