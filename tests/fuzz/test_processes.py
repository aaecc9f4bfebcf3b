"""Cases as real processes, with a bound of memory and words that are no text: nightly, and some in the second tier."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz import bases, files
from tests.fuzz.folder import listing
from tests.fuzz.lines import command_lines
from tests.fuzz.outcome import Outcome
from tests.fuzz.property import faults
from tests.fuzz.sizes import PROCESSES, SOME_PROCESSES
from tests.fuzz.test_command_lines import clear, own_places, with_report
from tests.fuzz.world import make_world

ROOT: Final = Path(__file__).parents[2]
MEMORY: Final = 6 * 2**30
"""Bytes of address space: the libraries and their threads reserve about half of it."""
SECONDS: Final = 120
_FILE: Final = "case.toml"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_world(tmp_path_factory.mktemp("world"))


def run(words: tuple[str, ...], folder: Path) -> Outcome:
    """A command line as a process of its own, with a bound of its memory; one that hangs raises TimeoutExpired."""
    program, *rest = words
    module = program.replace("-", "_")
    done = subprocess.run(
        [sys.executable, "-m", module, *(os.fsencode(word) for word in rest)], cwd=folder, capture_output=True, check=False,
        timeout=SECONDS, stdin=subprocess.DEVNULL, env={**os.environ, "COLUMNS": "80", "PYTHONPATH": str(ROOT)},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
    )  # fmt: skip
    out, err = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
    return Outcome(program, tuple(rest), done.returncode, out, err, 0.0)


def require_ended(words: tuple[str, ...], content: bytes, world: Path) -> None:
    (world / _FILE).write_bytes(content)
    before = listing(world)
    outcome = run(words, world)
    after = listing(world)
    outcome, report = with_report(outcome, world, before, after)
    clear(world, before, after)
    found = faults(outcome, before, after, own=(*own_places(words), *report))
    assert not found, (found, words, content, outcome.err, outcome.out[-500:])


# A line of any verb, or a drawn file that is checked or declared.
CASES: Final = st.one_of(
    st.tuples(command_lines(), st.just(b"")),
    st.tuples(st.just(("theory-sim", "check", _FILE)), files.tables(bases.experiments())),
    st.tuples(st.just(("theory-sim", "sweep", "run", _FILE, "--workers", "0", "--out", "taken.txt")),
              files.tables(bases.sweeps())),
)  # fmt: skip
QUIET: Final = [HealthCheck.function_scoped_fixture]


@pytest.mark.tier2
@settings(max_examples=SOME_PROCESSES, suppress_health_check=QUIET)
@given(CASES)
def test_some_processes(world: Path, case: tuple[tuple[str, ...], bytes]) -> None:
    require_ended(*case, world)


@pytest.mark.slow
@settings(max_examples=PROCESSES, suppress_health_check=QUIET)
@given(CASES)
def test_processes_at_night(world: Path, case: tuple[tuple[str, ...], bytes]) -> None:
    require_ended(*case, world)
