"""Places in the package's code by what stands there, not by file, line or spelling, and mistakes put there.

A scope is the end of the dotted name of a module, class or function: ``Layer.evaluate``, ``train.clock``. A pattern is
Python in which ``$NAME`` stands for any expression, the same one wherever the name is used again (ast-grep's syntax). So
neither a file that moves, nor a variable of a new name, nor a line broken elsewhere breaks an anchor; a scope of a new name
does, loudly.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from ast_grep_py import SgNode, SgRoot

ROOT = Path(__file__).parents[1]
PACKAGES = ("theory_sim", "proofs_check")


class NoAnchorError(Exception):
    """A scope or a pattern that does not fit exactly once."""


def scopes(path: str, text: str) -> Iterator[tuple[str, int, int]]:
    """Yield the dotted name of a module and of each class and function in it, with its first and its last line."""
    module = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    yield module, 1, text.count("\n") + 1
    pending: list[tuple[str, ast.AST]] = [(module, ast.parse(text))]
    while pending:
        outer, node = pending.pop()
        for child in ast.iter_child_nodes(node):
            name = outer
            if isinstance(child, ast.FunctionDef | ast.ClassDef):
                name = f"{outer}.{child.name}"
                yield name, child.lineno, child.end_lineno or child.lineno
            pending.append((name, child))


def mistaken(scope: str, find: str, put: str, root: Path = ROOT) -> tuple[str, str]:
    """Return the file, relative to ``root``, that holds a scope, and its text with ``put`` for the one fit of ``find``.

    Raises
    ------
    NoAnchorError
        If not exactly one scope has that name, or ``find`` does not fit exactly once in it.
    """
    texts = _texts(root)
    last = scope.rsplit(".", 1)[-1]
    named = [(file, first, end) for file, text in texts.items() if last in file or last in text
             for name, first, end in _scopes_of(file, text) if f".{name}".endswith(f".{scope}")]  # fmt: skip
    if len(named) != 1:
        raise NoAnchorError(
            f"{scope!r} names {len(named)} modules, classes or functions, not one: {[name[0] for name in named]}"
        )
    file, first, end = named[0]
    tree = SgRoot(texts[file], "python").root()
    fits = [node for node in tree.find_all(pattern=find) if first <= node.range().start.line + 1 <= end]
    if len(fits) != 1:
        raise NoAnchorError(f"{find!r} fits {len(fits)} times in {scope} ({file}), not once")
    return file, tree.commit_edits([fits[0].replace(_filled(put, fits[0]))])


@cache
def _texts(root: Path) -> dict[str, str]:
    """Text of each module under ``root``, read once, since nothing changes them while tests run."""
    return {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8")
            for package in PACKAGES for path in sorted((root / package).rglob("*.py"))}  # fmt: skip


@cache
def _scopes_of(file: str, text: str) -> tuple[tuple[str, int, int], ...]:
    return tuple(scopes(file, text))


def _filled(put: str, fit: SgNode) -> str:
    def text(name: re.Match[str]) -> str:
        found = fit.get_match(name[1])
        if found is None:
            raise NoAnchorError(f"${name[1]} of {put!r} is not in the pattern")
        return found.text()

    return re.sub(r"\$([A-Z][A-Z0-9_]*)", text, put)
