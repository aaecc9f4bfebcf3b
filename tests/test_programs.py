"""What both programs have in common: ``python -m``, the version, completion, and how a signal ends them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from functools import partial
from importlib.metadata import version
from pathlib import Path

import pytest

from theory_sim.interrupts import raise_interrupts
from theory_sim.loop import deferred_interrupt

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = {"theory_sim": "theory-sim", "proofs_check": "proofs-check"}
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "80"}
# As from a terminal, even if this test runs in a background job, where a shell has Ctrl-C ignored.
HEAR = partial(signal.signal, signal.SIGINT, signal.default_int_handler)
SWEEP = 'name = "long"\nseeds = [0, 1, 2, 3]\n[fields]\nd = 40\nm_W = 200\nm_V = 400\nmax_tau = 1e6\n'


@pytest.mark.parametrize("module", PROGRAMS)
def test_version_and_completion(module: str) -> None:
    def said(*arguments: str, **more: str) -> str:
        done = subprocess.run([sys.executable, "-m", module, *arguments], capture_output=True, text=True, check=True,
                              env={**ENVIRONMENT, **more})  # fmt: skip
        return done.stdout

    name = PROGRAMS[module]
    assert said("--version") == f"{name} {version('theory-sim')}\n"
    variable = f"_{name.upper().replace('-', '_')}_COMPLETE"
    assert "show" in said(**{variable: "complete_bash", "COMP_WORDS": f"{name} s", "COMP_CWORD": "1"}).split()
    # The shell that runs the tests need not be one that has completion, so none is looked for.
    assert variable in said("--show-completion", "bash", _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("module", PROGRAMS)
def test_a_signal_within_the_imports_ends_in_one_line(module: str, number: int, tmp_path: Path) -> None:
    """A module that is imported first, in place of typer, sends it: no traceback, and nothing is swallowed."""
    (tmp_path / "typer.py").write_text(f"import os, time\ntry:\n    os.kill(os.getpid(), {int(number)})\n    time.sleep(5)\n"
                                       "except BaseException:\n    pass\n")
    environment = {**ENVIRONMENT, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    done = subprocess.run([sys.executable, "-m", module, "--help"], capture_output=True, text=True, check=False,
                          env=environment, preexec_fn=HEAR)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", f"{PROGRAMS[module]}: interrupted\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_within_a_command_ends_in_one_line(number: int) -> None:
    code = (f"import os, sys, theory_sim.regimes as r; r.regime = lambda *a, **b: os.kill(os.getpid(), {int(number)})\n"
            "from theory_sim.__main__ import main; sys.argv = ['x', 'check', '--preset', 'quick']; main()")  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=ENVIRONMENT,
                          preexec_fn=HEAR)  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "theory-sim: interrupted\n")


def test_sigterm_is_deferred_where_it_is_handled() -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with deferred_interrupt():  # a program of the user's: SIGTERM is left to the system
            assert signal.getsignal(signal.SIGTERM) == before[signal.SIGTERM]
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a job in the background
        raise_interrupts()
        with deferred_interrupt() as interrupted:
            signal.raise_signal(signal.SIGINT)
            assert not interrupted.is_set()
            signal.raise_signal(signal.SIGTERM)
            assert interrupted.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_ctrl_c_again_after_a_second_is_not_deferred(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a sweep and its run, each of which defers, the first is one; SIGTERM may come as often as it likes."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    now = 100.0
    monkeypatch.setattr("theory_sim.loop.interrupted.time.monotonic", lambda: now)
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        raise_interrupts()
        for _ in range(2):  # once it is over, the next one has a first of its own
            with deferred_interrupt() as outer, pytest.raises(KeyboardInterrupt):
                with deferred_interrupt() as inner:
                    signal.raise_signal(signal.SIGTERM)
                    assert inner.is_set() and not outer.is_set()
                    now += 10.0
                    signal.raise_signal(signal.SIGINT)
                    now += 0.9
                    signal.raise_signal(signal.SIGINT)
                    now += 10.0
                    signal.raise_signal(signal.SIGTERM)
                now += 10.0
                with deferred_interrupt():
                    signal.raise_signal(signal.SIGINT)
            assert outer.is_set()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@pytest.mark.tier2
def test_sigterm_ends_a_sweep_as_ctrl_c_does(tmp_path: Path) -> None:
    """Workers end with it, and no semaphore is left to multiprocessing's tracker, which would say so."""
    (tmp_path / "long.toml").write_text(SWEEP)
    process = subprocess.Popen([sys.executable, "-m", "theory_sim", "sweep", "run", "long.toml", "--workers", "2", "-q"],
                               cwd=tmp_path, env=ENVIRONMENT, text=True, stderr=subprocess.PIPE)  # fmt: skip
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("runs/long/runs/*.partial")) and time.monotonic() < deadline:
        time.sleep(0.1)
    process.terminate()
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130 and "theory-sim sweep resume" in said, said
    assert "semaphore" not in said and len(said.splitlines()) == 1, said
