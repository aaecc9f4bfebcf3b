"""Which tests a mutant is run against, nearest first: those that enter its function, the short ones before the long ones."""

import ast
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from pathlib import Path

from tests.mutants.areas import files_of_areas
from tests.mutants.copies import Answer
from tests.mutants.functions import Definition, Source
from tests.mutants.made import Mutant
from tests.mutants.reach import WHOLE_FILE, Reach


class Near:
    """The tests of a tree by the functions that they enter.

    ``known`` names the tests that there are. A map of another state of the tree still serves: a function or a test
    that has moved is found again by its name.
    """

    def __init__(self, root: Path, reach: Reach, known: Iterable[str]) -> None:
        self._root = root
        self._reach = reach
        self._passes: dict[str, bool] = {}
        self._known = set(known) - reach.failed
        self._by_end: dict[str, list[str]] = defaultdict(list)
        for test in self._known:
            self._by_end[_end(test)].append(test)
        self._by_name: dict[str, set[str]] = defaultdict(set)
        for (_, function), tests in reach.entered.items():
            self._by_name[function] |= tests

    def tests(self, mutant: Mutant) -> list[tuple[str, float]]:
        """Return the tests, and the seconds that each took, the shortest first."""
        found: dict[str, float] = {}
        for name in self._entering(mutant.file, mutant.function):
            for test in self._now(name):
                found[test] = min(found.get(test, float("inf")), self._seconds(name, test))
        for test in () if found else self._of_the_name(mutant.file):
            found[test] = self._seconds(test, test)
        return sorted(found.items(), key=lambda item: (item[1], item[0]))

    def passes(self, test: str, run: Callable[[str], Answer]) -> bool:
        """Tell whether a test passes without a mutant, by running it once; what fails anyway kills nothing.

        A run that ends without the name of a test that failed has crashed, which no run does without a mutant.
        """
        if ".py" not in test:
            return True
        if test not in self._passes:
            self._passes[test] = run(test).status == 0
            if not self._passes[test]:
                self._known = {known for known in self._known if not known.startswith(test)}
        return self._passes[test]

    def _seconds(self, name: str, test: str) -> float:
        return self._reach.seconds.get(test, self._reach.seconds.get(name, 1.0))

    def _entering(self, file: str, function: str) -> set[str]:
        """Return the tests that enter a function, or its callers if none is known: a compiled function is not traced."""
        direct = self._reach.entered.get((file, function)) or self._by_name.get(function)
        if function and direct:
            return direct
        if function:
            reached: set[str] = set()
            seen, names = set(), {function.rsplit(".")[-1]}
            while names and not reached:
                seen |= names
                callers = {caller for name in names for caller in self._callers[name]}
                for caller in callers:
                    reached |= self._by_name.get(caller, set())
                names = {caller.rsplit(".")[-1] for caller in callers} - seen
            if reached:
                return reached
        return {test for (path, _), tests in self._reach.entered.items() if path == file for test in tests}

    @cached_property
    def _callers(self) -> dict[str, set[str]]:
        """Return for each name the functions that mention it."""
        callers: dict[str, set[str]] = defaultdict(set)
        for file in (file for files in files_of_areas(self._root).values() for file in files):
            source = Source((self._root / file).read_text(encoding="utf-8"))
            for node in ast.walk(source.tree):
                if isinstance(node, Definition):
                    function = source.function_at(node.body[0].lineno)
                    for name in _names(node):
                        callers[name].add(function)
        return callers

    def _of_the_name(self, file: str) -> Iterator[str]:
        """Yield the tests in files that name the module, for one that no test in the map enters."""
        module = file.removesuffix(".py").replace("/", ".")
        named = re.compile(rf"{re.escape(module)}\b|from {re.escape(module.rpartition('.')[0])} import .*\b{Path(file).stem}\b")
        for path in sorted(self._root.glob("tests/**/test_*.py")):
            if Path(file).stem in path.stem or named.search(path.read_text(encoding="utf-8")):
                prefix = path.relative_to(self._root).as_posix() + "::"
                yield from (test for test in self._known if test.startswith(prefix))

    def _now(self, name: str) -> Iterator[str]:
        """Yield the tests that there are by the name of one, or of a whole file, in the map."""
        file, _, test = name.partition("::")
        if test == WHOLE_FILE:
            last = file.rsplit("/")[-1]
            yield from (known for known in self._known if known.partition("::")[0].rsplit("/")[-1] == last)
        elif name in self._known:
            yield name
        else:
            yield from self._by_end.get(_end(name), ())


def _end(test: str) -> str:
    """Return a test's name without the folder of its file."""
    file, _, name = test.partition("::")
    return f"{file.rsplit('/')[-1]}::{name}"


def _names(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            yield part.id
        elif isinstance(part, ast.Attribute):
            yield part.attr
