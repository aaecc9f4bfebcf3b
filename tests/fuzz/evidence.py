"""Alterations of evidence by its structure: a value of another type, an entry gone, doubled or renamed, a list grown."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any, Final

from hypothesis import strategies as st

Draw = Callable[..., Any]
Place = tuple[str | int, ...]
VALUES: Final = (None, True, 0, 1, -1, 2**63, 10**400, 0.5, 1e308, "", "x", "0", "1/0", "-1/3", "1e999999999", "9" * 5000,
                 "nan", "é", [], {}, [[]], [1], {"a": 1}, "proved", "refuted", "quick", "full", "noise-random-walk")
RAW: Final = ("NaN", "Infinity", "-Infinity", "1e400", "9" * 5000, "[" * 100_000, "{", "", "\\u0000", '{"a": 1, "a": 2}')
HOWS: Final = ("value", "value", "remove", "rename", "double", "raw", "grow")


@st.composite
def altered(draw: Draw, stored: dict[str, Any]) -> bytes:
    """A file of evidence with one to three changes."""
    content = copy.deepcopy(stored)
    raw = ""
    for _ in range(draw(st.integers(1, 3))):
        places = list(_places(content))
        if not places:
            break
        place = draw(st.sampled_from(places))
        how = draw(st.sampled_from(HOWS))
        holder = _holder(content, place)
        if how in ("value", "raw"):
            # A copy: what is put in may be changed itself by the next change.
            holder[place[-1]] = "RAW" if how == "raw" else copy.deepcopy(draw(st.sampled_from(VALUES)))
            raw = draw(st.sampled_from(RAW)) if how == "raw" else raw
        elif how == "grow" and isinstance(holder[place[-1]], list):
            holder[place[-1]] = holder[place[-1]] * draw(st.sampled_from([2, 1000]))
        else:
            _reshape(draw, holder, place[-1], how)
    return json.dumps(content, indent=1).replace('"RAW"', raw, 1).encode("utf-8", "surrogatepass")


def _reshape(draw: Draw, holder: Any, at: str | int, how: str) -> None:
    value = holder[at]
    if how == "double" and isinstance(holder, list):
        holder.append(value)
        return
    del holder[at]
    if isinstance(holder, dict) and how == "rename":
        holder[draw(st.sampled_from(["claim", "sha256", "format", "é", "", "steps"]))] = value


def _places(content: Any, above: Place = ()) -> Iterator[Place]:
    entries: Any = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for at, value in entries:
        yield (*above, at)
        yield from _places(value, (*above, at))


def _holder(content: Any, place: Place) -> Any:
    for at in place[:-1]:
        content = content[at]
    return content
