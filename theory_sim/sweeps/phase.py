"""Phase diagrams: what a sweep shows over two parameters, beside the boundaries that the theory predicts (THEORY §8, §9)."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from theory_sim.errors import InputError, nearest
from theory_sim.experiment import Experiment
from theory_sim.reading.arguments import accepts
from theory_sim.scope import outside_of_theory
from theory_sim.sweeps.collect import Summary
from theory_sim.sweeps.phase_agreement import Agreement, agreements_of, phases_of
from theory_sim.sweeps.phase_boundaries import Boundary, boundaries_of, fine_grid
from theory_sim.sweeps.phase_certified import certified_cells
from theory_sim.sweeps.phase_parameter import Parameter, parameter_of
from theory_sim.sweeps.refinement import grid_of
from theory_sim.theory.predicted_order import EXPECTED

if TYPE_CHECKING:
    import xarray

__all__ = ["PhaseDiagram", "phase_diagram"]

Array = NDArray[np.float64]

_SINGLE: Final = ("error_ratio", "order")


@dataclass(frozen=True)
class PhaseDiagram:
    """What a sweep shows over two parameters, and what is predicted.

    Attributes
    ----------
    x_label, y_label : str
        The parameters, as they were asked for.
    x, y : ndarray
        Their values.
    quantity : str
        "order", "error_ratio", or a variable of the summary.
    values : ndarray, (y, x)
        Index into `PHASES` of the commonest phase over the seeds; geometric mean over the seeds of the error on P under S over
        that under L-S; or the variable's median over the seeds. NaN where nothing is known.
    unanimous : ndarray, (y, x)
        Whether all seeds show one phase; true for other quantities.
    seeds : int
        Runs a cell, at most: seeds that share a run count once.
    boundaries : tuple of Boundary
        None where the theory's conditions do not apply, as to another loss.
    agreements : tuple of Agreement
        For the order; a cell shows a statement if more than half of its seeds do. None where there is no boundary.
    computed : ndarray, (y, x), optional
        Of an adaptive sweep, which cells were computed; each of the others has the value of the nearest corner of the cell that
        was not refined, all corners of which show one order.
    certified : ndarray, (y, x), optional
        Where a table of certified orders is given, the cells in which the order of every run is proved.
    """

    x_label: str
    y_label: str
    x: Array
    y: Array
    quantity: str
    values: Array
    unanimous: NDArray[np.bool_]
    seeds: int
    boundaries: tuple[Boundary, ...]
    agreements: tuple[Agreement, ...]
    computed: NDArray[np.bool_] | None = None
    certified: NDArray[np.bool_] | None = None


@accepts(summary="Summary", x="a text", y="a text", quantity="a text", select="a table", certified="a path")
def phase_diagram(
    summary: Summary, x: str, y: str, quantity: str = "order", *, select: Mapping[str, object] | None = None,
    certified: str | os.PathLike[str] | None = None,
) -> PhaseDiagram:
    """Phase diagram of a sweep.

    Parameters
    ----------
    summary : Summary
        A sweep whose blocks are products, under both schedules S and L-S.
    x, y : str
        A varied field each, or a ratio such as "eta_2/eta_1" of a varied field and one that is not. Of an adaptive sweep, the
        fields over which it is refined.
    quantity : str
        "order", "error_ratio" (error on P under S over that under L-S), or a variable of the summary, such as "h_at_tau_P".
    select : mapping, optional
        Labels of other dimensions: engine, schedule, kind, level, or other varied fields.
    certified : path, optional
        The table that ``proofs-check order SWEEP.toml --format csv`` writes for the same sweep.

    Raises
    ------
    InputError
        If a parameter is not varied, another dimension has several labels and none is selected, the quantity is unknown, or the
        certified orders are not those of this sweep.

    Examples
    --------
    >>> import tempfile
    >>> from theory_sim import Engine, Experiment, Product, Sweep, SweepStore, collect, phase_diagram, run_sweep
    >>> grid = Product({"r": [0.3, 0.5], "lambda": [1e-4, 5e-4]})
    >>> sweep = Sweep("map", Experiment(d=100, max_tau=500.0), (grid,), ("L-S", "S"), engines=(Engine("closure"),))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = SweepStore.create(f"{folder}/map", sweep)
    ...     _ = run_sweep(store, workers=0)
    ...     diagram = phase_diagram(collect(store), "r", "lambda")
    >>> diagram.values.shape
    (2, 2)
    """
    parameters = [parameter_of(summary, text) for text in (x, y)]
    if parameters[0].field == parameters[1].field:
        raise InputError(f"x = {x} and y = {y}", "two parameters", "choose another for one of them")
    adaptive = summary.sweep.adaptive
    if adaptive is not None and {parameter.field for parameter in parameters} != {adaptive.x, adaptive.y}:
        raise InputError(f"x = {x} and y = {y} of an adaptive sweep", f"the fields of its grid: {adaptive.x} and {adaptive.y}",
                         "choose these, or their ratios with other fields")
    data = _cells(summary.dataset if adaptive is None else _gridded(summary), parameters, quantity, dict(select or {}))
    base = _base(summary, data, parameters)
    axes = [parameter.value(data[parameter.field].values.astype(float), base) for parameter in parameters]
    values, unanimous = _values(data, quantity)
    # Ratios of a field below fall as the field grows: cells go by the parameter.
    order = [np.argsort(axis) for axis in axes]
    sorted_ = np.ix_(order[1], order[0])
    values, unanimous = values[sorted_], unanimous[sorted_]
    fine = [fine_grid(axis[which]) for axis, which in zip(axes, order, strict=True)]
    covered = not outside_of_theory(base)
    return PhaseDiagram(
        x, y, axes[0][order[0]], axes[1][order[1]], quantity, values, unanimous, _runs_a_cell(data),
        boundaries_of(base, parameters, fine) if covered else (),
        agreements_of(base, parameters, data) if covered and quantity == "order" else (),
        None if adaptive is None else data["computed"].transpose(parameters[1].field, parameters[0].field).values[sorted_],
        None if certified is None else _certified(certified, data, parameters, quantity, adaptive is not None)[sorted_],
    )


def _certified(
    path: str | os.PathLike[str], data: xarray.Dataset, parameters: list[Parameter], quantity: str, adaptive: bool
) -> NDArray[np.bool_]:
    if quantity != "order" or adaptive:
        raise InputError(f"certified cells of {'an adaptive sweep' if adaptive else f'the quantity {quantity}'}",
                         "the order, over a product", "leave --certified out")
    return certified_cells(path, data, parameters, float(data["level"]))


def _runs_a_cell(data: xarray.Dataset) -> int:
    """Different runs over the seeds of a place: one where the engine does not read the seed."""
    runs = data["run"].transpose(..., "seed").values.reshape(-1, data.sizes["seed"])
    return max(len(set(row)) for row in runs.tolist())


def _gridded(summary: Summary) -> xarray.Dataset:
    """Summary of an adaptive sweep over the finest grid; with ``computed``, which of its places are the sweep's own."""
    import xarray

    assert summary.sweep.adaptive is not None
    grid, names = grid_of(summary.sweep), (summary.sweep.adaptive.x, summary.sweep.adaptive.y)
    data = summary.dataset.drop_vars(["adaptive", *names]).isel(adaptive=xarray.DataArray(grid.nearest_points(), dims=names))
    return data.assign_coords({names[0]: list(grid.x), names[1]: list(grid.y)}).assign(computed=(names, grid.computed()))


def _cells(data: xarray.Dataset, parameters: list[Parameter], quantity: str, select: dict[str, object]) -> xarray.Dataset:
    """The summary over y, x, seed, and schedule where it is compared, all else selected."""
    paired = quantity in _SINGLE
    if not paired and (quantity not in data or data[quantity].dtype.kind != "f"):
        numbers = [str(name) for name, variable in data.data_vars.items() if variable.dtype.kind == "f"]
        raise InputError(f"quantity {quantity!r}", f"one of {', '.join((*_SINGLE, *numbers))}",
                         nearest(quantity, (*_SINGLE, *numbers)))
    kept = {parameters[0].field, parameters[1].field, "seed"} | ({"schedule"} if paired else set())
    names = ["order", "P_error"] if paired else [quantity]
    used = data[[*names, "run", "state", *(["computed"] if "computed" in data else [])]]
    if "level" in used.dims:
        select.setdefault("level", float(data["level"][0]))
    unknown = set(select) - (set(used.dims) - kept)
    if unknown:
        others = sorted(set(map(str, used.dims)) - kept)
        raise InputError(f"selection of {', '.join(sorted(unknown))}", f"one of {', '.join(others)}", "leave it out")
    for dim in [str(dim) for dim in used.dims if dim not in kept]:
        labels = data[dim].values.tolist()
        if dim not in select and len(labels) > 1:
            raise InputError(f"{len(labels)} labels of {dim}", "one of them in a diagram",
                             f"select one: {', '.join(map(str, labels))}")
        chosen = select.get(dim, labels[0])
        if chosen not in labels:
            raise InputError(f"{dim} = {chosen!r}", f"one of {', '.join(map(str, labels))}", nearest(chosen, labels))
        used = used.sel({dim: chosen})
    if paired and not EXPECTED.keys() <= set(used["schedule"].values.tolist()):
        raise InputError(f"quantity {quantity!r} of a sweep under {', '.join(used['schedule'].values.tolist())}",
                         'both schedules: compare = ["L-S", "S"]', "extend the sweep, or choose another quantity")
    order = (parameters[1].field, parameters[0].field, *(["schedule"] if paired else []), "seed")
    return used.transpose(*order, ...)


def _base(summary: Summary, data: xarray.Dataset, parameters: list[Parameter]) -> Experiment:
    """Experiment of the diagram: the sweep's, with the other varied fields as selected."""
    moved = {parameter.field for parameter in parameters}
    fixed = {axis.name: data[axis.name].item() for axis in summary.sweep.varied_axes()
             if axis.fields == (axis.name,) and axis.name not in moved}
    return summary.sweep.experiment.replace(**fixed)


def _values(data: xarray.Dataset, quantity: str) -> tuple[Array, NDArray[np.bool_]]:
    done = data["state"].values == "done"
    if quantity == "order":
        phases = phases_of(data)
        values, unanimous = np.full(phases.shape[:2], math.nan), np.ones(phases.shape[:2], dtype=bool)
        for cell in np.ndindex(*phases.shape[:2]):
            counts = Counter(phase for phase in phases[cell].tolist() if phase >= 0)
            if counts:
                values[cell] = min(counts, key=lambda phase: (-counts[phase], phase))
                unanimous[cell] = len(counts) == 1
        return values, unanimous
    if quantity == "error_ratio":
        ratio = np.log(data["P_error"].sel(schedule="S").values / data["P_error"].sel(schedule="L-S").values)
        mean = np.array([[_over(np.mean, cell) for cell in row] for row in ratio])
        return np.exp(mean), np.ones(mean.shape, dtype=bool)
    values = np.where(done, data[quantity].values, math.nan)
    median = np.array([[_over(np.median, cell) for cell in row] for row in values])
    return median, np.ones(median.shape, dtype=bool)


def _over(statistic: Callable[[Array], np.floating], cell: Array) -> float:
    known = cell[~np.isnan(cell)]
    return float(statistic(known)) if len(known) else math.nan
