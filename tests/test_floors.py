"""Every import goes down a floor of CONTRIBUTING's table, no modules import each other in a circle, and no file is too long.

Read off the source: imports inside functions and under TYPE_CHECKING count. Not covered: imports by a computed name
(the lazy public names of the package's own ``__init__.py``) and imports from other packages.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "theory_sim"
LONGEST = 400
"""Lines of a file that can be read in one sitting, of a test file too."""


def _sources(root: Path) -> dict[str, str]:
    """Text of each module, by its dotted name below the package; "" is the package's own __init__.py."""
    sources = {}
    for path in (root / PACKAGE).rglob("*.py"):
        parts = path.relative_to(root / PACKAGE).with_suffix("").parts
        sources[".".join(part for part in parts if part != "__init__")] = path.read_text(encoding="utf-8")
    return sources


def _floors(page: str) -> dict[str, int]:
    """Floor of each name that the table lists, names being what stands in backquotes."""
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", page, flags=re.MULTILINE)
    listed = [(name, int(floor)) for floor, text in rows for name in re.findall(r"`(\w+)`", text)]
    assert len(dict(listed)) == len(listed), "each name has one floor"
    return dict(listed)


def _imports(text: str, modules: Mapping[str, str]) -> Iterator[str]:
    """Modules of the package that a module's text imports, wherever the import stands."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports would escape this check"
            # "from a import b" is the module a.b where there is one, else a name in a.
            found = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in found:
            head, _, below = name.partition(".")
            if head == PACKAGE:
                yield below if below in modules else below.rpartition(".")[0]


def _upward(modules: Mapping[str, str], floors: Mapping[str, int]) -> list[str]:
    """Imports between two rows' names that do not go down; the package's own __init__.py is above all."""
    found = []
    for module, text in modules.items():
        own = module.partition(".")[0]
        for target in _imports(text, modules):
            other = target.partition(".")[0]
            if own and own != other and (not other or floors[other] >= floors[own]):
                found.append(f"{module} imports {target or PACKAGE}")
    return found


def test_the_table_lists_every_module_and_package() -> None:
    floors = _floors((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    assert set(floors) == {module.partition(".")[0] for module in _sources(ROOT)} - {""}


def test_every_import_goes_down() -> None:
    modules = _sources(ROOT)
    assert _upward(modules, _floors((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))) == []


def test_no_circles() -> None:
    modules = _sources(ROOT)
    graph = {module: set(_imports(text, modules)) - {module} for module, text in modules.items()}
    assert sum(map(len, graph.values())) > len(graph), "the scan finds imports"
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as circle:
        pytest.fail(f"circle: {' -> '.join(circle.args[1])}")


@pytest.mark.parametrize(
    "planted",
    [
        "from theory_sim.simulate import simulate",
        "import theory_sim.simulate",
        "from theory_sim import simulate",
        "def late():\n    from theory_sim.simulate import simulate",
        "if TYPE_CHECKING:\n    from theory_sim.simulate import simulate",
        "from theory_sim.theory.overlap import error",  # the same floor is not lower
        "from theory_sim import __version__",
    ],
)
def test_an_upward_import_would_be_caught(planted: str) -> None:
    modules = {"": "", "simulate": "", "theory": "", "theory.overlap": "", "errors": "", "numeric": planted}
    floors = {"simulate": 7, "theory": 2, "numeric": 2, "errors": 1}
    assert len(_upward(modules, floors)) == 1
    assert _upward({**modules, "numeric": "from theory_sim.errors import InputError"}, floors) == []


def _too_long(root: Path) -> list[str]:
    """Python files below a folder with more lines than one sitting takes."""
    found = ((path, len(path.read_text(encoding="utf-8").splitlines())) for path in sorted(root.rglob("*.py")))
    return [f"{path.relative_to(root)}: {lines} lines" for path, lines in found if lines > LONGEST]


@pytest.mark.parametrize("folder", [PACKAGE, "proofs_check", "tests", "benchmarks"])
def test_a_file_is_read_in_one_sitting(folder: str) -> None:
    assert _too_long(ROOT / folder) == [], "split it by theme"


def test_a_line_too_many_would_be_noticed(tmp_path: Path) -> None:
    (tmp_path / "whole.py").write_text("x = 1\n" * LONGEST)
    (tmp_path / "part").mkdir()
    (tmp_path / "part" / "long.py").write_text("x = 1\n" * (LONGEST + 1))
    assert _too_long(tmp_path) == [f"{Path('part', 'long.py')}: 401 lines"]
