"""What a sweep's declaration holds, read off its table with all that is wrong."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Final, TypedDict

from theory_sim.engines import Engine
from theory_sim.errors import ExperimentError, Fault, InputError, gathered, nearest, repr_of, shown
from theory_sim.experiment import Experiment
from theory_sim.experiment.field_rules import named_once
from theory_sim.reading import parse_listed_seeds
from theory_sim.sweeps.adaptive import Adaptive, make_adaptive
from theory_sim.sweeps.axis import OWN
from theory_sim.sweeps.block import Block
from theory_sim.sweeps.block_tables import BLOCKS, sound_blocks, written_blocks
from theory_sim.sweeps.cases import make_variants

__all__ = ["Declared", "add_further", "read_declaration"]

_KEYS: Final = ("name", "preset", "fields", "compare", "seeds", "engine", "adaptive")


class Declared(TypedDict):
    """Arguments of a `Sweep`."""

    name: str
    experiment: Experiment
    blocks: tuple[Block, ...]
    compare: tuple[str | Mapping[str, object], ...]
    seeds: tuple[int, ...]
    engines: tuple[Engine, ...]
    adaptive: Adaptive | None


def read_declaration(table: Mapping[str, Any]) -> tuple[Declared, list[Fault]]:
    """All that is sound in a table, as a TOML file holds it, and what is wrong with the rest."""
    known = (*_KEYS, *BLOCKS)
    faults: list[Fault] = [
        Fault(f"unknown key {shown(repr_of(key))} in a sweep", f"one of {', '.join(known)}",
              nearest(key, known, "fields of the experiment that do not vary stand under [fields]"), (key,))
        for key in sorted(set(table) - set(known))
    ]
    if not isinstance(table.get("name"), str):
        faults.append(Fault(f"name = {shown(repr_of(table.get('name')))}", "a sweep has a name",
                            'such as name = "r-lambda"', ("name",)))
    seeds: list[int] = []
    blocks: list[Block] = []
    compare = _compared(table, faults)
    with gathered(faults):
        seeds = parse_listed_seeds(table["seeds"]) if "seeds" in table else []
    engines = _engines(table, faults)
    for kind, content in written_blocks(table):
        blocks += sound_blocks(kind, content, faults)
    adaptive: Adaptive | None = None
    with gathered(faults):
        adaptive = make_adaptive(table["adaptive"]) if "adaptive" in table else None
    base, wrong = _base(table, compare, blocks)
    name = table["name"] if isinstance(table.get("name"), str) else "sweep"
    add_further(faults, wrong)
    return Declared(name=name, experiment=base, blocks=tuple(blocks), compare=tuple(compare), seeds=tuple(seeds),
                    engines=engines, adaptive=adaptive), faults


def _engines(table: Mapping[str, Any], faults: list[Fault]) -> tuple[Engine, ...]:
    """Engines that are ones; the default one if there is none, unless that is what was asked for."""
    found: list[Engine] = []
    given = table.get("engine", Engine().name)
    for each in given if isinstance(given, list) else [given]:
        with gathered(faults):
            found.append(_engine(each))
    return tuple(found) if found or given == [] else (Engine(),)


def _base(table: Mapping[str, Any], compare: list[Any], blocks: list[Block]) -> tuple[Experiment, list[Fault]]:
    """What all runs have in common, and what is wrong with it; without what is wrong, an experiment to look at the rest with.

    A field that must be given, such as step_tau, may be one that varies: then the first values are taken.
    """
    faults: list[Fault] = []
    start, fields = Experiment(), {}
    with gathered(faults):
        start = Experiment.preset(table["preset"]) if "preset" in table else start
    with gathered(faults):
        fields = _fields(table)
    first = compare[0] if compare else None
    alone = {**fields, "schedule": first} if isinstance(first, str) else fields
    try:
        return start.replace(**alone), faults
    except ExperimentError as error:
        wrong = error.faults
    try:
        return start.replace(**{**alone, **_first_values(compare, blocks)}), faults
    except ExperimentError as error:
        lasting = [fault for fault in wrong if fault in error.faults]
        wrong = tuple(lasting) or error.faults
    left_out = {field.partition(".")[0] for fault in wrong for field in fault.fields}
    with suppress(ExperimentError):
        start = start.replace(**{name: value for name, value in fields.items() if name not in left_out})
    return start, [*faults, *wrong]


def _first_values(compare: list[Any], blocks: list[Block]) -> dict[str, object]:
    """Fields of the first place of a sweep."""
    values: dict[str, object] = {}
    for axis in itertools.chain.from_iterable(block.axes() for block in blocks):
        values |= axis.changes(0)
    with suppress(InputError):
        variant = make_variants(compare)[0] if compare else None
        values |= {} if variant is None else {"schedule": variant.schedule, **variant.fields}
    return values


def _fields(table: Mapping[str, object]) -> dict[str, object]:
    """Fields of the experiment that do not vary."""
    fields = table.get("fields", {})
    if not isinstance(fields, Mapping):
        raise InputError(f"fields = {shown(repr_of(fields))}", "a table of fields of the experiment", "write [fields]",
                         fields=("fields",))
    faults = [Fault(f"{field} under [fields]", f"it is set by {OWN[field]}", f"use {OWN[field]}", (field,))
              for field in ("schedule", "seed", "name") if field in fields]
    if faults:
        raise InputError.of(faults)
    return named_once(fields)


def _compared(table: Mapping[str, object], faults: list[Fault]) -> list[Any]:
    """Entries of the list of schedules that are ones; what is wrong with others is added to the faults."""
    value = table.get("compare", [])
    if not isinstance(value, list) or ("compare" in table and not value):
        faults.append(Fault(f"compare = {shown(repr_of(value))}", "a list of schedules, not empty",
                            'such as compare = ["L-S", "S"]', ("compare",)))
        return []
    sound = []
    for entry in value:
        with gathered(faults):
            make_variants([entry])
            sound.append(entry)
    return sound


def add_further(faults: list[Fault], more: Iterable[Fault]) -> None:
    """Add further faults, but none about a field that one is about already: it may follow from that."""
    told = {name for fault in faults for name in fault.fields} - {"schedule"}
    faults += [fault for fault in more if not told & set(fault.fields)]


def _engine(given: object) -> Engine:
    given = {"name": given} if isinstance(given, str) else given
    if not isinstance(given, Mapping) or not isinstance(given.get("name"), str):
        raise InputError(f"engine = {shown(repr_of(given))}", "a name, or a table with name and options",
                         'such as engine = {name = "limit", time = "flow"}', fields=("engine",))
    try:
        return Engine.from_manifest(given)
    except InputError as error:
        raise error.about("engine") from None
