"""Phase diagrams: what a sweep shows over two parameters, beside the boundaries that the theory predicts (THEORY §8, §9)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from numpy.typing import NDArray

from theory_sim.errors import ExperimentError, InputError, nearest
from theory_sim.experiment import Experiment
from theory_sim.experiment.field_rules import attribute_of
from theory_sim.reading.arguments import accepts
from theory_sim.regimes import get_conditions, outside_of_theory, regime
from theory_sim.storage.plain import make_plain
from theory_sim.sweeps.collect import Summary
from theory_sim.sweeps.refinement import grid_of
from theory_sim.sweeps.spacing import logarithmic
from theory_sim.theory.conditions import ConditionId
from theory_sim.theory.predicted_order import EXPECTED

if TYPE_CHECKING:
    import xarray

__all__ = ["PHASES", "Agreement", "Boundary", "PhaseDiagram", "cell_edges", "phase_diagram"]

Array = NDArray[np.float64]

PHASES: Final = ("L-S P first, S Q first", "both Q first", "both P first", "other")
"""Orders under both schedules at the level 0.45; the first is the theorem's, "other" has ties, reversals, nothing learnt, or no
order."""

_PHASE_OF: Final = {("P first", "Q first"): 0, ("Q first", "Q first"): 1, ("P first", "P first"): 2}
# How the boundary of each condition is written.
_BOUNDARIES: Final[dict[ConditionId, str]] = {
    "L-S-moves": r"$Y(\eta_1) = 1$", "S-is-frozen": r"$Y(\eta_2) = 0.03$",
    "S-learns-Q-first": r"$rd = (c_Q/c_P)(1-q_0)/(1-p_0)$",
}
_FINE: Final = 61
_SINGLE: Final = ("error_ratio", "order")


@dataclass(frozen=True)
class Boundary:
    """A predicted boundary.

    Attributes
    ----------
    id : str
        Of the condition, such as "L-S-moves".
    label : str
        The boundary as a formula.
    x, y : ndarray
        Fine grid.
    margin : ndarray, (y, x)
        log of the factor to spare: the condition holds where it is positive, the boundary is its zero line. NaN where there
        is no experiment.
    """

    id: ConditionId
    label: str
    x: Array
    y: Array
    margin: Array


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
        Seeds a cell, at most.
    boundaries : tuple of Boundary
        None where the theory's conditions do not apply, as to another loss.
    agreements : tuple of Agreement
        For the order; a cell shows a statement if more than half of its seeds do. None where there is no boundary.
    computed : ndarray, (y, x), optional
        Of an adaptive sweep, which cells were computed; each of the others has the value of the nearest corner of the cell that
        was not refined, all corners of which show one order.
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


@dataclass(frozen=True)
class _Parameter:
    """A field that the sweep varies, or its ratio with another field."""

    label: str
    field: str
    other: str | None
    kind: Literal["field", "over", "under"]

    def change(self, value: float, base: Experiment) -> dict[str, float]:
        """What to set for the parameter to have a value."""
        if self.other is None:
            return {self.field: value}
        fixed = float(getattr(base, attribute_of(self.other)))
        return {self.field: value * fixed if self.kind == "over" else fixed / value}

    def value(self, swept: Array, base: Experiment) -> Array:
        """The parameter at values of the field."""
        if self.other is None:
            return swept
        fixed = float(getattr(base, attribute_of(self.other)))
        return swept / fixed if self.kind == "over" else fixed / swept


@accepts(summary="Summary", x="a text", y="a text", quantity="a text", select="a table")
def phase_diagram(
    summary: Summary, x: str, y: str, quantity: str = "order", *, select: Mapping[str, object] | None = None
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

    Raises
    ------
    InputError
        If a parameter is not varied, another dimension has several labels and none is selected, or the quantity is unknown.
    """
    parameters = [_parameter(summary, text) for text in (x, y)]
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
    fine = [_fine(axis[which]) for axis, which in zip(axes, order, strict=True)]
    covered = not outside_of_theory(base)
    return PhaseDiagram(
        x, y, axes[0][order[0]], axes[1][order[1]], quantity, values, unanimous, int(data.sizes["seed"]),
        _boundaries(base, parameters, fine) if covered else (),
        _agreements(base, parameters, data) if covered and quantity == "order" else (),
        None if adaptive is None else data["computed"].transpose(parameters[1].field, parameters[0].field).values[sorted_],
    )


def _parameter(summary: Summary, text: str) -> _Parameter:
    axes = summary.sweep.varied_axes()
    varied = [name for axis in axes if axis.name == "adaptive" or axis.fields == (axis.name,) for name in axis.fields]
    parts = [part.strip() for part in text.split("/")]
    known = {info.alias or name for name, info in Experiment.model_fields.items()}
    if len(parts) > 2 or any(part not in known for part in parts):
        raise InputError(f"parameter {text!r}", f"a varied field ({', '.join(varied)}), or its ratio with another field",
                         "such as r, or eta_2/eta_1")
    moving = [part for part in parts if part in varied]
    if len(moving) != 1:
        raise InputError(f"parameter {text!r}", f"one field that a product varies: {', '.join(varied) or 'there is none'}",
                         "vary it in the sweep, or choose another")
    if len(parts) == 1:
        return _Parameter(text, parts[0], None, "field")
    return _Parameter(text, moving[0], parts[1 - parts.index(moving[0])], "over" if parts[0] == moving[0] else "under")


def _gridded(summary: Summary) -> xarray.Dataset:
    """Summary of an adaptive sweep over the finest grid; with ``computed``, which of its places are the sweep's own."""
    import xarray

    assert summary.sweep.adaptive is not None
    grid, names = grid_of(summary.sweep), (summary.sweep.adaptive.x, summary.sweep.adaptive.y)
    data = summary.dataset.drop_vars(["adaptive", *names]).isel(adaptive=xarray.DataArray(grid.nearest_points(), dims=names))
    return data.assign_coords({names[0]: list(grid.x), names[1]: list(grid.y)}).assign(computed=(names, grid.computed()))


def _cells(data: xarray.Dataset, parameters: list[_Parameter], quantity: str, select: dict[str, object]) -> xarray.Dataset:
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


def _base(summary: Summary, data: xarray.Dataset, parameters: list[_Parameter]) -> Experiment:
    """Experiment of the diagram: the sweep's, with the other varied fields as selected."""
    moved = {parameter.field for parameter in parameters}
    fixed = {axis.name: data[axis.name].item() for axis in summary.sweep.varied_axes()
             if axis.fields == (axis.name,) and axis.name not in moved}
    return summary.sweep.experiment.replace(**fixed)


def _values(data: xarray.Dataset, quantity: str) -> tuple[Array, NDArray[np.bool_]]:
    done = data["state"].values == "done"
    if quantity == "order":
        phases = _phases(data)
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


def _phases(data: xarray.Dataset) -> NDArray[np.int_]:
    """Index into `PHASES`, (y, x, seed); -1 where one of both runs is not done."""
    orders = [data["order"].sel(schedule=schedule).values for schedule in ("L-S", "S")]
    phases = np.full(orders[0].shape, -1)
    for place in np.ndindex(*phases.shape):
        pair = (str(orders[0][place]), str(orders[1][place]))
        if all(pair):
            phases[place] = _PHASE_OF.get(pair, len(PHASES) - 1)
    return phases


def cell_edges(values: Array) -> Array:
    """Borders of the cells around increasing values, half-way between them on their scale."""
    if len(values) == 1:
        return np.array([values[0] * 0.9, values[0] * 1.1]) if values[0] else np.array([-0.5, 0.5])
    scaled = np.log(values) if logarithmic(values) else values
    middle = 0.5 * (scaled[1:] + scaled[:-1])
    edges = np.concatenate([[2 * scaled[0] - middle[0]], middle, [2 * scaled[-1] - middle[-1]]])
    return np.exp(edges) if logarithmic(values) else edges


def _fine(values: Array) -> Array:
    """Grid that spans the cells, even on the scale on which they are."""
    edges = cell_edges(values)
    if logarithmic(values):
        return np.geomspace(edges[0], edges[-1], _FINE)
    return np.linspace(edges[0], edges[-1], _FINE)


def _of_kind(field: str, value: float) -> float:
    """The value, as a whole number where the field holds such."""
    return round(value) if isinstance(getattr(Experiment(), attribute_of(field), 0.0), int) else value


def _margins(experiment: Experiment) -> dict[ConditionId, float]:
    """log of the factor to spare of each condition that is a boundary."""
    return {condition.id: math.log(condition.margin) if condition.margin > 0 else -math.inf
            for condition in get_conditions(experiment) if condition.id in _BOUNDARIES}


def _boundaries(base: Experiment, parameters: list[_Parameter], fine: list[Array]) -> tuple[Boundary, ...]:
    margins = {id: np.empty((len(fine[1]), len(fine[0]))) for id in _BOUNDARIES}
    for i, y in enumerate(fine[1]):
        for j, x in enumerate(fine[0]):
            change = {**parameters[0].change(float(x), base), **parameters[1].change(float(y), base)}
            try:
                found = _margins(base.replace(**{field: _of_kind(field, value) for field, value in change.items()}))
            except ExperimentError:  # beyond the outermost values, where there may be no experiment
                found = dict.fromkeys(_BOUNDARIES, math.nan)
            for id, margin in found.items():
                margins[id][i, j] = margin
    return tuple(Boundary(id, label, fine[0], fine[1], margins[id]) for id, label in _BOUNDARIES.items())


def _agreements(base: Experiment, parameters: list[_Parameter], data: xarray.Dataset) -> tuple[Agreement, ...]:
    """Each condition, all of them, and the closure, against the cells."""
    simulated = {
        "L-S learns P first": _most(data["order"].sel(schedule="L-S").values, "P first"),
        "S learns Q first": _most(data["order"].sel(schedule="S").values, "Q first"),
    }
    simulated["both"] = [[_share(cell == 0, cell >= 0) for cell in row] for row in _phases(data)]
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
    holds = {id: margin >= 0 for id, margin in _margins(at).items()}
    predicted = {
        ("Y(eta_1) >= 1", "L-S learns P first"): holds["L-S-moves"],
        ("r d large enough", "S learns Q first"): holds["S-learns-Q-first"],
        ("r d large enough and Y(eta_2) <= 0.03", "S learns Q first"): holds["S-learns-Q-first"] and holds["S-is-frozen"],
        ("all three conditions", "both"): all(holds.values()),
    }
    closure = regime(at, infinite_width=True).predicted_order
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
