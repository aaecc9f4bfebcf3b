"""Ctrl-C where no run hears it: between two runs, and before, in and after their tables. The end says what to type."""

from __future__ import annotations

import importlib
import shlex
import signal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer

from tests.test_hostile_input import call
from theory_sim.cli import app
from theory_sim.cli.demo import _run as run_part
from theory_sim.engines import Engine
from theory_sim.experiment import Experiment
from theory_sim.sweeps.plan import Plan
from theory_sim.terminal.output import Output
from theory_sim.trajectory import Trajectory

RUN = ["run", "--compare", "L-S,S", "--set", "name=tiny", "--set", "d=10", "--set", "m_W=20", "--set", "m_V=40",
       "--set", "max_tau=20.0", "--set", "n_test=5", "--out", "my runs", "-q"]  # fmt: skip
SWEEP = 'name = "tiny"\nengine = ["closure"]\n[fields]\nd = 10\nmax_tau = 20.0\nn_test = 5\n[product]\nr = [0.3, 0.6]\n'


def stop(*_: Any, **__: Any) -> Any:
    raise KeyboardInterrupt


def theory_sim(*words: str) -> tuple[int, str]:
    return call(app, "theory-sim", *words)


def command_of(said: str) -> list[str]:
    """What the last line says to type."""
    return shlex.split(said.strip().splitlines()[-1].partition("theory-sim ")[2])


def test_ctrl_c_while_a_run_is_saved_keeps_it_and_begins_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    save = Trajectory.save

    def saved(self: Trajectory, *given: Any, **options: Any) -> Any:
        found = save(self, *given, **options)
        signal.raise_signal(signal.SIGINT)
        return found

    with monkeypatch.context() as patched:
        patched.setattr(Trajectory, "save", saved)
        status, said = theory_sim(*RUN)
    assert status == 130 and "1 of 2 runs done" in said and command_of(said) == RUN, said
    (kept,) = (path for path in (tmp_path / "my runs").glob("*") if path.is_dir())
    assert Trajectory.load(kept).outcome != "interrupted"
    assert theory_sim(*command_of(said))[0] in (0, 1)


@pytest.mark.parametrize("before", [0, 1])
def test_a_comparison_is_continued_by_the_same_command(before: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run, begun = Engine.run, 0

    def interrupted(self: Engine, *given: Any, **options: Any) -> Trajectory:
        nonlocal begun
        begun += 1
        if begun > before:
            raise KeyboardInterrupt
        return run(self, *given, **options)

    with monkeypatch.context() as patched:
        patched.setattr(Engine, "run", interrupted)
        status, said = theory_sim(*RUN)
    assert status == 130 and f"{before} of 2 runs done" in said and command_of(said) == RUN, said
    assert len([path for path in (tmp_path / "my runs").glob("*") if path.is_dir()]) == before
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "my runs").glob("*")}
    assert theory_sim(*command_of(said))[0] in (0, 1)
    assert all(path.stat().st_mtime_ns == time for path, time in kept.items())
    with monkeypatch.context() as patched:  # in the table after the last run
        patched.setattr("theory_sim.sweeps.over_seeds.summarise", stop)
        status, said = theory_sim(*RUN, "--force")
    assert status == 130 and command_of(said) == [*RUN, "--force"], said


def test_after_the_last_run_it_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr("theory_sim.sweeps.over_seeds.summarise", stop)
        status, said = theory_sim(*RUN)
    assert status == 130 and "all runs are done" in said
    assert theory_sim(*command_of(said)) == (0, "")


def test_a_sweep_says_how_to_continue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.toml").write_text(SWEEP)
    with monkeypatch.context() as patched:
        patched.setattr("theory_sim.sweeps.collect.collect", stop)
        status, said = theory_sim("sweep", "run", "tiny.toml", "--workers", "0", "--out", "my runs", "-q")
    assert status == 130 and "finished runs are kept" in said, said
    assert theory_sim(*command_of(said), "-q", "--workers", "0") == (0, "")


@pytest.mark.parametrize("where", ["theory_sim.sweeps.store.SweepStore.status", "theory_sim.sweeps.run.run_sweep",
                                   "theory_sim.sweeps.collect.collect"])
def test_the_same_command_continues_a_sweep(where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupted before its runs, in them or in the summary; finished it is shown, another one of its name refused."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.toml").write_text(SWEEP)
    words = ["sweep", "run", "tiny.toml", "--workers", "0", "--out", "my runs", "-q"]
    with monkeypatch.context() as patched:
        patched.setattr(where, stop)
        status, said = theory_sim(*words)
    assert status == 130 and "theory-sim sweep " in said, said
    assert theory_sim(*words) == (0, "")
    assert theory_sim(*words) == (0, "")
    status, said = theory_sim(*words[:-1])
    assert status == 0 and "holds this sweep already, finished" in said
    (tmp_path / "tiny.toml").write_text(SWEEP.replace("0.6", "0.9"))
    status, said = theory_sim(*words)
    assert status == 2 and "another sweep" in said


def test_a_study_says_how_to_continue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("theory_sim.studies.run_study.run_study", stop)
    words = ["study", "regularisation", "--size", "small", "--out", "my studies"]
    status, said = theory_sim(*words)
    assert status == 130 and "finished runs are kept" in said and command_of(said) == words


@pytest.mark.parametrize("before", [0, 1])
def test_a_branch_says_how_many_continuations_are_done(before: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert theory_sim(*(word for word in RUN if word not in ("--compare", "L-S,S")))[0] in (0, 1)
    words = ["branch", "my runs/tiny-L-S-seed0", "--at-tau", "10", "--set", "eta_2=0.25/0.125", "--out", "my runs", "-q"]
    resume, asked = importlib.import_module("theory_sim.sweeps.branching").resume, 0

    def interrupted(*given: Any, **options: Any) -> Any:
        nonlocal asked
        asked += 1
        if asked > before:
            raise KeyboardInterrupt
        return resume(*given, **options)

    with monkeypatch.context() as patched:
        patched.setattr("theory_sim.sweeps.branching.resume", interrupted)
        status, said = theory_sim(*words)
    assert status == 130 and f"{before} of 2 continuations done" in said and command_of(said) == words, said
    assert theory_sim(*words)[0] in (0, 1)


def test_resume_names_the_runs_that_are_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(importlib.import_module("theory_sim.engines"), "resume", stop)
    status, said = theory_sim("resume", "a b", "c")
    assert status == 130 and command_of(said) == ["resume", "a b", "c"]


def test_the_demo_says_what_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    ended = [(Path(outcome), SimpleNamespace(outcome=outcome, message="interrupted at step 3"))
             for outcome in ("reached_loss", "interrupted")]
    plan = Plan.of(Experiment(), ("L-S", "S"), (0, 1))
    for left, said in (("2 more", "1 of 4 runs done, then 2 more; finished"), ("", "1 of 4 runs done; finished")):
        with pytest.raises(typer.Exit):
            run_part(plan, SimpleNamespace(run=lambda progress: ended), Output("text", quiet=True), left=left)  # type: ignore[arg-type]
        assert said in capsys.readouterr().err
