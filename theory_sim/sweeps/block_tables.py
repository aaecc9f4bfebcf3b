"""Blocks of a sweep as a file has them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

from theory_sim.errors import Fault, InputError
from theory_sim.sweeps.axis import named_fields
from theory_sim.sweeps.block import Block
from theory_sim.sweeps.blocks import Product, Random, Sobol, Zip
from theory_sim.sweeps.cases import Cases

__all__ = ["BLOCKS", "block_tables", "sound_blocks", "written_blocks"]

_CLASSES: Final[tuple[type[Block], ...]] = (Product, Zip, Cases, Random, Sobol)
BLOCKS: Final[Mapping[str, type[Block]]] = {each.kind: each for each in _CLASSES}
"""Every kind of block, by its key of a declaration."""


def written_blocks(table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Kind and content of each block of a declaration, in the order of the file; all cases are one block."""
    for kind, content in table.items():
        if kind in BLOCKS:
            tables = content if isinstance(content, list) else [content]
            yield from [(kind, tables)] if BLOCKS[kind].together else ((kind, each) for each in tables)


def sound_blocks(kind: str, content: Any, faults: list[Fault]) -> list[Block]:
    """The block of a file's content, if it is one; else what is wrong is added to the faults, and the rest taken."""
    try:
        block = BLOCKS[kind].of(content)
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


def block_tables(blocks: Iterable[Block]) -> dict[str, list[dict[str, object]]]:
    """What a file has of blocks, by kind; `sound_blocks` gives equal ones back."""
    tables: dict[str, list[dict[str, object]]] = {}
    for block in blocks:
        tables.setdefault(block.kind, []).extend(block.tables())
    return tables
