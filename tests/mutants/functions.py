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

    @cached_property
    def _first_lines(self) -> dict[str, tuple[int, int]]:
        return {name: (first, last) for first, _, last, name in reversed(self._functions)}

    def first_line(self, function: str) -> int:
        """Return the line of a function's ``def``, 1 for the module."""
        return self._first_lines[function][0] if function else 1

    def text_of(self, function: str) -> str:
        """Return a function's text, the whole file for the module."""
        if not function:
            return self.text
        first, last = self._first_lines[function]
        return "\n".join(self._lines[first - 1 : last])

    def statement_at(self, line: int) -> range:
        """Return the lines of the innermost statement around a line, without the statements within it."""
        around = [
            node for node in ast.walk(self.tree)
            if isinstance(node, ast.stmt | ast.excepthandler) and node.lineno <= line <= (node.end_lineno or line)
        ]  # fmt: skip
        if not around:
            return range(line, line + 1)
        innermost = max(around, key=lambda node: (node.lineno, -(node.end_lineno or 0)))
        body = getattr(innermost, "body", None)
        end = max(line, body[0].lineno - 1) if body else innermost.end_lineno or line
        return range(innermost.lineno, end + 1)

    def assigned_at(self, line: int) -> set[str]:
        """Return the names that the statement around a line gives a value, or defines."""
        lines = self.statement_at(line)
        names = set()
        for node in ast.walk(self.tree):
            if getattr(node, "lineno", 0) in lines:
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    names.add(node.id)
                elif isinstance(node, ast.ClassDef):
                    names.add(node.name)
        return names

    def function_at(self, line: int, signature: bool = False) -> str:
        """Return the qualified name of the innermost function with ``line`` (from 1) in its body, "" outside of all.

        With ``signature`` its defaults count too: they are its own, although they are worked out when the module is imported.
        """
        around = [
            (last - body, name) for first, body, last, name in self._functions if (first if signature else body) <= line <= last
        ]
        return min(around)[1] if around else ""
