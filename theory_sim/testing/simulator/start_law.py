"""Start and second layers that a simulator draws itself (THEORY §2, §3)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import stats

from theory_sim.experiment import Experiment
from theory_sim.testing.simulator.answer import Answer
from theory_sim.testing.simulator.draw_laws import LEVEL, Broken, draws_are_gaussian, draws_have_level

__all__ = ["second_layer_is_right", "start_is_gaussian"]


def start_is_gaussian(cases: Sequence[tuple[Experiment, Answer]], level: float = LEVEL) -> None:
    """Entries of U_0 are N(0, tau_0^2), the same for the neurons of a pair."""
    share = 2 if cases[0][0].paired else 1
    for _, answer in cases:
        for layer, U in (("W", answer.initial.W), ("V", answer.initial.V)):
            if share == 2 and not (U[::2] == U[1::2]).all():
                raise Broken(f"U_0 in {layer}: the neurons of a pair differ by {np.abs(U[::2] - U[1::2]).max():.3g}",
                             "the partner of a pair has a start of its own")
    draws = {f"U_0 in {layer}": np.array([getattr(answer, layer)[:1, ::share] / e.tau_0_value for e, answer in cases])
             for layer in "WV" if getattr(cases[0][1], layer).size}
    draws_have_level(draws, level=level / 2)
    draws_are_gaussian(draws, level=level / 2)


def second_layer_is_right(cases: Sequence[tuple[Experiment, Answer]], level: float = LEVEL) -> None:
    """Entries are +-1 / sqrt(m): of opposite sign in pairs, balanced, or of independent signs."""
    for e, answer in cases:
        for name, u in (("w", answer.initial.w), ("v", answer.initial.v)):
            m, plus = len(u), int(np.sum(u > 0))
            if not m:
                continue
            off = float(np.abs(np.abs(u) * math.sqrt(m) - 1.0).max())
            if off > 4 * answer.eps:
                said = {1.0: "second layer +-1, not +-1 / sqrt(m)", 1.0 / m: "second layer +-1 / m, not +-1 / sqrt(m)"}
                raise Broken(f"{name} has entries up to {np.abs(u).max():.4g}, expected 1 / sqrt({m}) = {m**-0.5:.4g}",
                             *(words for size, words in said.items() if np.allclose(np.abs(u), size, rtol=1e-5)))
            if e.paired and not (u[::2] == -u[1::2]).all():
                raise Broken(f"{name}: paired neurons 2 j and 2 j + 1 have opposite signs", "second layer without pairs")
            if e.in_twos and 2 * plus != m:
                raise Broken(f"{name} has {plus} positive entries of {m}, balanced ones are half")
            if not e.in_twos and stats.binomtest(plus, m).pvalue * 2 * len(cases) < level:
                raise Broken(f"{name} has {plus} positive entries of {m}, signs have probability 1/2")
