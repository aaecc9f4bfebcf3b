"""Nothing compares engines by name: what an engine can is asked of it, and rows are chosen by an `Engine`.

Read off the source: comparisons with an engine's name, labels of it in a selection, and its name as a key. Not covered: names
that are put together.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from theory_sim import engine_names

NAMES = frozenset(engine_names())
SOURCES = sorted((Path(__file__).resolve().parent.parent / "theory_sim").rglob("*.py"))


def _compared(tree: ast.AST) -> Iterator[ast.expr]:
    """Expressions that are compared with something, selected by, or keys."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            for side in (node.left, *node.comparators):
                yield from side.elts if isinstance(side, ast.Tuple | ast.List | ast.Set) else (side,)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("sel", "startswith"):
            yield from (*node.args, *(keyword.value for keyword in node.keywords))
        elif isinstance(node, ast.Dict):
            # A table by engine has no other keys; a document may have the key "limit" among others.
            if all(isinstance(key, ast.Constant) and key.value in NAMES for key in node.keys):
                yield from (key for key in node.keys if key is not None)


def _names(text: str) -> list[str]:
    return [f"line {found.lineno}: {found.value}" for found in _compared(ast.parse(text))
            if isinstance(found, ast.Constant) and isinstance(found.value, str)
            and found.value.partition(" (")[0] in NAMES]


def test_no_engine_is_compared_by_name() -> None:
    found = [f"{path.name} {name}" for path in SOURCES for name in _names(path.read_text(encoding="utf-8"))]
    assert len(SOURCES) > 100
    assert found == []


@pytest.mark.parametrize("planted", [
    'rows[rows["engine"] == "finite"]', 'data.sel(engine="limit")', 'if run.engine in ("limit", "closure"): ...',
    '{"limit": 1}', 'label.startswith("limit")', 'rows["against"] != "limit (frozen)"',
])
def test_a_planted_name_is_found(planted: str) -> None:
    assert _names(planted)
