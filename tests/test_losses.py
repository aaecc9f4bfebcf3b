"""Losses that an Experiment can choose: their mathematics, both engines with each, and what depends on which loss it is."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tests.reference import LOSSES as SLOW
from tests.test_agreement import agree
from tests.test_terminal_tables import rendered
from theory_sim import Experiment, simulate
from theory_sim.errors import ExperimentError, InputError
from theory_sim.experiment.choices import LOSSES
from theory_sim.observe.learning_order import learning_order
from theory_sim.regimes import regime, verdict_requirements
from theory_sim.scope import outside_of_theory
from theory_sim.sweeps.over_seeds import summarise
from theory_sim.terminal.tables import shown_level, summary_tables
from theory_sim.theory.conditions import top_curvature
from theory_sim.theory.crossings import HYSTERESIS, LEVELS
from theory_sim.train.losses import Loss, make_loss
from theory_sim.train.schedules import make_schedule
from theory_sim.train.stability import stable_rate_of

OTHERS = ("squared", "exponential", "hinge")
TINY = Experiment(d=8, N=24, m_W=12, m_V=16, n_test=4, max_tau=8.0, record_every=1.0, eta_1=1.0, eta_2=0.25, lambda_=0.01,
                  tau_xi=0.05, epsilon_1=0.3, dtype="float64")  # fmt: skip
MARGINS = np.array([-30.0, -2.0, -0.3, 0.0, 0.4, 0.999, 1.5, 7.0, 40.0])


def made(name: str) -> Loss:
    """The loss of a name."""
    return make_loss(Experiment(loss=name))


@pytest.fixture
def losses() -> Any:
    """The registry, put back afterwards."""
    before = dict(LOSSES._things), LOSSES.names()
    yield LOSSES
    LOSSES._things = before[0]


# -- each loss ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LOSSES.names())
def test_value_and_slope_are_the_written_out_ones(name: str) -> None:
    loss, (value, slope) = made(name), SLOW[name]
    np.testing.assert_allclose(loss.value(MARGINS), [value(v) for v in MARGINS.tolist()], rtol=1e-14)
    np.testing.assert_allclose(loss.slope(MARGINS), [slope(v) for v in MARGINS.tolist()], rtol=1e-14)
    assert loss.value(MARGINS.reshape(3, 3)).shape == (3, 3)
    assert loss.at_zero == pytest.approx(value(0.0), rel=1e-15)
    loss.require_derivative()


@pytest.mark.parametrize("name", LOSSES.names())
def test_the_curvature_is_a_bound_and_that_at_zero_exact(name: str) -> None:
    loss, h = made(name), 1e-4
    v = np.linspace(-5.0, 5.0, 2001) + 0.1 * h  # no margin within h of the hinge's kink but those beside 1
    v = v[np.abs(v - 1.0) > 2 * h]
    second = (loss.slope(v + h) - loss.slope(v - h)) / (2 * h)
    assert second.max() <= loss.curvature * (1 + 1e-6)
    assert loss.curvature_at_zero == pytest.approx(Loss.curvature_at_zero.fget(loss), abs=1e-7)  # type: ignore[attr-defined]


def test_the_logistic_loss_is_what_it_was_before_there_were_others() -> None:
    loss = made("logistic")
    np.testing.assert_array_equal(loss.value(MARGINS), np.logaddexp(0.0, -MARGINS))
    np.testing.assert_array_equal(loss.slope(MARGINS), -np.exp(-np.logaddexp(0.0, MARGINS)))
    assert loss.at_zero == math.log(2) and [loss.at_level(level) for level in LEVELS] == list(LEVELS)


def test_the_squared_loss_is_that_of_labels_of_one() -> None:
    f = np.array([-2.0, 0.3, 1.7])
    for y in (-1.0, 1.0):
        np.testing.assert_allclose(made("squared").value(y * f), (y - f) ** 2 / 2, rtol=1e-15)
        np.testing.assert_allclose(y * made("squared").slope(y * f), f - y, rtol=1e-14)


def test_an_exponential_loss_beyond_the_range_of_numbers_is_infinite() -> None:
    assert made("exponential").value(np.array([-1e4])) == np.inf and made("exponential").slope(np.array([-1e4])) == -np.inf


# -- at finite width, against the slow reference ------------------------------------------------------


AGREEMENT = Experiment(
    d=6, N=22, p0=0.25, q0=0.4, r=0.4, m_W=14, m_V=22, n_test=3, eta_1=0.4, eta_2=0.2, lambda_=0.03, tau_xi=0.15,
    max_steps=10, record_every=0.01, seed=3, dtype="float64", tau_0=0.3,
)


@pytest.mark.parametrize("batch_size", [None, 7])
@pytest.mark.parametrize("name", OTHERS)
def test_runs_agree_with_the_slow_reference(name: str, batch_size: int | None) -> None:
    """The rounding bound of tests/test_agreement.py holds for a curvature of 1 (0.4 x 3 < 2), and 10 times it for e^{-v}."""
    run = agree(AGREEMENT.replace(loss=name, schedule="S", batch_size=batch_size))
    assert run.training_loss[-1] != run.training_loss[0]


@pytest.mark.parametrize("name", OTHERS)
def test_the_schedule_anneals_at_its_own_loss_of_no_output(name: str) -> None:
    e = AGREEMENT.replace(loss=name, schedule="L-S", epsilon_1=0.2, max_steps=14)
    assert make_schedule(e, 0.4).threshold() == pytest.approx(0.2 + 0.4 * SLOW[name][0](0.0))
    agree(e)
    with pytest.raises(ExperimentError, match=r"epsilon_1 \+ q0 l\(0\)"):
        Experiment(loss=name, epsilon_1=0.1, q0=0.2, epsilon_2=0.1 + 0.2 * SLOW[name][0](0.0))


# -- the limit -----------------------------------------------------------------------------------------


LIMIT = TINY.replace(tau_0=1.0, n_test=20, N=40, max_tau=6.0, schedule="S")


def written_out(e: Experiment, slope: Any) -> np.ndarray[Any, Any]:
    """Outputs on the training set after each step, by the double sum of THEORY §7."""
    from theory_sim import draw_data

    data = draw_data(e)
    x = [data.x1.astype(np.float64), data.x2.astype(np.float64)]
    products = [each @ each.T for each in x]
    norms = [np.linalg.norm(each, axis=1) for each in x]
    steps = round(e.max_tau / e.eta_2)
    level2, decay = [e.tau_0_value**2], 1.0 - e.eta_2 * e.lambda_
    for _ in range(steps):
        level2.append(decay**2 * level2[-1] + (e.eta_2 * e.tau_xi) ** 2)
    residuals: list[np.ndarray[Any, Any]] = []
    outputs = [np.zeros(len(data))]
    for t in range(1, steps + 1):
        residuals.append(-data.y * np.array([slope(v) for v in (data.y * outputs[-1]).tolist()]))
        f = np.zeros(len(data))
        for s in range(t):
            rho = decay ** (t - s) * math.sqrt(level2[s] / level2[t])
            for product, norm in zip(products, norms, strict=True):
                cosine = np.divide(product, np.outer(norm, norm), out=np.zeros_like(product), where=np.outer(norm, norm) > 0)
                kernel = product * (math.pi - np.arccos(np.clip(rho * cosine, -1.0, 1.0))) / (2 * math.pi)
                f += e.eta_2 * decay ** (t - s - 1) * (kernel @ residuals[s]) / len(data)
        outputs.append(f)
    return np.array(outputs[-1])


@pytest.mark.parametrize("name", OTHERS)
def test_the_limit_is_the_double_sum(name: str) -> None:
    run = simulate(LIMIT.replace(loss=name), "limit", threads=1, tolerance=1e-12)
    np.testing.assert_allclose(run.dataset["f_train"].values, written_out(LIMIT, SLOW[name][1]), atol=1e-9)


@pytest.mark.parametrize("name", OTHERS)
def test_a_wide_network_comes_near_the_limit(name: str) -> None:
    """Outputs of m = 4000 neurons are off by O(m^{-1/2}); a mistaken slope moves them by its own size."""
    e = LIMIT.replace(loss=name, m_W=4000, m_V=4000, max_tau=4.0)
    wide, limit = simulate(e, threads=1), simulate(e, "limit", threads=1)
    for run in (wide, limit):
        assert run.dataset["train_loss"].attrs["units"] == "1" and name in run.dataset["train_loss"].attrs["long_name"]
    drop = float(limit.history("train_loss")[0] - limit.history("train_loss")[-1])
    assert drop > 0.1
    np.testing.assert_allclose(wide.history("train_loss"), limit.history("train_loss"), atol=0.06 * drop)


@pytest.mark.parametrize("name", ["squared", "exponential"])
def test_the_flow_is_the_limit_of_small_steps(name: str) -> None:
    e = LIMIT.replace(loss=name, tau_xi=0.0, max_tau=4.0)
    flow = simulate(e, "limit", time="flow", time_tolerance=1e-7, threads=1)
    errors = [np.abs(simulate(e.replace(eta_2=rate), "limit", threads=1).dataset["f_train"].values
                     - flow.dataset["f_train"].values).max() for rate in (0.1, 0.05)]  # fmt: skip
    assert errors[1] < 0.05 and errors[0] / errors[1] == pytest.approx(2.0, abs=0.25)  # first order


def test_the_flow_refuses_a_slope_that_jumps() -> None:
    with pytest.raises(InputError, match=r"loss = 'hinge' with time = 'flow'\n.*continuous.*\n.*'squared'"):
        simulate(LIMIT.replace(loss="hinge"), "limit", time="flow")


# -- what depends on the loss ---------------------------------------------------------------------------


def test_the_largest_stable_rate_goes_with_the_curvature_at_zero() -> None:
    stable = stable_rate_of(Experiment())
    assert stable == 2.0 / top_curvature(r=0.3, p0=0.125, alpha_min=0.5, alpha_max=1.0)
    for name, factor in (("squared", 0.25), ("exponential", 0.25), ("hinge", math.inf)):
        assert stable_rate_of(Experiment(loss=name)) == pytest.approx(factor * stable)


def edge(loss: str, share: float) -> Experiment:
    """A run at a share of the largest stable rate, frozen patterns, no noise: gradient descent on a fixed kernel."""
    e = Experiment(d=20, N=60, q0=0.6, p0=0.1, r=0.5, n_test=2, schedule="constant", lambda_=0.0, tau_xi=0.0, tau_0=1.0,
                   loss=loss, alpha_min=1.0, alpha_max=1.0)  # fmt: skip
    rate = share * stable_rate_of(e)
    return e.replace(eta_1=rate, max_tau=400 * rate, max_steps=400, record_every=rate)


def test_squared_loss_diverges_beyond_the_stable_rate_and_not_below() -> None:
    """On a fixed kernel the squared loss is a quadratic form: stable below 2 / (top eigenvalue); the closed form is Q's."""
    below, beyond = (simulate(edge("squared", share), "limit", kernel="frozen", threads=1) for share in (0.7, 1.4))
    assert below.outcome == "budget_spent" and below.history("train_loss")[-1] < below.history("train_loss")[0]
    assert beyond.outcome == "diverged" and "above about" in beyond.message and "limit 1e+06" in beyond.message
    logistic = simulate(edge("logistic", 1.4), "limit", kernel="frozen", threads=1)
    assert logistic.outcome == "budget_spent"  # its curvature falls as outputs grow


def test_a_squared_loss_may_rise_a_lot_and_come_down_again() -> None:
    """The catapult of Lewkowycz et al. (2020): above 2 / (top eigenvalue) large outputs move the patterns of a finite width, so
    that the curvature falls. On the limit's fixed kernel the same rate diverges."""
    e = edge("squared", 2.5).replace(m_W=200, m_V=200, neurons="independent", max_steps=150)
    for seed in range(3):
        losses = simulate(e.replace(seed=seed), threads=1).history("train_loss")
        assert losses.max() > 10 * losses[0] and losses[-1] < 0.5 * losses[0]
    assert simulate(e, "limit", kernel="frozen", threads=1).outcome == "diverged"


def test_an_exponential_loss_that_explodes_says_why() -> None:
    e = TINY.replace(loss="exponential", schedule="constant", eta_1=2.0, tau_0=4.0, neurons="independent", max_tau=1e3)
    run = simulate(e, threads=1)
    assert run.outcome == "diverged" and stable_rate_of(e) > 2.0
    assert "exponential loss, whose curvature grows with the loss" in run.message


@pytest.mark.parametrize("name", OTHERS)
def test_levels_are_at_equal_margins(name: str) -> None:
    loss = made(name)
    for level in LEVELS:
        margin = -math.log(math.expm1(level))
        assert SLOW["logistic"][0](margin) == pytest.approx(level, rel=1e-14)
        assert loss.at_level(level) == pytest.approx(SLOW[name][0](margin), rel=1e-14)
    run = simulate(LIMIT.replace(loss=name, max_tau=200.0, eta_2=1.0, lambda_=1e-3), "limit", threads=1)
    tau, own = run.history("tau"), run.history("loss_train", kind="P-only")
    below = int(np.flatnonzero(own < loss.at_level(0.45))[0])
    order = learning_order(run)
    assert tau[below - 1] <= order.tau_P <= tau[below]
    assert [each.level for each in order.levels] == [loss.at_level(level) for level in LEVELS]
    assert [each.logistic_level for each in order.levels] == list(LEVELS)
    text = rendered(summary_tables(summarise([run])), 80)
    assert f"of the {name} loss" in text and "nats" not in text
    assert all(shown_level(loss.at_level(level)) in text for level in LEVELS)


def test_hysteresis_keeps_its_share_of_the_distance_of_two_levels() -> None:
    from theory_sim.observe.learning_order import _hysteresis

    assert _hysteresis(made("logistic")) == HYSTERESIS
    hinge = made("hinge")
    assert _hysteresis(hinge) == pytest.approx(0.2 * (hinge.at_level(0.5) - hinge.at_level(0.45)))


@pytest.mark.parametrize("name", OTHERS)
def test_the_theory_says_that_it_does_not_apply(name: str) -> None:
    e = Experiment(loss=name)
    (fault,) = outside_of_theory(e)
    assert fault.fields == ("loss",) and f"loss = '{name}'" in fault.found and "'logistic'" in fault.fix
    assert not outside_of_theory(Experiment())
    judged = regime(e)
    assert not (judged.applies or judged.holds or judged.predicted_order) and math.isnan(judged.tau_Q)
    assert any(f"loss = '{name}'" in warning and "do not apply" in warning for warning in judged.warnings)
    assert {row.id for row in judged.conditions} == {"output-noise", "stable-steps", "noise-resolved"}
    with pytest.raises(InputError, match=f"loss = '{name}'"):
        verdict_requirements(e)
    with pytest.raises(InputError, match=rf"loss = '{name}'\n.*'logistic'"):
        simulate(e, "closure")


def test_the_condition_on_stable_steps_reads_the_loss() -> None:
    def stable(loss: str) -> float:
        return next(row.value for row in regime(Experiment(loss=loss)).conditions if row.id == "stable-steps")

    assert stable("squared") == pytest.approx(4 * stable("logistic")) and stable("hinge") == 0.0


# -- a user's own ----------------------------------------------------------------------------------------


def test_a_loss_of_ones_own_runs_and_is_checked(losses: Any) -> None:
    class Smooth(Loss):
        """Smoothed hinge: the square of what is missing, halved below a margin of 1."""

        name, summary = "smooth-hinge", "my own"
        curvature = 1.0

        def value(self, margin: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
            return np.asarray(0.5 * np.maximum(0.0, 1.0 - margin) ** 2)

        def slope(self, margin: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
            return np.asarray(-np.maximum(0.0, 1.0 - margin))

    losses.register(Smooth)
    mine, squared = (simulate(TINY.replace(loss=name), "limit", threads=1) for name in ("smooth-hinge", "squared"))
    # Margins stay below 1 in this short run, where the two losses are one.
    np.testing.assert_array_equal(mine.history("train_loss"), squared.history("train_loss"))
    assert make_loss(mine.experiment).curvature_at_zero == pytest.approx(1.0)
    with pytest.raises(InputError, match="'smooth-hinge'"):
        simulate(mine.experiment, "closure")
    Smooth.curvature = 0.5
    with pytest.raises(InputError, match=r"curvature = 0.5 .*\n.*1 at the margin"):
        simulate(TINY.replace(loss="smooth-hinge"), threads=1)
    Smooth.slope = lambda self, margin: np.maximum(0.0, 1.0 - margin)  # type: ignore[method-assign]
    with pytest.raises(InputError, match=r"slope of the loss 'smooth-hinge' at the margin -3.137 is 4.137\n.*-4.137"):
        simulate(TINY.replace(loss="smooth-hinge"), threads=1)


def test_a_name_that_is_no_loss() -> None:
    with pytest.raises(ExperimentError, match=r"loss = 'squard'\n.*'squared'.*\n.*did you mean 'squared'"):
        Experiment(loss="squard")
