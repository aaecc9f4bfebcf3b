"""Sweep: which runs there are, in TOML or Python."""

from __future__ import annotations

import itertools
import math
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from theory_sim.engines import Engine
from theory_sim.errors import ExperimentError, Fault, InputError, gathered, repr_of, shown
from theory_sim.experiment import Experiment
from theory_sim.experiment.description import not_default
from theory_sim.reading import TomlFile
from theory_sim.reading.arguments import accepts, fault_of_kind, native
from theory_sim.sweeps.adaptive import Adaptive
from theory_sim.sweeps.axis import OWN, Axis, repeated
from theory_sim.sweeps.block import Block
from theory_sim.sweeps.block_tables import BLOCKS, block_tables
from theory_sim.sweeps.cases import Variant, labelled_fields, make_variants
from theory_sim.sweeps.declared_table import add_further, read_declaration
from theory_sim.sweeps.preparation import reported
from theory_sim.sweeps.sweep_run import ID_BYTES, SweepRun, run_hash

__all__ = ["MOST_RUNS", "Sweep"]

_USES: Final = {"schedule": 'compare: compare = ["S", {schedule = "step", step_tau = [10.0]}]'}
MOST_RUNS: Final = 1_000_000
_MOST_FAULTS: Final = 20
# Points looked at after the first bad one: some seconds of a grid of a million that has the same fault everywhere.
_MOST_AFTER: Final = 10_000
# Of more runs, 4 kB each, none is kept but its hash: each is made when it is asked for.
_MOST_KEPT: Final = 1000


@dataclass(frozen=True)
class Sweep:
    """A grid of runs: blocks of varying fields, times engines, compared schedules and seeds.

    Attributes
    ----------
    name : str
        Name of the sweep.
    experiment : Experiment
        What all runs have in common.
    blocks : tuple of Product, Zip, Cases, Random or Sobol
        How fields vary; the sweep is the product of their axes.
    compare : tuple of str or mapping
        Schedules, run on the same data, U_0 and noise; the experiment's own if empty. One with fields that vary under it alone
        is a table: {"schedule": "step", "step_tau": [10.0, 20.0]}.
    seeds : tuple of int
        Seeds; the experiment's own if empty.
    engines : tuple of Engine
        Finite width, the limit with its options, or the closure.
    adaptive : Adaptive, optional
        Two fields of a product over which the sweep is refined where the learning order changes.
    variants : tuple of Variant
        The schedules of ``compare``, each with its label and its fields.

    Raises
    ------
    InputError
        If a field is varied twice or is an axis of its own (schedule, seed), a value is listed twice, or a point is not
        a valid experiment: with all of these faults, one that many points have told of the first. After a bad point the
        next 10 000 are looked at.

    Notes
    -----
    Each run is validated, some 0.2 ms a run, so that a million take minutes: the programs say so and how far they are, and
    `theory_sim.sweeps.preparation.report_preparation` has any function told.

    Examples
    --------
    >>> from theory_sim import Experiment, Product, Sweep
    >>> sweep = Sweep("grid", Experiment(), (Product({"r": [0.2, 0.4], "d": [100, 200]}),), ("L-S", "S"), seeds=(0, 1))
    >>> len(sweep), [axis.name for axis in sweep.axes()]
    (16, ['r', 'd', 'engine', 'schedule', 'seed'])
    """

    name: str
    experiment: Experiment
    blocks: tuple[Block, ...] = ()
    compare: tuple[str | Mapping[str, object], ...] = ()
    seeds: tuple[int, ...] = ()
    engines: tuple[Engine, ...] = (Engine(),)
    adaptive: Adaptive | None = None
    variants: tuple[Variant, ...] = field(default=(), init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._require_kinds()
        kinds = list(dict.fromkeys(type(block) for block in self.blocks))  # a file holds the blocks of one kind together
        object.__setattr__(self, "blocks", tuple(sorted(self.blocks, key=lambda block: kinds.index(type(block)))))
        object.__setattr__(self, "compare", native(tuple(self.compare)) or (self.experiment.schedule,))
        object.__setattr__(self, "seeds", native(tuple(self.seeds)) or (self.experiment.seed,))
        object.__setattr__(self, "engines", tuple(self.engines))
        object.__setattr__(self, "experiment", self.experiment.replace(name=self.name))
        faults: list[Fault] = []
        if not self.engines:
            faults.append(Fault("engine = []", "at least one engine", "leave engine out for finite width", ("engine",)))
        chosen = [(engine.name, dict(engine.options)) for engine in self.engines]
        for label, values in (("seeds", self.seeds), ("engine", chosen)):
            if repeated(values):
                faults.append(Fault(f"{label} = {shown(repr_of(list(values)))}", "each named once", "remove the repeated one",
                                    (label,)))
        faults += [Fault(f"{count} blocks of the kind {kind.kind}", "one: in a file all tables of this kind are one block",
                         "put all alternatives into one block, or vary the fields in blocks of other kinds", (kind.kind,))
                   for kind, count in Counter(type(block) for block in self.blocks).items() if kind.together and count > 1]
        variants: tuple[Variant, ...] = ()
        with gathered(faults):
            variants = make_variants(self.compare)
        object.__setattr__(self, "variants", variants)
        axes: tuple[Axis, ...] = ()
        with gathered(faults):
            axes = self._made_axes()
        faults += _faults_of_names(axes, variants)
        kept: list[SweepRun] = []
        ids = bytearray()
        count = math.prod([*map(len, axes), len(self.engines), len(variants), len(self.seeds)])
        if count > MOST_RUNS:
            faults.append(Fault(f"{count} runs", f"at most {MOST_RUNS} in one sweep", "split it",
                                tuple(name for axis in axes for name in axis.fields)))
        else:
            with gathered(faults):
                for run in reported("validating", self._each_place(axes), count):
                    ids += bytes.fromhex(run.id)
                    if count <= _MOST_KEPT:
                        kept.append(run)
        if faults:
            raise InputError.of(faults)
        for name, value in (("_axes", axes), ("_ids", bytes(ids)), ("_places", tuple(kept))):
            object.__setattr__(self, name, value)

    def _require_kinds(self) -> None:
        faults = [fault_of_kind(name, getattr(self, name), kind) for name, kind in (
            ("name", "a text"), ("experiment", "Experiment"), ("blocks", "a list"), ("compare", "a list"),
            ("seeds", "a list"), ("engines", "a list"))]
        if self.adaptive is not None:
            faults.append(fault_of_kind("adaptive", self.adaptive, "Adaptive"))
        if not any(faults):
            kinds = "Product or Zip or Cases or Random or Sobol"
            faults = [fault_of_kind("one of blocks", block, kinds) for block in self.blocks]
            faults += [fault_of_kind("one of engines", engine, "Engine") for engine in self.engines]
        found = [fault for fault in faults if fault is not None]
        if found:
            raise InputError.of(found)

    # -- in and out ---------------------------------------------------------------------------------

    @classmethod
    @accepts(path="a path")
    def from_toml(cls, path: str | os.PathLike[str]) -> Sweep:
        """Read a declaration; docs/how-to/sweeps.md has the format.

        Raises
        ------
        InputError
            If the file is missing or broken, or what it declares is not a valid sweep.
        """
        file, sweep = cls._read(path)
        schedules = list(dict.fromkeys(variant.schedule for variant in sweep.variants))
        file.warn(sweep.experiment.unread(not_default(file.table.get("fields", {})), schedules), under=("fields", ""))
        return sweep

    @classmethod
    def written_at(cls, path: str | os.PathLike[str]) -> Sweep:
        """Read what `to_toml` wrote: as `from_toml`, but with no warning on fields that nothing reads, since it writes all."""
        return cls._read(path)[1]

    @classmethod
    def _read(cls, path: str | os.PathLike[str]) -> tuple[TomlFile, Sweep]:
        file = TomlFile(path)
        with file.located(under=(*BLOCKS, "compare", "adaptive", "fields", "")):
            return file, cls.of(file.table)

    @classmethod
    @accepts(table="a table")
    def of(cls, table: Mapping[str, Any]) -> Sweep:
        """Sweep of a declaration's table, as a TOML file holds it.

        Raises
        ------
        InputError
            With all faults of the table. Points of the blocks are looked at where there are none; the first bad one is named.
        """
        declared, faults = read_declaration(table)
        if not faults:
            return cls(**declared)
        rest: list[Fault] = []  # what else is wrong, looked at with what is sound
        with gathered(rest):
            declared["adaptive"] = None
            cls(**declared)
        add_further(faults, rest)
        raise InputError.of(faults)

    def table(self) -> dict[str, object]:
        """The declaration as a TOML file holds it; ``Sweep.of`` gives an equal sweep back."""
        fields = {key: value for key, value in self.experiment.fields().items() if key not in OWN}
        declared: dict[str, Any] = {
            "name": self.name, "compare": [_plain(entry) for entry in self.compare], "seeds": list(self.seeds),
            "engine": [{"name": engine.name, **engine.options} for engine in self.engines], "fields": fields,
        }
        adaptive = {} if self.adaptive is None else {"adaptive": self.adaptive.table()}
        return declared | block_tables(self.blocks) | adaptive

    def to_toml(self) -> str:
        """The declaration as text."""
        import tomli_w

        return tomli_w.dumps(self.table())

    # -- runs -----------------------------------------------------------------------------------------

    def axes(self) -> tuple[Axis, ...]:
        """Dimensions of the sweep: `varied_axes`, then engine, schedule and seed."""
        return (
            *self.varied_axes(),
            Axis("engine", ("engine",), tuple((engine.label,) for engine in self.engines)),
            self._schedules(),
            Axis("seed", ("seed",), tuple((seed,) for seed in self.seeds)),
        )

    def varied_axes(self) -> tuple[Axis, ...]:
        """Dimensions of the sweep that its blocks make."""
        axes: tuple[Axis, ...] = self.__dict__["_axes"]
        return axes

    def __len__(self) -> int:
        ids: bytes = self.__dict__["_ids"]
        return len(ids) // ID_BYTES

    def __iter__(self) -> Iterator[SweepRun]:
        places: tuple[SweepRun, ...] = self.__dict__["_places"]
        return iter(places) if len(places) == len(self) else self._each_place(self.varied_axes())

    def ids(self) -> Iterator[str]:
        """Hash of each run, in the order of the runs, of which none is made."""
        return map(self._id, range(len(self)))

    def _id(self, number: int) -> str:
        ids: bytes = self.__dict__["_ids"]
        return ids[number * ID_BYTES : (number + 1) * ID_BYTES].hex()

    def run_of(self, number: int) -> SweepRun:
        """Run of a number, counted from 0 in the order of the runs."""
        places: tuple[SweepRun, ...] = self.__dict__["_places"]
        if places:
            return places[number]
        axes = self.varied_axes()
        left, index = range(len(self))[number], []
        for length in (len(self.seeds), len(self.variants), len(self.engines), *(len(axis) for axis in reversed(axes))):
            left, at = divmod(left, length)
            index.append(at)
        *place, engine_at, schedule_at, seed_at = reversed(index)
        variant = self.variants[schedule_at]
        point = self.experiment.replace(**{**_changes(axes, place), "schedule": variant.schedule, **variant.fields})
        run = _with_seed(point, self.seeds[seed_at])
        return SweepRun((*place, engine_at, schedule_at, seed_at), self.engines[engine_at], run, self._id(number))

    def _schedules(self) -> Axis:
        """The compared schedules by their labels, with the fields that vary under some of them."""
        own = tuple(dict.fromkeys(field for variant in self.variants for field in variant.fields))
        points = tuple((variant.label, *(variant.fields.get(field) for field in own)) for variant in self.variants)
        return Axis("schedule", ("schedule", *own), points, labelled_fields(self.variants))

    def _made_axes(self) -> tuple[Axis, ...]:
        axes: list[Axis] = []
        for axis in itertools.chain.from_iterable(block.axes() for block in self.blocks):
            taken = sum(other.name.partition("_")[0] == axis.name for other in axes if other.fields != (other.name,))
            name = axis.name if axis.fields == (axis.name,) or not taken else f"{axis.name}_{taken + 1}"
            axes.append(Axis(name, axis.fields, axis.points))
        return tuple(axes) if self.adaptive is None else self.adaptive.merged(axes)

    def _each_place(self, axes: tuple[Axis, ...]) -> Iterator[SweepRun]:
        """Every place of the grid in order, with its experiment, validated; at the end an InputError if some are none."""
        faults: dict[Fault, Fault] = {}
        after = 0
        for place in itertools.product(*(range(len(axis)) for axis in axes)):
            changes = _changes(axes, place)
            points: list[tuple[int, Experiment]] = []
            for schedule_at, variant in enumerate(self.variants):
                try:
                    point = self.experiment.replace(**{**changes, "schedule": variant.schedule, **variant.fields})
                except ExperimentError as error:
                    at_point = _described({**changes, "schedule": variant.schedule, **variant.fields})
                    for fault in error.faults:
                        faults.setdefault(fault, _at_point(fault, at_point, set(changes)))
                    continue
                points.append((schedule_at, point))
            after += bool(faults)
            if len(faults) >= _MOST_FAULTS or after > _MOST_AFTER:
                break
            if not faults:
                yield from self._runs_at(place, points)
        if faults:
            raise InputError.of(list(faults.values()))

    def _runs_at(self, place: tuple[int, ...], points: list[tuple[int, Experiment]]) -> Iterator[SweepRun]:
        """Every engine, schedule and seed at a place of the blocks."""
        for engine_at, engine in enumerate(self.engines):
            for schedule_at, point in points:
                for seed_at, seed in enumerate(self.seeds):
                    run = _with_seed(point, seed)
                    yield SweepRun((*place, engine_at, schedule_at, seed_at), engine, run, run_hash(engine, run))


def _changes(axes: Iterable[Axis], place: Iterable[int]) -> dict[str, object]:
    """Fields that a place of the blocks sets, with their values."""
    return {field: value for axis, at in zip(axes, place, strict=True)
            for field, value in axis.changes(at).items() if field not in OWN}


def _with_seed(point: Experiment, seed: object) -> Experiment:
    return point if seed == point.seed else point.model_copy(update={"seed": _whole_seed(seed)})


def _whole_seed(seed: object) -> int:
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**64:
        raise InputError(f"seed {seed!r}", "a whole number from 0 to 2^64 - 1", "fix seeds", fields=("seeds",))
    return seed


def _faults_of_names(axes: tuple[Axis, ...], variants: tuple[Variant, ...]) -> Iterator[Fault]:
    """Fields that are varied twice, or that something else than a block sets."""
    own = dict.fromkeys(field for variant in variants for field in variant.fields)
    varied = Counter([*(field for axis in axes for field in axis.fields), *own])
    for name, times in varied.items():
        if name in OWN:
            yield Fault(f"{name} varied in a block", f"{name} is set by {OWN[name]}", f"use {_USES.get(name, OWN[name])}",
                        (name,))
        elif times > 1:
            yield Fault(f"{name} varied twice", "each field in one block", "leave it out of one of them", (name,))


def _described(changes: Mapping[str, object]) -> str:
    return ", ".join(f"{field} = {shown(str(value))}" for field, value in changes.items())


def _at_point(fault: Fault, point: str, varied: set[str]) -> Fault:
    """A fault of one point, with what a field that only some points read needs."""
    fix = fault.fix
    name, *choosing = fault.fields or ("",)
    if fault.found == f"{name} given" and name in varied:
        where = ('with its schedule: compare = [{schedule = "...", ' if "schedule" in choosing else "in a [[case]] with it: {"
                 ) + f"{name} = [...]}}" + ("]" if "schedule" in choosing else "")
        fix = f"{fix}; or vary it {where}"
    return fault._replace(found=f"at {point}: {fault.found}", fix=fix)


def _plain(entry: str | Mapping[str, object]) -> object:
    return entry if isinstance(entry, str) else dict(entry)
