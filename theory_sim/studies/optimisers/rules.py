"""Rates at which the studies of optimisers compare them, so that the weights move as under gradient descent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from theory_sim.engines import Engine
from theory_sim.experiment import Experiment
from theory_sim.studies.engines import FINITE, LIMIT
from theory_sim.studies.groups import Row

__all__ = ["PAIR", "RULES", "TAU_XI", "in_gradient_descents_tau", "under_rule"]

TAU_XI: Final = 0.0789
"""Injected noise of these studies, that of the preset quick."""
PAIR: Final[Mapping[str, object]] = {"preconditioner": "pair"}
RULES: Final[Mapping[str, tuple[float, Engine, Mapping[str, object]]]] = {
    "gradient-descent": (1.0, LIMIT, {}), "heavy-ball": (0.1, LIMIT, {}), "nesterov": (0.1, LIMIT, {}),
    "rmsprop": (TAU_XI, FINITE, PAIR), "adam": (TAU_XI, FINITE, PAIR),
    "adamw": (TAU_XI, FINITE, {**PAIR, "lambda_": 5e-4 / TAU_XI}),
}
"""Of each rule the factor of its rates, the engine that has it, and its own fields."""


def under_rule(base: Experiment, optimiser: str, factor: float, more: Mapping[str, object]) -> Experiment:
    """An experiment under a rule: rates 16 and 1 times the factor, and as many steps as gradient descent's in its own tau."""
    return base.replace(optimiser=optimiser, eta_1=16.0 * factor, eta_2=factor, max_tau=base.max_tau * factor,
                        record_every=base.record_every * factor, **more)


def in_gradient_descents_tau(row: Row, factor: float) -> Row:
    """A row with its learning times in gradient descent's tau in place of the rule's own."""
    times = {f"tau_{kind}{end}" for kind in "PQ" for end in ("", " low", " high")}
    return {name: float(value) / factor if name in times else value for name, value in row.items()}
