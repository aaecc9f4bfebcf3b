"""The command line within this process: exit status and what it says."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    from theory_sim.cli import app
    from theory_sim.terminal.program import run_program

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["theory-sim", *map(str, arguments)])
        capsys.readouterr()
        status = run_program(app, "theory-sim")
        found = capsys.readouterr()
        return status, found.out, found.err

    return call
