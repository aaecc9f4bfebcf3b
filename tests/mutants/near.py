"""Which tests a mutant is run against: those that run its line, the short ones before the long ones."""

import ast
import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from pathlib import Path

from tests.mutants.areas import files_of_areas
from tests.mutants.collected import Answer
from tests.mutants.contexts import WHOLE_FILE
from tests.mutants.functions import Definition, Source
from tests.mutants.made import Mutant
from tests.mutants.reach import Reach


class Near:
    """The tests of a tree by the lines that they run.

    ``known`` names the tests that there are, ``recorded`` has the seconds of those that the map has not. A map of another state
    of the tree still serves: a function or a test that has moved is found again by its name, and a test that is not in the map
    is run if its file has one that is near, or names the module.
    """

    def __init__(self, root: Path, reach: Reach, known: Iterable[str], recorded: dict[str, float] | None = None) -> None:
        self._root = root
        self._reach = reach
        self._recorded = recorded or {}
        self._passes: dict[str, bool] = {}
        self._known = set(known) - reach.failed
        self._by_end: dict[str, list[str]] = defaultdict(list)
        for test in self._known:
            self._by_end[_end(test)].append(test)
        self._by_name: dict[str, set[str]] = defaultdict(set)
        for file, function in reach.entered:
            self._by_name[function] |= reach.entering(file, function)

    def tests(self, mutant: Mutant, *, new_first: bool = False) -> list[tuple[str, float]]:
        """Return the tests, and the seconds that each took: the mapped before the others, of these the short ones first.

        With ``new_first`` those that the map does not have come first: of a mutant that the others have not found.
        """
        entering = self._entering(mutant)
        mapped = self._seconds_of(self._running(mutant, entering))
        files = {test.partition("::")[0] for test in self._seconds_of(entering)} | set(self._of_the_name(mutant.file))
        new = {test: self._recorded.get(test, 1.0) for test in self._unmapped if test.partition("::")[0] in files}
        parts = (new, mapped) if new_first else (mapped, new)
        return [each for part in parts for each in _in_order(part)]

    @property
    def imported(self) -> set[tuple[str, str]]:
        """The functions that an import runs."""
        return self._reach.imported

    @cached_property
    def _unmapped(self) -> set[str]:
        mapped = {test for name in self._reach.seconds for test in self._now(name)}
        return self._known - mapped

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

    def _seconds_of(self, names: Iterable[str]) -> dict[str, float]:
        found: dict[str, float] = {}
        for name in names:
            for test in self._now(name):
                seconds = self._reach.seconds.get(test, self._reach.seconds.get(name, 1.0))
                found[test] = min(found.get(test, math.inf), seconds)
        return found

    def _running(self, mutant: Mutant, entering: set[str]) -> set[str]:
        """Return the tests that run a mutant's line; all that enter its function for a default, or where that is not known."""
        source = self._source(mutant.file)
        if mutant.function and source.function_at(mutant.line) == mutant.function and mutant.place in self._reach.entered:
            return self._reach.of(mutant.file, source, mutant.function, source.statement_at(mutant.line))
        return entering

    def _entering(self, mutant: Mutant) -> set[str]:
        """Return the tests that enter a mutant's function, or its callers if none is known: a compiled function is not traced.

        What is outside of functions is run by the tests that enter a function which names it.
        """
        if mutant.function:
            direct = self._reach.entering(mutant.file, mutant.function) or self._by_name.get(mutant.function)
            if direct:
                return direct
            names = {mutant.function.rsplit(".")[-1]}
        else:
            names = self._source(mutant.file).assigned_at(mutant.line)
        reached: set[str] = set()
        seen: set[str] = set()
        while names and not reached:
            seen |= names
            callers = {caller for name in names for caller in self._callers[name]}
            for caller in callers:
                reached |= self._by_name.get(caller, set())
            names = {caller.rsplit(".")[-1] for caller in callers} - seen
        inside = {test for path, function in self._reach.entered if path == mutant.file
                  for test in self._reach.entering(path, function)}  # fmt: skip
        return reached or inside

    def _source(self, file: str) -> Source:
        return Source((self._root / file).read_text(encoding="utf-8"))

    @cached_property
    def _callers(self) -> dict[str, set[str]]:
        """Return for each name the functions that mention it."""
        callers: dict[str, set[str]] = defaultdict(set)
        for file in (file for files in files_of_areas(self._root).values() for file in files):
            source = self._source(file)
            for node in ast.walk(source.tree):
                if isinstance(node, Definition):
                    function = source.function_at(node.body[0].lineno)
                    for name in _names(node):
                        callers[name].add(function)
        return callers

    def _of_the_name(self, file: str) -> Iterator[str]:
        """Yield the test files that name a module."""
        module = file.removesuffix(".py").replace("/", ".")
        named = re.compile(rf"{re.escape(module)}\b|from {re.escape(module.rpartition('.')[0])} import .*\b{Path(file).stem}\b")
        for path in sorted(self._root.glob("tests/**/test_*.py")):
            if Path(file).stem in path.stem or named.search(path.read_text(encoding="utf-8")):
                yield path.relative_to(self._root).as_posix()

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


def _in_order(seconds: dict[str, float]) -> list[tuple[str, float]]:
    """Sort tests by the order of magnitude of their time, those of one file next to each other for the sake of its fixtures."""

    def place(item: tuple[str, float]) -> tuple[int, str, float, str]:
        test, time = item
        return math.ceil(math.log2(max(time, 0.05))), test.partition("::")[0], time, test

    return sorted(seconds.items(), key=place)


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
