"""THEORY §8, §16: the closure against its equations written out, the closed forms it contains, and its own grid."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.theory import closure_reference as reference
from theory_sim import Experiment
from theory_sim.closure.of_experiment import get_closure
from theory_sim.errors import InputError
from theory_sim.theory import learning_times as times
from theory_sim.theory.arc_cosine import KernelConstants, kernel_constants
from theory_sim.theory.closure import Closure, ClosureProblem, patch_q, solve_closure
from theory_sim.theory.crossings import learning_time
from theory_sim.theory.overlap import P_error

BASE = {"d": 200, "kappa": 0.5, "q0": 0.3, "r": 0.5, "alpha_min": 0.0, "lambda_": 2e-4, "eta_1": 16.0, "tau_xi": 1.0,
        "max_tau": 1000.0, "schedule": "S"}  # fmt: skip
LAST_ROW = {**BASE, "q0": 0.5, "r": 0.3, "alpha_min": 0.5, "lambda_": 5e-4}
WIDE = {**BASE, "d": 400, "r": 0.4, "max_tau": 2000.0}


class Given:
    """Rates step by step; ``together`` lets the closure take steps of one rate at once."""

    annealed_tau = math.nan
    smooth = False

    def __init__(self, rates: list[float], *, together: bool = False) -> None:
        self._rates, self._together = rates, together
        self._tau = np.concatenate([[0.0], np.cumsum(rates)])

    def mean(self, tau: float, rate: float, steps: int) -> float:
        return rate

    def rate(self, tau: float, training_loss: float, step: int) -> float:
        return self._rates[min(int(np.searchsorted(self._tau, tau * (1 - 1e-12))), len(self._rates) - 1)]

    def largest(self) -> float:
        return max(self._rates)

    def until(self, tau: float) -> float:
        return math.inf if self._together else tau

    def threshold(self) -> float:
        return -math.inf


def problem(**fields: Any) -> ClosureProblem:
    return ClosureProblem(**{
        "d": 12, "n_examples": 40, "p0": 0.2, "q0": 0.3, "g0": 0.8, "r": 0.6, "alpha_min": 0.2, "alpha_max": 1.3,
        "lambda_": 0.01, "tau_xi": 0.05, "tau_0": 0.3, "max_tau": 1e9, **fields,
    })  # fmt: skip


def agree(course: Closure, slow: reference.Course, tolerance: float) -> None:
    for name in ("signal", "loss_P", "loss_Q", "loss_both"):  # NaN where there is no such example
        np.testing.assert_allclose(getattr(course, name), getattr(slow, name), rtol=0, atol=tolerance, err_msg=name)
    np.testing.assert_allclose(np.stack([course.g_z, course.g_outer], axis=1), slow.g, rtol=0, atol=tolerance)
    signal, interference = np.array(slow.signal[1:]), np.array(slow.interference[1:])
    with np.errstate(invalid="ignore"):  # nothing learnt, where the start's noise is 0
        np.testing.assert_allclose(course.overlap[1:], signal / np.sqrt(signal**2 + interference), rtol=0, atol=tolerance)


probability = st.sampled_from([0.0, 0.05, 0.3, 0.5])


@settings(max_examples=10)
@given(
    p0=probability, q0=probability, g0=st.floats(0.0, 2.0), r=st.floats(0.05, 2.0), alpha_min=st.floats(0.0, 1.0),
    d=st.integers(2, 60), n_examples=st.integers(3, 300), lambda_=st.sampled_from([0.0, 1e-3, 0.02]),
    tau_xi=st.sampled_from([0.0, 0.02, 0.3]), rates=st.lists(st.floats(0.2, 6.0), min_size=4, max_size=10),
    patterns=st.sampled_from(["moving", "frozen", "redrawn"]), leak=st.sampled_from([0.0, 0.3, -0.7, 1.0]),
)  # fmt: skip
def test_step_by_step_it_is_its_equations(rates: list[float], patterns: str, leak: float, **fields: Any) -> None:
    """Every term of it, for any parameters: single steps against plain sums over all earlier ones."""
    of = problem(**fields, max_steps=len(rates), constants=kernel_constants(leak, 1.0))
    course = solve_closure(ClosureProblem(**{**vars(of), "patterns": patterns}), Given(rates))
    agree(course, reference.solve(of, rates, patterns, (leak, 1.0)), 1e-7)  # arcsin of 1 - 1e-16 in the reference
    np.testing.assert_allclose(course.tau, np.concatenate([[0.0], np.cumsum(rates)]), rtol=1e-12)


def test_a_course_in_which_every_term_counts() -> None:
    """As above, long enough that reaction, memory and interference are all far above the tolerance."""
    rates = [4.0] * 12 + [1.5] * 20
    of = problem(max_steps=len(rates))
    course = solve_closure(of, Given(rates))
    slow = reference.solve(of, rates)
    agree(course, slow, 1e-13)
    # What each false version changes at the end: other code, so that the reference itself is seen to depend on it.
    others = {"n_examples": 41, "d": 13, "tau_xi": 0.06, "lambda_": 0.011, "r": 0.61, "g0": 0.81, "p0": 0.21}
    for fields in ({name: value} for name, value in others.items()):
        other = solve_closure(problem(max_steps=len(rates), **fields), Given(rates))
        assert abs(other.overlap[-1] - course.overlap[-1]) + abs(other.g_outer[-1] - course.g_outer[-1]) > 1e-4, fields


@pytest.mark.parametrize("slopes", [(0.4, 1.0), (-0.3, 1.0), (1.0, 1.0), (0.2, -0.9)], ids=str)
def test_other_slopes_in_which_every_term_counts(slopes: tuple[float, float]) -> None:
    """Leaky ReLU, linear, and a user's two lines; and what the same comparison says of constants that are nearly right."""
    rates = [4.0] * 12 + [1.5] * 20
    of = problem(max_steps=len(rates), constants=kernel_constants(*slopes))
    slow = reference.solve(of, rates, slopes=slopes)
    agree(solve_closure(of, Given(rates)), slow, 1e-13)
    below, above = slopes
    twins = {
        "a slope off by 1 %": kernel_constants(1.01 * below, above),
        "the mean slope for its square": KernelConstants(abs(below + above) / 2.0, of.constants.arcsine),
        "the slopes' gap for its square": KernelConstants(of.constants.linear, abs(above - below)),
    }
    for name, constants in twins.items():
        if constants != of.constants:  # a linear network has no gap to square
            course = solve_closure(replace(of, constants=constants), Given(rates))
            with pytest.raises(AssertionError):
                agree(course, slow, 1e-5)
            assert name
    assert len({*twins.values(), of.constants}) >= (2 if below == above else 4)


def test_blocks_of_steps_stand_for_single_steps() -> None:
    """Of second order: a quarter of the error for half the length, against the run's own 480 steps."""
    fields = {**BASE, "d": 60, "lambda_": 2e-3, "tau_xi": 0.05, "eta_1": 4.0, "eta_2": 1.0, "max_tau": 480.0}
    e = Experiment(**fields)
    single = get_closure(e, fineness=100.0)
    assert single.tau.size == 481
    errors = []
    for fineness in (0.25, 0.5, 1.0):
        course = get_closure(e, fineness=fineness)
        found = [np.abs(np.interp(course.tau, single.tau, getattr(single, name)) - getattr(course, name)).max()
                 for name in ("loss_P", "loss_Q", "loss_both")]  # fmt: skip
        at_end = [abs(math.log(P_error(course.overlap[-1]) / P_error(single.overlap[-1]))), *found]
        errors.append(at_end)
    assert max(errors[-1]) < 1e-3
    orders = np.log2(np.array(errors[0]) / np.array(errors[1]))
    assert orders.min() > 1.6, (errors, orders)


def test_a_block_takes_few_evaluations(monkeypatch: pytest.MonkeyPatch) -> None:
    """Newton's steps end when they are small: a block takes one, and a look at where it led."""
    own, asked = patch_q._Implicit.residual, []

    def counted(self: Any, g: Any) -> Any:
        asked.append(None)
        return own(self, g)

    monkeypatch.setattr(patch_q._Implicit, "residual", counted)
    blocks = get_closure(Experiment(**BASE)).tau.size - 1
    assert 2 * blocks <= len(asked) < 4 * blocks


@pytest.mark.parametrize("fields", [{}, {"schedule": "L-S"}, {"d": 2000, "max_tau": 16000.0}], ids=["S", "L-S", "d = 2000"])
def test_twice_the_blocks_change_little(fields: dict[str, Any]) -> None:
    coarse, fine = (get_closure(Experiment(**{**LAST_ROW, **fields}), fineness=fineness) for fineness in (1.0, 2.0))
    for name in ("loss_P", "loss_Q"):
        assert learning_time(coarse.tau, getattr(coarse, name), 0.55) == pytest.approx(
            learning_time(fine.tau, getattr(fine, name), 0.55), rel=1e-3)  # fmt: skip
    assert P_error(coarse.overlap[-1]) == pytest.approx(P_error(fine.overlap[-1]), rel=1e-3)


def test_more_nodes_change_little(monkeypatch: pytest.MonkeyPatch) -> None:
    e = Experiment(**{**BASE, "alpha_min": 0.0})
    few = get_closure(e)
    for name, nodes in (("_ALPHA_NODES", 9), ("_MARGIN_NODES", 16), ("_COMMON_NODES", 7), ("_SPREAD_NODES", 5)):
        monkeypatch.setattr(f"theory_sim.theory.closure.examples.{name}", nodes)
    many = get_closure(e)
    for name in ("loss_P", "loss_Q", "loss_both"):
        np.testing.assert_allclose(getattr(few, name), getattr(many, name), atol=2e-6, err_msg=name)
    assert P_error(few.overlap[-1]) == pytest.approx(P_error(many.overlap[-1]), rel=1e-4)


# THEORY §13, infinite-width prototype: mean over 8 data sets, whose standard error is at most 62/824/sqrt(4) = 4 %.
@pytest.mark.parametrize(
    ("fields", "ratio", "tau_q", "tau_p"),
    [(BASE, 1 / 30, 409, 510), (BASE, 1 / 100, 373, 514), (WIDE, 1 / 100, 534, 1120), (LAST_ROW, 1 / 32, 389, 824)],
)
def test_small_rate_learns_at_the_tabulated_times(fields: dict[str, Any], ratio: float, tau_q: float, tau_p: float) -> None:
    course = get_closure(Experiment(**fields, eta_2=16 * ratio))
    assert learning_time(course.tau, course.loss_Q, 0.45) == pytest.approx(tau_q, rel=0.08)
    assert learning_time(course.tau, course.loss_P, 0.45) == pytest.approx(tau_p, rel=0.08)


@pytest.mark.parametrize(
    ("fields", "tau_p", "plateau"), [(BASE, 488, 0.48), (WIDE, 1001, 0.53), (LAST_ROW, 740, 0.59)]
)
def test_large_rate_learns_P_and_keeps_Q_on_its_plateau(fields: dict[str, Any], tau_p: float, plateau: float) -> None:
    course = get_closure(Experiment(**{**fields, "max_tau": 10.0 * fields["d"], "schedule": "constant"}))
    assert learning_time(course.tau, course.loss_P, 0.45) == pytest.approx(tau_p, rel=0.08)
    assert course.loss_Q[-1] == pytest.approx(plateau, abs=0.03)


def test_frozen_patterns_learn_Q_at_the_closed_form() -> None:
    # r small: the separation is slow against the linear part, as the closed form assumes; no P.
    e = Experiment(**{**BASE, "p0": 0.0, "q0": 1.0, "r": 0.02, "lambda_": 0.0, "tau_0": 1.0, "max_tau": 1e4, "eta_2": 1.0,
                      "patterns": "frozen"})  # fmt: skip
    course = get_closure(e)
    assert learning_time(course.tau, course.loss_Q, 0.45) == pytest.approx(times.tau_Q(0.45, r=0.02, p0=0.0), rel=0.02)
    still = get_closure(e.replace(patterns="moving", tau_xi=0.0))
    np.testing.assert_allclose(still.loss_Q, course.loss_Q, rtol=1e-12)


def test_without_memory_P_is_learnt_at_the_closed_form() -> None:
    # Many examples: neither an example's own memory nor the others' interference counts.
    fields = {**BASE, "kappa": None, "N": 10**7, "p0": 0.7, "lambda_": 0.0, "tau_0": 1.0, "tau_xi": 0.0, "eta_2": 1.0}
    course = get_closure(Experiment(**fields))
    assert learning_time(course.tau, course.loss_P, 0.45) == pytest.approx(times.tau_P(0.45, d=200, q0=0.3), rel=0.01)
    # Its distance from one is of order d/N.
    assert 1 - course.overlap[-1] < 1e-3


def test_without_reaction_the_P_error_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """THEORY §16: R := 0 errs 1.3 to 2.2 times as often, and learns P 1 to 2 % early."""
    e = Experiment(**BASE)
    course = get_closure(e)
    monkeypatch.setattr("theory_sim.theory.closure.patch_p._reaction", lambda *_: np.zeros((2, 1)))
    monkeypatch.setattr("theory_sim.theory.closure.patch_p._at_once", lambda *_: np.zeros(2))
    without = get_closure(e)
    assert 1.3 < P_error(without.overlap[-1]) / P_error(course.overlap[-1]) < 3.0
    early = [learning_time(each.tau, each.loss_P, 0.45) for each in (without, course)]
    assert 0.97 < early[0] / early[1] < 0.995


def test_annealing_and_stopping_within_a_block() -> None:
    """Both happen at the first step at which the loss is low enough, however many steps a block would take."""
    e = Experiment(**{**LAST_ROW, "r": 0.4, "schedule": "L-S", "eta_1": 2.0, "eta_2": 0.5, "epsilon_1": 0.12,
                      "epsilon_2": 0.44})  # fmt: skip
    coarse, single = get_closure(e), get_closure(e, fineness=20.0)
    threshold = 0.12 + 0.5 * math.log(2)
    for course in (coarse, single):
        at = int(np.flatnonzero(course.tau == course.annealed_tau)[0])
        assert course.loss[at] <= threshold < course.loss[at - 1]
        assert list(course.rate[at - 1 : at + 1]) == [2.0, 0.5]
        assert course.outcome == "reached_loss" and course.loss[-1] <= 0.44 < course.loss[-2]
    assert single.tau[1] == 2.0 and coarse.tau.size < 0.5 * single.tau.size
    assert coarse.annealed_tau == pytest.approx(single.annealed_tau, abs=2.1)
    assert coarse.final_tau == pytest.approx(single.final_tau, abs=2.1)


@pytest.mark.parametrize("rate", [0.0, -1.0, 6000.0, math.nan])
def test_a_rate_out_of_range_is_an_error(rate: float) -> None:
    with pytest.raises(InputError, match="rate"):
        solve_closure(problem(lambda_=2e-4, max_steps=3), Given([rate]))


def test_too_many_blocks_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("theory_sim.theory.closure.grid.MOST_BLOCKS", 50)
    with pytest.raises(InputError, match="more than 50 blocks"):
        solve_closure(problem(), Given([1.0, 0.5] * 40))


def test_a_start_without_noise_learns_nothing_in_its_first_step() -> None:
    """ReLUs at 0 have no gradient: the course is that of the step after, one step late."""
    course = solve_closure(problem(tau_0=0.0, max_steps=6), Given([2.0] * 6))
    later = solve_closure(problem(tau_0=0.1, max_steps=5), Given([2.0] * 5))  # 2 tau_xi: the level after one step
    np.testing.assert_allclose(course.loss_P[1:], later.loss_P, rtol=1e-12)
    np.testing.assert_allclose(course.g_z[1:], later.g_z, rtol=0, atol=1e-14)


def test_a_long_run_is_resolved_or_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Q needs a time that hardly grows beside a run of 6 d: blocks are short where it learns."""
    e = Experiment(d=10**6, q0=0.3, r=0.0087, lambda_=2.5e-8, eta_2=16e-4, tau_xi=0.001, epsilon_1=0.23, max_tau=6e6)
    frozen = times.tau_Q(0.45, r=e.r, p0=e.p0_value, alpha_min=e.alpha_min, alpha_max=e.alpha_max)
    course = get_closure(e, "S")
    assert learning_time(course.tau, course.loss_Q, 0.45) == pytest.approx(frozen, rel=0.15)
    assert course.final_step == 3_750_000_000 and course.tau.size < 300
    longer = {"d": 10**7, "r": 0.0031, "alpha_min": 0.5, "lambda_": 1.6e-9, "max_tau": 6e7}
    coarse, fine = (get_closure(e.replace(**longer), "S", fineness=fineness) for fineness in (0.3, 1.0))
    assert coarse.loss_Q.max() <= math.log(2.0) + 1e-12
    assert coarse.loss_Q[-1] == pytest.approx(fine.loss_Q[-1], rel=0.01)
    assert coarse.loss_P[-1] == pytest.approx(fine.loss_P[-1], rel=0.01)
    monkeypatch.setattr("theory_sim.theory.closure.patch_q._MOST_NEWTON", 1)
    with pytest.raises(InputError, match="Newton"):
        get_closure(e.replace(**longer), "S")
