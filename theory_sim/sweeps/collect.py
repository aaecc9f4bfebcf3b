"""collect: one dense summary of a sweep, as an xarray.Dataset, a Zarr store and a table."""

from __future__ import annotations

import itertools
import json
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

import numpy as np

from theory_sim.errors import DamagedError, InputError, StoreError, get_reason, refused_by_system, unreadable
from theory_sim.reading.arguments import accepts
from theory_sim.reading.html import html_table
from theory_sim.storage.formats import SWEEP_SUMMARY
from theory_sim.storage.listing import Listing
from theory_sim.storage.removal import require_no_strangers
from theory_sim.storage.writing import FolderDraft, write_text
from theory_sim.storage.zarr_store import (
    digests,
    held_against_digests,
    listing_by_digests,
    open_zarr,
    write_zarr,
    zarr_listing,
)
from theory_sim.sweeps.declaration import Sweep
from theory_sim.sweeps.dense import EXTRA, empty_columns, kinds_of, make_dataset, shown_value
from theory_sim.sweeps.outcomes import get_outcomes, outcome_variables
from theory_sim.sweeps.store import SweepStore
from theory_sim.trajectory import Trajectory

if TYPE_CHECKING:
    import pandas
    import xarray

__all__ = ["SUMMARY", "ZARR", "Summary", "collect"]

SUMMARY: Final = "summary"
ZARR: Final = "summary.zarr"
_TABLE: Final = "summary.csv"
_DIGESTS: Final = "sha256.json"
_OF: Final = "a summary"


@dataclass(frozen=True)
class Summary:
    """What came of a sweep.

    Attributes
    ----------
    dataset : xarray.Dataset
        Dense: a dimension for each axis of the sweep, then engine, schedule and seed; variables of `OUTCOME_VARIABLES`,
        ``run`` and ``state``. Runs that are not done hold NaN, false or the empty text.
    sweep : Sweep
        What was declared.
    """

    dataset: xarray.Dataset
    sweep: Sweep

    def __repr__(self) -> str:
        axes = ", ".join(f"{axis.name}: {len(axis)}" for axis in self.sweep.axes())
        done = int((self.dataset["state"] == "done").sum())
        return f"Summary({self.sweep.name!r}, {done} of {self.dataset['state'].size} runs done, {axes})"

    def _repr_html_(self) -> str:
        """What a notebook shows: what varies, and the dataset as xarray shows it."""
        rows = [(axis.name, len(axis)) for axis in self.sweep.axes()]
        return html_table(f"Summary of {self.sweep.name}", ("axis", "values"), rows) + self.dataset._repr_html_()

    @property
    def frame(self) -> pandas.DataFrame:
        """One row a run, one column an axis, a swept field or a variable (those with levels or kinds: one for each)."""
        import pandas

        axes = self.sweep.axes()
        columns: dict[str, object] = {}
        places = np.indices([len(axis) for axis in axes]).reshape(len(axes), -1)
        for axis, at in zip(axes, places, strict=True):
            for k, field in enumerate(axis.fields):
                columns[field] = [shown_value(axis.points[i][k], math.nan) for i in at]
        for name, variable in self.dataset.data_vars.items():
            extra = [dim for dim in variable.dims if dim in EXTRA]
            for labels in itertools.product(*(self.dataset[dim].values.tolist() for dim in extra)):
                column = variable.sel(dict(zip(extra, labels, strict=True))).values.ravel()
                columns[" ".join(map(str, (name, *labels)))] = column
        return pandas.DataFrame(columns)

    def save(self, folder: Path) -> None:
        """Write ``summary.zarr`` and ``summary.csv`` into a folder, whole or not at all; an older summary is replaced.

        Where nothing can be written and the folder holds this summary already, it stays.

        Raises
        ------
        StoreError
            If the folder cannot be written, or what has its name is not a summary, was edited or holds other files too.
        """
        names = [str(name) for name in self.dataset.variables]
        old = _refuse_strangers(folder)
        if old is not None and not os.access(folder.parent, os.W_OK) and self._is_saved(folder):
            return
        listing = zarr_listing(names, prefix=f"{ZARR}/", more=[_TABLE, _DIGESTS])
        with FolderDraft(folder, listing, fix="free some space; the runs are kept") as draft:
            write_zarr(self.dataset, draft.new / ZARR)
            write_text(draft.new / _TABLE, self.frame.to_csv(index=False))
            write_text(draft.new / _DIGESTS, json.dumps(digests(draft.new, without=_DIGESTS), indent=1))
            draft.commit(old, of=_OF)

    def _is_saved(self, folder: Path) -> bool:
        """Whether a folder holds just this summary."""
        try:
            saved = Summary.load(folder)
            table = (folder / _TABLE).read_bytes()
        except (StoreError, OSError):
            return False
        return saved.dataset.identical(self.dataset) and table == self.frame.to_csv(index=False).encode()

    @classmethod
    @refused_by_system()
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote.

        Raises
        ------
        StoreError
            If there is none, it is damaged or of another version.
        """
        path = folder / ZARR
        if not path.is_dir():
            raise StoreError(f"{folder} holds no summary", "what theory-sim sweep collect writes",
                             f"run theory-sim sweep collect {folder.parent}")
        try:
            damage, strange = held_against_digests(folder, _DIGESTS)
            if damage or strange:
                raise ValueError(damage or f"{strange[0]} is none of its files")
            dataset = open_zarr(path)
            SWEEP_SUMMARY.require_attributes(
                dataset.attrs, path, fix=f"run theory-sim sweep collect {folder.parent}: the runs are kept"
            )
            sweep = Sweep.of(json.loads(dataset.attrs["sweep"]))
        except StoreError:
            raise
        except Exception as error:  # whatever zarr, json or the schema make of a damaged store
            if (other := unreadable(path, error)) is not None:
                raise other from error
            raise DamagedError(f"{path} cannot be read: {get_reason(error)}", "a summary written by theory_sim",
                             "run theory-sim sweep collect again") from error
        return cls(dataset, sweep)


@accepts(store="SweepStore", metrics="a table", paired_metrics="a table", save="True or False")
def collect(
    store: SweepStore, *, metrics: Mapping[str, Callable[[Trajectory], float]] | None = None,
    paired_metrics: Mapping[str, Callable[[Trajectory, Trajectory], float]] | None = None, save: bool = True,
) -> Summary:
    """Gather what came of a sweep's runs.

    Parameters
    ----------
    store : SweepStore
        The sweep; runs that are not done leave gaps.
    metrics : mapping, optional
        Functions of a Trajectory that give a number: a variable each, in addition to those of `OUTCOME_VARIABLES`.
    paired_metrics : mapping, optional
        Functions of a finite run and of another engine's run at the same place (the same data) that give a number: a
        variable each, at the places of the other engines; NaN at finite width, and where one of the two runs is not done.
    save : bool
        Whether to write the summary into the sweep's folder.

    Returns
    -------
    Summary
        Bitwise the same whatever computed the runs.

    Raises
    ------
    InputError
        If one of your variables has the name of another, or paired metrics are given and the first engine is
        not finite width.
    StoreError
        If a run's folder is damaged.

    Examples
    --------
    Two values of r under both schedules, as one labelled array:

    >>> import tempfile
    >>> from theory_sim import Engine, Experiment, Product, Sweep, SweepStore, collect, run_sweep
    >>> sweep = Sweep("small", Experiment(), (Product({"r": [0.2, 0.4]}),), ("L-S", "S"), engines=(Engine("closure"),))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = SweepStore.create(f"{folder}/small", sweep)
    ...     _ = run_sweep(store, workers=0)
    ...     summary = collect(store)
    >>> summary.dataset["tau_P"].round().squeeze().values
    array([[[656., 444., 289.],
            [696., 464., 298.]],
    <BLANKLINE>
           [[757., 479., 305.],
            [845., 533., 327.]]])
    """
    if save:
        _refuse_strangers(store.folder / SUMMARY)
    axes, kinds = store.sweep.axes(), kinds_of(store.sweep)
    metrics, paired_metrics = metrics or {}, paired_metrics or {}
    if paired_metrics and not store.sweep.engines[0].is_default:
        raise InputError(f"numbers of pairs in a sweep whose first engine is {store.sweep.engines[0].label}",
                         "runs of other engines are compared with the finite ones, which come first", "list finite first")
    fields = {field for axis in axes for field in (axis.name, *axis.fields)}
    taken = {*outcome_variables(kinds), "run", "state", *fields, *EXTRA}
    for name in (*metrics, *paired_metrics):
        if name in taken or (name in metrics and name in paired_metrics):
            raise InputError(f"a variable of your own named {name!r}", "a name that is not taken", "choose another")
        if "/" in name:  # a folder of the store
            raise InputError(f"a variable of your own named {name!r}", "a name without a slash", "choose another")
    shape = [len(axis) for axis in axes]
    columns = empty_columns(store.sweep, metrics=(*metrics, *paired_metrics))
    states = store.states()
    state, ids = np.full(shape, "", dtype="<U7"), np.full(shape, "", dtype="<U20")
    for run in store.sweep:
        ids[run.index] = run.id
        found = states.get(run.id, "pending")
        state[run.index] = found if found in ("done", "failed") else "pending"
    finite_runs: dict[tuple[int, ...], tuple[tuple[int, ...], Trajectory]] = {}
    for run, trajectory in store.trajectories():
        for name, value in get_outcomes(trajectory, metrics, kinds).items():
            columns[name][run.index] = value
        if not paired_metrics:
            continue
        # Engine, schedule and seed are the last three places: the finite runs of one place of the blocks come before the
        # others of it, and stay until the next place's replace them.
        if run.engine.is_default:
            finite_runs[run.index[-2:]] = run.index[:-3], trajectory
            continue
        place, finite = finite_runs.get(run.index[-2:], ((-1,), trajectory))
        if place == run.index[:-3]:
            for name, pair in paired_metrics.items():
                columns[name][run.index] = float(pair(finite, trajectory))
    summary = Summary(make_dataset(store.sweep, columns, ids, state, metrics=(*metrics, *paired_metrics)), store.sweep)
    if save:
        summary.save(store.folder / SUMMARY)
    return summary


@refused_by_system()
def _refuse_strangers(folder: Path) -> Listing | None:
    """Files of the summary that a folder holds, None if there is no folder; StoreError if it holds what was not so written."""
    if not os.path.lexists(folder):
        return None
    try:
        listing = listing_by_digests(folder, _DIGESTS, prefix=f"{ZARR}/", more=[_TABLE])
    except (OSError, ValueError) as error:
        raise StoreError(f"{folder} is in the way, and is not a summary: {get_reason(error)}", "only a summary is replaced",
                         "move it away") from error
    require_no_strangers(folder, listing, of=_OF)
    return listing
