"""An experiment against the theorem's conditions: the report repeats what theory_sim finds; a suggestion is the nearest one."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from proofs_check import check_constants, suggest
from proofs_check.cli import app
from proofs_check.suggest import FREE, least_margin, moves
from theory_sim.errors import InputError
from theory_sim.experiment import Experiment
from theory_sim.regime import conditions_of, regime
from theory_sim.theory.noise_law import noise_levels

FAR = Experiment(r=0.6)


def largest_move(old: Experiment, new: Experiment) -> float:
    return max(abs(math.log(getattr(new, name) / getattr(old, name))) for name in FREE)


@pytest.mark.parametrize("preset", ["default", "quick"])
def test_the_report_repeats_the_regime_and_is_json(preset: str) -> None:
    experiment = Experiment.preset(preset)
    report = check_constants(experiment)
    assert report.applies == regime(experiment).holds
    assert {arm.schedule: arm.order for arm in report.arms} == {"L-S": "P first", "S": "Q first"}
    told = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert told["applies"] is report.applies and set(told["arms"][0]["tau_Q"]) == {"0.45", "0.5", "0.55"}
    assert set(report.moves) == {row.name for row in conditions_of(experiment) if not row.holds}


def test_noise_and_samples_by_hand() -> None:
    e = Experiment()
    report = check_constants(e)
    annealed = report.arms[0].annealed_tau
    level = e.tau_0_value**2
    for _ in range(round(annealed / e.eta_1)):
        level = (1 - e.eta_1 * e.lambda_) ** 2 * level + (e.eta_1 * e.tau_xi) ** 2
    assert math.isclose(report.noise.at_annealing, math.sqrt(level), rel_tol=1e-12)
    assert math.isclose(noise_levels([e.eta_1], e.lambda_, e.tau_xi, 1.0)[0], 1.0)
    ratio = report.noise.decorrelation_after / report.noise.decorrelation_before
    assert math.isclose(ratio, e.eta_2 / e.eta_1, rel_tol=1e-12)
    assert (report.samples.P_only, report.samples.holding_P, report.samples.holding_Q) == (100.0, 400.0, 700.0)
    assert report.samples.needed < report.samples.enough


def test_a_single_move_ends_on_the_bound() -> None:
    failed = [row for row in conditions_of(FAR) if not row.holds and moves(FAR, row.name)]
    assert failed
    for row in failed:
        move = moves(FAR, row.name)[0]
        if move.parameter in ("d", "m_V"):
            continue
        there = FAR.replace(**{move.parameter: getattr(FAR, move.parameter) * move.factor})
        margin = next(each.margin for each in conditions_of(there) if each.name == row.name)
        assert math.isclose(margin, 1.0, rel_tol=1e-6)


def test_a_suggestion_meets_the_conditions_and_nothing_nearer_does() -> None:
    near = suggest(FAR, conditions="deciding")
    assert least_margin(FAR, "deciding") < 1.0 <= least_margin(near, "deciding")
    assert (near.n_examples, near.g0) == (FAR.n_examples, FAR.g0)
    radius = largest_move(FAR, near)
    rng = np.random.default_rng(5)
    # False twin of "nearest": at 0.97 of the distance none of 3000 experiments meets them, corners of the box first.
    corners = list(itertools.product((-1.0, 1.0), repeat=len(FREE)))
    for shifts in [*corners, *rng.uniform(-1.0, 1.0, (3000 - len(corners), len(FREE)))]:
        moved = {name: getattr(FAR, name) * math.exp(0.97 * radius * s) for name, s in zip(FREE, shifts, strict=True)}
        moved |= {"d": round(moved["d"]), "m_V": 2 * round(moved["m_V"] / 2)}
        assert least_margin(FAR.replace(**moved, N=FAR.n_examples, kappa=None), "deciding") < 1.0


def test_a_suggestion_against_a_grid() -> None:
    free = ("r", "lambda_")
    near = suggest(FAR, conditions="deciding", free=free)
    steps = np.linspace(-2.0, 2.0, 161)
    def meets(a: float, b: float) -> bool:
        return least_margin(FAR.replace(r=FAR.r * math.exp(a), lambda_=FAR.lambda_ * math.exp(b)), "deciding") >= 1.0

    met = [max(abs(a), abs(b)) for a, b in itertools.product(steps, steps) if meets(a, b)]
    assert met
    assert abs(largest_move(FAR, near) - min(met)) <= 0.026  # a step of the grid


def test_what_meets_them_stays_and_the_impossible_is_said() -> None:
    assert suggest(Experiment(), conditions="deciding") == Experiment()
    with pytest.raises(InputError, match="N = 800"):
        suggest(Experiment())
    for wrong in ({"free": ("N",)}, {"free": ()}, {"conditions": "some"}):
        with pytest.raises(InputError):
            suggest(Experiment(), **wrong)  # type: ignore[arg-type]


def test_command_line(tmp_path: Path) -> None:
    run = CliRunner().invoke
    file, out = tmp_path / "far.toml", tmp_path / "near.toml"
    FAR.to_toml(file)
    done = run(app, ["constants", str(file), "--suggest", "--conditions", "deciding", "--out", str(out)])
    assert done.exit_code == 1 and "FAILS" in done.output and "r = " in done.output, done.output
    assert Experiment.from_toml(out) == suggest(FAR, conditions="deciding")
    as_json = run(app, ["constants", "--preset", "quick", "--format", "json"])
    assert json.loads(as_json.output)["applies"] is (as_json.exit_code == 0)
    for words in (["--out", "x"], ["--format", "xml"], [str(file), "--preset", "quick"], ["--suggest", "--out", str(out)]):
        assert isinstance(run(app, ["constants", *words]).exception, InputError)
