"""P in the mean field: particles, each with its own interference and its own response (THEORY §16)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from theory_sim.arrays import Array
from theory_sim.closure.mean_field.particles import Mixing, Particles
from theory_sim.closure.mean_field.responses import Responses
from theory_sim.theory.closure.loss import LOGISTIC, LossOfMargin
from theory_sim.theory.closure.patch_p import own_memory
from theory_sim.theory.closure.problem import Floats
from theory_sim.theory.closure.setting import BlockStep, Setting

__all__ = ["FieldP", "ParticleLaw"]


@dataclass(frozen=True)
class FieldP:
    """State of P after n blocks, as `theory_sim.theory.closure.patch_p.PatchP`.

    Attributes
    ----------
    signal, interference : float
        A, and C(T, T) of the output on a P patch.
    bias : float
        b: what the arc sine's first power adds to every output on P patches.
    margin : (J,)
    field, own : (n,)
        R_w and an example's own memory.
    response : (n, R)
        Of the particles that are kept, at the start of the last block.
    """

    signal: float
    interference: float
    bias: float
    margin: Floats
    field: Floats
    own: Floats
    response: Array

    @property
    def overlap(self) -> float:
        """Overlap of the linear part with w*, NaN before the first step."""
        size = math.hypot(self.signal, math.sqrt(self.interference))
        return self.signal / size if size > 0.0 else math.nan


class ParticleLaw:
    """Law of P by particles.

    Parameters
    ----------
    particles : Particles
    seed : int
        Of the interference.
    loss : LossOfMargin
    """

    def __init__(self, particles: Particles, seed: int, loss: LossOfMargin = LOGISTIC) -> None:
        self._particles = particles
        self._responses = Responses(particles, loss)
        pairs = particles.first.size
        self._mean, self._rest = Mixing(pairs, (seed, 1)), Mixing(pairs, (seed, 2))

    def start(self, setting: Setting) -> FieldP:
        """Nothing learnt."""
        nothing = np.zeros(0)
        return FieldP(0.0, 0.0, 0.0, np.zeros_like(setting.examples.v), nothing, nothing, np.zeros((0, 1), np.float32))

    def step(self, setting: Setting, state: FieldP, step: BlockStep, weight: Floats) -> FieldP:
        """State after one more block; ``weight`` (J,) are the residual weights at its start."""
        problem, examples, history, n = setting.problem, setting.examples, setting.history, step.n
        block, linear = step.block, problem.constants.linear
        length, gain = history.length[n], math.exp(block.end.log_decay - history.log_gain[n])
        shrink = math.exp(block.end.log_decay - block.start.log_decay)
        drive = float(examples.weight @ (examples.v * history.weight[n]))
        signal = shrink * state.signal + linear * length * gain * drive / problem.d
        response, mean = self._respond(setting, state, step, weight)
        field = np.append(shrink * state.field, gain) + linear * length * gain * problem.holding_P * mean / problem.d
        decay = history.decay(n + 1, block.end)
        own = own_memory(problem, field, decay, step.moved)
        lengths = history.length[: n + 1]
        memory, output = ((each * lengths) @ history.weight[: n + 1] for each in (field, own))
        interference, draws = self._interfere(setting, memory)
        bias = self._bias(setting, step, decay)
        margin = signal * examples.v + output + draws + bias * self._particles.label
        return FieldP(signal, interference, bias, margin, field, own, response)

    def _bias(self, setting: Setting, step: BlockStep, decay: Floats) -> float:
        """b: the mean of y times the residual weights, by the arc sine's first power."""
        problem, history, blocks = setting.problem, setting.history, slice(step.n + 1)
        arcsine = problem.constants.arcsine * decay * step.moved.mean(step.moved.rho) / (2.0 * math.pi * problem.d)
        balance = history.weight[blocks] @ (setting.examples.weight * self._particles.label)
        return float((arcsine * history.length[blocks]) @ balance)

    def _respond(self, setting: Setting, state: FieldP, step: BlockStep, weight: Floats) -> tuple[Array, Floats]:
        """Responses at the block's start (n, R), and their mean at its centre (n + 1,)."""
        history, n = setting.history, step.n
        self._responses.thin(n + 1)
        response = self._responses.answer(weight, state.field, history.length[:n] * state.own)
        before = self._responses.thinned(state.response) if n > 1 else None
        return response, self._responses.enter(n, response, before, step.forward, weight, step.block.share)

    def _interfere(self, setting: Setting, memory: Floats) -> tuple[float, Floats]:
        """C(T, T), and each particle's draw: second moments over time are those of all examples' memories (J,)."""
        problem, examples, share = setting.problem, setting.examples, setting.problem.holding_P
        draws = np.zeros_like(memory)
        if share <= 0.0:
            return 0.0, draws
        unit = math.sqrt(problem.interference_unit)
        scaled = memory * np.sqrt(examples.weight * memory.size / share)
        first, second = scaled[self._particles.first], scaled[self._particles.second]
        # E over a pair of memory x memory is that of its mean plus that of half its difference.
        each = unit * (self._mean(0.5 * (first + second)) + self._rest(0.5 * (first - second)))
        draws[self._particles.first], draws[self._particles.second] = each, -each
        return unit * unit * float(examples.weight @ memory**2) / share, draws
