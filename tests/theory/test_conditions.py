"""THEORY §2, §9: conditions and their constants."""

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from theory_sim.theory import conditions as c
from theory_sim.theory.arc_cosine import kernel_constants, tangent_kernel

DEFAULT = {
    "d": 200, "kappa": 0.5, "p0": 0.125, "q0": 0.5, "g0": 1.0, "r": 0.3, "alpha_min": 0.0, "alpha_max": 1.0,
    "m_V": 100_000, "neurons": "paired", "eta_1": 16.0, "eta_2": 0.5, "lambda_": 5e-4, "tau_xi": 0.00789, "tau_0": 1.0,
}


def test_lazy_ratio_gives_the_deficits_of_the_theory():
    # THEORY §2: r = 0.5, tau = 0.3, h = 3.4; 8 % at 2e5 and 4 % at 8e5 neurons.
    for m_V, percent in ((200_000, 8), (800_000, 4)):
        assert 100 * c.lazy_deficit(3.4, r=0.5, m_V=m_V, tau=0.3) == pytest.approx(percent, abs=0.5)
    q = math.pi * 3.4 / (2 * math.atan(0.5) * 1.25 * math.sqrt(4000) * 0.5 * 0.3)
    assert c.lazy_ratio(3.4, r=0.5, m_V=4000, tau=0.3) == pytest.approx(q)
    assert c.lazy_deficit(1.0, r=0.5, m_V=10, tau=0.0) == math.inf


@pytest.mark.parametrize("slopes", [(0.0, 1.0), (0.5, 1.0), (-0.8, 1.0)])
@pytest.mark.parametrize("neurons", ["independent", "balanced", "paired"])
def test_output_noise_of_drawn_networks(neurons, slopes):
    rng, m, nets = np.random.default_rng(7), 400, 4000
    noise = 0.7 * rng.standard_normal((nets, m))
    if neurons == "independent":
        u = rng.choice([-1.0, 1.0], (nets, m))
    else:
        u = np.tile([1.0, -1.0], (nets, m // 2))
    if neurons == "paired":
        noise[:, 1::2] = noise[:, ::2]
    output = (u * np.where(noise > 0, slopes[1] * noise, slopes[0] * noise)).sum(axis=1) / math.sqrt(m)
    # Standard error of a standard deviation: 1/sqrt(2 n), a little more for the finite width.
    told = c.output_noise(neurons, 0.7, constants=kernel_constants(*slopes))
    assert output.std() == pytest.approx(told, rel=6 / math.sqrt(2 * nets), abs=1e-12)
    assert neurons == "paired" or slopes[0] == 0 or c.output_noise(neurons, 0.7) != pytest.approx(output.std(), rel=0.05)


@pytest.mark.parametrize("slopes", [(0.0, 1.0), (0.3, 1.0), (-0.8, 1.0), (1.0, 1.0)])
def test_top_curvature_is_that_of_the_kernel_matrix(slopes):
    """The three directions with their probabilities, by the kernel of two times that are one."""
    r, constants = 0.5, kernel_constants(*slopes)
    x, weight = np.array([[1.0, 0.0], [1.0, r], [1.0, -r]]), np.array([0.5, 0.25, 0.25])
    inner, length = x @ x.T, np.linalg.norm(x, axis=1)
    gram = tangent_kernel(inner, inner / np.outer(length, length), 1.0, constants)
    top = np.linalg.eigvalsh(np.sqrt(np.outer(weight, weight)) * gram)[-1] * 0.25 * 0.875 / 3.0
    told = {name: c.top_curvature(r=r, p0=0.125, alpha_min=0.0, alpha_max=1.0, constants=of)
            for name, of in (("its", constants), ("twin", kernel_constants(slopes[0], 1.01)))}
    assert told["its"] == pytest.approx(top, rel=1e-7) != pytest.approx(told["twin"], rel=1e-3)
    assert c.stable_rate(r=r, p0=0.125, alpha_min=0.0, alpha_max=1.0, constants=constants) == 2.0 / told["its"]


def test_top_curvature_is_the_hessians():
    r, alpha_max = 0.5, 1.0
    assert c.top_curvature(r=r, p0=0.125, alpha_min=0.0, alpha_max=1.0) == pytest.approx(0.032, abs=0.001)
    # The Gram matrix of drawn neurons' gradients at f = 0, a quarter of it as the loss's curvature.
    rng, m, n = np.random.default_rng(4), 20_000, 300
    kind = rng.choice(3, n, p=[0.5, 0.25, 0.25])
    alpha = rng.uniform(0, alpha_max, n) * (rng.random(n) < 0.875)
    x = alpha[:, None] * np.array([[1.0, 0.0], [1.0, r], [1.0, -r]])[kind]
    active = (x @ rng.standard_normal((2, m)) > 0).astype(float)
    gram = (x @ x.T) * (active @ active.T) / m
    top = np.linalg.eigvalsh(gram / n)[-1] / 4
    # Dominated by E alpha^2: relative standard error about 0.9/sqrt(300) = 0.055; four of them.
    assert c.top_curvature(r=r, p0=0.125, alpha_min=0.0, alpha_max=alpha_max) == pytest.approx(top, rel=0.22)


def test_conditions_at_the_paper_law_of_alpha():
    rows = {row.id: row for row in c.conditions(**DEFAULT)}
    assert rows["S-learns-Q-first"].value == pytest.approx(60)
    assert rows["S-learns-Q-first"].threshold == pytest.approx(90 * 0.5 / 0.875, rel=0.01)  # THEORY §8: about 90
    assert rows["L-S-moves"].value / rows["S-is-frozen"].value == pytest.approx(32)
    assert not rows["S-is-frozen"].holds
    assert rows["L-S-moves"].holds


def test_the_constant_of_decay_against_Q():
    rows = {row.id: row for row in c.conditions(**{**DEFAULT, "r": 0.01})}
    assert rows["decay-spares-Q"].value == pytest.approx(175 * 5e-4 / 0.01, rel=0.01)  # THEORY §9: 175 lambda/r


def test_the_bound_that_a_label_names_is_the_one_compared_with():
    """Its number, and its side: a value just short of the bound and one just past it are told apart."""
    named = {row.id: re.search(r"([<>])= ([0-9.]+)(?=:|$)", row.label) for row in c.conditions(**DEFAULT)}
    assert {"S-is-frozen", "L-S-moves", "L-S-cannot-learn-Q", "separation-kept", "decay-spares-Q"} <= {
        id for id, found in named.items() if found
    }
    for row in c.conditions(**DEFAULT):
        found = named[row.id]
        if found:
            assert row.threshold == float(found[2])
            assert row.holds == (row.value <= row.threshold if found[1] == "<" else row.value >= row.threshold)


def test_rules_for_the_rates_follow_from_Y():
    # THEORY §8: S is frozen once eta_2/eta_1 <= 1e-4 (1-p0) r^3/lambda, the same rule as Y <= 0.03.
    edge = 1e-4 * 0.875 * 0.1**3 / 5e-4
    rows = {row.id: row for row in c.conditions(**{**DEFAULT, "r": 0.1, "eta_2": 16 * edge})}
    assert rows["S-is-frozen"].margin == pytest.approx(1.0, rel=0.03)
    lambda_ = 0.1**3 * 0.875 / 307
    tau_0 = 0.00789 * math.sqrt(16.0 / (lambda_ * (2 - 16 * lambda_)))
    rows = {
        row.id: row
        for row in c.conditions(**{**DEFAULT, "r": 0.1, "lambda_": lambda_, "tau_0": tau_0})
    }
    assert rows["L-S-moves"].value == pytest.approx(1.0, rel=0.01)


@given(st.floats(0.02, 2.0), st.integers(2, 5000), st.floats(0.0, 0.1), st.floats(0.0, 5.0), st.floats(0.0, 0.1))
def test_a_margin_exceeds_one_exactly_when_the_condition_holds(r, d, lambda_, tau_0, tau_xi):
    for row in c.conditions(**{**DEFAULT, "r": r, "d": d, "lambda_": lambda_, "tau_0": tau_0, "tau_xi": tau_xi}):
        assert row.holds == (row.margin >= 1)
        at_least = row.id in ("S-learns-Q-first", "L-S-moves")
        holds = row.value >= row.threshold if at_least else row.value <= row.threshold
        assert row.holds == holds
        assert not math.isnan(row.value)
        assert row.fix


@pytest.mark.parametrize(("rates", "fix"), [
    ({"eta_1": 80.0}, "lower eta_1"), ({"eta_2": 80.0}, "lower eta_2"),
    ({"eta_1": 80.0, "eta_2": 90.0}, "lower eta_1 and eta_2"),
    ({"rates": {"pieces[0] rate": 1.0, "pieces[1] rate": 80.0}}, "lower pieces[1] rate"),
])
def test_every_rate_is_to_be_stable(rates, fix):
    """THEORY §13: 2 / 0.032 = 62 at r = 0.5."""
    at = {**DEFAULT, "r": 0.5}
    (held,) = [row for row in c.conditions(**at) if row.id == "stable-steps"]
    (row,) = [row for row in c.conditions(**{**at, **rates}) if row.id == "stable-steps"]
    assert held.holds and not row.holds and row.fix == fix
    largest = 90.0 if "eta_2" in rates and "eta_1" in rates else 80.0
    assert row.value == pytest.approx(largest * c.top_curvature(r=0.5, p0=0.125, alpha_min=0.0, alpha_max=1.0))
