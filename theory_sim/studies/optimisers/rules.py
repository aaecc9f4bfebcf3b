"""Rates at which the studies of optimisers compare them, so that the weights move as under gradient descent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from theory_sim.engines import Engine
from theory_sim.experiment import Experiment
from theory_sim.studies.counts import ratio_columns
from theory_sim.studies.engines import FINITE, LIMIT
from theory_sim.studies.groups import Row, done_seeds

if TYPE_CHECKING:
    import xarray

__all__ = ["PAIR", "RULES", "TAU_XI", "errors_over", "in_gradient_descents_tau", "under_rule"]

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


def errors_over(runs: xarray.Dataset, large: xarray.Dataset, times: Mapping[str, str]) -> Row:
    """Errors on P over L-S's on the same data, at each time by the name that its columns have; a diverged run has none."""
    kept = done_seeds(runs, large)
    one, other = (each.isel(seed=kept).where(each.isel(seed=kept)["outcome"] != "diverged") for each in (runs, large))
    row: Row = {}
    for key, when in times.items():
        row |= ratio_columns(f"error / L-S, {when}", one[key].values, other[key].values)
    return row
