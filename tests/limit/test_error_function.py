"""The limit with erf: its kernel by quadrature, the run as a double sum over times and examples, and against finite width."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.limit.reference import noise_levels
from tests.test_resume import Stop, assert_same_data
from theory_sim import Experiment, branch, draw_data, draw_test_data, resume, simulate
from theory_sim.data import Data
from theory_sim.errors import InputError
from theory_sim.theory.erf_kernel import MOST, amplitude, coefficients, powers_for, visibility
from theory_sim.train.sampling import make_sampling

Array = np.ndarray[Any, Any]
BASE = Experiment(
    d=5, N=14, m_W=6, m_V=8, n_test=3, schedule="step", step_tau=4.0, step_factor=0.4, eta_1=0.7, tau_0=0.8, lambda_=0.05,
    tau_xi=0.3, max_tau=7.0, record_every=0.01, dtype="float64", seed=2, activation="erf",
)


def kernel(a: Array, b: Array, c: Array) -> Array:
    """E erf'(u) erf'(u') of u ~ N(0, a), u' ~ N(0, b), covariance c."""
    return 4.0 / np.pi / np.sqrt((1.0 + 2.0 * a) * (1.0 + 2.0 * b) - 4.0 * c * c)


@pytest.mark.parametrize(("a", "b", "correlation"), [(0.3, 0.3, 1.0), (0.8, 0.2, 0.6), (1.5, 0.7, -0.9), (0.5, 0.9, 0.0)])
def test_the_kernel_is_its_gaussian_integral(a: float, b: float, correlation: float) -> None:
    """By Gauss-Hermite quadrature of 100 nodes in each direction, whose error is below 1e-12 at these variances."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(100)
    weights = weights / math.sqrt(2 * math.pi)
    u = math.sqrt(a) * nodes[:, None]
    other = math.sqrt(b) * (correlation * nodes[:, None] + math.sqrt(1 - correlation**2) * nodes)
    slopes = 4 / math.pi * np.exp(-(u**2) - other**2)
    integral = float(weights @ slopes @ weights)
    x, y = np.array(a), np.array(b)
    z = float(visibility(x) * visibility(y)) * correlation**2
    count = powers_for(z, 1e-13)
    assert kernel(x, y, np.array(correlation * math.sqrt(a * b))) == pytest.approx(integral, abs=1e-10)
    series = float(amplitude(x) * amplitude(y)) * float(coefficients(count) @ z ** np.arange(count))
    assert series == pytest.approx(integral, abs=1e-10)


@pytest.mark.parametrize("largest", [0.0, 0.3, 0.9, 0.97])
@pytest.mark.parametrize("tolerance", [1e-3, 1e-8, 1e-12])
def test_so_many_powers_are_needed_and_enough(largest: float, tolerance: float) -> None:
    count, exact = powers_for(largest, tolerance), (1 - largest) ** -0.5
    left = [exact - float(coefficients(k) @ largest ** np.arange(k)) for k in (count, max(1, count // 2))]
    assert left[0] <= tolerance * (1 + 1e-6) + 1e-14 and (largest == 0 or left[1] > tolerance)


def test_the_page_says_how_many_powers_it_takes() -> None:
    page = (Path(__file__).parents[2] / "docs" / "explanation" / "limit.md").read_text(encoding="utf-8")
    (powers, levels) = re.findall(r"At \$10\^\{-8\}\$ it takes (.*?) powers for \$\\tau\\lVert x\\rVert\$ of (.*?);", page)[0]
    squares = [float(each) ** 2 for each in re.findall(r"[\d.]+", levels)]
    found = [powers_for(float(visibility(np.array(square))) ** 2, 1e-8) for square in squares]
    assert len(found) == 5 and found == [int(each) for each in re.findall(r"\d+", powers)]


@pytest.mark.parametrize("tau_0", [40.0, 1e10])
def test_noise_at_which_erf_is_a_step_is_refused(tau_0: float) -> None:
    """In words alone, also where the blur of the correlation is rounded to none."""
    with pytest.raises(InputError, match=f"{MOST} powers leave"):
        simulate(BASE.replace(tau_0=tau_0), "limit")


def double_sum(e: Experiment, rates: Array) -> dict[str, Array]:
    """Outputs after all steps, on training and fresh examples and directions, and the signal's norms: sums over all times."""
    train, test = draw_data(e), draw_test_data(e)
    levels, keep, n = noise_levels(e.tau_0_value, e.tau_xi, e.lambda_, rates), 1.0 - rates * e.lambda_, len(train)

    def at(inputs: Array, other: Array, t: int, s: int) -> Array:
        """Kernel between inputs at t and others at s <= t."""
        shared = float(np.prod(keep[s:t])) * levels[s] ** 2  # rho tau_s tau_t
        norms = [levels[time] ** 2 * (x**2).sum(axis=1) for time, x in ((t, inputs), (s, other))]
        inner = inputs @ other.T
        return inner * kernel(norms[0][:, None], norms[1], shared * inner)

    def patches(data: Data) -> tuple[Array, Array]:
        return data.x1, data.x2

    def decay(s: int, t: int) -> float:
        return float(rates[s] * np.prod(keep[s + 1 : t]))

    steps: list[Array] = []

    def outputs(inputs: tuple[Array, Array], t: int) -> Array:
        found = np.zeros(max(map(len, inputs)))
        for s in range(t):
            for x, seen in zip(inputs, patches(train), strict=True):
                if len(x):
                    found -= decay(s, t) * at(x, seen, t, s) @ steps[s]
        return found

    for t in range(len(rates)):
        residual = train.y * -1.0 / (1.0 + np.exp(train.y * outputs(patches(train), t)))
        batch = make_sampling(e).at(t)
        shares = np.full(n, 1.0 / n) if batch is None else np.bincount(batch, minlength=n) / len(batch)
        steps.append(residual * shares)
    last = len(rates)
    squares = [sum(decay(s, last) * decay(r, last) * steps[max(s, r)] @ at(x, x, max(s, r), min(s, r)) @ steps[min(s, r)]
                   for s in range(last) for r in range(last)) for x in patches(train)]
    directions = np.array([[1.0, side * e.r] for side in (-1, 0, 1)])
    return {"f_train": outputs(patches(train), last), "f_test": outputs(patches(test), last),
            "g": outputs((np.zeros((0, e.d)), directions), last), "norm_signal": np.sqrt(np.array(squares))}


@pytest.mark.parametrize("fields", [
    {}, {"batch_size": 5}, {"tau_0": 0.0}, {"lambda_": 1 / 0.7}, {"tau_0": 3.0, "alpha_max": 1.7},
], ids=["plain", "batches", "no noise at first", "all is forgotten", "large noise"])
def test_a_run_is_the_double_sum(fields: dict[str, Any]) -> None:
    e = BASE.replace(**fields)
    run = simulate(e, "limit", threads=1, tolerance=1e-12).dataset
    wanted, loss = double_sum(e, run["rate"].values[:-1]), draw_test_data(e)
    assert len(set(run["rate"].values)) == 2, "the rate falls on the way"
    for name, value in (("f_train", run["f_train"]), ("g", run["g"][-1, 0]), ("norm_signal", run["norm_signal"][-1])):
        np.testing.assert_allclose(value, wanted[name], atol=1e-9, err_msg=name)
    fresh = loss.mean_by_kind(np.log1p(np.exp(-loss.y * wanted["f_test"])))
    np.testing.assert_allclose(run["loss_test"][-1], fresh, atol=1e-9)


def test_finite_widths_approach_it() -> None:
    """The largest difference, mean over seeds of U_0 and xi: O(m^-1/2) is a factor of 4 from m = 400 to 6400; 2.5 here."""
    e = BASE.replace(tau_xi=0.1, max_tau=9.8, step_tau=7.0, record_every=10.0)
    limit, other = (simulate(e.replace(activation=name), "limit") for name in ("erf", "linear"))

    def apart(m: int, seed: int) -> float:
        run = simulate(e.replace(m_W=m, m_V=m, seed_init=seed, seed_noise=seed), threads=1)
        return float(np.abs(run.dataset["f_train"] - limit.dataset["f_train"]).max())

    narrow, wide = (np.mean([apart(m, seed) for seed in range(count)]) for m, count in ((400, 4), (6400, 2)))
    assert wide < narrow / 2.5 and wide < 0.03
    assert np.abs(limit.dataset["f_train"] - other.dataset["f_train"]).max() > 10 * wide


def test_interrupted_branched_and_on_threads_it_is_the_same(tmp_path: Path) -> None:
    e = BASE.replace(N=180, noise_placement="labels", noise_level=0.2)
    simulate(e, "limit", store=tmp_path / "run", threads=1, progress=Stop(4), checkpoint_seconds=0.0)
    whole = simulate(e, "limit", threads=3)
    resumed = resume(tmp_path / "run", threads=2)
    changes = [{"max_tau": 9.0}, {"schedule": "pieces", "pieces": [[2.1, 0.7], [9.0, 3.0]]}]  # more noise, more powers
    runs = [run for _, run in branch(tmp_path / "run", 2.0, changes, out=tmp_path, threads=1)]
    pairs = [(resumed, whole), *((run, simulate(run.experiment, "limit", threads=2)) for run in runs)]
    for one, other in pairs:
        for run in (one, other):
            run.dataset.attrs.pop("seconds")
        assert_same_data(one, other)


@pytest.mark.parametrize(("fields", "options", "told"), [
    ({"neurons": "independent"}, {}, "erf is not homogeneous"), ({"network": "shared"}, {}, "network = 'shared'"),
    ({"optimiser": "heavy-ball"}, {}, "optimiser = 'heavy-ball'"), ({}, {"kernel": "frozen"}, "kernel = 'frozen'"),
    ({"noise_placement": "gradient", "noise_level": 0.1}, {}, "noise_placement = 'gradient'"), ({}, {"time": "flow"}, "flow"),
    ({}, {"spatial": "mean"}, "spatial = 'mean'"), ({}, {"noise": "sampled"}, "noise = 'sampled'"),
    ({"patterns": "frozen"}, {}, "patterns = 'frozen'"), ({"activation": "tanh"}, {}, "'erf'"),
])
def test_what_its_kernel_is_not_derived_for_is_refused(fields: dict[str, Any], options: Any, told: str) -> None:
    with pytest.raises(InputError, match=told):
        simulate(BASE.replace(**fields), "limit", **options)
