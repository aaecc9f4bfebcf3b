"""Placed noise and held patterns in the limit: a direct double sum over times in float64, and finite width approaching it.

For patterns that see a_s = Utilde_s x and b_t = Utilde_t x' through noise of deviations sigma_s, sigma_t per unit norm, drawn
anew at each step, the correlation of the noisy pre-activations is rho(s, t) cos theta v_s v_t, v = tau / sqrt(tau^2 + sigma^2).
"""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.reference import Array
from tests.replay import Rate
from tests.test_reproducible import assert_identical
from theory_sim import Experiment, draw_data, resume, simulate
from theory_sim.errors import InputError
from theory_sim.limit.compression import Compression
from theory_sim.numeric.streams import StepStream
from theory_sim.train.clock import Clock, ages, get_kernel

BASE = Experiment(
    d=7, N=24, p0=0.25, q0=0.4, r=0.4, n_test=3, lambda_=0.03, tau_xi=0.15, max_steps=14, record_every=0.01, seed=5,
    dtype="float64", schedule="pieces", pieces=[[6.0, 1.5], [9.0, 0.3]], tau_0_rate=1.5,
)
LIMITED = ("pre-activations-shared", "iterates-transient", "activations", "gradient", "iterates")
LAWS: list[dict[str, Any]] = [
    *({"noise_placement": p, "noise_level": 0.7, "noise_annealing": a, "noise_factor": f}
      for p in LIMITED for a, f in (("with-rate", 0.25), (5.0, 0.0))),
    {"noise_placement": "gradient", "noise_level": 0.7, "noise_annealing": "with-rate", "tau_xi": 0.0, "tau_0": 0.5},
    {"noise_placement": "iterates-transient", "noise_level": 0.7, "noise_annealing": 4.0, "tau_xi": 0.0, "tau_0": 0.5},
    *({"patterns": p} for p in ("frozen", "frozen-at-annealing", "redrawn")),
]


def slow(e: Experiment, *, forgotten: float = 1.0) -> tuple[Array, Array, Array]:
    """Losses (steps + 1,), final outputs (N,) and norms of the signal (2,); ``forgotten`` scales v for a false twin."""
    data, rate_of = draw_data(e), Rate(e, float(np.mean(draw_data(e).kind == 1)))
    x = [data.x1.astype(np.float64), data.x2]
    n, steps, T = len(data), int(e.max_steps or 0), int(e.max_steps or 0)
    annealed, rates, increments, residuals, v, losses = math.inf, [], [], [], [], []
    held, outputs, tau = math.inf, np.zeros(n), 0.0

    def kernels(rho: float) -> list[Array]:
        found = []
        for part in x:
            length = np.linalg.norm(part, axis=1)
            lengths = np.outer(length, length)
            cosine = np.clip(np.divide(part @ part.T, lengths, out=np.zeros((n, n)), where=lengths > 0), -1, 1)
            np.fill_diagonal(cosine, 1.0)
            found.append(part @ part.T * (0.25 + np.arcsin(np.clip(rho * cosine, -1, 1)) / (2 * np.pi)))
        return found

    def level_of(t: int) -> float:
        variance = e.tau_0_value**2
        for s in range(t):
            variance = (1 - rates[s] * e.lambda_) ** 2 * variance + (rates[s] * e.tau_xi) ** 2 + increments[s] ** 2
        return math.sqrt(variance)

    def rho(s: int, t: int) -> float:
        if s == t or e.patterns == "frozen":
            return 1.0
        if e.patterns == "redrawn":
            return 0.0
        s, t = int(min(s, held)), int(min(t, held))
        return float(np.prod([1 - rate * e.lambda_ for rate in rates[s:t]])) * level_of(s) / level_of(t)

    def weight(s: int, t: int) -> float:
        return rates[s] * float(np.prod([1 - rate * e.lambda_ for rate in rates[s + 1 : t]]))

    def at(t: int, visible: float) -> Array:
        f = np.zeros(n)
        for s in range(t):
            f -= weight(s, t) * sum(kernels(rho(s, t) * v[s] * visible)) @ residuals[s]
        return f

    for t in range(steps + 1):
        outputs = at(t, 1.0)
        losses.append(float(np.mean(np.logaddexp(0, -data.y * outputs))))
        if t == T:
            break
        rate = rate_of(t, tau, losses[-1])
        if rates and rate < rates[-1] and annealed == math.inf:
            annealed = t
            held = t if e.patterns == "frozen-at-annealing" else math.inf
        off = annealed < math.inf if e.noise_annealing == "with-rate" else (
            e.noise_annealing != "never" and tau >= float(e.noise_annealing) - 1e-9)
        level = e.noise_level * (e.noise_factor if off else 1.0)
        transient = e.noise_placement in ("pre-activations-shared", "iterates-transient")
        size = level_of(t)
        v.append(forgotten * size / math.hypot(size, level) if transient else 1.0)
        f = at(t, v[-1]) if transient else outputs
        if e.noise_placement == "activations":
            norm = np.sqrt((x[0] ** 2).sum(axis=1) + (x[1] ** 2).sum(axis=1))
            f = f + level * StepStream(e.seed_of("noise"), "placed noise").at(t).standard_normal(n) * norm
        residuals.append(-data.y / (1 + np.exp(data.y * f)) / n)
        increments.append({"gradient": rate * level, "iterates": level}.get(e.noise_placement, 0.0))
        rates.append(rate)
        tau += rate
    squares = np.zeros(2)
    for s in range(T):
        for t in range(T):
            seen = 1.0 if s == t else v[s] * v[t]
            both = kernels(rho(min(s, t), max(s, t)) * seen)
            squares += weight(s, T) * weight(t, T) * np.array([residuals[s] @ k @ residuals[t] for k in both])
    return np.array(losses), outputs, np.sqrt(squares)


@pytest.mark.parametrize("fields", LAWS, ids=str)
def test_against_the_double_sum(fields: dict[str, Any]) -> None:
    e = BASE.replace(**fields)
    run = simulate(e, "limit", threads=1, tolerance=1e-10)
    losses, outputs, norms = slow(e)
    np.testing.assert_allclose(run.dataset["train_loss"].values, losses, rtol=0, atol=1e-8)
    np.testing.assert_allclose(run.dataset["f_train"].values, outputs, rtol=0, atol=1e-8)
    if e.noise_placement == "pre-activations-shared":
        assert np.isnan(run.dataset["norm_signal"].values).all()
    else:
        np.testing.assert_allclose(run.dataset["norm_signal"].values[-1], norms, rtol=0, atol=1e-7)
    if "transient" in e.noise_placement or "shared" in e.noise_placement:
        wrong = slow(e, forgotten=0.97)[1]
    else:
        wrong = slow(BASE.replace(tau_xi=e.tau_xi, **({"tau_0": 0.5} if e.tau_xi == 0 else {})))[1]
    assert np.abs(wrong - outputs).max() > 1e-6


@pytest.mark.parametrize("fields", [
    {"noise_placement": "pre-activations-shared", "noise_level": 60.0},
    {"noise_placement": "iterates-transient", "noise_level": 60.0},
    {"noise_placement": "gradient", "noise_level": 3.0}, {"patterns": "frozen"}, {"patterns": "frozen-at-annealing"},
    {"patterns": "redrawn"}, {"noise_placement": "pre-activations", "noise_level": 60.0},
], ids=str)
def test_finite_width_approaches_it(fields: dict[str, Any]) -> None:
    """Each kind's loss within 0.02 at m_V = 20 000; each example's own noise beside the limit of shared noise.

    Patterns frozen at the annealing keep one draw of the noise for good: losses scatter by 0.02, and a mean over 8 draws is
    held against the limit.
    """
    e = Experiment(d=60, N=120, p0=0.2, q0=0.4, m_W=1000, m_V=20_000, tau_xi=0.789, max_tau=160.0, record_every=20.0, n_test=5,
                   schedule="pieces", pieces=[[80.0, 16.0], [1e6, 4.0]], seed=2, **fields)  # fmt: skip
    of_limit = e
    if e.noise_placement == "pre-activations":
        e = e.replace(m_V=2000, m_W=400)
        of_limit = e.replace(noise_placement="pre-activations-shared")
    draws = [{"seed_init": s, "seed_noise": s} for s in range(8)] if e.patterns == "frozen-at-annealing" else [{}]
    ends = [np.mean([simulate(e.replace(**draw)).dataset["loss_train"].values for draw in draws], axis=0),
            simulate(of_limit, "limit").dataset["loss_train"].values]
    assert np.abs(ends[0] - ends[1]).max() < (0.05 if e.m_V == 2000 else 0.02)
    if e.patterns != "frozen-at-annealing":
        plain = simulate(e.replace(noise_placement="none", patterns="moving"), "limit").dataset["loss_train"].values
        assert np.abs(plain - ends[1]).max() > 0.02


@pytest.mark.parametrize(("fields", "options", "seen"), [
    ({"noise_placement": "pre-activations", "noise_level": 1.0}, {}, "noise_placement = 'pre-activations'"),
    ({"noise_placement": "gradient", "noise_level": 1.0}, {"time": "flow"}, "time = 'flow'"),
    ({"noise_placement": "iterates-transient", "noise_level": 1.0}, {"kernel": "frozen"}, "kernel = 'frozen'"),
    ({"noise_placement": "iterates-transient", "noise_level": 1.0, "neurons": "independent"}, {"noise": "sampled"},
     "'sampled'"),
    ({"patterns": "redrawn"}, {"kernel": "frozen"}, "patterns = 'redrawn'"),
    ({"patterns": "frozen", "neurons": "independent"}, {"noise": "sampled"}, "patterns = 'frozen'"),
])
def test_refused_where_there_is_no_equation(fields: dict[str, Any], options: dict[str, Any], seen: str) -> None:
    with pytest.raises(InputError) as refused:
        simulate(BASE.replace(**fields), "limit", **options)
    assert seen in refused.value.found and refused.value.fix


@pytest.mark.parametrize("patterns", ["frozen", "frozen-at-annealing", "redrawn"])
def test_continuous_time_knows_the_patterns(patterns: str) -> None:
    """Small steps approach the flow, to first order in the rate."""
    e = BASE.replace(pieces=[[6.0, 0.02], [9.0, 0.01]], max_tau=9.0, max_steps=None, patterns=patterns, record_every=3.0)
    runs = simulate(e, "limit", threads=1), simulate(e, "limit", threads=1, time="flow")
    losses = [run.dataset["train_loss"].values for run in runs]
    np.testing.assert_allclose(losses[0], losses[1], atol=2e-3)


@pytest.mark.parametrize("fields", [LAWS[0], LAWS[4], {"patterns": "frozen-at-annealing"}], ids=str)
def test_an_interrupted_run_goes_on(fields: dict[str, Any], tmp_path: Path) -> None:
    e = BASE.replace(**fields)

    def stop(step: int, tau: float, training_loss: float) -> None:
        if step == 9:
            raise KeyboardInterrupt

    store = tmp_path / "run"
    simulate(e, "limit", threads=1, store=store, progress=stop, checkpoint_seconds=0.0)
    whole, again = simulate(e, "limit", threads=1), resume(store)
    for run in (whole, again):
        run.dataset.attrs.pop("seconds")
    assert_identical(whole, again)


def test_age_zero_is_exact_beside_the_others() -> None:
    compression = Compression(4, 1e-3, 1e-8, equal_times=True)
    for cosine in (1.0, 0.7, -0.9):
        weights = compression.weights(np.array([cosine]))[:, 0]
        for age in (0.0, 1e-3, 0.1, 3.0):
            assert weights @ np.exp(-compression.exponents * age) == pytest.approx(math.asin(cosine * math.exp(-age)), abs=3e-8)


def test_ages_are_a_bound_with_increments() -> None:
    for fields in LAWS:
        e = BASE.replace(**fields)
        if e.patterns in ("frozen", "redrawn") or e.noise_placement not in ("gradient", "iterates"):
            continue
        bound, still = ages(e)
        clock = Clock(e, get_kernel(e.patterns))
        seen = [clock.step(rate, increment).age for rate, level in ((1.5, 0.7), (0.3, 0.7 * e.noise_factor)) for _ in range(9)
                for increment in [level * (rate if e.noise_placement == "gradient" else 1.0)]]
        assert all(age >= bound * (1 - 1e-12) or (age == 0 and still) for age in seen)
