"""The sampled noise output has the covariance of THEORY §7: exactly where it can be computed, and by its draws."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
import pytest
from scipy.stats import norm

from theory_sim import Experiment, draw_data, draw_test_data, simulate
from theory_sim.data import shared_directions
from theory_sim.errors import InputError
from theory_sim.limit import noise_output
from theory_sim.limit.noise_output import NoiseOutput, modes
from theory_sim.numeric.streams import StepStream
from theory_sim.observe.base import Observer, Snapshot, Values, Variable
from theory_sim.theory.arc_cosine import kappa_1, kernel_constants

LAWS = ("independent", "balanced")
# Each z-score test compares a few hundred covariances at this level in all (Bonferroni).
LEVEL = 1e-3
PATHS = 3000


def _inputs(n: int, k: int) -> np.ndarray:
    x = np.random.default_rng(n * 100 + k).standard_normal((n, k))
    return x * np.linspace(0.5, 1.5, n)[:, None]


def _covariance(x: np.ndarray, rho: float, law: str) -> np.ndarray:
    lengths = np.linalg.norm(x, axis=1)
    cosine = np.clip(x @ x.T / np.outer(lengths, lengths), -1, 1)
    return np.outer(lengths, lengths) * (kappa_1(rho * cosine) - (1 / (2 * math.pi) if law == "balanced" else 0.0))


def _paths(x: np.ndarray, rhos: list[float], law: str, spatial: str = "exact") -> np.ndarray:
    """Values (path, time, input) of independent paths."""
    values = np.empty((PATHS, len(rhos) + 1, len(x)))
    for seed in range(PATHS):
        process = NoiseOutput(x, law=law, spatial=spatial, seed=seed, address=0)  # type: ignore[arg-type]
        values[seed, 0] = process.values
        for step, rho in enumerate(rhos):
            process.advance(rho, step)
            values[seed, step + 1] = process.values
    return values


def _largest_score(values: np.ndarray, wanted: np.ndarray) -> tuple[float, int]:
    """Largest |z| of the sample covariances against those wanted, and how many there are; the mean is known to be 0."""
    flat = values.reshape(len(values), -1)
    found = flat.T @ flat / len(flat)
    spread = np.sqrt((np.outer(np.diag(wanted), np.diag(wanted)) + wanted**2) / len(flat))
    upper = np.triu_indices(len(wanted))
    return float(np.abs((found - wanted) / spread)[upper].max()), len(upper[0])


def _two_time(x: np.ndarray, rhos: list[float], law: str) -> np.ndarray:
    times = len(rhos) + 1
    blocks = [[_covariance(x, float(np.prod(rhos[min(s, t) : max(s, t)])), law) for t in range(times)] for s in range(times)]
    return np.block(blocks)


RHOS = [0.8, 0.3, -0.8]


@pytest.fixture(scope="module", params=[pytest.param(law, marks=pytest.mark.tier2) for law in LAWS[:2]])
def sampled(request: pytest.FixtureRequest) -> tuple[str, np.ndarray, np.ndarray]:
    x = _inputs(5, 3)
    return request.param, x, _paths(x, RHOS, request.param)


@pytest.mark.tier2
def test_two_time_covariance_of_paths(sampled: tuple[str, np.ndarray, np.ndarray]) -> None:
    law, x, values = sampled
    score, tests = _largest_score(values, _two_time(x, RHOS, law))
    assert score < norm.isf(LEVEL / tests / 2)


def _mean_score(values: np.ndarray, wanted: np.ndarray) -> tuple[float, int]:
    """Largest |z| of the sample means, which should be 0, and how many there are."""
    flat = values.reshape(len(values), -1)
    return float(np.abs(flat.mean(axis=0) / np.sqrt(np.diag(wanted) / len(flat))).max()), flat.shape[1]


def test_paths_are_centred(sampled: tuple[str, np.ndarray, np.ndarray]) -> None:
    """And a constant of a tenth of the standard deviation is refused."""
    law, x, values = sampled
    wanted = _two_time(x, RHOS, law)
    score, tests = _mean_score(values, wanted)
    assert score < norm.isf(LEVEL / tests / 2)
    off = values + 0.1 * np.sqrt(np.diag(wanted)).reshape(values.shape[1:])
    assert _mean_score(off, wanted)[0] > norm.isf(LEVEL / tests / 2)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("spatial", ["exact", "mean"])
def test_opposite_draws_have_opposite_outputs(law: str, spatial: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The noise output is linear in its draws, so that no constant can have been added: exactly, as rounding is symmetric."""

    class Opposite(StepStream):
        def normal(self, step: int, out: np.ndarray) -> None:
            super().normal(step, out)
            out *= -1

    def path() -> np.ndarray:
        process = NoiseOutput(_inputs(7, 3), law=law, spatial=spatial, seed=2, address=0)  # type: ignore[arg-type]
        values = [process.values]
        for step, rho in enumerate(RHOS):
            process.advance(rho, step)
            values.append(process.values)
        return np.array(values)

    values = path()
    monkeypatch.setattr(noise_output, "StepStream", Opposite)
    assert np.abs(values).min() > 0
    np.testing.assert_array_equal(path(), -values)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("network", ["split", "shared"])
def test_a_limit_without_signal_is_this_process(law: Any, network: Any) -> None:
    """With a rate of 1e-12 outputs on training and test examples, and g, are tau_t times the process, to 1e-10."""
    e = Experiment(
        d=4, N=12, p0=0.4, q0=0.3, n_test=3, neurons=law, network=network, tau_0=0.7, tau_xi=0.0, lambda_=0.0, schedule="S",
        eta_2=1e-12, max_steps=1, record_every=1.0, dtype="float64", seed=4,
    )
    train, test = draw_data(e), draw_test_data(e)
    seen = []

    class Look(Observer):
        name = "look"
        variables: ClassVar = {"look": Variable((), "1", "nothing")}

        def observe(self, snapshot: Snapshot) -> Values:
            seen[:] = [snapshot.network.f, snapshot.network.outputs(snapshot.test)[0], snapshot.network.g]
            return {"look": 0.0}

    simulate(e, "limit", noise="sampled", observers=[Look()], threads=1)
    patches = [of.x1[of.kind != 1] for of in (train, test)]
    given: dict[str, Any] = {"law": law, "spatial": "exact", "seed": e.seed}
    directions = shared_directions(e, train.w_star) if network == "shared" else np.array([[1.0, s * e.r] for s in (-1, 0, 1)])
    if network == "shared":
        values = 0.7 * NoiseOutput(np.concatenate([*patches, directions]), address=0, **given).values
        g = values[-3:]
    else:
        values = 0.7 * NoiseOutput(np.concatenate(patches), address=0, **given).values
        g = 0.7 * NoiseOutput(directions, address=1, **given).values
    wanted, start = [], 0
    for of, count in zip((train, test), map(len, patches), strict=True):
        f = of.alpha * g[of.direction]
        f[of.kind != 1] += values[start : start + count]
        wanted, start = [*wanted, f], start + count
    for actual, expected in zip(seen, [*wanted, g], strict=True):
        np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-10)
        assert np.abs(expected).min() > 1e-3


@pytest.mark.parametrize("twin", ["no rotation", "kappa_1 off by 10 %", "the other law", "one step more"])
def test_the_same_scores_refute_other_covariances(sampled: tuple[str, np.ndarray, np.ndarray], twin: str) -> None:
    law, x, values = sampled
    wanted = {
        "no rotation": lambda: _two_time(x, [1.0, 1.0, 1.0], law),
        "kappa_1 off by 10 %": lambda: 1.1 * _two_time(x, RHOS, law),
        "the other law": lambda: _two_time(x, RHOS, LAWS[1 - LAWS.index(law)]),
        "one step more": lambda: _two_time(x, [0.8**2, 0.3, -0.8], law),
    }[twin]()
    score, tests = _largest_score(values, wanted)
    assert score > norm.isf(LEVEL / tests / 2)


@pytest.mark.parametrize("law", LAWS)
def test_modes_add_up_to_kappa_1(law: str) -> None:
    # Without sampling: the covariance that the modes stand for, at every correlation in time.
    rho = np.concatenate([np.exp(-np.geomspace(1e-9, 30, 3000)), [1.0, 0.0]])
    degrees = {0.0: 1 / (2 * math.pi), 1.0: 0.25} | {mode.exponent: mode.mass for mode in modes()}
    total = sum(mass * rho**exponent for exponent, mass in degrees.items())
    assert np.abs(total - kappa_1(rho)).max() < 2e-6
    without_bin = sum(mass * rho**exponent for exponent, mass in degrees.items() if abs(exponent - 2) > 0.1)
    assert np.abs(without_bin - kappa_1(rho)).max() > 0.05


def test_covariance_between_inputs_is_kappa_1() -> None:
    # The roots themselves: what their squares add up to, in a plane (Q's directions) and where cosines are small.
    for x in (np.array([[1.0, -0.3], [1.0, 0.0], [1.0, 0.3]]), _inputs(40, 300)):
        process = NoiseOutput(x, law="independent", spatial="exact", seed=0, address=0)
        lengths = np.linalg.norm(x, axis=1)
        even = sum(
            root._own**2 * np.eye(len(x)) if root._root is None else root._root @ root._root.T for root in process._roots
        )
        cosine = np.clip(x @ x.T / np.outer(lengths, lengths), -1, 1)
        assert np.abs(even + 1 / (2 * math.pi) + cosine / 4 - kappa_1(cosine)).max() < 2e-6


@pytest.mark.parametrize(("law", "slopes"), [
    ("independent", (0.3, 1.0)), ("balanced", (-0.7, 1.0)), ("independent", (0.5, -2.0)), ("balanced", (1.0, 1.0)),
], ids=str)
def test_covariance_of_two_lines(law: str, slopes: tuple[float, float], monkeypatch: pytest.MonkeyPatch) -> None:
    """The values as a linear map of unit draws, against E phi(z) phi(z') by quadrature, less (E phi)^2 for balanced signs."""
    x = np.array([[1.0, -0.3], [1.0, 0.0], [0.4, 0.6]])
    lengths = np.linalg.norm(x, axis=1)
    maps, chosen = [], [0, 0]

    class Unit(StepStream):
        """Draws of which one is 1; each object counts how many stand before its own."""

        def normal(self, step: int, out: np.ndarray) -> None:
            out[:] = 0.0
            place = chosen[0] - chosen[1]
            if 0 <= place < len(out):
                out[place] = 1.0
            chosen[1] += len(out)

    monkeypatch.setattr(noise_output, "StepStream", Unit)
    count = None
    while count is None or chosen[0] < count:
        chosen[1] = 0
        process = NoiseOutput(x, law=law, spatial="exact", seed=0, address=0,  # type: ignore[arg-type]
                              constants=kernel_constants(*slopes))
        maps.append(process.values)
        count, chosen[0] = chosen[1], chosen[0] + 1
    found = np.array(maps).T @ np.array(maps)

    def phi(z: np.ndarray) -> np.ndarray:
        return np.where(z > 0, slopes[1] * z, slopes[0] * z)

    angle = (np.arange(30_000) + 0.5) * 2 * math.pi / 30_000
    direction = np.stack([np.cos(angle), np.sin(angle)])  # of a normal vector in the plane, whose squared length has mean 2
    seen = phi(x @ direction)
    wanted = 2.0 * seen @ seen.T / len(angle)
    if law == "balanced":
        wanted -= np.outer(lengths, lengths) * (slopes[1] - slopes[0]) ** 2 / (2 * math.pi)
    assert np.abs(found - wanted).max() < 5e-6
    cosine = np.clip(x @ x.T / np.outer(lengths, lengths), -1, 1)
    formula = kappa_1(cosine, kernel_constants(*slopes)) * np.outer(lengths, lengths)
    assert law == "balanced" or np.abs(formula - wanted).max() < 1e-6
    other = kappa_1(cosine, kernel_constants(slopes[0] + 0.01, slopes[1])) * np.outer(lengths, lengths)
    assert law == "balanced" or np.abs(other - found).max() > 1e-4


@pytest.mark.alternating
def test_mean_covariance() -> None:
    x = _inputs(4, 2)
    values = _paths(x, [0.7], "balanced", "mean")
    lengths = np.linalg.norm(x, axis=1)
    cosine = x @ x.T / np.outer(lengths, lengths)
    off = ~np.eye(4, dtype=bool)

    def covariance(rho: float) -> np.ndarray:
        even = kappa_1(rho * cosine) - 1 / (2 * math.pi) - rho * cosine / 4
        mean = np.where(off, even[off].mean(), kappa_1(rho) - 1 / (2 * math.pi) - rho / 4)
        return np.outer(lengths, lengths) * (mean + rho * cosine / 4)

    wanted = np.block([[covariance(1.0), covariance(0.7)], [covariance(0.7), covariance(1.0)]])
    score, tests = _largest_score(values, wanted)
    assert score < norm.isf(LEVEL / tests / 2)
    score, tests = _largest_score(values, _two_time(x, [0.7], "balanced"))
    assert score > norm.isf(LEVEL / tests / 2)


def test_draws_are_addressed_by_step() -> None:
    x = _inputs(6, 4)
    one, other = (NoiseOutput(x, law="independent", spatial="exact", seed=3, address=0) for _ in range(2))
    one.advance(0.5, 0)
    one.advance(0.0, 1)  # forgets all but the constant term
    other.advance(0.9, 0)
    other.advance(0.0, 1)
    assert np.array_equal(one.values, other.values)
    apart = NoiseOutput(x, law="independent", spatial="exact", seed=3, address=1)
    assert not np.any(apart.values == NoiseOutput(x, law="independent", spatial="exact", seed=3, address=0).values)
    still = one.values
    one.advance(1.0, 2)  # frozen patterns
    assert np.array_equal(one.values, still)


@pytest.mark.tier2
@pytest.mark.parametrize("law", [pytest.param(law, marks=pytest.mark.slow) if law == "balanced" else law for law in LAWS])
def test_a_wide_network_has_this_noise_output(law: str) -> None:
    """Noise outputs of simulated networks at the start and after 40 steps, over 150 seeds, against the limit's covariance."""
    tiny = Experiment(
        d=3, N=12, p0=1.0, q0=0.0, counts="exact", m_W=400, m_V=2, neurons=law, tau_0=1.0, tau_xi=0.2, schedule="constant",
        eta_1=0.5, lambda_=0.05, max_tau=20.0, record_every=20.0, n_test=1, dtype="float64", seed_data=1,
    )
    # A signal of order 1 stands beside noise of order 1: its mean over seeds is taken out below.
    outputs = np.stack([simulate(tiny.replace(seed=seed), threads=1).dataset["f_train"].values for seed in range(150)])
    limit = np.stack([
        simulate(tiny.replace(seed=seed), "limit", noise="sampled", threads=1).dataset["f_train"].values for seed in range(150)
    ])
    outputs -= outputs.mean(axis=0)
    limit -= limit.mean(axis=0)
    covariances = [values.T @ values / (len(values) - 1) for values in (outputs, limit)]
    scale = np.sqrt(np.outer(np.diag(covariances[1]), np.diag(covariances[1])) + covariances[1] ** 2) / math.sqrt(150)
    scores = np.abs(covariances[0] - covariances[1]) / (math.sqrt(2) * scale)
    threshold = norm.isf(LEVEL / 78 / 2)
    assert scores.max() < threshold
    assert (np.abs(2.5 * covariances[0] - covariances[1]) / (math.sqrt(1 + 2.5**2) * scale)).max() > threshold


def test_paired_neurons_have_none() -> None:
    with pytest.raises(InputError, match="paired neurons have no noise output"):
        simulate(Experiment.preset("quick"), "limit", noise="sampled")
