"""All mutants of a source file: cosmic-ray's operators, less what a rule below leaves out.

Left out, by rule and not by result, is what cannot change a number, a verdict or a figure's data:

- annotations, decorators, ``__all__``, ``raise`` statements and messages of assertions: text, or nothing at run time;
- how a figure looks, as arguments named in ``LOOKS`` say;
- estimates of memory (functions named in ``ESTIMATES``), imports for types alone, and the ``strict`` of a ``zip``, which only
  tells a fault of the program;
- identity put for equality and back (``==`` and ``is``), which the interpreter's shared constants often make the same;
- an arithmetic operator made a bitwise one, or the reverse, which mostly raises TypeError at once and would flatter the tests.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, Final

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

from tests.mutants.functions import Source

UNTOUCHED: Final = {"name", "newline", "string", "endmarker", "fstring_string", "fstring_start", "fstring_end"}
"""Kinds of nodes that no operator changes, left out for speed."""
KINDS: Final = (
    frozenset({"Add", "Sub", "Mul", "Div", "FloorDiv", "Mod", "Pow"}),
    frozenset({"RShift", "LShift", "BitOr", "BitAnd", "BitXor"}),
    frozenset({"Eq", "NotEq", "Lt", "LtE", "Gt", "GtE"}),
    frozenset({"Is", "IsNot"}),
    frozenset({"UAdd", "USub"}),
)
"""An operator is replaced by one of its own kind."""
LEFT_OUT: Final = {"RemoveDecorator", "VariableReplacer", "VariableInserter"}
"""Decorators, and two operators that need the name of a variable."""
LOOKS: Final = {
    "alpha", "bbox_to_anchor", "borderaxespad", "capsize", "cmap", "color", "columnspacing", "constrained_layout", "dpi",
    "edgecolor", "elinewidth", "figsize", "fontsize", "fontweight", "frameon", "ha", "handlelength", "handletextpad",
    "height_ratios", "indent", "label", "labelsize", "labelspacing", "layout", "legend", "linestyle", "linewidth",
    "linewidths", "loc", "ls", "lw", "marker", "markeredgewidth", "markersize", "mew", "ms", "ncol", "ncols",
    "pad", "rotation", "s", "sharex", "sharey", "size", "va", "width_ratios", "zorder",
}  # fmt: skip
ESTIMATES: Final = {"memory", "estimated_bytes"}


@dataclass(frozen=True)
class Mutant:
    """One mistake: which application of which operator in which file, and where that is."""

    area: str
    file: str
    operator: str
    occurrence: int
    line: int
    column: int
    function: str

    @property
    def key(self) -> str:
        return f"{self.file}:{self.operator}:{self.occurrence}"

    @property
    def place(self) -> tuple[str, str]:
        """The file and the function."""
        return self.file, self.function

    def source(self, text: str) -> str:
        """Return the file's text with the mistake."""
        mutated = mutate_code(text, operator(self.operator), self.occurrence)
        assert mutated is not None, self
        return str(mutated)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@cache
def operator(name: str) -> Any:
    return get_operator(f"core/{name}")()


@cache
def names() -> tuple[str, ...]:
    """Return the names of the operators that are used."""

    def used(name: str) -> bool:
        replaced = re.fullmatch(r"Replace(?:Binary|Comparison|Unary)Operator_(\w+)_(\w+)", name)
        if replaced is None:
            return name not in LEFT_OUT
        return replaced[1] == "Delete" or any(set(replaced.groups()) <= kind for kind in KINDS)

    return tuple(sorted(name for name in (full.removeprefix("core/") for full in operator_names()) if used(name)))


def mutants(area: str, file: str, text: str) -> list[Mutant]:
    """Return all mutants of a file, in the order of the text."""
    source = Source(text)
    left_out = list(_left_out(source))
    found: list[Mutant] = []
    count: Counter[str] = Counter()
    for node in ast_nodes(get_ast(text)):
        if node.type in UNTOUCHED:
            continue
        for name in names():
            for start, _ in operator(name).mutation_positions(node):
                if not any(first <= start < last for first, last in left_out):
                    found.append(Mutant(area, file, name, count[name], *start, source.function_at(start[0], signature=True)))
                count[name] += 1
    return found


def by_place(found: list[Mutant]) -> list[list[Mutant]]:
    """Return the mutants of each place (a file's line and column) together."""
    places: dict[tuple[str, int, int], list[Mutant]] = {}
    for mutant in found:
        places.setdefault((mutant.file, mutant.line, mutant.column), []).append(mutant)
    return list(places.values())


def changes(mutant: Mutant, text: str) -> bool:
    """Tell whether a mutant is a program, and another one than the file is, to the parser."""
    try:
        return ast.dump(ast.parse(mutant.source(text))) != ast.dump(ast.parse(text))
    except SyntaxError:  # cosmic-ray takes the ** of {**options} for a power
        return False


Span = tuple[tuple[int, int], tuple[int, int]]


def _left_out(source: Source) -> Iterator[Span]:
    """Yield the spans, from (line, column) to before (line, column), that no mutant is made in."""
    for node in ast.walk(source.tree):
        for part in _parts_left_out(node):
            yield source.place(part.lineno, part.col_offset), source.place(part.end_lineno, part.end_col_offset)


def _parts_left_out(node: ast.AST) -> Iterator[Any]:
    match node:
        case ast.Raise():
            yield node
        case ast.Assert(msg=ast.expr() as message):
            yield message
        case ast.AnnAssign(annotation=annotation):
            yield annotation
        case ast.arg(annotation=ast.expr() as annotation):
            yield annotation
        case ast.FunctionDef(name=name) if name in ESTIMATES:
            yield node
        case ast.FunctionDef() | ast.ClassDef():
            yield from node.decorator_list
            if isinstance(node, ast.FunctionDef) and node.returns is not None:
                yield node.returns
        case ast.Assign(targets=[ast.Name(id="__all__")]) | ast.If(test=ast.Name(id="TYPE_CHECKING")):
            yield node
        case ast.keyword(arg=str() as name) if name in LOOKS or name == "strict":
            yield node.value
        case _:
            pass
