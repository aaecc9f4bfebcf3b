"""Values for JSON, and writing: each has one home."""

from __future__ import annotations

import ast
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from theory_sim.storage.plain import make_plain

ROOT = Path(__file__).resolve().parents[2]
NUMBERS = st.one_of(st.none(), st.booleans(), st.integers(-2**40, 2**40), st.floats(), st.text(max_size=3),
                    st.floats(width=32).map(np.float32), st.integers(0, 9).map(np.int64), st.booleans().map(np.bool_))
KEYS = st.one_of(st.text(max_size=2), st.floats())
VALUES = st.recursive(NUMBERS, lambda inner: st.one_of(
    st.lists(inner, max_size=3), st.tuples(inner, inner), st.dictionaries(KEYS, inner, max_size=3)))


@given(VALUES)
def test_whatever_it_gives_is_strict_json_and_stays_as_it_is(value: Any) -> None:
    plain = make_plain(value)
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain and make_plain(plain) == plain


@pytest.mark.parametrize(("value", "expected"), [
    (math.inf, None), (-math.inf, None), (math.nan, None), (np.float64(math.nan), None), (np.float32(0.5), 0.5), (1.0, 1.0),
    (np.int64(3), 3), (np.bool_(True), True), (np.array([[1.0, math.inf]]), [[1.0, None]]), ((1, (2,)), [1, [2]]),
    ({0.45: {"a": np.nan}}, {"0.45": {"a": None}}), ("inf", "inf"), (np.str_("x"), "x"), (2**70, 2**70),
])
def test_values(value: Any, expected: Any) -> None:
    plain = make_plain(value)
    assert plain == expected and type(plain) is type(expected)

WRITING = ("os.replace", "os.rename", "os.fsync", "tempfile.", "write_bytes", "write_text", "open")


def writers(text: str) -> list[str]:
    """Calls that make, rename or sync a file by other means than `theory_sim.storage.writing`."""
    found: list[str] = []
    if not any(word in text for word in WRITING):  # most files; to read the others' syntax takes seconds
        return found
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        mode = next((each.value for each in node.args[1:2] if isinstance(each, ast.Constant)), "r")
        last = called.rpartition(".")[2]
        if called in ("os.replace", "os.rename", "os.fsync", "tempfile.NamedTemporaryFile", "tempfile.mkstemp") or (
            last in ("write_bytes",) or (last == "write_text" and called != "write_text") or (
                called == "open" and set("wax+") & set(str(mode)))):
            found.append(called)
    return found


def finite_or_none(text: str) -> list[str]:
    """Expressions ``x if isfinite(x) else None``, of a value that is there already (reading a text is another thing)."""
    found: list[str] = []
    if "isfinite" not in text:
        return found
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.IfExp) and isinstance(node.test, ast.Call) and ast.unparse(node.orelse) == "None":
            tested = [ast.unparse(each) for each in node.test.args]
            if ast.unparse(node.test.func).endswith("isfinite") and any(each in ast.unparse(node.body) for each in tested):
                found.append(ast.unparse(node))
    return found


def test_one_home_each() -> None:
    homes = {f"theory_sim/storage/{name}.py" for name in ("writing", "syncing", "plain")}
    allowed = {"theory_sim/terminal.py"}  # the null device in place of a closed stream
    found = {}
    for path in [*(ROOT / "theory_sim").rglob("*.py"), *(ROOT / "proofs_check").rglob("*.py")]:
        name, text = path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
        if name not in homes | allowed and (others := writers(text) + finite_or_none(text)):
            found[name] = others
    assert found == {}


@pytest.mark.parametrize("planted", ["os.replace(a, b)", "open(p, 'w')", "path.write_text('x')", "open(p, 'xb')"])
def test_a_planted_writer_would_be_found(planted: str) -> None:
    assert writers(planted)
    assert not writers("write_text(path, 'x'); open(p); open(p, 'rb')")
    assert finite_or_none("x = v if math.isfinite(v) else None") and not finite_or_none("x = v if v else None")
