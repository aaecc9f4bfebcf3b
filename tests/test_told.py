"""What a user is told where something is near to what was meant, and what a notebook shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from theory_sim import Experiment, learning_order, regime, simulate
from theory_sim.errors import InputError, StoreError
from theory_sim.reading.toml_file import TomlFile
from theory_sim.theory.shown_times import shown_beyond
from theory_sim.trajectory import Trajectory

SMALL = Experiment(d=30, r=0.6, max_tau=200.0)


def test_a_missing_file_is_told_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="preset default prints an experiment"):
        TomlFile(tmp_path / "r-lamda.toml")
    (tmp_path / "r-lambda.toml").write_text("")
    with pytest.raises(InputError, match=r"did you mean 'r-lambda\.toml'"):
        TomlFile(tmp_path / "r-lamda.toml")


def test_a_sweep_is_no_run_and_what_draws_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "sweep.toml").write_text("")
    with pytest.raises(StoreError, match="is a sweep, not a run") as refused:
        Trajectory.load(tmp_path)
    assert "theory-sim plot phase" in str(refused.value)


def test_a_rate_that_annealing_would_raise_is_warned_of() -> None:
    raised = regime(SMALL.replace(schedule="L-S", eta_1=1.0, eta_2=2.0))
    assert any("annealing would raise the rate" in each for each in raised.warnings) and not raised.holds
    for fine in (SMALL.replace(schedule="L-S"), SMALL.replace(schedule="S", eta_1=1.0, eta_2=2.0)):
        assert not any("annealing would raise" in each for each in regime(fine).warnings)


@pytest.mark.parametrize(("fields", "move", "not_"), [
    ({"r": 0.7}, "raise eta_1 with tau_0 = 1, its present value, or several", "max_tau"),  # Q is before P: no longer run helps
    ({"r": 0.7, "tau_0": 0.5}, "lower r, raise lambda, raise eta_1, or several", "present"),  # a number moves with nothing
    ({"max_tau": 30.0}, "raise max_tau, or lower lambda", "eta_1"),  # neither is learnt by then
    ({"max_tau": 200.0, "max_steps": 3}, "raise max_steps, or lower lambda", "max_tau"),  # a longer time would change nothing
    ({"max_tau": 30.0, "max_steps": 300}, "raise max_tau, or lower lambda", "max_steps"),
    ({"epsilon_1": 0.3, "epsilon_2": 0.64}, "lower epsilon_2 or lambda", "max_tau"),
    ({"patterns": "frozen"}, "set patterns = 'moving'", "eta_1"),  # whatever the rate
])  # fmt: skip
def test_what_is_to_be_moved(fields: dict[str, Any], move: str, not_: str) -> None:
    warning = regime(Experiment(**fields)).order_warnings["L-S"][0]
    assert move in warning and not_ not in warning.rpartition(";")[2]


def test_what_lets_S_learn_Q_is_to_be_moved() -> None:
    for fields, move in (({"max_tau": 30.0}, "raise r or max_tau, or lower lambda"),
                         ({"max_tau": 200.0, "max_steps": 3}, "raise r or max_steps, or lower lambda"),
                         ({"epsilon_1": 0.3, "epsilon_2": 0.64}, "raise r, or lower epsilon_2 or lambda")):
        assert regime(Experiment(**fields)).order_warnings["S"][0].endswith(f"; {move}")


def test_a_time_that_is_not_reached_is_said_once() -> None:
    """And by the time that was asked for, not by that at which the last step ended."""
    warning = regime(Experiment(r=0.7)).order_warnings["L-S"][0]
    assert "tau_P (> 1000, " in warning and warning.count("not by") == 1 and "1008" not in warning


def test_both_schedules_stand_in_one_order() -> None:
    assert list(regime(SMALL).predicted_order) == ["L-S", "S"]


def test_a_last_step_past_a_round_time_is_not_shown() -> None:
    assert [shown_beyond(end) for end in (1000.0, 1008.0, 1016.0, 1050.0, 1250.0, 300.0, 57.3)] == [
        "> 1000", "> 1000", "> 1000", "> 1050", "> 1250", "> 300", "> 57.3"]


def test_a_notebook_shows_what_was_learnt() -> None:
    for r in (0.2, 0.9):
        run = simulate(SMALL.replace(schedule="S", r=r), "closure")
        found, shown = learning_order(run), run._repr_html_()
        assert f"<td>order at 0.45 nats</td><td>{found.order}</td>" in shown and "<td>schedule</td><td>S</td>" in shown
    short = simulate(SMALL.replace(schedule="S", max_tau=20.0), "closure")._repr_html_()
    assert "neither learnt" in short and "not by 20" in short
