"""A pytest plug-in: coverage's context is the test that runs, or its file while a fixture of many tests is made.

The processor seconds of each test, and what failed, go to the file that MUTANTS_SECONDS names. MUTANTS_STAGE chooses the tests
that took at most SHORT when pytest ran last, or the others.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from coverage import Coverage

from tests.durations import RECORD

STAGES: Final = ("short", "long")
SHORT: Final = 0.5
"""Seconds of a short test. A test that is not on record is short."""
WHOLE_FILE = "*"
"""Stands for all tests of a file: what a fixture of a module or a session enters, any of them may have needed."""


def spent() -> float:
    """Return the processor seconds of this process and of those that it has waited for; a busy machine does not change them."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


class Contexts:
    """Follows one run of pytest."""

    def __init__(self, coverage: Coverage) -> None:
        self.coverage = coverage
        self.file = ""
        self.seconds: dict[str, float] = {}
        self.failed: set[str] = set()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self.file = item.nodeid.partition("::")[0]
        began = spent()
        result = yield from self._within(item.nodeid)
        self.seconds[item.nodeid] = spent() - began
        return result

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: Any, request: Any) -> Iterator[None]:
        test = request.node.nodeid if fixturedef.scope == "function" else f"{self.file}::{WHOLE_FILE}"
        result = yield from self._within(test)
        self.coverage.switch_context(request._pyfuncitem.nodeid)
        return result

    def _within(self, context: str) -> Iterator[None]:
        self.coverage.switch_context(context)
        try:
            return (yield)
        finally:
            self.coverage.switch_context("")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.add(report.nodeid)

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        recorded = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}
        short = os.environ["MUTANTS_STAGE"] == "short"
        left_out = [item for item in items if (recorded.get(item.nodeid, 0.0) <= SHORT) != short]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]

    def pytest_sessionfinish(self) -> None:
        text = json.dumps({"seconds": self.seconds, "failed": sorted(self.failed)})
        Path(os.environ["MUTANTS_SECONDS"]).write_text(text, encoding="utf-8")


def pytest_configure(config: pytest.Config) -> None:
    coverage = Coverage.current()
    assert coverage is not None, "run this plug-in under coverage"
    config.pluginmanager.register(Contexts(coverage))
