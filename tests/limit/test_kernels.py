"""The two-time kernel: compressed beside arcsin, beside quadrature and Monte Carlo, and positive semi-definite (THEORY §6)."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate
from scipy.stats import norm

from theory_sim import Experiment
from theory_sim.limit.compression import Compression, taylor, weak_cosine
from theory_sim.numeric.limit_kernels import advance_memory, own_terms, strong_terms, weak_terms
from theory_sim.theory.arc_cosine import tangent_kernel
from theory_sim.train.clock import Clock, ages


@pytest.mark.parametrize("powers", [1, 3, 10])
@pytest.mark.parametrize("tolerance", [1e-3, 1e-8, 1e-12])
def test_compressed_arcsin(powers: int, tolerance: float) -> None:
    youngest = 1e-4
    compression = Compression(powers, youngest, tolerance)
    rng = np.random.default_rng(0)
    cosine = np.concatenate([rng.uniform(-1, 1, 40), [1.0, -1.0, 0.0, 1 - 1e-9]])
    age = np.concatenate([np.geomspace(youngest, 60.0, 997), [youngest]])
    sums = np.exp(-np.outer(age, compression.exponents)) @ compression.weights(cosine)
    wanted = np.arcsin(np.exp(-age)[:, None] * cosine)
    assert np.abs(sums - wanted).max() < 1.5 * tolerance  # between the points at which the tolerance is enforced
    assert compression.error <= tolerance
    # The twin: one exponent moved by 1 %.
    moved = compression.exponents.copy()
    moved[0] *= 1.01
    assert np.abs(np.exp(-np.outer(age, moved)) @ compression.weights(cosine) - wanted).max() > 1e-3


def test_few_exponents_carry_many_decades() -> None:
    assert len(Compression(4, 1e-6, 1e-8).exponents) < 80
    assert len(Compression(4, 1e-9, 1e-8).exponents) < 110


def test_frozen_and_independent_patterns_are_exact() -> None:
    cosine = np.linspace(-1, 1, 21)
    assert np.abs(Compression(3, 0.0, 1e-12).weights(cosine).sum(axis=0) - np.arcsin(cosine)).max() < 1e-14
    assert len(Compression(3, math.inf, 1e-12).exponents) == 3  # every residual is forgotten at once


@pytest.mark.parametrize("tolerance", [1e-4, 1e-10])
def test_weak_cosines_need_the_first_powers_only(tolerance: float) -> None:
    for powers in (1, 2, 5):
        cosine = np.linspace(-1, 1, 101) * weak_cosine(powers, tolerance)
        series = sum(taylor(k) * cosine ** (2 * k + 1) for k in range(powers))
        error = np.abs(series - np.arcsin(cosine)).max()
        assert 0.1 * tolerance < error <= tolerance  # met, and not by far


@pytest.mark.parametrize("powers", [1, 2, 5])
def test_the_weakest_cosine_solves_its_equation(powers: int) -> None:
    # The rest of the series is below taylor(K) c^(2K+1) / (1 - c^2): a polynomial equation where that is the tolerance.
    for tolerance in (1e-4, 1e-10):
        equation = np.zeros(2 * powers + 2)
        equation[0], equation[-3], equation[-1] = taylor(powers), tolerance, -tolerance
        roots = np.roots(equation)
        (wanted,) = [root.real for root in roots if abs(root.imag) < 1e-9 and 0 < root.real < 1]
        assert weak_cosine(powers, tolerance) == pytest.approx(wanted, rel=1e-9)


def test_ages_that_all_powers_of_the_tail_have_forgotten_take_the_first_powers_alone() -> None:
    oldest = 45.0 / 9.0  # exp(-45) is far below rounding; the tail of four powers starts at 9
    assert Compression(4, oldest, 1e-8).exponents.tolist() == [1, 3, 5, 7]
    assert len(Compression(4, 0.999 * oldest, 1e-8).exponents) > 4


def test_a_cosine_that_rounding_has_left_beyond_one_has_weights() -> None:
    cosine = np.array([-1.0 - 2e-16, 1.0 + 2e-16])
    weights = Compression(4, 1e-3, 1e-8, equal_times=True).weights(cosine)
    np.testing.assert_allclose(weights.sum(axis=0), [-math.pi / 2, math.pi / 2], rtol=1e-12)


def _quadrature(inner: float, cos_theta: float, rho: float) -> float:
    """<x, x'> P[a > 0, b > 0] for a and b standard normal with correlation rho cos theta, by integrating over a."""
    c = rho * cos_theta

    def given(a: float) -> float:
        return float(norm.pdf(a) * norm.cdf(c * a / math.sqrt(1 - c * c)))

    return inner * float(integrate.quad(given, 0, 12, epsabs=1e-13)[0])


@pytest.mark.parametrize("rho", [0.97, 0.4, -0.6, 0.0])
@pytest.mark.parametrize("cos_theta", [0.99, 0.2, -0.7])
def test_kernel_by_quadrature(rho: float, cos_theta: float) -> None:
    assert float(tangent_kernel(0.7, cos_theta, rho)) == pytest.approx(_quadrature(0.7, cos_theta, rho), abs=1e-12)
    twin = float(tangent_kernel(0.7, cos_theta, 0.99 * rho + 0.005))
    assert twin != pytest.approx(_quadrature(0.7, cos_theta, rho), abs=1e-12)


def test_kernel_by_simulated_filters() -> None:
    """Shares of neurons active at both times, whose weights follow THEORY §3's noise; level 1e-3 over all, Bonferroni."""
    e = Experiment(lambda_=0.03, tau_xi=0.4, tau_0=1.0, schedule="constant", eta_1=2.0, max_tau=20.0)
    rng = np.random.default_rng(7)
    neurons, steps = 400_000, 6
    x = np.array([[1.0, 0.0, 0.0], [0.6, 0.8, 0.0], [-0.3, 0.2, 0.9]])
    clock, weights = Clock(e, "moving"), rng.standard_normal((neurons, 3))
    start, before = clock.now, weights @ x.T > 0
    for _ in range(steps):
        weights = (1 - 2.0 * 0.03) * weights - 2.0 * 0.4 * rng.standard_normal((neurons, 3))
        clock.step(2.0)
    rho = start.rho(clock.now)
    counted = (before.T.astype(float) @ (weights @ x.T > 0)) / neurons
    cosine = x @ x.T / np.outer(np.linalg.norm(x, axis=1), np.linalg.norm(x, axis=1))
    wanted = tangent_kernel(1.0, cosine, rho)
    limit = norm.isf(1e-3 / 9 / 2)
    assert 0.2 < rho < 0.9
    scores = np.abs(counted - wanted) / np.sqrt(wanted * (1 - wanted) / neurons)
    assert scores.max() < limit
    twin = tangent_kernel(1.0, cosine, 1.1 * rho)
    assert (np.abs(counted - twin) / np.sqrt(twin * (1 - twin) / neurons)).max() > limit


@pytest.mark.parametrize("seed", range(5))
def test_two_time_gram_is_positive_semi_definite(seed: int) -> None:
    """Over pairs (time, input), for any schedule: it is a Gram matrix of patterns."""
    rng = np.random.default_rng(seed)
    e = Experiment(lambda_=0.01, tau_xi=0.3, tau_0=0.5, schedule="constant", eta_1=1.0)
    clock, instants = Clock(e, "moving"), []
    for rate in rng.choice([0.1, 3.0, 20.0, 150.0], 12):  # 150: 1 - gamma lambda < 0
        instants.append(clock.now)
        clock.step(float(rate))
    x = rng.standard_normal((5, 3))
    cosine = np.clip(x @ x.T / np.outer(np.linalg.norm(x, axis=1), np.linalg.norm(x, axis=1)), -1, 1)
    rhos = np.array([[s.rho(t) for t in instants] for s in instants])
    assert rhos.min() < 0
    gram = np.block([[tangent_kernel(x @ x.T, cosine, rho) for rho in row] for row in rhos])
    assert np.abs(gram - gram.T).max() < 1e-15
    assert np.linalg.eigvalsh(gram).min() > -1e-8  # arccos near 1 keeps half the digits
    # The twin: a correlation that no noise has, equal at all pairs of times but negative.
    wrong = np.where(np.eye(len(instants)) > 0, 1.0, -0.9)
    bad = np.block([[tangent_kernel(x @ x.T, cosine, rho) for rho in row] for row in wrong])
    assert np.linalg.eigvalsh(bad).min() < -1e-3


def test_the_clock_is_the_noise_law() -> None:
    e = Experiment(lambda_=0.02, tau_xi=0.3, tau_0=0.7, schedule="pieces", pieces=((9.0, 3.0), (20.0, 0.5)))
    rates = np.array([3.0, 3.0, 3.0, 0.5, 0.5, 60.0, 0.5])
    clock, instants = Clock(e, "moving"), []
    for rate in rates:
        instants.append(clock.now)
        clock.step(float(rate))
    instants.append(clock.now)
    kept = 1 - rates * 0.02
    for t, now in enumerate(instants):
        variance = 0.49 * np.prod(kept[:t] ** 2)
        variance += sum((0.3 * rates[s]) ** 2 * np.prod(kept[s + 1 : t] ** 2) for s in range(t))
        assert now.level == pytest.approx(math.sqrt(variance), rel=1e-13)
        for s in range(t + 1):
            rho = np.prod(kept[s:t]) * instants[s].level / now.level
            assert instants[s].rho(now) == pytest.approx(rho, abs=1e-12)
            assert now.rho(instants[s]) == instants[s].rho(now)
    flowing, small = Clock(e, "moving"), Clock(e, "moving")
    tick = flowing.flow(2.0, 5.0)
    for _ in range(20_000):  # the flow keeps the noise of rate 2 while the decay becomes continuous
        small.now = small.now._replace(level=small.now.level * math.exp(-0.02 * 5 / 20_000))
        small.now = small.now._replace(level=math.hypot(small.now.level, 0.3 * math.sqrt(2.0 * 5 / 20_000)))
    assert flowing.level == pytest.approx(small.level, rel=1e-5)
    assert math.exp(-tick.age) == pytest.approx(math.exp(-0.1) * 0.7 / flowing.level, rel=1e-12)


def test_youngest_age_is_a_bound() -> None:
    for fields in (
        {}, {"schedule": "S"}, {"lambda_": 0.0, "tau_0": 0.3}, {"schedule": "step", "step_tau": 100.0, "step_factor": 0.2},
        {"schedule": "pieces", "pieces": ((100.0, 2.0), (400.0, 16.0), (500.0, 0.1))}, {"tau_0": 0.001}, {"max_steps": 30},
    ):
        e = Experiment(max_tau=600.0).replace(**fields)
        rates = list(e.rates().values())
        if e.schedule == "step":
            rates = [e.eta_1 * e.step_factor**k for k in range(7)]
        (bound, still), seen = ages(e), math.inf
        for first in rates:
            for then in rates:
                clock, tau = Clock(e, "moving"), 0.0
                while tau < e.max_tau:
                    rate = first if tau < 300 else then
                    seen = min(seen, clock.step(rate).age)
                    tau += rate
                    if rate < 0.05:
                        break
        assert 0 < bound <= seen * (1 + 1e-12) and not still


@pytest.mark.alternating  # seconds, all cases together
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("powers", range(1, 11))
def test_inner_loops_against_numpy(powers: int, dtype: type) -> None:
    rng = np.random.default_rng(powers)
    for rows, n in ((1, 1), (4, 7), (7, 2500), (6, 2048)):
        squares = (rng.uniform(0, 0.3, (rows, n))).astype(dtype)
        memories, still = (rng.standard_normal((powers, n)).astype(dtype) for _ in range(2))
        out, out_still = np.empty(rows), np.empty(rows)
        weak_terms(squares, memories, still, out, out_still)
        t = squares.astype(float)
        for found, values in ((out, memories), (out_still, still)):
            terms = np.array([t ** (k + 1) * values[k].astype(float) for k in range(powers)])
            scale = np.abs(terms).sum(axis=(0, 2))
            assert np.abs(found - terms.sum(axis=(0, 2))).max() <= 30 * np.finfo(dtype).eps * scale.max()


def test_other_inner_loops_against_numpy() -> None:
    rng = np.random.default_rng(3)
    memory, weights = rng.standard_normal((6, 50)), rng.standard_normal(6)
    own = np.empty(20)
    own_terms(memory, weights, 11, own)
    np.testing.assert_allclose(own, weights @ memory[:, 11:31], rtol=1e-13)
    rows, columns, pair_weights = rng.integers(0, 9, 30), rng.integers(0, 50, 30), rng.standard_normal((30, 6))
    out = np.ones(9)
    strong_terms(rows, columns, pair_weights, memory, out)
    wanted = np.ones(9)
    np.add.at(wanted, rows, (pair_weights * memory[:, columns].T).sum(axis=1))
    np.testing.assert_allclose(out, wanted, rtol=1e-12)
    keep, old, new = (rng.standard_normal(6) for _ in range(3))
    first, second = rng.standard_normal(50), rng.standard_normal(50)
    moved = np.empty_like(memory)
    advance_memory(memory, keep, old, new, first, second, moved)
    np.testing.assert_allclose(moved, keep[:, None] * memory - np.outer(old, first) - np.outer(new, second), rtol=1e-12)
