"""What the parts of the closure are told: what does not change in a run, and one block of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from theory_sim.theory.closure.examples import Examples, make_examples
from theory_sim.theory.closure.memory import Block, Correlations, History
from theory_sim.theory.closure.problem import ClosureProblem, Floats

__all__ = ["BlockStep", "Kinds", "Setting"]


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
