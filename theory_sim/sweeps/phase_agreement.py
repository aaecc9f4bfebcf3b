"""Which order a sweep shows in each cell of a phase diagram, and whether it was predicted (THEORY §8, §9)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from theory_sim.experiment import Experiment
from theory_sim.regimes import regime
from theory_sim.storage.plain import make_plain
from theory_sim.sweeps.phase_boundaries import margins_of
from theory_sim.sweeps.phase_parameter import Parameter

if TYPE_CHECKING:
    import xarray

__all__ = ["PHASES", "Agreement", "agreements_of", "phases_of"]

PHASES: Final = ("L-S P first, S Q first", "both Q first", "both P first", "other")
"""Orders under both schedules at the level 0.45; the first is the theorem's, "other" has ties, reversals, nothing learnt, or no
order."""

_PHASE_OF: Final = {("P first", "Q first"): 0, ("Q first", "Q first"): 1, ("P first", "P first"): 2}


@dataclass(frozen=True)
class Agreement:
    """A prediction compared with what was simulated, cell by cell.

    Attributes
    ----------
    predictor, statement : str
        What predicts, and what it says.
    both, predicted_only, simulated_only, neither : int
        Cells in which the statement was predicted and simulated, and so on.
    """

    predictor: str
    statement: str
    both: int
    predicted_only: int
    simulated_only: int
    neither: int

    @property
    def agree(self) -> int:
        """Cells in which prediction and simulation say the same."""
        return self.both + self.neither

    @property
    def cells(self) -> int:
        """Cells in all."""
        return self.both + self.predicted_only + self.simulated_only + self.neither


def phases_of(data: xarray.Dataset) -> NDArray[np.int_]:
    """Index into `PHASES`, (y, x, seed); -1 where one of both runs is not done."""
    orders = [data["order"].sel(schedule=schedule).values for schedule in ("L-S", "S")]
    phases = np.full(orders[0].shape, -1)
    for place in np.ndindex(*phases.shape):
        pair = (str(orders[0][place]), str(orders[1][place]))
        if all(pair):
            phases[place] = _PHASE_OF.get(pair, len(PHASES) - 1)
    return phases


def agreements_of(base: Experiment, parameters: Sequence[Parameter], data: xarray.Dataset) -> tuple[Agreement, ...]:
    """Each condition, all of them, and the closure, against the cells."""
    simulated = {
        "L-S learns P first": _most(data["order"].sel(schedule="L-S").values, "P first"),
        "S learns Q first": _most(data["order"].sel(schedule="S").values, "Q first"),
    }
    simulated["both"] = [[_share(cell == 0, cell >= 0) for cell in row] for row in phases_of(data)]
    counts: dict[tuple[str, str], Counter[tuple[bool, bool]]] = {}
    ys, xs = (data[parameter.field].values for parameter in reversed(parameters))
    for i, y in enumerate(ys):
        for j, x in enumerate(xs):
            at = base.replace(**{parameters[0].field: make_plain(x), parameters[1].field: make_plain(y)})
            for (predictor, statement), predicted in _predictions(at).items():
                found = simulated[statement][i][j]
                if found is not None:
                    counts.setdefault((predictor, statement), Counter())[predicted, found] += 1
    return tuple(Agreement(*names, c[True, True], c[True, False], c[False, True], c[False, False])
                 for names, c in counts.items())


def _predictions(at: Experiment) -> dict[tuple[str, str], bool]:
    holds = {id: margin >= 0 for id, margin in margins_of(at).items()}
    predicted = {
        ("Y(eta_1) >= 1", "L-S learns P first"): holds["L-S-moves"],
        ("r d large enough", "S learns Q first"): holds["S-learns-Q-first"],
        ("r d large enough and Y(eta_2) <= 0.03", "S learns Q first"): holds["S-learns-Q-first"] and holds["S-is-frozen"],
        ("all three conditions", "both"): all(holds.values()),
    }
    closure = regime(at, infinite_width=True, engine="closure").predicted_order
    if closure:
        first = {schedule: prediction.order for schedule, prediction in closure.items()}
        predicted["closure", "L-S learns P first"] = first["L-S"] == "P first"
        predicted["closure", "S learns Q first"] = first["S"] == "Q first"
        predicted["closure", "both"] = first["L-S"] == "P first" and first["S"] == "Q first"
    return predicted


def _most(orders: NDArray[np.str_], wanted: str) -> list[list[bool | None]]:
    return [[_share(cell == wanted, cell != "") for cell in row] for row in orders]


def _share(shown: NDArray[np.bool_], known: NDArray[np.bool_]) -> bool | None:
    """Whether more than half of the known show it; None if none is known."""
    return None if not known.any() else bool(2 * int((shown & known).sum()) > int(known.sum()))
