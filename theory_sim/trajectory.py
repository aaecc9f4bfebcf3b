"""The result of a run: a labelled dataset with a written schema, on disk as one Zarr store.

A saved Trajectory opens with plain ``xarray.open_zarr(path)``; the schema is in docs/reference/trajectory.md.
"""

from __future__ import annotations

import itertools
import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Self

from theory_sim.errors import DamagedError, StoreError, get_reason, refused_by_system, repr_of, shown, unreadable
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import DATA_LAWS, LOSSES
from theory_sim.experiment.recorded import read_experiment
from theory_sim.reading.arguments import accepts
from theory_sim.reading.html import html_table
from theory_sim.storage.arrays import read_json
from theory_sim.storage.failpoints import failpoint
from theory_sim.storage.formats import RUN
from theory_sim.storage.listing import Listing
from theory_sim.storage.removal import require_no_strangers
from theory_sim.storage.writing import FolderDraft, write_file, write_text
from theory_sim.storage.zarr_store import (
    digests,
    held_against_digests,
    listing_by_digests,
    open_zarr,
    require_plain,
    write_zarr,
    zarr_listing,
)
from theory_sim.theory.crossings import LEVELS, learning_time

if TYPE_CHECKING:
    import pandas
    import xarray

__all__ = ["OUTCOMES", "REQUIRED", "Outcome", "Trajectory", "refuse_existing", "run_damage", "run_listing"]

Outcome = Literal["reached_loss", "budget_spent", "diverged", "interrupted"]
# Inside an array: Zarr warns of files beside the arrays that it does not know.
_MANIFEST: Final = "tau/sha256.json"
OUTCOMES: Final = ("reached_loss", "budget_spent", "diverged", "interrupted")
REQUIRED: Final[Mapping[str, tuple[str, ...]]] = {
    "tau": (), "step": (), "rate": (), "train_loss": (), "loss_train": ("kind",), "loss_test": ("kind",),
    "accuracy_train": ("kind",), "accuracy_test": ("kind",), "accuracy_signal_test": ("kind",), "P_error": (), "P_overlap": (),
    "g": ("part", "direction"), "h": ("part",), "norm_signal": ("layer",), "norm_noise": ("layer",), "tau_noise": ("layer",),
    "tau_noise_exact": (), "pattern_shift": ("layer",), "near_kink": (),
}
"""Variables of every run, with their dimensions after ``record``."""
_LABELS: Final[Mapping[str, tuple[str, ...]]] = {
    "direction": ("z-zeta", "z", "z+zeta"), "part": ("total", "signal"),
}
_A_RUN: Final = "a saved run"
_METADATA: Final = ".zmetadata"
# An unfinished run, as the engines' loop leaves it: the folder's ending, and the file that describes the run.
_PARTIAL: Final = ".partial"
_UNFINISHED: Final = "run.json"
_SWEEP: Final = "sweep.toml"
_SHOWN: Final = 5


@dataclass(frozen=True)
class Trajectory:
    """One finished run.

    Attributes
    ----------
    dataset : xarray.Dataset
        Records along ``record`` (coordinates tau and step) and the final weights with their split.
    experiment : Experiment
        What was run.

    Examples
    --------
    >>> from theory_sim import Experiment, simulate
    >>> run = simulate(Experiment(d=20, N=80, m_W=20, m_V=200, max_tau=100.0))
    >>> run.dataset["loss_train"].sel(kind="P-only").sizes["record"] == run.dataset.sizes["record"]
    True
    """

    dataset: xarray.Dataset
    experiment: Experiment

    def __post_init__(self) -> None:
        # An index, so that xarray.concat of runs of different length fills up the shorter ones.
        if "record" not in self.dataset.coords and "record" in self.dataset.dims:
            object.__setattr__(self, "dataset", self.dataset.assign_coords(record=range(self.dataset.sizes["record"])))

    def __repr__(self) -> str:
        attrs = self.dataset.attrs
        return (f"Trajectory({self.experiment.run_name!r}, engine={attrs.get('engine', 'finite')!r}, {self.outcome} at tau = "
                f"{float(attrs['final_tau']):g}, {self.dataset.sizes['record']} records)")

    def _repr_html_(self) -> str:
        """What a notebook shows: what was run and learnt, as a table, and the dataset as xarray shows it."""
        e = self.experiment
        rows = [("schedule", e.schedule), ("seed", e.seed), ("d, r, lambda", f"{e.d}, {e.r:g}, {e.lambda_:g}"),
                *((name, f"{rate:g}") for name, rate in e.rates().items()), *self._learnt()]
        return html_table(repr(self), ("quantity", "value"), rows) + str(self.dataset._repr_html_())

    def _learnt(self) -> list[tuple[str, str]]:
        """Learning times of P and Q, and their order, where the data have both and the loss is that of the levels."""
        kinds = {"tau_P": "P-only", "tau_Q": "Q-only"}
        if not LOSSES[self.experiment.loss].in_theory or not set(kinds.values()) <= set(self.dataset["kind"].values.tolist()):
            return []
        tau, losses = self.dataset["tau"].values, self.dataset["loss_train"]
        found = {name: learning_time(tau, losses.sel(kind=kind).values, LEVELS[0]) for name, kind in kinds.items()}
        first = min(found, key=lambda name: found[name])
        order = "neither learnt" if math.isinf(found[first]) else f"{first.removeprefix('tau_')} first"
        end = float(self.dataset.attrs["final_tau"])
        return [*((name, f"not by {end:g}" if math.isinf(time) else f"{time:.4g}") for name, time in found.items()),
                (f"order at {LEVELS[0]:g} nats", f"none, {self.outcome}" if self.outcome == "diverged" else order)]

    @property
    def outcome(self) -> Outcome:
        """How the run ended: reached_loss, budget_spent, diverged or interrupted."""
        outcome: Outcome = self.dataset.attrs["outcome"]
        return outcome

    @property
    def message(self) -> str:
        """The end in words; for a diverged run the step, the quantity and the likely cause."""
        return str(self.dataset.attrs["message"])

    @property
    def annealed_tau(self) -> float:
        """tau at which the learning rate first fell; NaN if it did not, or falls little by little from the start."""
        return float(self.dataset.attrs["annealed_tau"])

    @accepts(path="a path", force="True or False")
    def save(self, path: str | os.PathLike[str], *, force: bool = False) -> None:
        """Write to a Zarr store at ``path``: whole or not at all.

        Raises
        ------
        StoreError
            If the path exists and ``force`` is not set, or if it cannot be written.
        """
        target = Path(path)
        refuse_existing(target, force=force)
        listing = zarr_listing([str(name) for name in self.dataset.variables], more=[_MANIFEST])
        with FolderDraft(target, listing) as draft:
            write_zarr(self.dataset, draft.new)
            failpoint("write trajectory")
            _require_readable(draft.new)
            write_text(draft.new / _MANIFEST, json.dumps(digests(draft.new, without=_MANIFEST), indent=1))
            draft.commit(run_listing(target) if force and target.exists() else None, of=_A_RUN)

    @classmethod
    @accepts(path="a path")
    @refused_by_system()
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a store that `save` wrote, wholly into memory.

        Raises
        ------
        StoreError
            If nothing is there, it is not a Trajectory, or its schema is newer than this version knows.
        """
        folder = Path(path)
        if not folder.exists():
            _require_finished(folder.with_name(f"{folder.name}{_PARTIAL}"))
            raise StoreError(f"{path} does not exist", "the folder of a saved run",
                             "check the path; `theory-sim run` prints where it writes")
        if not folder.is_dir():
            raise StoreError(f"{path} is a file", "the folder of a saved run", "check the path")
        try:
            _require_finished(folder)
            _require_run(folder)
            damage, strange = held_against_digests(folder, _MANIFEST)
            if damage or ".zattrs" not in read_json(folder / _MANIFEST):
                raise ValueError(damage or "its list of files is not that of a run")
            if strange:
                raise StoreError(f"{path} holds {shown(repr_of(strange[0]))}, which the program did not write",
                                 "only the files of the run, which are all there", "move it elsewhere")
            dataset = open_zarr(folder, more=[_MANIFEST])
            RUN.require_attributes(dataset.attrs, folder, fix="run the experiment again")
            experiment = read_experiment(json.loads(dataset.attrs["experiment"]))
            _require_schema(dataset)
            _require_kinds(dataset, experiment)
        except StoreError:
            raise
        except Exception as error:  # whatever zarr, json or the schema make of a damaged store
            if (other := unreadable(path, error)) is not None:
                raise other from error
            raise DamagedError(f"{path} cannot be read as a run: {get_reason(error)}",
                             f"a store written by Trajectory.save (schema {RUN.name})",
                             "check the path; if it was a run, move it away and run the experiment again") from error
        return cls(dataset, experiment)

    def history(self, name: str, **labels: Any) -> Any:
        """NumPy array of a variable along ``record``, other dimensions chosen by label."""
        return self.dataset[name].sel(labels).values

    def to_frame(self) -> pandas.DataFrame:
        """What was recorded, as a table.

        Returns
        -------
        pandas.DataFrame
            A row a record, with ``tau`` and ``step``; a column for each variable with the single dimension ``record``, and one
            for each label of those with labelled dimensions besides it, such as "loss_train P-only". What has a dimension
            without labels, such as neurons or probes, is left out.

        Examples
        --------
        >>> from theory_sim import Experiment, simulate
        >>> frame = simulate(Experiment(d=100, max_tau=32.0), "closure").to_frame()
        >>> frame[["tau", "loss_train Q-only"]].shape
        (3, 2)
        """
        import pandas

        columns: dict[str, object] = {}
        recorded = {name: of for name, of in self.dataset.variables.items() if of.dims[:1] == ("record",)}
        for name in ("tau", "step", *(name for name in recorded if name not in ("tau", "step", "record"))):
            variable = self.dataset[name]
            others = variable.dims[1:]
            if all(dim in self.dataset.coords and self.dataset[dim].dtype.kind == "U" for dim in others):
                for labels in itertools.product(*(self.dataset[dim].values.tolist() for dim in others)):
                    of_labels = dict(zip(others, labels, strict=True))
                    columns[" ".join((str(name), *labels))] = variable.sel(of_labels).values
        return pandas.DataFrame(columns)

    @accepts(path="a path", force="True or False")
    def to_netcdf(self, path: str | os.PathLike[str], *, force: bool = False) -> None:
        """Write to a netCDF file (classic format, 64-bit offsets), whole or not at all.

        ``xarray.open_dataset`` reads it; activation patterns stay packed, a bit a neuron.

        Raises
        ------
        StoreError
            If the path exists and ``force`` is not set, or if it cannot be written.
        """
        target = Path(path)
        if os.path.lexists(target) and (not force or target.is_dir()):
            raise StoreError(f"{path} exists", "a new file", "choose another name, or force=True to replace a file")
        # The classic format knows bytes with a sign alone; readers that follow its conventions undo this.
        signed = {name: (of.dims, of.values.view("int8"), {**of.attrs, "_Unsigned": "true"})
                  for name, of in self.dataset.data_vars.items() if of.dtype == "uint8"}
        content = self.dataset.assign(signed).to_netcdf(format="NETCDF3_64BIT", engine="scipy")
        write_file(target, lambda file: file.write(content))


def _require_finished(folder: Path) -> None:
    """Raise StoreError, which says how to continue, if a folder holds an unfinished run."""
    if folder.name.endswith(_PARTIAL) and os.path.isfile(folder / _UNFINISHED):
        store = folder.with_name(folder.name.removesuffix(_PARTIAL))
        raise StoreError(f"{folder} holds an unfinished run", "only a finished run is read",
                         f"`theory-sim resume {store}` continues it")


def _require_run(folder: Path) -> None:
    """Raise StoreError, which names the runs below, if a folder is none itself."""
    if not folder.is_dir() or any(os.path.lexists(folder / name) for name in (_MANIFEST, _METADATA)):
        return
    if (folder / _SWEEP).is_file():
        raise StoreError(f"{folder} is a sweep, not a run", "the folder of a saved run",
                         f"theory-sim plot phase {folder} draws the sweep; its runs lie in {folder / 'runs'}")
    names = sorted(path.name for path in folder.iterdir() if (path / _MANIFEST).is_file() or (path / _UNFINISHED).is_file())
    seen = f"it holds {', '.join(names[:_SHOWN])}" + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
    raise StoreError(f"{folder} cannot be read as a run: it holds none of its own", "the folder of a saved run",
                     f"{seen}: give those you mean" if names else "check the path; no run lies in that folder either")


def _require_schema(dataset: xarray.Dataset) -> None:
    """Raise ValueError unless everything is there that a table, a figure or a sweep reads of every run."""
    attributes = dataset.attrs
    if attributes["outcome"] not in OUTCOMES:
        raise ValueError(f"outcome {attributes['outcome']!r}")
    for name in ("message", "engine"):
        if not isinstance(attributes[name], str) or not attributes[name].isprintable():
            raise ValueError(f"{name} {attributes[name]!r} is no line of text")
    for option, value in json.loads(attributes.get(attributes["engine"], "{}")).items():
        if not isinstance(value, (int, float)) and not (isinstance(value, str) and value.replace("-", "").isidentifier()):
            raise ValueError(f"option {option} = {value!r} of the engine")
    for name in ("annealed_tau", "final_tau", "final_step", "n_examples"):
        if not isinstance(attributes[name], (int, float)):
            raise ValueError(f"{name} {attributes[name]!r} is no number")
    for name, dims in REQUIRED.items():
        if name not in dataset.variables:
            raise ValueError(f"it lacks {name}")
        if dataset[name].dims != ("record", *dims) or dataset[name].dtype.kind not in "fiu":
            raise ValueError(f"{name} is {dataset[name].dtype} along {dataset[name].dims}")
    kinds = dataset["kind"].values.tolist()
    if not kinds or not all(isinstance(kind, str) and kind and kind.isprintable() for kind in kinds):
        raise ValueError(f"kind has the labels {kinds}")
    for name, labels in _LABELS.items():
        if tuple(dataset[name].values.tolist()) != labels:
            raise ValueError(f"{name} has the labels {dataset[name].values.tolist()}")
    if not dataset.sizes["record"]:
        raise ValueError("it has no record")


def _require_kinds(dataset: xarray.Dataset, experiment: Experiment) -> None:
    """Raise ValueError if the theory's own data have other kinds than theirs; what other data have, they name themselves."""
    law, kinds = DATA_LAWS[experiment.data_law], tuple(dataset["kind"].values.tolist())
    if law.in_theory and kinds != getattr(law, "kinds", kinds):
        raise ValueError(f"kind has the labels {list(kinds)}")


def _require_readable(store: Path) -> None:
    """Refuse at once what could not be loaded again, such as a variable of Python objects from an observer."""
    try:
        require_plain(store)
    except ValueError as error:
        raise StoreError(f"the run cannot be stored: {error}", "variables are numbers, or text of fixed length",
                         "fix the observer that gives it") from error


def run_listing(target: Path) -> Listing:
    """Files of a saved run, by its own list.

    Raises
    ------
    StoreError
        If it has none, or is no saved run.
    """
    try:
        return listing_by_digests(target, _MANIFEST)
    except (OSError, ValueError) as error:
        raise StoreError(f"{target} exists and is not a saved run: {get_reason(error)}", "only a saved run is replaced",
                         "move it away, delete it yourself, or choose another output") from error


@refused_by_system()
def run_damage(target: Path) -> str:
    """What in the folder of a saved run is missing, or not as it was written, in words; empty if nothing is.

    Raises
    ------
    StoreError
        If it cannot be read for another reason, such as a missing right.
    """
    if not target.is_dir():
        return f"{target} is {'no folder' if os.path.lexists(target) else 'missing'}"
    try:
        found, _ = held_against_digests(target, _MANIFEST)
    except (OSError, ValueError) as error:
        if (other := unreadable(target, error)) is not None:
            raise other from error
        found = str(error)
    return f"{target}: {found}" if found else ""


def _holds_a_run(folder: Path) -> bool:
    """Whether a folder is a saved run, or one that is not finished."""
    return (folder / _MANIFEST).is_file() or (folder.name.endswith(_PARTIAL) and (folder / _UNFINISHED).is_file())


def require_can_hold(target: Path) -> None:
    """Raise StoreError if nothing can be made at ``target``: it would lie in a run, or in what is no folder to write to."""
    try:
        os.path.lexists(target)
        parent = next(folder for folder in target.absolute().parents if folder.exists())
    except OSError as error:
        raise StoreError(f"{target}: {error.strerror}", "a path that can be made",
                         "choose a shorter name or another folder") from error
    within = next((folder for folder in target.absolute().parents if _holds_a_run(folder)), None)
    if within is not None:
        raise StoreError(f"{target} lies in the run {within}", "a folder that is no run and lies in none: a run holds nothing "
                         "but what was saved", "choose another output folder")
    if not (parent.is_dir() and os.access(parent, os.W_OK)):
        raise StoreError(f"{parent} cannot hold a folder", "a folder that can be written to", "choose another output folder")


@refused_by_system()
def refuse_existing(path: str | os.PathLike[str], *, force: bool = False) -> None:
    """Raise StoreError if a run cannot be written to ``path``: something lies there, or nothing can be made there.

    With ``force`` a saved run may be replaced, if it holds nothing but what was saved, unchanged; anything else may not.
    """
    target = Path(path)
    require_can_hold(target)
    if not os.path.lexists(target):
        return
    if not force:
        raise StoreError(f"{target} exists", "results are never overwritten unasked",
                         "choose another name or output folder, or pass --force (force=True)")
    if target.is_symlink() or not target.is_dir():
        raise StoreError(f"{target} exists and is not a saved run", "only a saved run is replaced",
                         "move it away or choose another output")
    require_no_strangers(target, run_listing(target), of=_A_RUN)
