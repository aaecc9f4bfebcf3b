"""The engines that studies compare, the sweeps over both, and their rows in a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from theory_sim.engines import Engine
from theory_sim.experiment import Experiment
from theory_sim.plots.engine_marks import ENGINES
from theory_sim.sweeps.block import Block
from theory_sim.sweeps.declaration import Sweep

if TYPE_CHECKING:
    import pandas
    import xarray

__all__ = ["BOTH", "CLOSURE", "FINITE", "LIMIT", "engine_label", "get_rows", "sweep_both"]

BOTH: Final = ENGINES
"""The network, which a study judges, and the limit beside it."""
FINITE, LIMIT = BOTH
CLOSURE: Final = Engine("closure")


def sweep_both(
    name: str, experiment: Experiment, schedules: Sequence[str], seeds: Sequence[int], *blocks: Block
) -> Sweep:
    """Sweep by the network and by the limit, on the same data."""
    return Sweep(name, experiment, blocks, tuple(schedules), tuple(seeds), BOTH)


def engine_label(runs: xarray.Dataset) -> str:
    """Label of the engine of runs at one place of a summary."""
    return str(runs["engine"].values)


def get_rows(table: pandas.DataFrame, engine: Engine) -> pandas.DataFrame:
    """Rows of a table that are of an engine, by its label in the column ``engine``."""
    return table[table["engine"] == engine.label]
