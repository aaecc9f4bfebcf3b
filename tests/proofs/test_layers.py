"""Modules of proofs_check do not import each other in a circle, and the second look shares nothing with the methods."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = "proofs_check"
ROOT = Path(__file__).resolve().parents[2] / PACKAGE


def modules() -> dict[str, str]:
    """Text of each module by its dotted name."""
    found = {}
    for path in ROOT.rglob("*.py"):
        parts = (PACKAGE, *path.relative_to(ROOT).with_suffix("").parts)
        found[".".join(part for part in parts if part != "__init__")] = path.read_text(encoding="utf-8")
    return found


def imports(text: str, known: dict[str, str]) -> Iterator[str]:
    """Modules of the package that a text imports, inside functions and for types alone too."""
    for node in ast.walk(ast.parse(text)):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            if name.split(".")[0] == PACKAGE:
                yield name if name in known else name.rpartition(".")[0]


def circle(known: dict[str, str]) -> list[str]:
    # The package's own __init__ hands out public names when they are first used; nothing imports from it.
    graph = {name: set(imports(text, known)) - {name} for name, text in known.items() if name != PACKAGE}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_no_circle() -> None:
    known = modules()
    assert len(known) > 60 and sum(len(list(imports(text, known))) for text in known.values()) > len(known)
    assert circle(known) == []


@pytest.mark.parametrize(
    "planted",
    ["from proofs_check.methods.boxes import certify_positive", "def late():\n    from proofs_check.methods import boxes"],
)
def test_a_circle_would_be_seen(planted: str) -> None:
    known = modules()
    name = "proofs_check.methods.enclosure"
    assert circle({**known, name: known[name] + planted + "\n"})


def test_the_second_look_imports_no_method_and_no_method_the_second_look() -> None:
    known = modules()
    for name, text in known.items():
        targets = set(imports(text, known))
        for one, other in (("recheck", "methods"), ("methods", "recheck"), ("recheck", "order"), ("order", "recheck")):
            if f"{name}.".startswith(f"{PACKAGE}.{one}."):
                assert not any(f"{target}.".startswith(f"{PACKAGE}.{other}.") for target in targets), name
