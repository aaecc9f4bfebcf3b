"""What every network of finite width is made of: its layers, what it stores of them, and what it shows of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from theory_sim.arrays import Array
from theory_sim.data import Data, get_directions
from theory_sim.experiment import Experiment
from theory_sim.network.layer import Layer
from theory_sim.network.layers import make_layers
from theory_sim.network.perturbed import Perturbed
from theory_sim.numeric.pool import BlockPool
from theory_sim.train.clock import get_kernel, make_clock

__all__ = ["LayeredNetwork", "add_patches"]


class LayeredNetwork(ABC):
    """State of a run: layers, their split, and the outputs on the training set. The patterns are those of U.

    Parameters
    ----------
    experiment : Experiment
        Description of the run.
    data : Data
        Training set, N examples.
    pool : BlockPool
        Open pool of threads.
    initial : mapping, optional
        U_0 and second layers in place of what is drawn, as for `make_layers`.

    Attributes
    ----------
    layers : dict
        The layers by their labels: W for x_1, then V for x_2, or U for both patches.
    f : (N,) float64 array
        Outputs on the training set at the present weights, without placed noise.
    directions : (3, k) float64 array
        z - zeta, z, z + zeta as the filters see them, of the split network in the basis (z, zeta / r); none for other data than
        the P/Q mixture.
    clock : AnyClock
        Level and age of the accumulated noise, increments of placed noise included.
    """

    def __init__(
        self, experiment: Experiment, data: Data, pool: BlockPool, initial: Mapping[str, Array] | None = None
    ) -> None:
        self._experiment, self._data, self._pool = experiment, data, pool
        self.clock = make_clock(experiment, get_kernel(experiment.patterns))
        self.layers: dict[str, Layer] = make_layers(experiment, initial)
        every = list(self.layers.values())
        self._first, self._last = every[0], every[-1]
        self.directions = get_directions(experiment, data)
        self.f: Array = np.zeros(len(data))

    @property
    def patterns_follow_weights(self) -> bool:
        """Whether the patterns are those of U."""
        return True

    @abstractmethod
    def step(
        self, residual: Array, rate: float, step: int, *, perturbed: Perturbed | None = None, whole: bool = False
    ) -> None:
        """Move U, its signal and its noise by one step of THEORY §3, then evaluate the training set.

        Parameters
        ----------
        residual : (N,) float64 array
            Derivative of the mean training loss with respect to each example's output.
        rate : float
            Learning rate gamma_t.
        step : int
            Step number t, the address of the noise.
        perturbed : Perturbed, optional
            What `perturbed` gave, of a network with placed noise.
        whole
            Not read: an example without a residual costs as much as one with.
        """

    def perturbed(self, step: int, level: float) -> Perturbed:
        """Outputs of which a step takes its residuals; without placed noise those at the present weights."""
        return Perturbed(self.f, 0.0)

    def annealed(self) -> None:  # noqa: B027
        """The learning rate falls for the first time, which changes nothing where the patterns are those of U."""

    @abstractmethod
    def _forward(self) -> None:
        """Set the outputs to those at the present weights."""

    # -- evaluation that does not change the state ------------------------------------------------

    def filters(self) -> dict[str, Array]:
        """First-layer weights whose patterns they are, without biases, for x_1 ("P") and for x_2 ("Q")."""
        return {"P": self._first.weights, "Q": self._last.weights}

    def pre_activations(self, feature: str, x: Array) -> Array:
        """Pre-activations whose signs are the patterns of the filters that see x_1 ("P") or x_2 ("Q"), at x (n, k): (m, n)."""
        return {"P": self._first, "Q": self._last}[feature].pre_activations(x)

    def signal_direction(self) -> Array:
        """Linear part of the signal on x_1, (d,): (1/2) sum_j u_j Ubar_j, each pattern being active half the time."""
        return np.asarray(self._first.u.astype(np.float64) @ self._first.signal) / 2

    # -- storage ----------------------------------------------------------------------------------

    def checkpoint(self) -> dict[str, Array]:
        """The layers, with what the optimiser keeps; outputs follow from them."""
        return {f"{name} {part}": array for name, layer in self.layers.items() for part, array in layer.checkpoint().items()}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take back what `checkpoint` gave; the clock is the run's to restore."""
        for name, layer in self.layers.items():
            layer.restore({part: state[f"{name} {part}"] for part in layer.checkpoint()})
        self._forward()

    def state(self) -> dict[str, Any]:
        """Variables of the end: weights, their split and the second layers; of a shared network the directions in R^d too."""
        state: dict[str, Any] = {}
        for name, layer in self.layers.items():
            state |= self._state_of(name, layer)
        if "U" in self.layers and len(self.directions):
            state["directions"] = (("direction", "x1"), self.directions, {"long_name": "z - zeta, z, z + zeta"})
        return state

    def _state_of(self, name: str, layer: Layer) -> dict[str, Any]:
        neuron, inputs = f"neuron_{name}", "plane" if name == "V" else "x1"
        return {
            name: ((neuron, inputs), layer.weights, {"long_name": f"final weights {name}"}),
            f"{name}_signal": ((neuron, inputs), layer.signal, {"long_name": f"signal part of {name}"}),
            f"{name}_noise": ((neuron, inputs), layer.noise_of_neurons, {"long_name": f"accumulated noise of {name}"}),
            name.lower(): ((neuron,), layer.u, {"long_name": f"second layer of {name}"}),
        }


def add_patches(data: Data, g: Array, g_signal: Array, at_x1: Callable[[Array], Array]) -> tuple[Array, Array]:
    """Outputs on examples of the P/Q mixture and their signal part, both (n,) float64.

    Parameters
    ----------
    data : Data
        n examples.
    g, g_signal : (3,) float64 arrays
        Both at z - zeta, z, z + zeta as second patch.
    at_x1 : callable
        Gives both at first patches x_1 (k, d), (2, k).
    """
    f, f_signal = data.alpha * g[data.direction], data.alpha * g_signal[data.direction]
    seen = np.flatnonzero(data.has_x1)
    part = at_x1(data.x1[seen])
    f[seen] += part[0]
    f_signal[seen] += part[1]
    return f, f_signal
