"""The tests of a copy of the project, collected once by a process that waits for requests (see waiting)."""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

TIER: Final = ("-m", "not tier2 and not slow and not benchmark")
"""The first tier of the tests."""
OPTIONS: Final = ("-q", "--tb=line", "-p", "no:cacheprovider", "-p", "no:xdist", *TIER,
                  "-W", "ignore::pytest.PytestAssertRewriteWarning")  # fmt: skip
"""Plug-ins of libraries were imported before pytest could rewrite their assertions, of which no test needs to know."""


@dataclass(frozen=True)
class Answer:
    """How a command ended: its status, TIMEOUT if it was stopped, and its output."""

    status: int
    output: str

    @property
    def failed_test(self) -> str:
        """The first test that pytest reports as failed, or the output's last line."""
        found = re.search(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", self.output, re.MULTILINE)
        return found[1] if found else (self.output.strip().splitlines() or [""])[-1]


class Collected:
    """A process that has collected all tests of a copy, and runs some of them in a fork of its own when asked to."""

    def __init__(self, folder: Path, settings: dict[str, str]) -> None:
        (their_requests, requests), (answers, their_answers) = os.pipe(), os.pipe()
        self._log = tempfile.TemporaryFile("w+")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "pytest", "-s", *OPTIONS, "-p", "tests.mutants.waiting", "--ignore=tests/mutants", "tests"],
            cwd=folder, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log, pass_fds=(their_requests, their_answers),
            env={**os.environ, **settings, "MUTANTS_PIPES": f"{their_requests},{their_answers}"},
        )  # fmt: skip
        os.close(their_requests)
        os.close(their_answers)
        self._requests, self._answers = os.fdopen(requests, "w"), os.fdopen(answers)
        first = self._answers.readline()
        if not first:
            self._log.seek(0)
            raise SystemExit(f"without a mutant, the tests cannot be collected:\n{self._log.read()}")
        self.tests: list[str] = json.loads(first)["tests"]

    def run(self, tests: Sequence[str], limit: float, file: Path | None = None, before: str = "") -> Answer:
        """Run tests until one fails, for ``limit`` processor seconds at most.

        With the mutant that stands in ``file``, whose text ``before`` has none; UNFIT if it needs another process.
        """
        request = {"tests": tests, "limit": limit} | ({"file": str(file), "before": before} if file else {})
        print(json.dumps(request), file=self._requests, flush=True)
        answer = json.loads(self._answers.readline())
        return Answer(answer["status"], f"FAILED {answer['failed']}" if answer["failed"] else "")

    def close(self) -> None:
        self._requests.close()
        self._process.wait()
        self._answers.close()
        self._log.close()
