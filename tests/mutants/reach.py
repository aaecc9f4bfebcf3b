"""Which tests run which lines: the first tier of the tests once, under coverage.

The short tests of all files come first, then the long ones. The result of a test file is a JSON file of its own, so that an
interrupted map is continued.
"""

import hashlib
import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from coverage import CoverageData

from tests.mutants.collected import TIER
from tests.mutants.contexts import STAGES
from tests.mutants.functions import Source

AT_ONCE = 30
"""Test files that one process runs: few enough to lose little when interrupted, enough to import the libraries rarely."""
Lines = dict[int, set[str]]


@dataclass
class Reach:
    """What the tests run, and how long each took.

    ``entered`` maps a function, as (file, qualified name), to its lines, counted from its first one, and these to the tests
    that run them; ``digests`` maps it to the digest of its text as it was then. ``seconds`` maps a test to its time. ``failed``
    has the tests that failed without any mutant, ``imported`` the functions that an import or pytest's collection runs. A test
    has the name that pytest gives it; ``file::*`` stands for all tests of the file.
    """

    entered: dict[tuple[str, str], Lines] = field(default_factory=lambda: defaultdict(lambda: defaultdict(set)))
    digests: dict[tuple[str, str], str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)
    imported: set[tuple[str, str]] = field(default_factory=set)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the results of all test files in ``folder``."""
        reach = cls()
        for path in sorted(folder.glob("*.json")):
            result = json.loads(path.read_text(encoding="utf-8"))
            reach.seconds |= result["seconds"]
            reach.failed.update(result["failed"])
            tests = result["tests"]
            reach.imported.update((file, function) for file, function in result["imported"])
            for file, functions in result["entered"].items():
                for function, (digest, lines) in functions.items():
                    reach.digests[file, function] = digest
                    for line, numbers in lines.items():
                        reach.entered[file, function][int(line)].update(tests[number] for number in numbers)
        return reach

    def of(self, file: str, source: Source, function: str, lines: Iterable[int]) -> set[str]:
        """Return the tests that run any of the ``lines`` of a function, or enter it, if its text has changed since."""
        found = self.entered.get((file, function), {})
        if self.digests.get((file, function)) == digest(source, function):
            first = source.first_line(function)
            return {test for line in lines for test in found.get(line - first, ())}
        return self.entering(file, function)

    def entering(self, file: str, function: str) -> set[str]:
        """Return the tests that run any line of a function."""
        return {test for tests in self.entered.get((file, function), {}).values() for test in tests}


def digest(source: Source, function: str) -> str:
    """Return the digest of a function's text."""
    return hashlib.sha256(source.text_of(function).encode()).hexdigest()[:16]


def measure(root: Path, folder: Path, jobs: int, patience: float = 3600.0) -> None:
    """Run the test files of ``root`` that have no result in ``folder`` yet, ``jobs`` processes at a time."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [path.relative_to(root).as_posix() for path in sorted(root.glob("tests/**/test_*.py"))
             if not path.is_relative_to(root / "tests" / "mutants")]  # fmt: skip
    parts: list[tuple[str, list[str]]] = []
    for stage in STAGES:
        missing = [file for file in files if not (folder / result_name(file, stage)).exists()]
        parts += [(stage, missing[start : start + AT_ONCE]) for start in range(0, len(missing), AT_ONCE)]
    with ThreadPoolExecutor(jobs) as pool:
        for seconds in pool.map(lambda part: measure_files(root, folder, *part, patience), parts):
            print(f"map: {seconds:5.0f} s of tests", flush=True)


def result_name(file: str, stage: str) -> str:
    return f"{file.removesuffix('.py').replace('/', '.')}.{stage}.json"


def measure_files(root: Path, folder: Path, stage: str, files: list[str], patience: float) -> float:
    """Run the short or the long tests of files under coverage, write the result of each file, return the seconds of tests."""
    stem = str(folder / result_name(files[0], stage).removesuffix(".json"))
    data_file, times = Path(stem + ".coverage"), Path(stem + ".times")
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1", "MUTANTS_SECONDS": str(times),
                   "MUTANTS_STAGE": stage}  # fmt: skip
    options = ["--rcfile", str(Path(__file__).with_name("coverage.ini")), "--data-file", str(data_file)]
    with Path(stem + ".log").open("w") as log:
        try:
            done = subprocess.run(
                [sys.executable, "-m", "coverage", "run", *options, "-m", "pytest", "-q", "-p", "no:cacheprovider",
                 "-p", "no:xdist", "-p", "tests.mutants.contexts", "--continue-on-collection-errors", *TIER, *files],
                cwd=root, env=environment, stdout=log, stderr=subprocess.STDOUT, check=False, timeout=patience,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return patience
    if done.returncode not in (0, 1, 5):  # 1: a test failed under coverage; 5: no test of the tier
        return 0.0
    measured = json.loads(times.read_text(encoding="utf-8"))
    for file, result in results(root, data_file, files, measured["seconds"], measured["failed"]).items():
        (folder / result_name(file, stage)).write_text(json.dumps(result), encoding="utf-8")
    data_file.unlink(missing_ok=True)
    times.unlink()
    return sum(measured["seconds"].values())


def results(
    root: Path, data_file: Path, files: list[str], seconds: dict[str, float], failed: list[str]
) -> dict[str, dict[str, Any]]:
    """Return the result of each test file."""

    def of_file(tests: Iterable[str], file: str) -> list[str]:
        return sorted(test for test in tests if test.startswith(f"{file}::"))

    data = CoverageData(str(data_file))
    data.read()
    contexts = data.measured_contexts()
    made: dict[str, dict[str, Any]] = {}
    numbers: dict[str, tuple[str, int]] = {}
    imported: set[tuple[str, str]] = set()
    for file in files:
        tests = of_file(contexts, file)
        numbers |= {test: (file, number) for number, test in enumerate(tests)}
        made[file] = {"seconds": {test: seconds[test] for test in of_file(seconds, file)}, "failed": of_file(failed, file),
                      "tests": tests, "entered": {}, "imported": []}  # fmt: skip
    for measured in sorted(data.measured_files()):
        source = Source(Path(measured).read_text(encoding="utf-8"))
        path = Path(measured).relative_to(root).as_posix()
        for line, tests_of_line in data.contexts_by_lineno(measured).items():
            function = source.function_at(line)
            if function and "" in tests_of_line:
                imported.add((path, function))
            for test in tests_of_line:
                if test in numbers:
                    file, number = numbers[test]
                    functions = made[file]["entered"].setdefault(path, {})
                    lines = functions.setdefault(function, (digest(source, function), {}))[1]
                    lines.setdefault(line - source.first_line(function), []).append(number)
    for result in made.values():
        result["imported"] = sorted(imported)
    return made
