"""Blocks of a sweep as a file has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import Any, Final

from theory_sim.errors import Fault, InputError, nearest, repr_of, shown
from theory_sim.sweeps.axis import named_fields
from theory_sim.sweeps.blocks import Block, Law, Product, Random, Sobol, Zip
from theory_sim.sweeps.cases import Cases

__all__ = ["BLOCKS", "block_tables", "make_block", "sound_blocks", "written_blocks"]

BLOCKS: Final = ("product", "zip", "case", "random", "sobol")


def written_blocks(table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Kind and content of each block of a declaration, in the order of the file; all cases are one block."""
    for kind, content in table.items():
        if kind == "case":
            yield kind, content if isinstance(content, list) else [content]
        elif kind in BLOCKS:
            yield from ((kind, each) for each in (content if isinstance(content, list) else [content]))


def make_block(kind: str, content: object) -> Block:
    """Block from what a file has of it: fields and, for random and sobol, count and seed; for case, a list of tables.

    Raises
    ------
    InputError
        If it is not that.
    """
    if kind == "case":
        return Cases(content)  # type: ignore[arg-type]  # looked at when its axis is made
    if not isinstance(content, Mapping):
        raise InputError(f"{kind} = {shown(repr_of(content))}", "a table of fields",
                         f"write [{kind}] and a line for each field", fields=(kind,))
    if kind in ("product", "zip"):
        return Product(dict(content)) if kind == "product" else Zip(dict(content))
    laws = {field: law for field, law in content.items() if field not in ("count", "seed")}
    if "count" not in content:
        close = next((field for field in laws if nearest(field, ["count"], "")), None)
        fix = f"add count, or write count for {close}" if close else "add count"
        raise InputError(f"[{kind}] without count", "count = number of points", fix, fields=(close or kind,))
    return (Random if kind == "random" else Sobol)(laws, content["count"], content.get("seed", 0))


def sound_blocks(kind: str, content: Any, faults: list[Fault]) -> list[Block]:
    """The block of a file's content, if it is one; else what is wrong is added to the faults, and the rest taken."""
    try:
        block = make_block(kind, content)
        block.axes()
    except InputError as error:
        faults += error.faults
        wrong = {field for fault in error.faults for field in fault.fields}
    else:
        return [block]
    if not isinstance(content, Mapping):
        return []
    with suppress(InputError):
        content = named_fields(kind, content)
    rest = {field: value for field, value in content.items() if field not in wrong}
    return sound_blocks(kind, rest, []) if rest and len(rest) < len(content) else []


def block_tables(blocks: tuple[Block, ...]) -> dict[str, list[dict[str, object]]]:
    """What a file has of blocks, by kind; `make_block` gives equal ones back."""
    tables: dict[str, list[dict[str, object]]] = {}
    for block in blocks:
        if isinstance(block, Cases):
            (axis,) = block.axes()
            tables["case"] = [{name: [value] if isinstance(value, (list, tuple)) else value
                               for name, value in axis.changes(at).items()} for at in range(len(axis))]
            continue
        kind = type(block).__name__.lower()
        if isinstance(block, (Product, Zip)):
            content: dict[str, object] = {field: [axis.points[i][k] for i in range(len(axis))]
                                          for axis in block.axes() for k, field in enumerate(axis.fields)}
        else:
            content = {"count": block.count, "seed": block.seed}
            content |= {field: _law_table(Law.of(field, law)) for field, law in block.laws.items()}
        tables.setdefault(kind, []).append(content)
    return tables


def _law_table(law: Law) -> dict[str, object]:
    if law.values:
        return {"values": list(law.values)}
    return {key: value for key, value in asdict(law).items() if key != "values"}
