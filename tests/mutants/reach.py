"""Which tests enter which function: the test files of both tiers once, under coverage.

A file's result is a JSON file of its own, so that an interrupted map goes on where it was.
"""

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from coverage import CoverageData

from tests.mutants.copies import TIERS
from tests.mutants.functions import Source

WHOLE_FILE = "*"
"""Stands for all tests of a file: what fixtures and imports enter, any of its tests may have needed."""


@dataclass
class Reach:
    """What the tests of each file enter, and how long each test took.

    ``entered`` maps a function, as (file, qualified name), to the tests that enter it; ``seconds`` a test to its time;
    ``failed`` has the tests that failed without any mutant. A test has the name that pytest gives it; ``file::*`` stands
    for all tests of the file.
    """

    entered: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    seconds: dict[str, float] = field(default_factory=dict)

    failed: set[str] = field(default_factory=set)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the results of all test files in ``folder``."""
        reach = cls()
        for path in sorted(folder.glob("*.json")):
            result = json.loads(path.read_text(encoding="utf-8"))
            reach.seconds |= result["seconds"]
            reach.failed.update(result["failed"])
            for file, functions in result["entered"].items():
                for function, tests in functions.items():
                    reach.entered[file, function].update(tests)
        return reach


def measure(root: Path, folder: Path, jobs: int, patience: float = 1800.0) -> None:
    """Run each test file of ``root`` that has no result in ``folder`` yet, ``jobs`` at a time."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [path.relative_to(root).as_posix() for path in sorted(root.glob("tests/**/test_*.py"))]
    missing = [file for file in files if not (folder / result_name(file)).exists()]
    with ThreadPoolExecutor(jobs) as pool:
        for file, seconds in zip(
            missing, pool.map(lambda file: measure_file(root, folder, file, patience), missing), strict=True
        ):
            print(f"{file}: {seconds:.0f} s", flush=True)


def result_name(file: str) -> str:
    return file.removesuffix(".py").replace("/", ".") + ".json"


def measure_file(root: Path, folder: Path, file: str, patience: float) -> float:
    """Run one test file under coverage, write its result, return the seconds that its tests took."""
    stem = str(folder / result_name(file).removesuffix(".json"))
    data_file, times = Path(stem + ".coverage"), Path(stem + ".xml")
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    options = ["--rcfile", str(Path(__file__).with_name("coverage.ini")), "--data-file", str(data_file)]
    with Path(stem + ".log").open("w") as log:
        try:
            done = subprocess.run(
                [sys.executable, "-m", "coverage", "run", *options, "-m", "pytest", "-q", "-p", "no:cacheprovider",
                 "-p", "tests.mutants.contexts", *TIERS, file, "--junitxml", str(times)],
                cwd=root, env=environment, stdout=log, stderr=subprocess.STDOUT, check=False, timeout=patience,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return patience
    if done.returncode not in (0, 1, 5):  # 1: a test failed under coverage; 5: no test of the first tier
        return 0.0
    seconds, failed = times_of(times, file)
    result = {"seconds": seconds, "failed": failed, "entered": entered(root, data_file, file) if data_file.exists() else {}}
    (folder / result_name(file)).write_text(json.dumps(result), encoding="utf-8")
    data_file.unlink(missing_ok=True)
    return sum(seconds.values())


def times_of(times: Path, file: str) -> tuple[dict[str, float], list[str]]:
    """Return the seconds of each test, and the tests that failed, from a JUnit file."""
    cases = {f"{file}::{case.attrib['name']}": case for case in ET.parse(times).iter("testcase")}
    failed = [name for name, case in cases.items() if case.find("failure") is not None or case.find("error") is not None]
    return {name: float(case.attrib["time"]) for name, case in cases.items()}, failed


def entered(root: Path, data_file: Path, file: str) -> dict[str, dict[str, list[str]]]:
    """Return for each source file and function the tests of ``file`` that entered it."""
    data = CoverageData(str(data_file))
    data.read()
    result: dict[str, dict[str, list[str]]] = {}
    for measured in data.measured_files():
        source = Source(Path(measured).read_text(encoding="utf-8"))
        tests: dict[str, set[str]] = defaultdict(set)
        for line, contexts in data.contexts_by_lineno(measured).items():
            for context in contexts:
                tests[source.function_at(line)].add(context or f"{file}::{WHOLE_FILE}")
        result[Path(measured).relative_to(root).as_posix()] = {name: sorted(found) for name, found in tests.items()}
    return result
