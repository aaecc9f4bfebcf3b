"""Continuations of one run: bitwise the whole runs with their fields, computed from one beginning."""

from __future__ import annotations

import itertools
import json
import shutil
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.test_resume import assert_same_data
from theory_sim import Engine, Experiment, Trajectory, branch, simulate
from theory_sim.errors import InputError, StoreError
from theory_sim.loop import UnfinishedRun, unfinished_path
from theory_sim.sweeps.branching import _name, combinations

BASE = Experiment(
    d=10, N=40, m_W=16, m_V=24, n_test=6, schedule="L-S", eta_1=2.0, eta_2=0.5, epsilon_1=0.275, tau_0=0.2, tau_xi=0.003,
    lambda_=0.01, max_tau=24.0, record_every=2.0, seed=5, batch_size=9,
    noise_placement="pre-activations-shared", noise_level=0.05,
    noise_annealing="with-rate", observe={"patterns": {"every_steps": 3, "probes": 5}},
)
ENGINES = {"finite": Engine(), "limit": Engine("limit")}


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    simulate(BASE, store=tmp_path / "whole", threads=1)
    return tmp_path / "whole"


@pytest.mark.parametrize("engine", ENGINES.values(), ids=list(ENGINES))
def test_each_is_the_whole_run(engine: Engine, tmp_path: Path) -> None:
    base = BASE.replace(observe={}) if engine.solver.infinite_width else BASE
    engine.run(base, store=tmp_path / "whole", threads=1)
    changes = [{"eta_2": 0.25}, {"eta_2": 0.125, "max_tau": 20.0}, {"noise_factor": 0.5}]
    found = branch(tmp_path / "whole", 7.0, changes, out=tmp_path, threads=1)
    for (path, run), change in zip(found, changes, strict=True):
        assert_same_data(run, engine.run(run.experiment, threads=2))
        assert Trajectory.load(path).experiment == base.replace(name=run.experiment.name, **change)
        assert not unfinished_path(path).exists()
    ends = [run.dataset["train_loss"].values[-1] for _, run in found]
    assert len(set(map(float, ends))) == 3, "they went apart"


@pytest.mark.parametrize(("engine", "optimiser"), [("finite", "heavy-ball"), ("limit", "heavy-ball"), ("finite", "adam")])
def test_what_an_optimiser_keeps_goes_on_from_the_branching_point(engine: str, optimiser: str, tmp_path: Path) -> None:
    """Buffers at finite width; in the limit every step's residuals, their responses, and the clock of the smooth noise."""
    own = {"momentum": 0.8} if optimiser == "heavy-ball" else {"eta_1": 0.2, "eta_2": 0.1}
    base = BASE.replace(schedule="constant", optimiser=optimiser, max_tau=24.0 if optimiser == "heavy-ball" else 2.4,
                        record_every=0.5, observe={}, **own)
    Engine(engine).run(base, store=tmp_path / "whole", threads=1)
    change = {"schedule": "step", "step_tau": 0.5 * base.max_tau, "step_factor": 0.25}
    [(_, run)] = branch(tmp_path / "whole", 0.4 * base.max_tau, [change], out=tmp_path, threads=1)
    assert_same_data(run, Engine(engine).run(base.replace(name=run.experiment.name, **change), threads=2))
    forgetful = Engine(engine).run(base.replace(optimiser="gradient-descent", **change), threads=1)
    assert float(np.abs(run.dataset["f_train"] - forgetful.dataset["f_train"]).max()) > 0.01


def test_what_they_share_is_computed_once(saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from theory_sim.loop import run as loop

    steps: list[int] = []
    advance = loop.Run._advance

    def counted(run: Any, *arguments: Any) -> None:
        steps.append(run.step)
        advance(run, *arguments)

    monkeypatch.setattr(loop.Run, "_advance", counted)
    found = branch(saved, 12.0, combinations({}, {"eta_2": [0.25, 0.2]}), out=tmp_path / "out", threads=1)
    whole = sum(int(run.dataset.attrs["final_step"]) for _, run in found)
    assert steps.count(0) == 1 and len(steps) == whole - 6, "six steps of rate 2 lead to tau = 12"


@pytest.mark.parametrize(("change", "told"), [
    ({"lambda_": 0.02}, "lambda_ changed at a branch"),
    ({"eta_1": 3.0}, "at tau = 0"),
    ({"schedule": "S", "eta_2": 0.5}, "at tau = 0"),
    ({"noise_annealing": 1.0}, "leaves default at tau = 2"),
    ({"max_steps": 2}, "leaves default at tau = 4"),
    ({"max_tau": 6.0}, "at_tau = 7.0"),
    ({"seed": 3}, "seed changed"),
])
def test_what_acts_before_is_refused(change: dict[str, Any], told: str, saved: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=told):
        branch(saved, 7.0, [change], out=tmp_path / "out", threads=1)
    assert not list((tmp_path / "out").glob("*")) or [path.suffix for path in (tmp_path / "out").iterdir()] == [".lock"]


def test_a_change_at_the_point_is_none_before_it(saved: Path, tmp_path: Path) -> None:
    """The false twin of a refusal: one step later the same change is refused."""
    assert branch(saved, 2.0, [{"noise_annealing": 2.0}], out=tmp_path / "a", threads=1)
    with pytest.raises(InputError, match="leaves default at tau = 2"):
        branch(saved, 4.0, [{"noise_annealing": 2.0}], out=tmp_path / "b", threads=1)


@pytest.mark.tier2
def test_continuations_that_are_there(saved: Path, tmp_path: Path) -> None:
    changes = combinations({}, {"eta_2": [0.25, 0.2, 0.1]})
    first = branch(saved, 4.0, changes, out=tmp_path / "out", threads=1)
    (path, run), *_ = first
    unfinished = unfinished_path(first[1][0])
    before = path.stat().st_mtime_ns
    shutil.rmtree(first[1][0])
    with UnfinishedRun(first[1][0]) as begun:  # killed before its first checkpoint
        begun.create(first[1][1].experiment, {"name": "finite"}, (), force=False)
    shutil.rmtree(first[2][0])
    again = branch(saved, 4.0, changes, out=tmp_path / "out", threads=1)
    assert path.stat().st_mtime_ns == before and not unfinished.exists()
    for (_, one), (_, other) in zip(first, again, strict=True):
        assert_same_data(one, other)
    simulate(BASE.replace(name=run.experiment.name), store=tmp_path / "c" / path.name)
    with pytest.raises(StoreError, match="exists"):
        branch(saved, 4.0, changes, out=tmp_path / "c")


def test_lists_and_long_lists_in_names() -> None:
    pieces = [[[4, 2.0], [8, rate]] for rate in (0.5, 16)]
    base = BASE.replace(schedule="pieces", pieces=pieces[0])
    assert [_name(base, {"pieces": each}) for each in pieces] == ["default-pieces-4-2.0-8-0.5", "default-pieces-4-2.0-8-16"]
    long = {"pieces": [[float(until), 1.0] for until in range(1, 40)]}
    assert base.replace(name=_name(base, long)).name == "default-branch", "a name may not be longer"


def test_engines_and_times_that_cannot(saved: Path, tmp_path: Path) -> None:
    plain = BASE.replace(observe={}, batch_size=None, noise_placement="none")
    simulate(plain, "closure", store=tmp_path / "closure")
    with pytest.raises(InputError, match="less than a second"):
        branch(tmp_path / "closure", 5.0, [{"eta_2": 0.1}], out=tmp_path)
    simulate(plain, "limit", time="flow", store=tmp_path / "flow")
    with pytest.raises(InputError, match="look ahead"):
        branch(tmp_path / "flow", 5.0, [{"eta_2": 0.1}], out=tmp_path)
    for at_tau in (0.0, 24.0, float("nan")):
        with pytest.raises(InputError, match="a time in"):
            branch(saved, at_tau, [{"eta_2": 0.1}], out=tmp_path)
    for at_tau in (True, "5"):
        with pytest.raises(InputError, match="a number"):
            branch(saved, at_tau, [{"eta_2": 0.1}], out=tmp_path)  # type: ignore[arg-type]


def test_command_line(saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from theory_sim.cli import app
    from theory_sim.terminal.program import run_program

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["theory-sim", "branch", str(saved), *arguments, "--out", str(tmp_path / "out"), "-q"])
        status = run_program(app, "theory-sim")
        return (status, *capsys.readouterr())

    status, out, _ = run("--at-tau", "4", "--set", "eta_2=0.25/0.125", "--set", "max_tau=20", "--format", "json")
    told = json.loads(out)
    assert status in (0, 1) and [row["tau"] for row in told["continuations"]] == [20.0, 20.0]
    assert [row["run"] for row in told["continuations"]] == [
        f"default-max_tau-20-eta_2-{rate}-L-S-seed5" for rate in (0.25, 0.125)]
    status, _, error = run("--at-tau", "4", "--set", "eta_2=0.25", "--set", "eta_2=0.3")
    assert status == 2 and "each field once" in error
    status, _, error = run("--at-tau", "4", "--set", "lambda=0.25")
    assert status == 2 and "first step" in error
    assert np.isfinite(told["continuations"][0]["train_loss"])


def test_what_is_refused_is_refused_after_an_interruption_too(saved: Path, tmp_path: Path) -> None:
    """What stopped before the branching point is computed again, so that each step is compared."""
    change = {"schedule": "step", "step_tau": 3.0, "step_factor": 0.25}
    stops: list[int] = []

    def progress(experiment: Experiment) -> Any:
        def stop(step: int, tau: float, loss: float) -> None:
            stops.append(step)
            signal.raise_signal(signal.SIGINT)

        return stop

    [(path, run)] = branch(saved, 7.0, [change], out=tmp_path, threads=1, progress=progress)
    assert run.outcome == "interrupted" and unfinished_path(path).exists() and stops
    with pytest.raises(InputError, match=r"leaves .* at tau = "):
        branch(saved, 7.0, [change], out=tmp_path, threads=1)
    assert not path.exists()
    allowed = {"eta_2": 0.25}
    [(path, run)] = branch(saved, 7.0, [allowed], out=tmp_path, threads=1, progress=progress)
    assert run.outcome == "interrupted"
    [(path, run)] = branch(saved, 7.0, [allowed], out=tmp_path, threads=1)
    assert_same_data(run, simulate(run.experiment, threads=2))


def test_the_table_of_continuations_fits_80_columns(saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from typer.testing import CliRunner

    from theory_sim.cli import app

    monkeypatch.setenv("COLUMNS", "80")
    out = tmp_path / "out"
    result = CliRunner().invoke(app, ["branch", str(saved), "--at-tau", "4", "--set", "eta_2=0.25/0.125", "--set", "max_tau=20",
                                      "--out", str(out)])  # fmt: skip
    table = result.stdout.split("run: ")[0]
    assert max(len(line) for line in table.splitlines() if str(out) not in line) <= 80  # a path stays whole
    words = " ".join(table.split())
    assert "Continuations from tau = 4" in words and "learnt below 0.45" in words and "not learnt" not in words
    assert {"all", "P-only", "Q-only", "both", "tau_P", "tau_Q", "order"} <= set(words.split())
    assert "> 20" in words and "neither" in words
    name = "default-max_tau-20-eta_2-0.25-L-S-seed5"
    firsts = [line.split()[0] for line in table.splitlines() if line.strip()]
    start = next(i for i, first in enumerate(firsts) if first.startswith("default-"))
    parts = list(itertools.takewhile(lambda part: part.endswith("-"), firsts[start:]))
    assert "".join(firsts[start : start + len(parts) + 1]) == name, "broken behind hyphens alone"
    paths = [str(out / f"default-max_tau-20-eta_2-{rate}-L-S-seed5") for rate in (0.25, 0.125)]
    shown = CliRunner().invoke(app, ["show", *paths])
    assert shown.exit_code == 0 and max(map(len, shown.stdout.splitlines())) <= 80
    rows = json.loads(CliRunner().invoke(app, ["show", *paths, "--format", "json"]).stdout)["schedules"]
    assert [row["experiment"] for row in rows] == [f"default-max_tau-20-eta_2-{rate}" for rate in (0.25, 0.125)]
    again = CliRunner().invoke(app, ["show", *paths, paths[0]])
    assert "repeats another run" in str(again.exception)
