"""From enclosed losses to first steps, an order at each level, and what is too wide where there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from theory_sim.arrays import Array

__all__ = ["FirstStep", "LevelVerdict", "first_step", "judge"]

Order = Literal["P first", "Q first", "tie", "neither learnt", "no examples", "undecided"]


@dataclass(frozen=True)
class FirstStep:
    """When a loss is first below a level, in steps.

    Attributes
    ----------
    earliest, latest : int or None
        It is not below before ``earliest`` (None: never by the run's end), and below at ``latest`` (None: nothing proves
        that it ever is).
    """

    earliest: int | None
    latest: int | None

    @property
    def known(self) -> bool:
        """Whether it is one step, or proved to be none."""
        return self.earliest == self.latest

    def before(self, other: FirstStep) -> bool:
        """Whether this one is proved to come first."""
        return self.latest is not None and (other.earliest is None or self.latest < other.earliest)


@dataclass(frozen=True)
class LevelVerdict:
    """The order at a level.

    Attributes
    ----------
    level : float
        Training loss, nats.
    first : dict of str to FirstStep
        By kind, "P-only" and "Q-only"; a kind without examples is missing.
    order : str
        Which is learnt first, or "undecided".
    """

    level: float
    first: dict[str, FirstStep]
    order: Order

    def to_dict(self) -> dict[str, Any]:
        """As it stands in a certificate."""
        return {"level": self.level, "order": self.order,
                "first_step": {kind: [each.earliest, each.latest] for kind, each in self.first.items()}}


def first_step(low: Array, high: Array, level: float) -> FirstStep:
    """First step at which a loss within (T + 1,) bounds is below a level."""
    maybe, surely = np.flatnonzero(low < level), np.flatnonzero(high < level)
    return FirstStep(int(maybe[0]) if len(maybe) else None, int(surely[0]) if len(surely) else None)


def judge(losses: dict[str, tuple[Array, Array]], level: float) -> LevelVerdict:
    """The order of P-only and Q-only, whose bounds (T + 1,) are given by kind."""
    kinds: tuple[str, ...] = ("P-only", "Q-only")
    first = {kind: first_step(*losses[kind], level) for kind in kinds if kind in losses}
    if len(first) < 2:
        return LevelVerdict(level, first, "no examples")
    p, q = first["P-only"], first["Q-only"]
    order: Order = "undecided"
    if p.before(q):
        order = "P first"
    elif q.before(p):
        order = "Q first"
    elif p.known and q.known:  # at one step, or never
        order = "neither learnt" if p.latest is None else "tie"
    return LevelVerdict(level, first, order)
