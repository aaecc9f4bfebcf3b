"""P in the closure: signal, interference of the other examples and their reaction, an example's own memory (THEORY §16)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from theory_sim.theory.closure.examples import Examples
from theory_sim.theory.closure.memory import Block, Correlations, History
from theory_sim.theory.closure.problem import ClosureProblem, Floats
from theory_sim.theory.closure.setting import BlockStep, Setting

__all__ = ["PatchP", "Reacting", "own_memory"]


@dataclass(frozen=True)
class PatchP:
    """State of P after n blocks.

    Attributes
    ----------
    signal : float
        A: y f = A (g0 + |g|) on a fresh P example, up to interference.
    interference : float
        B, variance of what the other examples add to the output on a P patch; d B is the squared norm of the linear part
        across w*.
    margin : (J,)
        y times the output on the P patch of each point.
    field : (n,)
        R_w: what is left of a unit that each block added to the linear part, by decay and the other examples' reaction.
    own : (n,)
        Output on an example's own P patch per unit of its residual weight in each block.
    reaction : (kinds, n)
        Change of a kind's mean residual weight a block ago per unit that each block added to the linear part.
    """

    signal: float
    interference: float
    margin: Floats
    field: Floats
    own: Floats
    reaction: Floats

    @property
    def bias(self) -> float:
        """Dropped: it is small where Q balances the residuals of both labels (THEORY §16)."""
        return 0.0

    @property
    def overlap(self) -> float:
        """Overlap of the linear part with w*, NaN before the first step."""
        size = math.hypot(self.signal, math.sqrt(self.interference))
        return self.signal / size if size > 0.0 else math.nan


class Reacting:
    """Law of P with the reaction of the other examples kind by kind, and interference of two draws."""

    def start(self, setting: Setting) -> PatchP:
        """Nothing learnt."""
        nothing = np.zeros(0)
        return PatchP(0.0, 0.0, np.zeros_like(setting.examples.v), nothing, nothing, np.zeros((setting.kinds.share.size, 0)))

    def step(self, setting: Setting, state: PatchP, step: BlockStep, weight: Floats) -> PatchP:
        """State after one more block.

        ``weight`` (J,) are the residual weights at its start, whose values at its centre the history holds.
        """
        problem, examples, kinds, history = setting.problem, setting.examples, setting.kinds, setting.history
        n, d, block, linear = step.n, problem.d, step.block, problem.constants.linear
        length, gain = history.length[n], math.exp(block.end.log_decay - history.log_gain[n])
        shrink = math.exp(block.end.log_decay - block.start.log_decay)
        drive = float(examples.weight @ (examples.v * history.weight[n]))
        signal = shrink * state.signal + linear * length * gain * drive / d
        slope = kinds.weight @ problem.loss.slope(weight)
        reaction = _reaction(slope, history, state)
        history.reaction[:, n, :n] = reaction
        if n > 1:
            history.reaction[:, n, : n - 1] += step.forward * (reaction[:, : n - 1] - state.reaction)
        history.reaction[:, n, n] = _at_once(slope, block)
        added = linear * length * gain * (kinds.share @ history.reaction[:, n, : n + 1]) / d
        field = np.append(shrink * state.field, gain) + added
        own = own_memory(problem, field, history.decay(n + 1, block.end), step.moved)
        residuals = history.weight[: n + 1]
        memory, output = ((each * history.length[: n + 1]) @ residuals for each in (field, own))
        across, spread = _interference(problem, examples, memory)
        margin = signal * examples.v + output + across * examples.common + spread * examples.spread
        return PatchP(signal, across**2 + spread**2, margin, field, own, reaction)


def _reaction(slope: Floats, history: History, state: PatchP) -> Floats:
    """Of each kind's mean residual weight, at present, to a unit added in each block (kinds, n), by -d weight / d output.

    It answers the field that is left and its own earlier reactions, which it remembers: G = -chi (R_w + K G), THEORY §16's
    R R_w with R = -(1 + chi K)^-1 chi, kind by kind.
    """
    n = state.field.size
    remembered = (history.length[:n] * state.own) @ history.reaction[:, :n, :n]
    return -slope[:, None] * (state.field + remembered)


def _at_once(slope: Floats, block: Block) -> Floats:
    """Reaction (kinds,) in a block to what is added in it: that of its later steps to its earlier ones, averaged over pairs."""
    return -slope * block.share


def own_memory(problem: ClosureProblem, field: Floats, decay: Floats, moved: Correlations) -> Floats:
    """Memory of an example's own residual weights: the linear part of the kernel's diagonal (a quarter), and its arc sine."""
    linear, arcsine = problem.constants
    curved = arcsine * decay * moved.mean(np.arcsin(moved.rho)) / (2.0 * math.pi)
    value: Floats = (linear * field + curved) / problem.n_examples
    return value


def _interference(problem: ClosureProblem, examples: Examples, memory: Floats) -> tuple[float, float]:
    """Standard deviations of the interference's two draws.

    Its variance is that of the sum over all examples of memory x C / N, THEORY §16's C(T, T), with C = 1/4 for ReLU. Over time
    the common part, of the mean memory, and the rest move apart, since early residual weights are equal and late ones are not.
    """
    share = problem.holding_P
    if share <= 0.0:
        return 0.0, 0.0
    unit = problem.interference_unit
    mean = float(examples.weight @ memory) / share
    square = float(examples.weight @ memory**2) / share
    return math.sqrt(unit) * mean, math.sqrt(unit * max(square - mean * mean, 0.0))
