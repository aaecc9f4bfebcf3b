"""What a certified order says: first steps, orders, what is undecided, the theorem's text, and what is refused."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import Any

import numpy as np
import pytest

from proofs_check.cli import app
from proofs_check.order.certify import CertifiedOrder, certify_order
from proofs_check.order.printed import nine, six, upper
from proofs_check.order.resources import estimated_bytes, require_fits
from proofs_check.order.series import coefficients, powers_for, tail
from proofs_check.order.share import least_share, share_lines, shares
from proofs_check.order.theorem import latex_lines, text_lines, time_of
from proofs_check.order.verdict import FirstStep, first_step, judge
from tests.proofs.order_examination import SMALL
from theory_sim import simulate
from theory_sim.errors import InputError
from theory_sim.experiment import Experiment


@cache
def found(**fields: Any) -> CertifiedOrder:
    return certify_order(SMALL.replace(**fields), ["L-S", "S"], threads=1)


def of(*numbers: float) -> np.ndarray[Any, Any]:
    return np.array(numbers)


def test_first_steps() -> None:
    falling = of(0.7, 0.5, 0.4)
    assert first_step(falling, falling, 0.45) == FirstStep(2, 2)
    assert first_step(falling, falling, 0.3) == FirstStep(None, None)
    assert first_step(falling - 0.1, falling + 0.1, 0.45) == FirstStep(1, None)
    assert first_step(falling, falling, 0.5) == FirstStep(2, 2)  # at the level is not below it
    assert first_step(falling - 0.02, falling + 0.02, 0.49) == FirstStep(1, 2)


@pytest.mark.parametrize(("p", "q", "order"), [
    ((0.7, 0.4, 0.4), (0.7, 0.6, 0.4), "P first"), ((0.7, 0.6, 0.6), (0.7, 0.6, 0.4), "Q first"),
    ((0.7, 0.4, 0.4), (0.7, 0.4, 0.3), "tie"), ((0.7, 0.6, 0.6), (0.7, 0.6, 0.6), "neither learnt"),
])
def test_orders(p: tuple[float, ...], q: tuple[float, ...], order: str) -> None:
    losses = {"P-only": (of(*p), of(*p)), "Q-only": (of(*q), of(*q))}
    assert judge(losses, 0.45).order == order
    wide = {kind: (low - 0.3, high + 0.3) for kind, (low, high) in losses.items()}
    assert judge(wide, 0.45).order == "undecided"
    assert judge({"P-only": losses["P-only"]}, 0.45).order == "no examples"


def test_an_order_needs_no_exact_step() -> None:
    p, q = of(0.7, 0.5, 0.4, 0.3), of(0.7, 0.7, 0.7, 0.4)
    losses = {"P-only": (p - 0.06, p + 0.06), "Q-only": (q, q)}
    assert judge(losses, 0.45).order == "undecided"
    verdict = judge({"P-only": (p - 0.01, p + 0.01), "Q-only": (q, q)}, 0.495)
    assert verdict.first["P-only"] == FirstStep(1, 2) and verdict.order == "P first"


def test_a_threshold_inside_the_enclosure_is_undecided() -> None:
    arm = found().arms[0]
    low, high = arm.losses["all"]
    share = found().counts["Q-only"] / sum(found().counts.values())
    epsilon = float(low[1] + high[1]) / 2 - share * math.log(2)
    doubtful = certify_order(SMALL.replace(epsilon_1=epsilon), ["L-S"], threads=1)
    assert doubtful.verdict == "undecided" and "the switch depends" in doubtful.arms[0].undecided
    assert any("undecided" in line for line in text_lines(doubtful)) and doubtful.orders == {"L-S": "undecided"}
    assert any("Undecided" in line for line in latex_lines(doubtful))


def test_a_level_inside_the_enclosure_leaves_its_step_open() -> None:
    arm = found().arms[1]
    low, high = arm.losses["P-only"]
    step = arm.levels[0].first["P-only"].latest
    assert step is not None
    level = float(low[step] + high[step]) / 2
    first = next(each for each in certify_order(SMALL, ["S"], level=level, threads=1).arms[0].levels if each.level == level)
    assert first.first["P-only"].earliest == step and not first.first["P-only"].known


def test_steps_that_may_amplify_errors_are_undecided() -> None:
    wild = certify_order(SMALL.replace(eta_2=60.0, max_tau=240.0), ["S"], threads=1)
    assert wild.verdict == "undecided" and "may amplify" in wild.arms[0].reason


def test_the_theorem_has_every_constant() -> None:
    text, latex = "\n".join(text_lines(found())), "\n".join(latex_lines(found()))
    for arm in found().arms:
        for constant in (arm.curvature.max(), arm.residual_error.max(), arm.drift.max(), arm.width / 2, arm.tail):
            assert upper(float(constant)) in text
        for verdict in arm.levels:
            assert f"At level {verdict.level:g}: {verdict.order}" in text
            for first in verdict.first.values():
                assert time_of(arm, first) in text
    assert found().digest in text and found().digest in latex
    assert latex.count(r"\item") == 2 and latex.startswith(r"\begin{theorem}") and latex.count("$") % 2 == 0


@pytest.mark.parametrize("value", [1.0, 0.059154, 9.996e-8, 6.5200001e-8, 123.4])
def test_bounds_are_printed_rounded_up(value: float) -> None:
    assert value <= float(upper(value)) <= value * 1.011


@pytest.mark.parametrize("value", [0.40392401149999, 0.1, 1 / 3, 2 / 3, 985.5, 123456.789])
def test_ends_of_intervals_are_printed_outwards(value: float) -> None:
    for form, wide in ((six, 1e-5), (nine, 1e-8)):
        low, high = Decimal(form(value)), Decimal(form(value, up=True))
        assert low <= Decimal(value) <= high and high - low <= Decimal(wide * max(1.0, value))
    if value == 0.40392401149999:  # to the nearest would be below
        assert Decimal(f"{value:.9f}") < Decimal(value) < Decimal(nine(value, up=True))


def test_the_theorem_defines_what_it_uses() -> None:
    text, latex = "\n".join(text_lines(found())), "\n".join(latex_lines(found()))
    assert "sum_c k_{s,t}(x_{i,c}, x_c)" in text and r"\sum_ck_{s,t}(x_{i,c},x_c)" in latex
    assert "tau_{t+1}^2 = (1 - gamma_t lambda)^2 tau_t^2 + gamma_t^2 tau_xi^2" in text
    assert "A kind is learnt at a level when" in text and "A kind is learnt at a level when" in latex
    assert r"\tau_{t+1}^2 = (1 - \gamma_t \lambda)^2 \tau_t^2 + \gamma_t^2 \tau_\xi^2" in latex
    shared = certify_order(SMALL.replace(network="shared", max_tau=4.0), ["S"], threads=1)
    assert "sum_{c,c'} k_{s,t}(x_{i,c}, x_{c'})" in "\n".join(text_lines(shared))
    low, high = found().arms[0].losses["all"]
    assert f"[{nine(low[-1])}, {nine(high[-1], up=True)}]" in text


def test_series() -> None:
    sums = [math.fsum(float(b) * 0.6 ** (2 * k + 1) for k, b in enumerate(coefficients(n))) for n in (5, 60)]
    assert math.isclose(sums[1], math.asin(0.6), rel_tol=1e-14)
    assert sums[1] - sums[0] <= tail(5, 0.6) <= 2 * (sums[1] - sums[0])
    assert tail(powers_for(0.3, 1e-14), 0.3) <= 1e-14 < tail(powers_for(0.3, 1e-14) - 1, 0.3)


def test_share_of_data_sets() -> None:
    assert least_share(300, 300) == math.floor(0.001 ** (1 / 300) * 1e6) / 1e6
    assert least_share(0, 10) == 0.0 < least_share(9, 10) < least_share(10, 10) < 1.0
    rows = shares([found(), found(seed=1)])
    assert {row["schedule"] for row in rows} == {"L-S", "S"} and all(row["n"] == 2 for row in rows)


def test_a_share_is_printed_rounded_down() -> None:
    data_sets = [replace(found(), digest=str(number)) for number in range(3)]  # 0.1 of three, stored as 0.099999
    lines, rows = list(share_lines(data_sets)), shares(data_sets)
    for line, row in zip(lines, rows, strict=True):
        assert "is at least 0.0999 (" in line and row["least_probability"] == 0.099999


@pytest.mark.alternating
def test_one_data_set_under_several_seeds_says_nothing_of_other_data_sets() -> None:
    same = [found(seed=0, seed_data=3), found(seed=1, seed_data=3)]
    assert same[0].digest == same[1].digest and shares(same) == []
    assert list(share_lines(same)) == ["no bound of a probability over data sets: some seeds have the same data (seed_data)"]
    assert list(share_lines([found(), found(seed=1)]))


def test_what_is_kept_of_many_seeds_is_small() -> None:
    kept = found().without_residuals()
    assert all(arm.run.residuals.size == 0 for arm in kept.arms) and found().arms[0].run.residuals.size > 0
    assert list(text_lines(kept)) == list(text_lines(found()))


@pytest.mark.parametrize(("fields", "said"), [
    ({"loss": "squared"}, "loss = 'squared'"), ({"activation": "erf"}, "activation = 'erf'"),
    ({"optimiser": "heavy-ball"}, "optimiser = 'heavy-ball'"), ({"data_law": "xor"}, "data_law"),
    ({"noise_placement": "gradient", "noise_level": 0.1}, "noise_placement"), ({"tau_0": 0.0}, "tau_0 = 0"),
    ({"sampling": "one-pass", "batch_size": 3}, "sampling"), ({"eta_2": 1e-4}, "steps"),
    ({"lambda": 0.3, "schedule": "constant"}, "weight decay"),
])
def test_what_has_no_certificate_is_refused(fields: dict[str, Any], said: str) -> None:
    experiment = SMALL.replace(**{"schedule": "S", **fields})
    with pytest.raises(InputError, match=said):
        certify_order(experiment, threads=1)


@pytest.mark.parametrize("level", [0.0, 0.7, float("nan")])
def test_a_level_beyond_no_output_is_refused(level: float) -> None:
    with pytest.raises(InputError, match="level"):
        certify_order(SMALL, ["S"], level=level)


def test_what_does_not_fit_is_refused_before(monkeypatch: pytest.MonkeyPatch) -> None:
    large = Experiment(d=1000)
    assert 5e8 < estimated_bytes(large) < 8 * 2**30
    monkeypatch.setenv("THEORY_SIM_MEMORY", "200MB")
    with pytest.raises(InputError, match="a certificate of 4000 examples"):
        require_fits([large])
    with pytest.raises(InputError, match="a certificate of 4000 examples"):
        certify_order(large)


def _holds_the_engine(experiment: Experiment) -> None:
    run = simulate(experiment.replace(dtype="float64"), "limit", tolerance=1e-12)
    arm = certify_order(experiment.replace(dtype="float64"), threads=1).arms[0]
    tau, recorded = run.dataset["tau"].values, run.dataset["loss_train"]
    steps = [int(np.argmin(np.abs(arm.tau - each))) for each in tau]
    for kind in ("P-only", "Q-only"):
        low, high = arm.losses[kind]
        loss = recorded.sel(kind=kind).values
        assert np.all((low[steps] <= loss) & (loss <= high[steps])), kind
    assert arm.width < 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_enclosures_hold_the_losses_of_the_engine(seed: int) -> None:
    schedule = ("S", "L-S", "cosine", "warm-up")[seed % 4]
    network = "shared" if seed % 5 == 0 else "split"
    fields: dict[str, Any] = {"d": 24 + 8 * (seed % 3), "schedule": schedule, "network": network, "seed": seed}
    _holds_the_engine(Experiment(**fields, eta_2=1.0, max_tau=150.0))


def test_the_command_is_there() -> None:
    from typer.testing import CliRunner

    done = CliRunner().invoke(app, ["order", "--preset", "default", "--compare", "S", "--level", "0.9"])
    assert isinstance(done.exception, InputError) and "level 0.9" in str(done.exception)
