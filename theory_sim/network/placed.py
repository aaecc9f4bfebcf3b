"""Networks with placed noise, or with patterns held apart from the weights: N_A(u, U; x) of THEORY §2, written plainly.

The networks of split.py and shared.py are this one without either, and faster. A layer is evaluated at sites: its patches x_1,
and z - zeta, z, z + zeta, of which a second patch is a multiple; noise of each example's own needs each x_2 as a site.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from theory_sim.data import Data, shared_directions
from theory_sim.experiment import Experiment
from theory_sim.network.layer import Layer, Weights
from theory_sim.network.layers import make_layers
from theory_sim.network.perturbed import Perturbed
from theory_sim.network.plane import Plane
from theory_sim.numeric.kernels import held_forward
from theory_sim.numeric.pool import BlockPool
from theory_sim.numeric.streams import StepStream
from theory_sim.train.clock import kernel_of, make_clock
from theory_sim.train.noise import OutputNoise, PreActivationNoise, Sites, WeightNoise, make_placement

__all__ = ["PlacedNetwork"]

Array = np.ndarray[Any, Any]
_PARTS: Final = ("signal", "noise")


class _Bank:
    """A layer with its sites, for clean outputs and for noisy ones, and the streams of its blocks."""

    def __init__(self, layer: Layer, index: int, clean: Sites, noisy: Sites, examples: int, seed: int) -> None:
        self.layer, self.clean, self.noisy, self._examples = layer, clean, noisy, examples
        self.used = clean  # those of `pattern`
        self.pattern: Array = np.empty((len(layer.signal), len(clean.x)), clean.x.dtype)
        self.held: Weights | None = None  # weights of which the patterns are, if not U's
        self.noise = [StepStream(seed, "placed noise", index, b) for b in range(layer.blocks)]
        self.redrawn = [StepStream(seed, "redrawn patterns", index, b) for b in range(layer.blocks)]

    def held_at(self, block: int, x: Array) -> Array | None:
        """Pre-activations of a block's patterns that are held, at inputs x (n, k), (b, n); None if they are U's."""
        if self.held is None:
            return None
        rows, noise_rows = self.layer.rows(block), self.layer.noise_rows(block)
        return Weights(self.held.signal[rows], self.held.noise[noise_rows]).pre_activations(x)

    def outputs(self, parts: Array, sites: Sites) -> Array:
        """Outputs of the examples (N,) from the blocks' parts (blocks, n)."""
        of_sites = parts.sum(axis=0)
        return np.bincount(sites.example, weights=sites.weight * of_sites[sites.site], minlength=self._examples)

    def weighted(self, residual: Array) -> Array:
        """Residuals of the sites times the sites, (n, k)."""
        sites = self.used
        weight = np.bincount(sites.site, weights=sites.weight * residual[sites.example], minlength=len(sites.x))
        weighted: Array = sites.x * weight[:, None].astype(sites.x.dtype)
        return weighted


class PlacedNetwork:
    """State of a run: layers, their split, their patterns, and the outputs on the training set.

    Parameters
    ----------
    experiment : Experiment
        Description of the run, split or shared.
    data : Data
        Training set, N examples.
    pool : BlockPool
        Open pool of threads.
    initial : mapping, optional
        U_0 and second layers in place of what is drawn, as for `make_layers`.

    Attributes
    ----------
    f, g : (N,), (3,) float64 arrays
        Outputs on the training set and at z - zeta, z, z + zeta at the present weights, without placed noise.
    directions : (3, k) float64 array
        z - zeta, z, z + zeta as the filters see them.
    clock : AnyClock
        Level and age of the accumulated noise, increments of placed noise included.
    """

    def __init__(
        self, experiment: Experiment, data: Data, pool: BlockPool, initial: Mapping[str, Array] | None = None
    ) -> None:
        e = experiment
        self._experiment, self._data, self._pool = e, data, pool
        self.clock = make_clock(e, kernel_of(e.patterns))
        self._placement = make_placement(e)
        self._step = 0
        self._output_noise = StepStream(e.seed_of("noise"), "placed noise")
        shared = e.network == "shared"
        self.directions: Array = (
            shared_directions(e, data.w_star) if shared else np.array([[1.0, s * e.r] for s in (-1, 0, 1)])
        )
        lengths = np.linalg.norm(self.directions, axis=1)
        self._norm = np.sqrt((data.x1.astype(np.float64) ** 2).sum(axis=1) + (data.alpha * lengths[data.direction]) ** 2)
        layers = list(make_layers(e, initial).values())
        each = isinstance(self._placement, PreActivationNoise) and self._placement.per_example
        P, Q, own = self._sites_P(), self._sites_Q(), self._sites_Q_each() if each else self._sites_Q()
        banks = [(layers[0], _joined(P, Q), _joined(P, own))] if shared else [(layers[0], P, P), (layers[1], Q, own)]
        self._banks = [_Bank(layer, i, clean, noisy, len(data), e.seed_of("noise"))
                       for i, (layer, clean, noisy) in enumerate(banks)]
        self._names = ["U"] if shared else ["W", "V"]
        if e.patterns == "frozen":
            self._hold()
        self.f: Array = np.zeros(len(data))
        self.g: Array = np.zeros(3)
        self._forward()

    def _sites_P(self) -> Sites:
        seen = np.flatnonzero(self._data.has_x1)
        x = np.ascontiguousarray(self._data.x1[seen])
        return _sites(x, 0, seen, np.arange(len(seen)), np.ones(len(seen)))

    def _sites_Q(self) -> Sites:
        data = self._data
        holding = np.flatnonzero(data.kind != 0)
        x = self.directions.astype(data.x1.dtype)
        return _sites(x, 1, holding, data.direction[holding], data.alpha[holding])

    def _sites_Q_each(self) -> Sites:
        data = self._data
        holding = np.flatnonzero(data.kind != 0)
        x = (data.alpha[holding, None] * self.directions[data.direction[holding]]).astype(data.x1.dtype)
        return _sites(x, 1, holding, np.arange(len(holding)), np.ones(len(holding)))

    @property
    def layers(self) -> dict[str, Layer]:
        """The layers, by their labels."""
        return {name: bank.layer for name, bank in zip(self._names, self._banks, strict=True)}

    # -- steps ------------------------------------------------------------------------------------

    def perturbed(self, step: int, level: float) -> Perturbed:
        """Outputs (N,) of which step ``step`` takes its residuals, with placed noise of a level; the patterns go with them."""
        if level > 0 and isinstance(self._placement, OutputNoise):
            return Perturbed(self.f + level * self._placement.draw(self._output_noise.at(step), self._norm), level)
        if level == 0 or not isinstance(self._placement, PreActivationNoise):
            return Perturbed(self.f, level)
        f = np.zeros(len(self._data))
        for bank in self._banks:
            f += bank.outputs(self._evaluate(bank, bank.noisy, level, step), bank.noisy)
        return Perturbed(f, level)

    def step(
        self, residual: Array, rate: float, step: int, *, perturbed: Perturbed | None = None, whole: bool = False
    ) -> None:
        """Move U, its signal and its noise by one step of THEORY §3 at the patterns of the last evaluation.

        Parameters
        ----------
        residual : (N,) float64 array
            Derivative of the mean training loss with respect to each output that `perturbed` gave.
        rate : float
            Learning rate gamma_t.
        step : int
            Step number t, the address of the noise.
        perturbed : Perturbed, optional
            What `perturbed` gave.
        whole
            Not read: an example without a residual costs as much as one with.
        """
        level = 0.0 if perturbed is None else perturbed.level
        increment = 0.0
        if isinstance(self._placement, WeightNoise) and level > 0:
            increment = self._placement.increment(level, rate)
        for bank in self._banks:
            weighted, layer = bank.weighted(residual), bank.layer

            def block_step(block: int, worker: int, bank: _Bank = bank, layer: Layer = layer, x: Array = weighted) -> None:
                rows, noise_rows = layer.rows(block), layer.noise_rows(block)
                np.dot(bank.pattern[rows], x, out=layer.gradient[rows])
                scratch = np.zeros_like(layer.noise[noise_rows])
                layer.update(block, step, rate, scratch)
                if increment > 0:
                    bank.noise[block].normal(step, scratch)
                    scratch *= scratch.dtype.type(increment)
                    layer.noise[noise_rows] -= scratch

            self._pool.run(block_step, layer.blocks)
        self.clock.step(rate, increment)
        self._step = step + 1
        self._forward()

    def annealed(self) -> None:
        """The learning rate falls for the first time: patterns that are held from here on are those of U now."""
        self.clock.annealed()
        if self._experiment.patterns == "frozen-at-annealing":
            self._hold()

    def _hold(self) -> None:
        for bank in self._banks:
            bank.held = bank.layer.copy()

    def _forward(self) -> None:
        """Outputs at the present weights, without placed noise."""
        if self._experiment.patterns == "redrawn":
            for bank in self._banks:
                self._redraw(bank)
        f = np.zeros(len(self._data))
        for bank in self._banks:
            parts = self._evaluate(bank, bank.clean, 0.0, self._step)
            f += bank.outputs(parts, bank.clean)
            self.g = parts.sum(axis=0)[-3:]  # of the last bank, whose last sites are the directions
        self.f = f

    def _redraw(self, bank: _Bank) -> None:
        layer = bank.layer
        drawn = np.empty_like(layer.noise)
        self._pool.run(lambda b, worker: layer.fill(b, bank.redrawn[b], self._step, drawn), layer.blocks)
        bank.held = Weights(np.zeros_like(layer.signal), drawn)

    def _evaluate(self, bank: _Bank, sites: Sites, level: float, step: int) -> Array:
        """Outputs of the blocks at the sites, (blocks, n) float64; leaves their patterns behind."""
        layer = bank.layer
        if bank.pattern.shape[1] != len(sites.x):
            bank.pattern = np.empty((len(layer.signal), len(sites.x)), sites.x.dtype)
        bank.used = sites
        parts = np.zeros((layer.blocks, len(sites.x)))

        def work(block: int, worker: int) -> None:
            noise = None
            if level > 0 and isinstance(self._placement, PreActivationNoise):
                noise = self._placement.draw(bank.noise[block].at(step), layer.drawn_rows(block), sites)
                noise *= noise.dtype.type(level)
                if layer.repeated > 1:
                    noise = np.repeat(noise, layer.repeated, axis=0)
            layer.evaluate(block, sites.x.T, bank.pattern[layer.rows(block)], parts[block], layer.scratch(len(sites.x)),
                           extra=noise, held=bank.held_at(block, sites.x))

        self._pool.run(work, layer.blocks)
        return parts

    # -- evaluation that does not change the state ------------------------------------------------

    def filters(self) -> dict[str, Array]:
        """Weights of which the patterns are, for x_1 and for x_2."""
        found = self._of_patterns()
        return {feature: weights.weights for feature, weights in found.items()}

    def pre_activations(self, feature: str, x: Array) -> Array:
        """Pre-activations whose signs are the patterns of the filters that see x_1 ("P") or x_2 ("Q"), at x (n, k): (m, n)."""
        return self._of_patterns()[feature].pre_activations(x)

    def _of_patterns(self) -> dict[str, Weights]:
        found: list[Weights] = [bank.layer if bank.held is None else bank.held for bank in self._banks]
        return {"P": found[0], "Q": found[-1]}

    @property
    def patterns_follow_weights(self) -> bool:
        """Whether the patterns are those of U."""
        return self._banks[0].held is None

    def outputs(self, data: Data) -> tuple[Array, Array]:
        """Outputs on other examples without placed noise: N_A(U) and N_A(signal), both (n,) float64."""
        g_signal = self._at(self._banks[-1], self.directions)[1]
        f, f_signal = data.alpha * self.g[data.direction], data.alpha * g_signal[data.direction]
        seen = np.flatnonzero(data.has_x1)
        part = self._at(self._banks[0], data.x1[seen])
        f[seen] += part[0]
        f_signal[seen] += part[1]
        return f, f_signal

    def _at(self, bank: _Bank, x: Array) -> Array:
        """N_A(U; x) and N_A(signal; x) at inputs x (n, k), (2, n) float64."""
        layer, x = bank.layer, np.ascontiguousarray(x.astype(bank.clean.x.dtype))
        parts = np.zeros((layer.blocks, 2, len(x)))

        def work(block: int, worker: int) -> None:
            rows = layer.rows(block)
            pattern = np.empty((rows.stop - rows.start, len(x)), x.dtype)
            layer.evaluate(block, x.T, pattern, parts[block, 0], layer.scratch(len(x)), held=bank.held_at(block, x))
            held_forward(np.dot(layer.signal[rows], x.T), pattern, layer.u[rows], parts[block, 1])

        self._pool.run(work, layer.blocks)
        return np.asarray(parts.sum(axis=0))

    def plane(self) -> Plane:
        """The signal on Q's directions, and the patterns that it has moved there."""
        bank = self._banks[-1]
        directions = self.directions.astype(bank.clean.x.dtype)
        active = self.pre_activations("Q", directions) > 0
        noise = bank.layer.at(directions)[1] > 0
        near = (active != active[:, 1:2]).any(axis=1)
        return Plane(self._at(bank, directions)[1], (active != noise).sum(axis=0).astype(np.float64), float(near.sum()))

    def signal_direction(self) -> Array:
        """Linear part of the signal on x_1, (d,): (1/2) sum_j u_j Ubar_j, each pattern being active half the time."""
        layer = self._banks[0].layer
        return np.asarray(layer.u.astype(np.float64) @ layer.signal) / 2

    # -- storage ----------------------------------------------------------------------------------

    def checkpoint(self) -> dict[str, Array]:
        """The layers with what the optimiser keeps, weights whose patterns are held, and the step; outputs follow from them."""
        state = {f"{name} {part}": array for name, layer in self.layers.items() for part, array in layer.checkpoint().items()}
        state["step"] = np.array(self._step)
        for name, bank in zip(self._names, self._banks, strict=True):
            if bank.held is not None:
                state |= {f"{name} held {part}": getattr(bank.held, part) for part in _PARTS}
        return state

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take back what `checkpoint` gave; the clock is the run's to restore."""
        self._step = int(state["step"])
        for name, bank in zip(self._names, self._banks, strict=True):
            bank.layer.restore({part: state[f"{name} {part}"] for part in bank.layer.checkpoint()})
            held = [state.get(f"{name} held {part}") for part in _PARTS]
            bank.held = None if held[0] is None or held[1] is None else Weights(held[0], held[1])
        self._forward()

    def state(self) -> dict[str, Any]:
        """Final weights, their split, the second layers, and the weights of patterns that are held, labelled."""
        state: dict[str, Any] = {}
        for name, bank in zip(self._names, self._banks, strict=True):
            layer, neuron, k = bank.layer, f"neuron_{name}", "plane" if name == "V" else "x1"
            state[name] = ((neuron, k), layer.weights, {"long_name": f"final weights {name}"})
            state[f"{name}_signal"] = ((neuron, k), layer.signal, {"long_name": f"signal part of {name}"})
            state[f"{name}_noise"] = ((neuron, k), layer.noise_of_neurons, {"long_name": f"accumulated noise of {name}"})
            state[name.lower()] = ((neuron,), layer.u, {"long_name": f"second layer of {name}"})
            if bank.held is not None:
                long_name = f"weights of which {name}'s patterns are"
                state[f"{name}_pattern"] = ((neuron, k), bank.held.weights, {"long_name": long_name})
        if self._names == ["U"]:
            state["directions"] = (("direction", "x1"), self.directions, {"long_name": "z - zeta, z, z + zeta"})
        return state


def _sites(x: Array, patch: int, example: Array, site: Array, weight: Array) -> Sites:
    norm = np.linalg.norm(x.astype(np.float64), axis=1).astype(x.dtype)
    return Sites(x, norm, np.full(len(x), patch), example, site, weight)


def _joined(first: Sites, second: Sites) -> Sites:
    moved = second._replace(site=second.site + len(first.x))
    return Sites(*(np.concatenate(pair) for pair in zip(first, moved, strict=True)))
