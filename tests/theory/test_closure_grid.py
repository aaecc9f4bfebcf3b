"""The closure's blocks: how long they are, and when steps are followed one by one (`theory_sim.theory.closure.grid`)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from theory_sim import Engine, Experiment, simulate
from theory_sim.closure.mean_field.solve import follow_particles
from theory_sim.closure.of_experiment import get_closure
from theory_sim.errors import InputError
from theory_sim.sweeps.over_seeds import summarise
from theory_sim.theory.closure import ClosureProblem
from theory_sim.theory.closure.grid import Grid
from theory_sim.theory.conditions import top_curvature
from theory_sim.theory.overlap import P_error

RUN, BLOCKS, RATE = 1000.0, 200, 0.001
PROBLEM = ClosureProblem(
    d=100, n_examples=1000, p0=0.1, q0=0.3, g0=1.0, r=0.5, alpha_min=0.5, alpha_max=1.0, lambda_=0.0, tau_xi=0.0, tau_0=1.0,
    max_tau=RUN,
)  # fmt: skip


def grid_and_state(curvature: float) -> tuple[Grid, Any, Any]:
    """A grid of one rate, and examples whose Hessian is so large."""
    rates = SimpleNamespace(largest=lambda: RATE, until=lambda tau: np.inf, smooth=False)
    examples = SimpleNamespace(weight=np.ones(1), v=np.zeros(1))
    residual = SimpleNamespace(slope=np.full((2, 1), curvature), weight=np.zeros(1))
    grid = Grid(PROBLEM, rates, BLOCKS)  # type: ignore[arg-type]
    return grid, examples, residual


def test_blocks_grow_with_the_time_since_the_rate_changed_up_to_their_share_of_the_run() -> None:
    curvature = top_curvature(r=0.5, p0=0.1, alpha_min=0.5, alpha_max=1.0)
    for rate, since, tau in ((RATE, 0.0, 0.0), (RATE, 0.0, 30.0), (RATE, 0.0, 99.0), (RATE, 0.0, 150.0), (RATE, 0.0, 900.0),
                             (2 * RATE, 500.0, 500.0), (2 * RATE, 500.0, 530.0)):  # fmt: skip
        grid, examples, residual = grid_and_state(0.0)
        if since:
            grid.block(100.0, 0, RATE, examples, residual)
        grid.block(since, 0, rate, examples, residual)
        steps, end = grid.block(tau, 0, rate, examples, residual)
        # From a tenth of the run after the change on they have their full length; before, so much less as less time is past.
        length = min(RUN, 10 * (tau - since + 1 / curvature)) / BLOCKS
        assert steps * rate == pytest.approx(end - tau, rel=1e-9) == pytest.approx(length, abs=0.6 * rate)


def test_so_many_overshooting_steps_are_followed_one_by_one() -> None:
    grid, examples, residual = grid_and_state(1e6)
    single = 0
    while grid.block(RATE * single, single, RATE, examples, residual)[0] == 1:
        single += 1
    assert single == 300


@pytest.mark.parametrize("v", [1.1, 3.0, 8.0])
@pytest.mark.parametrize("weight", [0.5, 0.2])
def test_a_step_overshoots_where_the_patterns_own_part_is_too_sharp(v: float, weight: float) -> None:
    """All slopes are w (1 - w): w*'s outlier of a Wishart matrix, or the edge of its bulk where v is small."""
    grid, examples, residual = grid_and_state(0.0)
    examples.v, residual.weight = np.array([v]), np.array([weight])
    delta, along = PROBLEM.n_examples / PROBLEM.d, v**2 - 1
    top = (1 + np.sqrt(delta)) ** 2 if along**2 * delta < 1 else (1 + delta * along) * (1 + 1 / along)
    limit = 1.9 * 4 * PROBLEM.n_examples / ((top + 1) * weight * (1 - weight))
    assert [grid._overshoots(share * limit, examples, residual) for share in (0.99, 1.01)] == [False, True]


def test_blocks_are_short_beside_the_time_in_which_what_is_learnt_decays() -> None:
    """A block's sources lie at its centre: with one of 125 / lambda nothing was learnt, at a stated error of 5e-7."""
    e = Experiment(d=100, schedule="S", eta_2=2.0, lambda_=5e-4, max_tau=2e5)
    assert get_closure(e, fineness=0.1).loss[-1] == pytest.approx(0.3943, abs=2e-3)
    assert follow_particles(e.replace(max_tau=3e4), 40, 64).loss[-1] == pytest.approx(0.3943, abs=2e-3)
    with pytest.raises(InputError, match="with lambda"):
        follow_particles(e.replace(max_tau=1e7), 40, 64)


def test_a_loss_that_grows_in_a_block_of_several_steps_is_no_divergence() -> None:
    """Squared loss, steps that are stable: with blocks of ten d the mean field said that they diverge."""
    e = Experiment(d=100, schedule="S", eta_2=2.0, loss="squared", lambda_=1e-6, max_tau=1e4)
    with pytest.raises(InputError, match="steps from tau"):
        follow_particles(e, 10, 64)
    assert follow_particles(e, 100, 64).outcome == "budget_spent"
    unstable = follow_particles(e.replace(eta_2=390.0), 10, 64)
    assert unstable.outcome == "diverged" and unstable.final_step == unstable.step[-1] + 1


@pytest.mark.parametrize(("lambda_", "spans", "longest", "per_decay"), [
    (5e-4, 500, 2.0, 10.0), (2e-3, 240, 2.0, 10.0), (5e-4, 500, np.inf, 1.5), (2e-3, 240, 2.0, 1.5),
])  # fmt: skip
def test_a_run_of_many_d_ends_where_a_shorter_one_does(
    lambda_: float, spans: int, longest: float, per_decay: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P relaxes in some d, and all decays in 1 / lambda: with longer blocks the end was off."""
    e = Experiment(d=100, schedule="S", eta_2=2.0, lambda_=lambda_, max_tau=1e4)
    settled = get_closure(e)
    monkeypatch.setattr("theory_sim.theory.closure.grid._LONGEST_OF_D", longest)
    monkeypatch.setattr("theory_sim.theory.closure.grid._PER_DECAY", per_decay)
    course = get_closure(e.replace(max_tau=100.0 * spans))
    error, expected = (float(P_error(each.overlap[-1], e.g0)) for each in (course, settled))
    near = abs(course.loss[-1] / settled.loss[-1] - 1.0) < 1e-3 and abs(error / expected - 1.0) < 0.02
    assert near == (longest < np.inf and per_decay > 2.0), (course.loss[-1], settled.loss[-1], error, expected)


def test_a_longer_run_of_the_closure_says_that_its_end_may_be_off() -> None:
    e = Experiment(d=2, schedule="S", eta_2=500.0, max_tau=2000.0, tau_0=1.0)
    notes = [summarise([simulate(each, "closure")])[0].note for each in (e, e.replace(max_tau=2500.0))]
    assert ["beyond 1000 d" in note for note in notes] == [False, True] and "1250 d" in notes[1]
    assert Engine("mean-field").solver.caution(e.replace(max_tau=2500.0)) == ""  # it states an error
    closure = Engine("closure").solver
    decaying = [closure.caution(Experiment(d=100, lambda_=2e-3, max_tau=tau)) for tau in (2.5e4, 2.6e4)]
    assert ["beyond 250 d" in each for each in decaying] == [False, True]
