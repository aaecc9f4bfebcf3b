"""Hypothesis profiles, of which HYPOTHESIS_PROFILE chooses one (the default gives every machine the same examples); Ctrl-C;
how long each test took, for tests/durations.py; what changes with each commit."""

import gc
import os
import re
import signal
import sys
from collections.abc import Callable, Generator, Iterator
from typing import Final

import pytest
from hypothesis import HealthCheck, settings

from tests.rotation import VARIABLE, is_turn_of, rotation

# The first example of a compiled function pays for its compilation, so no profile has a deadline.
settings.register_profile("ci", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("dev", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("nightly", parent=settings.get_profile("dev"), max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

# Messages are as wide as this says; pytest-xdist sets it for its workers, and a user's shell may.
os.environ.pop("COLUMNS", None)

DURATIONS: Final = "theory_sim/durations"
"""Key in pytest's cache: test to seconds, the tests of the first tier that the last run held."""
Command = Callable[..., tuple[int, str, str]]
"""What `command` gives: arguments of ``theory-sim`` to its exit status, standard output and standard error."""
LATER_TIERS: Final = {"tier2", "slow", "benchmark"}


class Durations:
    """Adds up setup, call and teardown of each test of the first tier; of all workers, in the process that directs them."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.seconds: dict[str, float] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not LATER_TIERS.intersection(report.keywords):
            self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration

    def pytest_sessionfinish(self) -> None:
        cache: pytest.Cache | None = getattr(self.config, "cache", None)  # pytest -p no:cacheprovider has none
        if cache is not None and self.seconds:
            cache.set(DURATIONS, self.seconds)


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Durations(config))
        os.environ[VARIABLE] = str(rotation())  # the same for all of pytest-xdist's workers


def pytest_report_header() -> str:
    return f"rotation {rotation()} ({VARIABLE}={rotation()} repeats it)"


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is collected stays to the end: half a million objects, among which circles were looked for again and again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


@pytest.hookimpl(tryfirst=True)  # before -m chooses
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if re.search("0x[0-9a-f]{6}", item.nodeid):
            raise pytest.UsageError(f"{item.nodeid} holds an address, which is another one in each worker: give its cases ids")
        if item.get_closest_marker("alternating"):
            item.add_marker("tier2" if is_turn_of(item.nodeid) else "slow")


@pytest.fixture(autouse=True, scope="session")
def no_waiting_for_the_disk() -> Iterator[None]:
    """A test that ends a process loses nothing that was written, and none cuts the power; waiting for the disk was most of a
    stored run's time. tests/storage/test_files.py holds that everything is handed to the disk before it has its name."""
    before = os.fsync
    os.fsync = os.fstat  # type: ignore[assignment]  # which refuses a file that is closed
    yield
    os.fsync = before


@pytest.fixture(autouse=True, scope="session")
def ctrl_c() -> Iterator[None]:
    """A shell has its background jobs ignore Ctrl-C, and so would these tests there."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """The command line within this process, where what a shell sees of a process of its own is not what is asked."""
    from theory_sim.cli import app
    from theory_sim.terminal.program import run_program

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["theory-sim", *map(str, arguments)])
        capsys.readouterr()
        status = run_program(app, "theory-sim")
        found = capsys.readouterr()
        return status, found.out, found.err

    return call
