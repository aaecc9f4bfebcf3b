"""Stored runs and sweeps of which a file is altered: said, and never shown as if it were what was written."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.bases import TINY
from tests.fuzz.folder import listing
from tests.fuzz.outcome import call
from tests.fuzz.property import faults
from tests.fuzz.sizes import first, night
from tests.fuzz.stored import Alteration, alterations, altered
from tests.fuzz.world import make_sweep
from theory_sim import Experiment, simulate

OF_A_RUN: Final = (("show", "run"), ("show", "run", "--format", "json"), ("resume", "run"), ("plot", "decomposition", "run"),
                   ("branch", "run", "--at-tau", "5", "--set", "d=0"))  # fmt: skip
OF_A_SWEEP: Final = (("sweep", "status", "swept"), ("sweep", "gc", "swept"), ("sweep", "compare", "swept", "P_error"),
                     ("sweep", "collect", "swept"), ("sweep", "resume", "swept", "--workers", "0", "-q"),
                     ("sweep", "extend", "swept", "--seeds", "0:2", "--workers", "0", "-q"))  # fmt: skip
READS: Final = OF_A_RUN[:2]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run in a folder of its own, by the closure: no compiled function is needed."""
    folder = tmp_path_factory.mktemp("a-run") / "run"
    simulate(Experiment(name="tiny", **TINY), "closure", store=folder)
    return folder


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("a-sweep") / "swept"
    make_sweep(folder)
    return folder


def require_said(run: Path, alteration: Alteration, words: tuple[str, ...]) -> None:
    """A verb on an altered run ends as documented, touches nothing, and prints no number of a run that is another one."""
    with altered(run, alteration) as other:
        before = listing(run.parent)
        outcome = call("theory-sim", *words)
        found = faults(outcome, before, listing(run.parent))
        if other and words in READS and outcome.status == 0:
            found.append("shown as if it were unaltered")
    assert not found, (found, words, alteration, outcome.err)


def require_continued(swept: Path, alteration: Alteration, words: tuple[str, ...]) -> None:
    """A verb on an altered sweep, which may change the sweep's own files alone."""
    with altered(swept, alteration):
        copied = swept.parent / "copy"
        shutil.copytree(swept, copied, symlinks=True, copy_function=_copy)
    try:
        copied.rename(swept.with_name("case"))
        case = [("case" if word == "swept" else word) for word in words]
        before = {name: state for name, state in listing(swept.parent).items() if not name.startswith("case")}
        outcome = call("theory-sim", *case)
        found = faults(outcome, before, listing(swept.parent), own=("case",))
    finally:
        shutil.rmtree(swept.with_name("case"), ignore_errors=True)
    assert not found, (found, words, alteration, outcome.err)


def _copy(source: str, target: str) -> None:
    """A file's copy; a pipe, which has no end, becomes a pipe."""
    if Path(source).is_fifo():
        os.mkfifo(target)
    else:
        shutil.copy2(source, target)


@first("stores")
@given(st.data())
def test_stored_runs(run: Path, data: Any) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(run.parent)
        require_said(run, data.draw(alterations(run)), data.draw(st.sampled_from(OF_A_RUN)))


@pytest.mark.slow
@night("stores")
@given(st.data())
def test_stored_runs_and_sweeps_at_night(run: Path, swept: Path, data: Any) -> None:
    with pytest.MonkeyPatch.context() as patch:
        if data.draw(st.booleans()):
            patch.chdir(run.parent)
            require_said(run, data.draw(alterations(run)), data.draw(st.sampled_from(OF_A_RUN)))
        else:
            patch.chdir(swept.parent)
            require_continued(swept, data.draw(alterations(swept)), data.draw(st.sampled_from(OF_A_SWEEP)))
