"""A pytest plug-in: tests, collected once, wait for requests; each runs some of them in a process forked for it.

Requests and answers are lines of JSON through two files that a process inherits, whose numbers MUTANTS_PIPES has. A request
names ``tests``, the most processor seconds (``limit``), and, with a mutant, its ``file`` and the text there ``before``; the
text with the mistake is in the file, which some tests import themselves. The answer has a ``status`` of pytest's, or TIMEOUT or
UNFIT, and the test that ``failed``.
"""

import contextlib
import gc
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from tests.mutants.swapped import Held, swap

TIMEOUT, UNFIT = -1, -2
"""Statuses that pytest does not have: too long, and that the mutant needs a process of its own."""
IDLE: Final = 10.0
"""Times that a process may take on the clock what it may take on the processor."""
PRELOADED: Final = (
    "cosmic_ray.mutating", "coverage", "flint", "hypothesis", "matplotlib.figure", "mpmath", "numba", "numpy", "pandas",
    "pydantic", "pytest", "rich", "scipy.optimize", "scipy.stats", "sympy", "typer", "xarray", "zarr",
)  # fmt: skip
"""What takes long to import, and is nothing of the project."""


class Waiting:
    """Stands in for pytest's loop over the tests."""

    def __init__(self, requests: int, answers: int) -> None:
        self.requests = os.fdopen(requests)
        self.answers = os.fdopen(answers, "w")
        self.failed: set[str] = set()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        for name in PRELOADED:
            __import__(name)
        items = {item.nodeid: item for item in session.items}
        self.held = Held()
        gc.collect()
        gc.freeze()  # or a fork would copy all memory when it collects
        self._answer({"tests": list(items)})
        for line in self.requests:
            self._answer(self._forked(json.loads(line), items))
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.add(report.nodeid)

    def _answer(self, answer: dict[str, Any]) -> None:
        print(json.dumps(answer), file=self.answers, flush=True)

    def _forked(self, request: dict[str, Any], items: dict[str, pytest.Item]) -> dict[str, Any]:
        reading, writing = os.pipe()
        process = os.fork()
        if not process:
            with os.fdopen(writing, "w") as result:
                os.close(reading)
                json.dump(self._run(request, [items[test] for test in request["tests"] if test in items]), result)
            os._exit(0)
        os.close(writing)
        end = time.monotonic() + IDLE * request["limit"]
        while not (ended := os.waitpid(process, os.WNOHANG))[0] and time.monotonic() < end:
            time.sleep(0.005)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process, signal.SIGKILL)
        signalled = os.waitstatus_to_exitcode(ended[1] if ended[0] else os.waitpid(process, 0)[1])
        with os.fdopen(reading) as result:
            text = result.read()
        if text:
            answer: dict[str, Any] = json.loads(text)
            return answer
        late = signalled in (-signal.SIGXCPU, -signal.SIGKILL)
        return {"status": TIMEOUT if late else signalled or 1, "failed": "" if late else f"ended with status {signalled}"}

    def _run(self, request: dict[str, Any], tests: Sequence[pytest.Item]) -> dict[str, Any]:
        """Run the tests until one fails, in a process of their own."""
        os.setsid()
        limit = int(request["limit"]) + 1 + int(time.process_time())
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
        if "file" in request:
            path = Path(request["file"])
            imported = any(getattr(module, "__file__", None) == str(path) for module in list(sys.modules.values()))
            if imported and not swap(path, request["before"], path.read_text(encoding="utf-8"), self.held):
                return {"status": UNFIT, "failed": ""}
        for test, following in zip(tests, [*tests[1:], None], strict=True):
            try:
                test.config.hook.pytest_runtest_protocol(item=test, nextitem=following)
            except BaseException:  # what ends pytest is a failure of the test
                self.failed.add(test.nodeid)
            if self.failed:
                return {"status": 1, "failed": min(self.failed)}
        return {"status": 0, "failed": ""}


def pytest_configure(config: pytest.Config) -> None:
    requests, answers = os.environ["MUTANTS_PIPES"].split(",")
    config.pluginmanager.register(Waiting(int(requests), int(answers)))
