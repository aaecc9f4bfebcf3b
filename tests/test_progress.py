"""What a caller sees of a run while it continues."""

from __future__ import annotations

import importlib
import io
import itertools
import math

import pytest
from rich.console import Console
from rich.progress import Progress, Task

from theory_sim import Experiment, Plan, simulate
from theory_sim.loop import run as loop
from theory_sim.terminal.progress import _BESIDE_NAME, _run_columns, _shown_name
from theory_sim.trajectory import Trajectory

# Cut again and again, a rate takes most of its steps after the last record but one.
CUT = Experiment(d=20, N=80, m_W=6, m_V=6, n_test=2, schedule="step", step_tau=13.0, max_tau=45.0)


def watched(engine: str) -> tuple[Trajectory, list[tuple[int, float, float]]]:
    calls: list[tuple[int, float, float]] = []

    def progress(*call: float) -> None:
        calls.append((int(call[0]), *call[1:]))

    if engine == "finite":
        return simulate(CUT, threads=1, progress=progress), calls
    return simulate(CUT, "limit", time="flow" if engine == "flow" else "steps", threads=1, progress=progress), calls


@pytest.mark.parametrize("engine", ["finite", "limit", "flow"])
def test_many_steps_between_two_records_are_reported_as_time_passes(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, records = watched(engine)
    assert [call[0] for call in records] == plain.dataset["step"].values.tolist()

    clock = itertools.count(0.0, loop._REPORT_SECONDS / 7.5)
    monkeypatch.setattr(loop.time, "monotonic", lambda: next(clock))
    seen, calls = watched(engine)
    assert_same(seen, plain)
    steps = [call[0] for call in calls]
    assert steps == sorted(set(steps)) and set(steps) > {call[0] for call in records}
    assert all(math.isfinite(loss) and 0.0 <= tau <= 45.1 for _, tau, loss in calls)
    # Between two records every eighth visit reports: the clock is read once a visit.
    gaps = [b - a for a, b in itertools.pairwise(steps)]
    assert max(gaps) == 8


def assert_same(a: Trajectory, b: Trajectory) -> None:
    import xarray

    drop = [name for name in ("seconds",) if name in a.dataset.attrs]
    left, right = (run.dataset.assign_attrs({name: 0 for name in drop}) for run in (a, b))
    xarray.testing.assert_identical(left, right)


def test_a_search_is_shown_on_a_terminal_alone(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """On standard error; the answer on standard output is the same."""
    from typer.testing import CliRunner

    from proofs_check.cli import app
    from proofs_check.falsify import Falsification

    module = importlib.import_module("proofs_check.falsify")
    monkeypatch.setattr(module, "attempt", lambda *_, **__: Falsification(None, 7, 0.0))
    said = []
    for terminal in ("", "1"):
        monkeypatch.setenv("FORCE_COLOR", terminal) if terminal else monkeypatch.delenv("FORCE_COLOR", raising=False)
        said.append(CliRunner().invoke(app, ["falsify", "sheppard"]))
    assert said[0].exit_code == said[1].exit_code == 0 and said[0].stdout == said[1].stdout
    assert "searching" not in said[0].stderr and "searching for a counterexample to sheppard" in said[1].stderr


@pytest.mark.parametrize("name", ["default", "warm-up-stable-decay", "a-name-of-which-a-line-has-no-room"])
def test_a_line_of_80_columns_keeps_state_and_times(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of the times says which it is."""
    e = Experiment(name=name, schedule="warm-up-stable-decay", warm_up=1.0, decay_time=10.0, max_tau=1000.0)
    out = io.StringIO()
    with Progress(*_run_columns(), console=Console(file=out, width=80)) as bar:
        task = bar.add_task(_shown_name(e, 80 - _BESIDE_NAME), total=e.max_tau, tau="0", end="1000", step=0, loss="-")
        bar.update(task, completed=999.5, tau="999", step=100000, loss="0.4999")
        monkeypatch.setattr(Task, "elapsed", property(lambda self: 5600.0))
        monkeypatch.setattr(Task, "time_remaining", property(lambda self: 89.4 * 3600))
    (line,) = out.getvalue().strip().splitlines()
    assert line.endswith("tau 999/1000 step 100000 loss 0.4999 1.6 h so far, 89.4 h left") and len(line) <= 80


def test_a_name_says_its_schedule_once() -> None:
    e = Experiment(name="cyclic", schedule="cyclic", cycle=100.0)
    assert e.run_name == "cyclic-seed0" == _shown_name(e, 40)
    assert _shown_name(e.replace(name="other"), 40) == "other-cyclic-seed0"
    assert _shown_name(e.replace(name="n" * 40), 20) == "cyclic seed 0"
    for schedule in ("L-S", "S"):  # which is what tells the runs of a comparison apart
        assert _shown_name(Experiment(name="default-one", schedule=schedule, seed=3), 14) == f"{schedule} seed 3"
    assert [_shown_name(run, 14, 15) for run in Plan.of(Experiment.preset("quick"), ("L-S", "S"))] == ["L-S seed 0", "S seed 0"]
    assert _shown_name(e.replace(schedule="warm-up-stable-decay", warm_up=1.0, decay_time=1.0), 14) == "warm-up…seed 0"
