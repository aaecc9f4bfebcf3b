"""Which cells of a phase diagram are certified: the table that ``proofs-check order SWEEP.toml`` writes, against the sweep."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from theory_sim.errors import InputError
from theory_sim.sweeps.phase_parameter import Parameter

if TYPE_CHECKING:
    import xarray

__all__ = ["certified_cells"]

_COLUMNS: Final = ("seed", "schedule", "level", "order")
_OPPOSITE: Final = {"P first": "Q first", "Q first": "P first"}
_FIX: Final = "write one: proofs-check order SWEEP.toml --format csv"
_Key = tuple[float, float, int, str]


def certified_cells(
    path: str | os.PathLike[str], data: xarray.Dataset, parameters: Sequence[Parameter], level: float
) -> NDArray[np.bool_]:
    """Cells (y, x) in which the order of every run of the sweep is certified.

    Parameters
    ----------
    path : path
        A table in CSV: a row a place, seed, schedule and level, with the order that is proved there.
    data : Dataset
        The simulated orders, over y, x, schedule and seed.
    parameters : sequence of Parameter
        Of x and y.
    level : float
        The level of the diagram.

    Raises
    ------
    InputError
        If the table has no such columns or two orders of one run, or an order that is opposite to the one simulated.
    """
    fields = [parameter.field for parameter in parameters]
    proved = _read(Path(path), fields, level)
    found = np.zeros(tuple(data.sizes[field] for field in reversed(fields)), dtype=bool)
    xs, ys = (data[field].values.tolist() for field in fields)
    seeds, schedules = data["seed"].values.tolist(), data["schedule"].values.tolist()
    simulated = data["order"].values
    for row, y in enumerate(ys):
        for column, x in enumerate(xs):
            orders = [(proved.get((float(x), float(y), int(seed), schedule)), str(simulated[row, column, at, number]))
                      for at, schedule in enumerate(schedules) for number, seed in enumerate(seeds)]
            for proof, seen in orders:
                if proof is not None and _OPPOSITE.get(proof) == seen:
                    raise InputError(f"{path}: {proof} at {fields[0]} = {x:g}, {fields[1]} = {y:g}, where {seen} is simulated",
                                     "certified orders of this sweep", _FIX)
            found[row, column] = all(proof == seen for proof, seen in orders)
    return found


def _read(path: Path, fields: Sequence[str], level: float) -> Mapping[_Key, str]:
    """Orders at a level, by place, seed and schedule."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: {error}", "a table of certified orders", _FIX) from None
    if missing := [name for name in (*fields, *_COLUMNS) if not rows or name not in rows[0]]:
        raise InputError(f"{path}: no column {', '.join(missing)}", "a table of certified orders of this sweep", _FIX)
    found: dict[_Key, str] = {}
    for number, row in enumerate(rows, start=2):
        try:
            key = float(row[fields[0]]), float(row[fields[1]]), int(row["seed"]), str(row["schedule"])
            at = float(row["level"])
        except (TypeError, ValueError):
            raise InputError(f"{path}, line {number}: no numbers", f"numbers under {', '.join((*fields, 'seed', 'level'))}",
                             _FIX) from None
        if at == level and found.setdefault(key, str(row["order"])) != row["order"]:
            raise InputError(f"{path}, line {number}: another order of the same run", "one order a run", _FIX)
    return found
