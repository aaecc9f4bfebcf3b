"""Where the functions of a source file lie."""

import ast
from dataclasses import dataclass
from functools import cached_property

Definition = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """The text of a Python file."""

    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def _lines(self) -> list[str]:
        return self.text.split("\n")

    @cached_property
    def _functions(self) -> list[tuple[int, int, int, str]]:
        """First line, first line of the body, last line, and qualified name."""
        found: list[tuple[int, int, int, str]] = []

        def walk(node: ast.AST, outer: tuple[str, ...]) -> None:
            for child in ast.iter_child_nodes(node):
                if isinstance(child, Definition | ast.ClassDef):
                    name = (*outer, child.name)
                    if isinstance(child, Definition):
                        last = child.end_lineno or child.lineno
                        found.append((child.lineno, child.body[0].lineno, last, ".".join(name)))
                    walk(child, name)
                else:
                    walk(child, outer)

        walk(self.tree, ())
        return found

    def place(self, line: int, column: int) -> tuple[int, int]:
        """Return a place that ast tells, whose columns count bytes, with its column in characters."""
        return line, len(self._lines[line - 1].encode()[:column].decode())

    def function_at(self, line: int, signature: bool = False) -> str:
        """Return the qualified name of the innermost function with ``line`` (from 1) in its body, "" outside of all.

        With ``signature`` its defaults count too: they are its own, although they are worked out when the module is imported.
        """
        around = [
            (last - body, name) for first, body, last, name in self._functions if (first if signature else body) <= line <= last
        ]
        return min(around)[1] if around else ""
