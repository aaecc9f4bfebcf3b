"""Runs in the limit that end before their end: their tab is closed, or their process dies."""

from __future__ import annotations

import time
from typing import Any

import pytest

from theory_sim.experiment import Experiment
from theory_sim.explore.limit_run import Failed, LimitRun, Progress
from theory_sim.explore.page import Page

SMALL = Experiment(name="small", d=30, r=0.6, max_tau=50.0)


class Fake:
    """A run that is under way."""

    experiment = SMALL
    cancelled = 0

    def cancel(self) -> None:
        self.cancelled += 1


def test_a_closed_tab_ends_its_run() -> None:
    document = pytest.importorskip("bokeh.document", reason="the extra 'explore' is not installed").Document()
    page, run = Page(document, SMALL, None, "", ""), Fake()
    page._run = run  # type: ignore[assignment]
    for callback in document.session_destroyed_callbacks:
        callback(None)
    assert run.cancelled == 1
    page.close()  # as at the program's end
    assert run.cancelled == 1


@pytest.mark.tier2
def test_a_process_that_dies_is_told() -> None:
    run = LimitRun(SMALL.replace(max_tau=1e6), "limit", {})
    found: Any = None
    until = time.monotonic() + 60
    while not isinstance(found, Progress) and time.monotonic() < until:
        time.sleep(0.05)
        found = run.poll()
    assert isinstance(found, Progress) and 0.0 <= found.share < 1.0
    run._process.kill()
    while not isinstance(found, Failed) and time.monotonic() < until:
        time.sleep(0.05)
        found = run.poll()
    assert isinstance(found, Failed) and "killed by signal SIGKILL" in found.message
    run.cancel()
