"""Sweep: which runs there are, in TOML or Python."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from theory_sim.engines import Engine
from theory_sim.errors import ExperimentError, Fault, InputError, gathered, repr_of, shown
from theory_sim.experiment import Experiment
from theory_sim.experiment.description import not_default
from theory_sim.experiment.field_rules import named_once
from theory_sim.reading import TomlFile, parse_listed_seeds
from theory_sim.reading.arguments import accepts, fault_of_kind, native
from theory_sim.sweeps.blocks import Axis, Block, Law, Product, Zip, make_block, repeated

__all__ = ["Sweep", "SweepRun", "run_hash"]

_KEYS: Final = ("name", "preset", "fields", "compare", "seeds", "engine")
_BLOCKS: Final = ("product", "zip", "random", "sobol")
# Axes of every sweep, by what declares them instead.
_OWN: Final = {"schedule": "compare", "seed": "seeds", "name": "the sweep's own name", "engine": "engine"}
_LEAST_DIGITS: Final = 20
_MOST_RUNS: Final = 1_000_000


def run_hash(engine: Engine, experiment: Experiment) -> str:
    """Name of a run in a sweep's folder: the same for runs that cannot differ.

    The experiment's name does not count, nor what the engine does not read: widths for the limit, seeds for the closure.
    """
    fields = experiment.identity()
    unread = {"name", *engine.solver.unread}
    described = {"engine": engine.name, "options": dict(engine.options),
            "experiment": {key: value for key, value in fields.items() if key not in unread}}
    return hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()[:_LEAST_DIGITS]


@dataclass(frozen=True)
class SweepRun:
    """One run of a sweep.

    Attributes
    ----------
    index : tuple of int
        Place along each dimension of the sweep.
    engine : Engine
    experiment : Experiment
    id : str
        Its hash; two places whose runs cannot differ have one.
    """

    index: tuple[int, ...]
    engine: Engine
    experiment: Experiment
    id: str


@dataclass(frozen=True)
class Sweep:
    """A grid of runs: blocks of varying fields, times engines, compared schedules and seeds.

    Attributes
    ----------
    name : str
        Name of the sweep.
    experiment : Experiment
        What all runs have in common.
    blocks : tuple of Product, Zip, Random or Sobol
        How fields vary; the sweep is the product of their axes.
    compare : tuple of str
        Schedules, run on the same data, U_0 and noise; the experiment's own if empty.
    seeds : tuple of int
        Seeds; the experiment's own if empty.
    engines : tuple of Engine
        Finite width, the limit with its options, or the closure.

    Raises
    ------
    InputError
        If a field is varied twice or is an axis of its own (schedule, seed), a value is listed twice, or a point is not
        a valid experiment.
    """

    name: str
    experiment: Experiment
    blocks: tuple[Block, ...] = ()
    compare: tuple[str, ...] = ()
    seeds: tuple[int, ...] = ()
    engines: tuple[Engine, ...] = (Engine(),)

    def __post_init__(self) -> None:
        self._require_kinds()
        kinds = list(dict.fromkeys(type(block) for block in self.blocks))  # a file holds the blocks of one kind together
        object.__setattr__(self, "blocks", tuple(sorted(self.blocks, key=lambda block: kinds.index(type(block)))))
        object.__setattr__(self, "compare", tuple(self.compare) or (self.experiment.schedule,))
        object.__setattr__(self, "seeds", native(tuple(self.seeds)) or (self.experiment.seed,))
        object.__setattr__(self, "engines", tuple(self.engines))
        object.__setattr__(self, "experiment", self.experiment.replace(name=self.name))
        if not self.engines:
            raise InputError("engine = []", "at least one engine", "leave engine out for finite width", fields=("engine",))
        for label, values in (("compare", self.compare), ("seeds", self.seeds), ("engine", self.engines)):
            if repeated(values):
                named = [getattr(value, "label", value) for value in values]
                raise InputError(f"{label} = {named}", "each named once", "remove the repeated one", fields=(label,))
        varied = [field for axis in self._varied() for field in axis.fields]
        for field in varied:
            if field in _OWN:
                raise InputError(f"{field} varied in a block", f"{field} is set by {_OWN[field]}", f"use {_OWN[field]}",
                                 fields=(field,))
            if varied.count(field) > 1:
                raise InputError(f"{field} varied twice", "each field in one block", "leave it out of one of them",
                                 fields=(field,))
        object.__setattr__(self, "_places", self._listed())

    def _require_kinds(self) -> None:
        faults = [fault_of_kind(name, getattr(self, name), kind) for name, kind in (
            ("name", "a text"), ("experiment", "Experiment"), ("blocks", "a list"), ("compare", "a list of texts"),
            ("seeds", "a list"), ("engines", "a list"))]
        if not any(faults):
            faults = [fault_of_kind("one of blocks", block, "Product or Zip or Random or Sobol") for block in self.blocks]
            faults += [fault_of_kind("one of engines", engine, "Engine") for engine in self.engines]
        found = [fault for fault in faults if fault is not None]
        if found:
            raise InputError.of(found)

    # -- in and out ---------------------------------------------------------------------------------

    @classmethod
    @accepts(path="a path")
    def from_toml(cls, path: str | os.PathLike[str]) -> Sweep:
        """Read a declaration; docs/sweeps.md has the format.

        Raises
        ------
        InputError
            If the file is missing or broken, or what it declares is not a valid sweep.
        """
        file, sweep = cls._read(path)
        file.warn(sweep.experiment.unread(not_default(file.table.get("fields", {})), sweep.compare), under=("fields", ""))
        return sweep

    @classmethod
    def written_at(cls, path: str | os.PathLike[str]) -> Sweep:
        """Read what `to_toml` wrote: as `from_toml`, but with no warning on fields that nothing reads, since it writes all."""
        return cls._read(path)[1]

    @classmethod
    def _read(cls, path: str | os.PathLike[str]) -> tuple[TomlFile, Sweep]:
        file = TomlFile(path)
        with file.located(under=(*_BLOCKS, "fields", "")):
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
        faults: list[Fault] = [
            Fault(f"unknown key {shown(repr_of(key))} in a sweep", f"one of {', '.join((*_KEYS, *_BLOCKS))}",
                  "fields of the experiment that do not vary stand under [fields]", (key,))
            for key in sorted(set(table) - {*_KEYS, *_BLOCKS})
        ]
        if not isinstance(table.get("name"), str):
            faults.append(Fault(f"name = {shown(repr_of(table.get('name')))}", "a sweep has a name",
                                'such as name = "r-lambda"', ("name",)))
        compare: list[str] = []
        seeds: list[int] = []
        engines: list[Engine] = []
        blocks: list[Block] = []
        base = Experiment()
        with gathered(faults):
            compare = _compared(table)
        with gathered(faults):
            seeds = parse_listed_seeds(table["seeds"]) if "seeds" in table else []
        given = table.get("engine", "finite")
        for each in given if isinstance(given, list) else [given]:
            with gathered(faults):
                engines.append(_engine(each))
        with gathered(faults):
            base = Experiment.preset(table["preset"]) if "preset" in table else base
            base = base.replace(**_fields(table, compare))
        for kind in table:  # in the order of the file
            for each in table[kind] if isinstance(table[kind], list) else [table[kind]]:
                if kind in _BLOCKS:
                    with gathered(faults):
                        blocks.append(make_block(kind, each))
                        blocks[-1].axes()
        if faults:
            raise InputError.of(faults)
        return cls(table["name"], base, tuple(blocks), tuple(compare), tuple(seeds), tuple(engines))

    def table(self) -> dict[str, object]:
        """The declaration as a TOML file holds it; ``Sweep.of`` gives an equal sweep back."""
        fields = {key: value for key, value in self.experiment.fields().items() if key not in ("name", "schedule", "seed")}
        declared: dict[str, Any] = {
            "name": self.name, "compare": list(self.compare), "seeds": list(self.seeds),
            "engine": [{"name": engine.name, **engine.options} for engine in self.engines], "fields": fields,
        }
        for block in self.blocks:
            kind = type(block).__name__.lower()
            if isinstance(block, (Product, Zip)):
                content: dict[str, object] = {axis_field: [axis.points[i][k] for i in range(len(axis))]
                                           for axis in block.axes() for k, axis_field in enumerate(axis.fields)}
            else:
                content = {"count": block.count, "seed": block.seed}
                content |= {field: _law_table(Law.of(field, law)) for field, law in block.laws.items()}
            declared.setdefault(kind, []).append(content)
        return declared

    def to_toml(self) -> str:
        """The declaration as text."""
        import tomli_w

        return tomli_w.dumps(self.table())

    # -- runs -----------------------------------------------------------------------------------------

    def axes(self) -> tuple[Axis, ...]:
        """Dimensions of the sweep: those of the blocks, then engine, schedule and seed."""
        return (
            *self._varied(),
            Axis("engine", ("engine",), tuple((engine.label,) for engine in self.engines)),
            Axis("schedule", ("schedule",), tuple((schedule,) for schedule in self.compare)),
            Axis("seed", ("seed",), tuple((seed,) for seed in self.seeds)),
        )

    def __len__(self) -> int:
        return len(self._all())

    def __iter__(self) -> Iterator[SweepRun]:
        return iter(self._all())

    def _all(self) -> tuple[SweepRun, ...]:
        runs: tuple[SweepRun, ...] = self.__dict__["_places"]
        return runs

    def _varied(self) -> tuple[Axis, ...]:
        axes: list[Axis] = []
        for axis in itertools.chain.from_iterable(block.axes() for block in self.blocks):
            taken = sum(other.name.partition("_")[0] == axis.name for other in axes if other.fields != (other.name,))
            name = axis.name if axis.fields == (axis.name,) or not taken else f"{axis.name}_{taken + 1}"
            axes.append(Axis(name, axis.fields, axis.points))
        return tuple(axes)

    def _listed(self) -> tuple[SweepRun, ...]:
        """Every place of the grid with its experiment, all of them validated."""
        axes = self._varied()
        count = len(self.engines) * len(self.compare) * len(self.seeds)
        for axis in axes:
            count *= len(axis)
        if count > _MOST_RUNS:
            raise InputError(f"{count} runs", f"at most {_MOST_RUNS} in one sweep", "split it")
        runs = []
        for place in itertools.product(*(range(len(axis)) for axis in axes)):
            changes = {field: value for axis, at in zip(axes, place, strict=True)
                       for field, value in zip(axis.fields, axis.points[at], strict=True)}
            for schedule_at, schedule in enumerate(self.compare):
                try:
                    point = self.experiment.replace(schedule=schedule, **changes)
                except ExperimentError as error:
                    raise _at_point(error, _described(changes, schedule)) from None
                for seed_at, seed in enumerate(self.seeds):
                    run = point if seed == point.seed else point.model_copy(update={"seed": _whole_seed(seed)})
                    for engine_at, engine in enumerate(self.engines):
                        index = (*place, engine_at, schedule_at, seed_at)
                        runs.append(SweepRun(index, engine, run, run_hash(engine, run)))
        runs.sort(key=lambda run: run.index)
        return tuple(runs)


def _whole_seed(seed: object) -> int:
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**64:
        raise InputError(f"seed {seed!r}", "a whole number from 0 to 2^64 - 1", "fix seeds", fields=("seeds",))
    return seed


def _fields(table: Mapping[str, object], compare: list[str]) -> dict[str, object]:
    """Fields of the experiment that do not vary."""
    fields = table.get("fields", {})
    if not isinstance(fields, Mapping):
        raise InputError(f"fields = {shown(repr_of(fields))}", "a table of fields of the experiment", "write [fields]",
                         fields=("fields",))
    faults = [Fault(f"{field} under [fields]", f"it is set by {_OWN[field]}", f"use {_OWN[field]}", (field,))
              for field in ("schedule", "seed", "name") if field in fields]
    if faults:
        raise InputError.of(faults)
    return named_once({**fields, "schedule": compare[0]} if compare else fields)


def _compared(table: Mapping[str, object]) -> list[str]:
    value = table.get("compare", [])
    if not isinstance(value, list) or any(type(item) is not str for item in value) or ("compare" in table and not value):
        raise InputError(f"compare = {shown(repr_of(value))}", "a list of texts, not empty", 'such as compare = ["L-S", "S"]',
                         fields=("compare",))
    return value


def _described(changes: Mapping[str, object], schedule: str) -> str:
    return ", ".join(f"{field} = {value}" for field, value in {**changes, "schedule": schedule}.items())


def _at_point(error: ExperimentError, point: str) -> ExperimentError:
    return error.within(lambda fault: f"at {point}")


def _engine(given: object) -> Engine:
    given = {"name": given} if isinstance(given, str) else given
    if not isinstance(given, Mapping) or not isinstance(given.get("name"), str):
        raise InputError(f"engine = {shown(repr_of(given))}", "a name, or a table with name and options",
                         'such as engine = {name = "limit", time = "flow"}', fields=("engine",))
    try:
        return Engine.from_manifest(given)
    except InputError as error:
        raise error.about("engine") from None


def _law_table(law: Law) -> dict[str, object]:
    if law.values:
        return {"values": list(law.values)}
    return {key: value for key, value in asdict(law).items() if key != "values"}
