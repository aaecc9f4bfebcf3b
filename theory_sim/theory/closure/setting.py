"""What the parts of the closure are told: what does not change in a run, and one block of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np

from theory_sim.theory.closure.examples import Examples, make_examples
from theory_sim.theory.closure.memory import Block, Correlations, History
from theory_sim.theory.closure.problem import ClosureProblem, Floats

__all__ = ["BlockStep", "Kinds", "LawOfP", "PState", "Setting"]


@dataclass(frozen=True)
class Kinds:
    """The kinds that react each with a mean of their own: P-only, and both patches.

    Attributes
    ----------
    share : (kinds,)
        Probability of each.
    weight : (kinds, J)
        Weights of its points, adding up to 1, or to 0 for a kind that the data do not hold.
    """

    share: Floats
    weight: Floats

    @classmethod
    def of(cls, problem: ClosureProblem, examples: Examples) -> Kinds:
        """P-only and both."""
        share = np.array([problem.p0, problem.both])
        weight = np.zeros((2, examples.weight.size))
        for own, kind, of in zip(weight, (examples.only, examples.both), share, strict=True):
            own[kind] = examples.weight[kind] / max(of, 1e-300)
        return cls(share, weight)


@dataclass(frozen=True)
class Setting:
    """What does not change during a run, and the history, whose row n a step of block n writes."""

    problem: ClosureProblem
    examples: Examples
    kinds: Kinds
    history: History

    @classmethod
    def of(cls, problem: ClosureProblem) -> Setting:
        """Setting of a problem, at its start."""
        examples = make_examples(problem)
        kinds = Kinds.of(problem, examples)
        return cls(problem, examples, kinds, History(examples.v.size, kinds.share.size))


@dataclass(frozen=True)
class BlockStep:
    """One block, as both patches see it.

    Attributes
    ----------
    n : int
        Its number.
    block : Block
        Rate, length and noise.
    moved : Correlations
        Correlations of all blocks' patterns with those at its end.
    forward : float
        Its centre in units of the block before, by which what is known at two starts is extrapolated.
    """

    n: int
    block: Block
    moved: Correlations
    forward: float


class PState(Protocol):
    """State of P after some blocks, as the loop over blocks needs it.

    Attributes
    ----------
    signal : float
        A: y f = A (g0 + |g|) on a fresh P example, up to interference and bias.
    interference, bias : float
        Variance of what the other examples add, and what all outputs on P patches have in common.
    overlap : float
        Of the linear part with w*, NaN before the first step.
    margin : (J,)
        y times the output on the P patch of each point.
    """

    @property
    def signal(self) -> float: ...

    @property
    def interference(self) -> float: ...

    @property
    def bias(self) -> float: ...

    @property
    def overlap(self) -> float: ...

    @property
    def margin(self) -> Floats: ...


State = TypeVar("State", bound=PState)


class LawOfP(Protocol[State]):
    """How P moves: a start, and a step of one block."""

    def start(self, setting: Setting) -> State:
        """Nothing learnt."""

    def step(self, setting: Setting, state: State, step: BlockStep, weight: Floats) -> State:
        """State after one more block; ``weight`` (J,) are the residual weights at its start."""
