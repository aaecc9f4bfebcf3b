"""The limit of the gap in error on P, S over L-S, as r d goes to infinity: ``python -m tests.limit.mean_field_gap_limit``.

There Q has two speeds alone. Under L-S it is not learnt while the rate is large (J(r) / lambda goes to 0), and at once when it
falls; under S it is learnt at once (r d goes to infinity, and Y(eta_2) to 0). Q learnt, examples with both patches have no
residual weight; not learnt, they are as P-only ones. Weight decay is none (lambda d goes to 0), so that P's patterns stay.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from tests.limit.mean_field_gap import experiment, log_error_at
from theory_sim.closure.mean_field.law import FieldP, ParticleLaw
from theory_sim.closure.mean_field.solve import _parts
from theory_sim.closure.rates import ClosureRates
from theory_sim.theory.closure import Closure
from theory_sim.theory.closure.problem import Floats
from theory_sim.theory.closure.setting import BlockStep, Setting
from theory_sim.theory.closure.solve import follow
from theory_sim.theory.overlap import P_error

D: Final = 10**8
# Sizes of Q patches at which they have no output of their own, and a margin at which nothing is left of a residual weight.
_NONE, _FITTED = 1e-9, 100.0
P0: Final = 0.125


class LearntAtOnce:
    """The particles' law with examples of both patches fitted from the start, or from when the rate falls."""

    def __init__(self, law: ParticleLaw, rates: ClosureRates, always: bool) -> None:
        self._law, self._rates, self._always = law, rates, always

    def start(self, setting: Setting) -> FieldP:
        return self._fitted(setting, self._law.start(setting))

    def step(self, setting: Setting, state: FieldP, step: BlockStep, weight: Floats) -> FieldP:
        return self._fitted(setting, self._law.step(setting, state, step, weight))

    def _fitted(self, setting: Setting, state: FieldP) -> FieldP:
        if not (self._always or math.isfinite(self._rates.annealed_tau)):
            return state
        margin = state.margin.copy()
        margin[setting.examples.both] = _FITTED
        return replace(state, margin=margin)


@dataclass(frozen=True)
class Limit:
    """Error of S over that of L-S at tau = 6 d, and at the smallest training loss that both reach; both errors at the end."""

    at_end: float
    at_equal_loss: float
    error_S: float
    error_LS: float


def course_of(schedule: str, nodes: int, particles: int, seed: int = 0, *, learnt: bool = True) -> Closure:
    """The limit's course; its loss is that of P-only examples, the others being fitted, once Q is learnt.

    Without ``learnt`` S learns no Q either: a mistake.
    """
    e = experiment("study", D, 0.5).model_copy(update={
        "alpha_min": _NONE, "alpha_max": _NONE, "lambda_": 0.0, "tau_xi": 0.0, "tau_0": 1.0, "patterns": "frozen",
        "eta_1": 1.0, "eta_2": 0.5, "schedule": schedule,
    })  # fmt: skip
    setting, law, rates, grid = _parts(e, nodes, particles, seed, 1.0)
    course = follow(setting, LearntAtOnce(law, rates, schedule == "S" and learnt), rates, grid)
    fitted = course.tau > rates.annealed_tau if schedule == "L-S" else np.full(course.tau.shape, learnt)
    return replace(course, loss=np.where(fitted, P0 * course.loss_P, course.loss))


def limit(nodes: int = 150, particles: int = 4096, seed: int = 0, *, learnt: bool = True) -> Limit:
    """The gap's limit."""
    courses = [course_of(schedule, nodes, particles, seed, learnt=learnt) for schedule in ("S", "L-S")]
    errors = [np.asarray(P_error(np.nan_to_num(course.overlap), 1.0)) for course in courses]
    loss = max(float(course.loss.min()) for course in courses)
    logs = [log_error_at(course, each, loss) for course, each in zip(courses, errors, strict=True)]
    ends = [float(each[-1]) for each in errors]
    return Limit(ends[0] / ends[1], math.exp(logs[0] - logs[1]), *ends)


def main() -> int:
    """Print it, by several grids and sets of particles."""
    for nodes, particles, seed in ((100, 4096, 0), (150, 4096, 2), (200, 8192, 1)):
        print(nodes, particles, limit(nodes, particles, seed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
