"""Drawn files: near-valid tables with values, keys, tables and types changed, and bytes changed where they stand."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any, Final

from hypothesis import strategies as st

from tests.fuzz.literals import LITERALS, WORDS, Raw, key, spelled
from theory_sim.experiment import Experiment

FIELDS: Final = tuple(sorted({info.alias or name for name, info in Experiment.model_fields.items()}))
Draw = Callable[..., Any]


@st.composite
def tables(draw: Draw, bases: Sequence[dict[str, Any]]) -> bytes:
    """A base with one to three changes, written as a file."""
    table = copy.deepcopy(draw(st.sampled_from(bases)))
    for _ in range(draw(st.integers(1, 3))):
        draw(st.sampled_from(_CHANGES))(draw, table)
    return draw(encoded(written(table)))


def written(table: dict[str, Any]) -> str:
    """A table as a file, tables last; a table that is left open stays what it is."""
    plain = [f"{key(name)} = {spelled(value)}" for name, value in table.items() if not isinstance(value, dict)]
    below = [f"[{key(name)}]\n" + "\n".join(f"{key(inner)} = {spelled(each)}" for inner, each in value.items())
             for name, value in table.items() if isinstance(value, dict)]
    return "\n".join([*plain, *below]) + "\n"


def _some_table(draw: Draw, table: dict[str, Any]) -> dict[str, Any]:
    below = [value for value in table.values() if isinstance(value, dict)]
    chosen: dict[str, Any] = draw(st.sampled_from([table, *below]))
    return chosen


def _change_value(draw: Draw, table: dict[str, Any]) -> None:
    inner = _some_table(draw, table)
    if inner:
        inner[draw(st.sampled_from(sorted(inner)))] = Raw(draw(LITERALS))


def _set_field(draw: Draw, table: dict[str, Any]) -> None:
    _some_table(draw, table)[draw(st.sampled_from(FIELDS))] = Raw(draw(LITERALS))


def _add_key(draw: Draw, table: dict[str, Any]) -> None:
    _some_table(draw, table)[draw(WORDS)] = Raw(draw(LITERALS))


def _remove_key(draw: Draw, table: dict[str, Any]) -> None:
    inner = _some_table(draw, table)
    if inner:
        del inner[draw(st.sampled_from(sorted(inner)))]


def _wrap(draw: Draw, table: dict[str, Any]) -> None:
    """A value in a list or a table of its own, or a list's first value alone."""
    inner = _some_table(draw, table)
    if inner:
        name = draw(st.sampled_from(sorted(inner)))
        value = inner[name]
        inner[name] = draw(st.sampled_from([[value], {"a": value}, [value, value], value[0] if isinstance(value, list) and value
                                            else [[value]]]))


def _name_a_table(draw: Draw, table: dict[str, Any]) -> None:
    table[draw(WORDS)] = draw(st.sampled_from([{}, {"a": 1}, {"d": [10, 20]}, {"count": 4, "r": [0.1, 0.5]}, {"a": {"b": {}}}]))


_CHANGES: Final = (_change_value, _set_field, _add_key, _remove_key, _wrap, _name_a_table)


def _twice(text: str) -> bytes:
    first = text.split("\n", 1)[0]
    return f"{first}\n{text}".encode()


_ENCODED: Final[tuple[Callable[[str], bytes], ...]] = (
    *[lambda text: text.encode()] * 12, lambda text: text.encode("utf-8-sig"), lambda text: text.encode("utf-16"),
    lambda text: text.encode("utf-16-le"), lambda text: ("# é\n" + text).encode("latin-1", "replace"),
    lambda text: text.replace("\n", "\r\n").encode(), lambda text: text.replace("\n", "\r").encode(), _twice,
    lambda text: text.encode() + b"\x00", lambda text: text.encode()[:-3], lambda text: f"[experiment]\n{text}".encode(),
    lambda text: f"[[{text}".encode(), lambda text: b"", lambda text: b"\xef\xbb\xbf",
)  # fmt: skip


@st.composite
def encoded(draw: Draw, text: str) -> bytes:
    """A file's bytes: mostly UTF-8 as it stands."""
    return draw(st.sampled_from(_ENCODED))(text.encode("utf-8", "replace").decode())


@st.composite
def mutated(draw: Draw, bases: Sequence[bytes]) -> bytes:
    """A file with some bytes changed, doubled, cut out or put in."""
    content = bytearray(draw(st.sampled_from(bases)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(content)))
        length = draw(st.integers(0, 20))
        put = draw(st.one_of(st.binary(max_size=8), st.sampled_from([b"\n", b"[", b"]", b"=", b'"', b"'", b"9" * 30, b"\x00",
                                                                     b"\xff", b"#", b",", b"{", b"}", b"-", b"e", b".", b"1"]),
                             st.just(bytes(content[at : at + length]) * 2)))
        content[at : at + length] = put
    return bytes(content)
