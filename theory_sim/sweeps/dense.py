"""The dense dataset of a sweep: a dimension an axis, a variable an outcome, whatever the outcomes were read from."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from theory_sim.data import DataLaw
from theory_sim.experiment.choices import DATA_LAWS
from theory_sim.observe.base import LOSS_UNIT, Variable
from theory_sim.storage.formats import SWEEP_SUMMARY
from theory_sim.sweeps.axis import Axis
from theory_sim.sweeps.declaration import Sweep
from theory_sim.sweeps.outcomes import FLAGS, outcome_variables
from theory_sim.theory.crossings import LEVELS
from theory_sim.train.losses import make_loss

if TYPE_CHECKING:
    import xarray

__all__ = ["EXTRA", "TEXTS", "empty_columns", "kinds_of", "make_dataset", "named_places", "shown_value"]

EXTRA: Final = ("level", "kind")
"""Dimensions beyond the sweep's."""
TEXTS: Final = ("order", "outcome")
"""Variables that are text."""


def empty_columns(sweep: Sweep, *, metrics: Iterable[str] = ()) -> dict[str, NDArray[Any]]:
    """An array a variable, with the values of runs that are not done; ``metrics`` names numbers beyond the outcomes."""
    labels, shape = _labels(sweep), [len(axis) for axis in sweep.axes()]
    return {name: _empty(name, [*shape, *(len(labels[dim]) for dim in declared.dims)])
            for name, declared in _declared(sweep, metrics).items()}


def make_dataset(
    sweep: Sweep, columns: Mapping[str, NDArray[Any]], ids: NDArray[Any], state: NDArray[Any], *, metrics: Iterable[str] = (),
) -> xarray.Dataset:
    """Dataset of a `Summary`, from arrays as `empty_columns` gives them, the run's hash and its state at each place."""
    import xarray

    axes = sweep.axes()
    names, unit_of_loss = [axis.name for axis in axes], _unit_of_losses(sweep)
    variables = {
        name: ((*names, *declared.dims), columns[name],
               {"units": declared.unit.replace(LOSS_UNIT, unit_of_loss), "long_name": declared.meaning})
        for name, declared in _declared(sweep, metrics).items()
    }
    variables["run"] = (tuple(names), ids, {"units": "", "long_name": "hash of the run; places with one hash share a run"})
    variables["state"] = (tuple(names), state, {"units": "", "long_name": "done, failed or pending"})
    return xarray.Dataset(variables, {**_labels(sweep), **_coordinates(axes)},
                          {**SWEEP_SUMMARY.attributes, "sweep": json.dumps(sweep.table())})


def named_places(sweep: Sweep, *, metrics: Iterable[str] = ()) -> Iterator[tuple[str, tuple[int, ...], str]]:
    """Each variable with a place along its further dimensions, and the column of `Summary.frame` that holds it."""
    labels = _labels(sweep)
    for name, declared in _declared(sweep, metrics).items():
        for at in itertools.product(*(range(len(labels[dim])) for dim in declared.dims)):
            yield name, at, " ".join(map(str, (name, *(labels[dim][i] for dim, i in zip(declared.dims, at, strict=True)))))


def _declared(sweep: Sweep, metrics: Iterable[str]) -> dict[str, Variable]:
    return {**outcome_variables(kinds_of(sweep)), **dict.fromkeys(metrics, Variable((), "", "a variable of your own"))}


def _labels(sweep: Sweep) -> dict[str, list[object]]:
    return {"level": list(LEVELS), "kind": list(kinds_of(sweep))}


def _unit_of_losses(sweep: Sweep) -> str:
    """Unit of every run's loss, or words for that if they differ."""
    losses = {run.experiment.loss: run.experiment for run in sweep}
    units = {make_loss(experiment).unit for experiment in losses.values()}
    return {"nat": "nats"}.get(unit, unit) if len(units) == 1 and (unit := units.pop()) else "unit of each run's loss"


def kinds_of(sweep: Sweep) -> tuple[str, ...]:
    """Kinds of examples of all runs, those of the P/Q mixture first if any run has them."""
    laws = dict.fromkeys(DATA_LAWS[run.experiment.data_law] for run in sweep)
    named = [law.kinds for law in sorted(laws, key=lambda law: not law.has_pq) if issubclass(law, DataLaw)]
    return tuple(dict.fromkeys(kind for kinds in named for kind in kinds))


def _empty(name: str, full: list[int]) -> NDArray[Any]:
    if name in TEXTS:
        return np.full(full, "", dtype="<U14")
    return np.zeros(full, dtype=bool) if name in FLAGS else np.full(full, math.nan)


def _coordinates(axes: tuple[Axis, ...]) -> dict[str, object]:
    """Labels of each axis; an axis of several fields is numbered, and its fields are coordinates along it.

    One that is called after its first field has that field's labels.
    """
    coordinates: dict[str, object] = {}
    for axis in axes:
        if axis.name not in axis.fields:
            coordinates[axis.name] = (axis.name, np.arange(len(axis)))
        for k, field in enumerate(axis.fields):
            coordinates[field] = (axis.name, _array([point[k] for point in axis.points]))
    return coordinates


def _array(values: list[object]) -> NDArray[np.generic]:
    """Numbers as numbers, all else as text; what a point leaves as it is is NaN, or no text."""
    known = [value for value in values if value is not None]
    if all(isinstance(value, (bool, int, float)) for value in known):
        if len(known) < len(values):
            return np.array([math.nan if value is None else float(value) for value in values])  # type: ignore[arg-type]
        return np.array(values, dtype=np.uint64 if any(isinstance(v, int) and v >= 2**63 for v in values) else None)
    return np.array([shown_value(value, "") for value in values], dtype=str)


def shown_value(value: object, absent: object) -> object:
    """A value as a cell of a table: what is no number or text as JSON, None as what stands for it."""
    if value is None:
        return absent
    return value if isinstance(value, (bool, int, float, str)) else json.dumps(value)
