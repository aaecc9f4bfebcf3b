"""Networks with placed noise, or with patterns that do not follow the weights: N_A(u, U; x) of THEORY §2, written plainly.

The networks of split.py and shared.py are this one without either, and faster. A layer is evaluated at sites: its patches x_1,
and z - zeta, z, z + zeta, of which a second patch is a multiple; noise of each example's own needs each x_2 as a site.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from theory_sim.arrays import Array
from theory_sim.data import Data
from theory_sim.experiment import Experiment
from theory_sim.network.base import LayeredNetwork, add_patches
from theory_sim.network.layer import Layer, Weights
from theory_sim.network.perturbed import Perturbed
from theory_sim.network.plane import Plane
from theory_sim.numeric.kernels import pattern_forward
from theory_sim.numeric.pool import BlockPool
from theory_sim.numeric.streams import StepStream
from theory_sim.train.noise import OutputNoise, PreActivationNoise, Sites, WeightNoise, make_placement

__all__ = ["PlacedNetwork"]

_PARTS: Final = ("signal", "noise")
# What checkpoints call the weights of which the patterns are.
_STORED: Final = "held"


class _Bank:
    """A layer with its sites, for clean outputs and for noisy ones, and the streams of its blocks."""

    def __init__(self, layer: Layer, index: int, clean: Sites, noisy: Sites, examples: int, seed: int) -> None:
        self.layer, self.clean, self.noisy, self._examples = layer, clean, noisy, examples
        self.used = clean  # those of `pattern`
        self.pattern: Array = np.empty((len(layer.signal), len(clean.x)), clean.x.dtype)
        self.pattern_weights: Weights | None = None  # weights of which the patterns are, if not U's
        self.noise = [StepStream(seed, "placed noise", index, b) for b in range(layer.blocks)]
        self.redrawn = [StepStream(seed, "redrawn patterns", index, b) for b in range(layer.blocks)]

    def pattern_z(self, block: int, x: Array) -> Array | None:
        """Pre-activations of which a block's patterns are, at inputs x (n, k), (b, n); None if they are U's."""
        if self.pattern_weights is None:
            return None
        rows, noise_rows = self.layer.rows(block), self.layer.noise_rows(block)
        return Weights(self.pattern_weights.signal[rows], self.pattern_weights.noise[noise_rows]).pre_activations(x)

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


class PlacedNetwork(LayeredNetwork):
    """Layers, split or shared, and their patterns.

    Attributes
    ----------
    g : (3,) float64 array
        Output at z - zeta, z, z + zeta at the present weights, without placed noise.
    """

    def __init__(
        self, experiment: Experiment, data: Data, pool: BlockPool, initial: Mapping[str, Array] | None = None
    ) -> None:
        e = experiment
        super().__init__(e, data, pool, initial)
        self._placement = make_placement(e)
        self._step = 0
        self._output_noise = StepStream(e.seed_of("noise"), "placed noise")
        shared = e.shared_filters
        lengths = np.linalg.norm(self.directions, axis=1)
        self._norm = np.sqrt((data.x1.astype(np.float64) ** 2).sum(axis=1) + (data.alpha * lengths[data.direction]) ** 2)
        each = isinstance(self._placement, PreActivationNoise) and self._placement.per_example
        P, Q, own = self._sites_P(), self._sites_Q(), self._sites_Q_each() if each else self._sites_Q()
        sites = [(_joined(P, Q), _joined(P, own))] if shared else [(P, P), (Q, own)]
        self._by_layer = {name: _Bank(layer, i, clean, noisy, len(data), e.seed_of("noise"))
                          for i, ((name, layer), (clean, noisy)) in enumerate(zip(self.layers.items(), sites, strict=True))}
        self._banks = list(self._by_layer.values())
        if e.frozen_patterns:
            self._keep_patterns()
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
        # At the patterns of the last evaluation, which `perturbed` made if there is placed noise.
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
        """The learning rate falls for the first time: patterns that are frozen then are those of U now."""
        self.clock.annealed()
        if self._experiment.patterns_freeze:
            self._keep_patterns()

    def _keep_patterns(self) -> None:
        for bank in self._banks:
            bank.pattern_weights = bank.layer.copy()

    def _forward(self) -> None:
        """Outputs at the present weights, without placed noise."""
        if self._experiment.redrawn_patterns:
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
        bank.pattern_weights = Weights(np.zeros_like(layer.signal), drawn)

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
                           extra=noise, pattern_z=bank.pattern_z(block, sites.x))

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
        found: list[Weights] = [bank.layer if bank.pattern_weights is None else bank.pattern_weights for bank in self._banks]
        return {"P": found[0], "Q": found[-1]}

    @property
    def patterns_follow_weights(self) -> bool:
        """Whether the patterns are those of U."""
        return self._banks[0].pattern_weights is None

    def outputs(self, data: Data) -> tuple[Array, Array]:
        """Outputs on other examples without placed noise: N_A(U) and N_A(signal), both (n,) float64."""
        g_signal = self._at(self._banks[-1], self.directions)[1]
        return add_patches(data, self.g, g_signal, lambda x: self._at(self._banks[0], x))

    def _at(self, bank: _Bank, x: Array) -> Array:
        """N_A(U; x) and N_A(signal; x) at inputs x (n, k), (2, n) float64."""
        layer, x = bank.layer, np.ascontiguousarray(x.astype(bank.clean.x.dtype))
        parts = np.zeros((layer.blocks, 2, len(x)))

        def work(block: int, worker: int) -> None:
            rows = layer.rows(block)
            pattern = np.empty((rows.stop - rows.start, len(x)), x.dtype)
            layer.evaluate(block, x.T, pattern, parts[block, 0], layer.scratch(len(x)), pattern_z=bank.pattern_z(block, x))
            pattern_forward(np.dot(layer.signal[rows], x.T), pattern, layer.u[rows], parts[block, 1])

        self._pool.run(work, layer.blocks)
        return np.asarray(parts.sum(axis=0))

    def plane(self) -> Plane:
        """The signal on Q's directions, and the patterns that it has moved there."""
        bank = self._banks[-1]
        directions = self.directions.astype(bank.clean.x.dtype)
        active = self.pre_activations("Q", directions) > 0
        noise = bank.layer.at(directions)[1] > 0
        return Plane.of_patterns(self._at(bank, directions)[1], active, noise)

    # -- storage ----------------------------------------------------------------------------------

    def checkpoint(self) -> dict[str, Array]:
        """The layers with what the optimiser keeps, the weights of the patterns, and the step; outputs follow from them."""
        state = super().checkpoint() | {"step": np.array(self._step)}
        for name, bank in self._by_layer.items():
            if bank.pattern_weights is not None:
                state |= {f"{name} {_STORED} {part}": getattr(bank.pattern_weights, part) for part in _PARTS}
        return state

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take back what `checkpoint` gave; the clock is the run's to restore."""
        self._step = int(state["step"])
        for name, bank in self._by_layer.items():
            found = [state.get(f"{name} {_STORED} {part}") for part in _PARTS]
            bank.pattern_weights = None if found[0] is None or found[1] is None else Weights(found[0], found[1])
        super().restore(state)

    def _state_of(self, name: str, layer: Layer) -> dict[str, Any]:
        state, weights = super()._state_of(name, layer), self._by_layer[name].pattern_weights
        if weights is not None:
            long_name = f"weights of which {name}'s patterns are"
            state[f"{name}_pattern"] = (state[name][0], weights.weights, {"long_name": long_name})
        return state


def _sites(x: Array, patch: int, example: Array, site: Array, weight: Array) -> Sites:
    norm = np.linalg.norm(x.astype(np.float64), axis=1).astype(x.dtype)
    return Sites(x, norm, np.full(len(x), patch), example, site, weight)


def _joined(first: Sites, second: Sites) -> Sites:
    moved = second._replace(site=second.site + len(first.x))
    return Sites(*(np.concatenate(pair) for pair in zip(first, moved, strict=True)))
