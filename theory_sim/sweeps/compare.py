"""Paired comparisons: two schedules (or engines) on the same data, at every place of a sweep.

Each comparison has an interval of its own level; where several are made, the p-values are adjusted by Holm's rule, so that
the probability of one false finding among all of them is below 1 minus the level, however they depend on each other.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Literal

from theory_sim.errors import InputError, nearest
from theory_sim.reading.arguments import accepts
from theory_sim.statistics.censored import median_time
from theory_sim.statistics.paired import compare_paired, holm
from theory_sim.sweeps.collect import Summary
from theory_sim.sweeps.outcomes import TIMES_BY_KIND

if TYPE_CHECKING:
    import pandas
    import xarray

__all__ = ["COMPARED", "compare_sweep"]

COMPARED: Final = ("schedule", "engine")
"""Dimensions of a sweep whose labels can be compared."""
_TIMES: Final = ("tau_P", "tau_Q", TIMES_BY_KIND)


@accepts(summary="Summary", quantity="a text", between="a list of texts", dim="a text", kind="a text", labels="a table")
def compare_sweep(
    summary: Summary, quantity: str, *, between: tuple[str, str] = ("S", "L-S"), dim: str = "schedule",
    kind: Literal["difference", "ratio"] = "difference", labels: Mapping[str, object] | None = None,
) -> pandas.DataFrame:
    """Compare two labels of a dimension at every place of a sweep, paired over the seeds.

    Parameters
    ----------
    summary : Summary
        What came of the sweep.
    quantity : str
        A variable of the summary; of learning times the order of a pair counts where one of both is censored.
    between : tuple of str
        The two labels: a, then b.
    dim : {"schedule", "engine"}
        Dimension that they are of.
    kind : {"difference", "ratio"}
        Of b - a, or b / a.
    labels : mapping, optional
        Level or kind of the quantity; level 0.45 if it has levels and none is given.

    Returns
    -------
    pandas.DataFrame
        One row a place: its labels, the fields of `Paired`, ``p_holm`` adjusted over all rows, and for learning times the
        medians of both (see `median_time`).

    Raises
    ------
    InputError
        If the quantity, a label or the kind of example is missing or unknown.

    Examples
    --------
    >>> import tempfile
    >>> from theory_sim import Engine, Experiment, Sweep, SweepStore, collect, compare_sweep, run_sweep
    >>> tiny = Experiment(d=20, N=80, max_tau=400.0, eta_2=1.0)
    >>> sweep = Sweep("paired", tiny, (), ("L-S", "S"), seeds=range(3), engines=(Engine("limit", {"time": "flow"}),))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = SweepStore.create(f"{folder}/paired", sweep)
    ...     _ = run_sweep(store, workers=0)
    ...     table = compare_sweep(collect(store), "tau_P", between=("S", "L-S"))
    >>> table[["median S", "median L-S"]].round().values.tolist()
    [[60.0, 60.0]]
    """
    import pandas

    data = _selected(summary, quantity, labels)
    known_labels = [str(label) for label in summary.dataset[dim].values]
    for label in between:
        if label not in known_labels:
            raise InputError(f"{dim} {label!r}", f"one of {', '.join(known_labels)}", nearest(label, known_labels))
    ends = summary.dataset["censored_at"]
    axes = [axis for axis in summary.sweep.axes() if axis.name != dim and not axis.is_seed]
    rows = []
    for place in itertools.product(*(range(len(axis)) for axis in axes)):
        at = {axis.name: i for axis, i in zip(axes, place, strict=True)}
        row = {field: axis.points[i][k] for axis, i in zip(axes, place, strict=True) for k, field in enumerate(axis.fields)}
        # Seeds that an engine does not read give one run: it counts once.
        runs = zip(*(summary.dataset["run"].isel(at).sel({dim: label}).values for label in between), strict=True)
        places = list({pair: number for number, pair in reversed(list(enumerate(runs)))}.values())
        a, b = (data.isel(at).sel({dim: label}).values.astype(float)[sorted(places)] for label in between)
        paired = compare_paired(a, b, kind=kind)
        row |= {
            "estimate": paired.estimate, "low": paired.low, "high": paired.high, "larger": paired.larger.value,
            "larger_low": paired.larger.low, "larger_high": paired.larger.high, "decided": paired.decided,
            "undecided": paired.undecided, "p_value": paired.p_value,
        }
        if quantity in _TIMES:
            for label, values in zip(between, (a, b), strict=True):
                median = median_time(values, ends.isel(at).sel({dim: label}).values[sorted(places)])
                row |= {f"median {label}": median.median, f"low {label}": median.low, f"high {label}": median.high,
                        f"censored {label}": median.censored}
        rows.append(row)
    frame = pandas.DataFrame(rows)
    frame["p_holm"] = holm(frame["p_value"].tolist())
    return frame


def _selected(summary: Summary, quantity: str, labels: Mapping[str, object] | None) -> xarray.DataArray:
    """The quantity as an array over the sweep's own dimensions."""
    dataset = summary.dataset
    numbers = [str(name) for name, variable in dataset.data_vars.items() if variable.dtype.kind in "fb"]
    if quantity not in numbers:
        raise InputError(f"quantity {quantity!r}", f"one of {', '.join(numbers)}", nearest(quantity, numbers))
    data = dataset[quantity]
    given = dict(labels or {})
    if "level" in data.dims:
        given.setdefault("level", float(dataset["level"][0]))
    for dim in ("level", "kind"):
        if dim not in data.dims:
            if dim in given:
                raise InputError(f"{dim} = {given[dim]!r} of {quantity}", f"{quantity} has no {dim}", "leave it out")
            continue
        known = dataset[dim].values.tolist()
        if given.get(dim) not in known:
            raise InputError(f"{dim} = {given.get(dim)!r} of {quantity}", f"one of {', '.join(map(str, known))}", f"give {dim}")
        data = data.sel({dim: given[dim]})
    return data
