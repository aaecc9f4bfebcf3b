"""The P/Q mixture against THEORY §1; statistical bounds are at level 1e-6 for fixed seeds."""

import math
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from scipy import stats

from theory_sim import Data, Experiment, draw_data, draw_test_data
from theory_sim.data import draw_q_hat, law
from theory_sim.data.examples import BOTH, P_ONLY, Q_ONLY
from theory_sim.errors import InputError
from theory_sim.testing import data_sets, experiments

LARGE = Experiment(d=50, N=20_000, p0=0.2, q0=0.35, g0=1.3, r=0.3, alpha_min=0.25, alpha_max=0.75, n_test=2000,
                   m_W=2, m_V=2, dtype="float64", seed=1, counts="random")  # fmt: skip
LEVEL = 1e-6


@given(data_sets())
def test_every_example_is_of_its_kind(data: Data) -> None:
    P, Q = data.kind != Q_ONLY, data.kind != P_ONLY
    assert not data.x1[~P].any() and not data.alpha[~Q].any()
    # y = +1 lies on z, y = -1 on z - zeta or z + zeta (THEORY §1).
    assert (data.direction[Q & (data.y > 0)] == 1).all()
    assert np.isin(data.direction[Q & (data.y < 0)], [0, 2]).all()
    assert data.counts.sum() == len(data) == len(data.x1) == len(data.alpha)
    expected = data.alpha[:, None] * np.array([[1, -data.r], [1, 0], [1, data.r]])[data.direction]
    np.testing.assert_allclose(data.x2, expected, rtol=1e-15, atol=0)


@given(experiments(dtype="float64"))
def test_margin_of_P_is_never_below_gamma_0(experiment: Experiment) -> None:
    data = draw_data(experiment)
    assert np.linalg.norm(data.w_star) == pytest.approx(1, rel=1e-12)
    margin = data.y * (data.x1 @ data.w_star)
    assert (margin[data.kind != Q_ONLY] >= experiment.gamma_0 - 1e-12).all()
    assert ((data.alpha >= experiment.alpha_min) & (data.alpha <= experiment.alpha_max))[data.kind != P_ONLY].all()


@given(experiments())
def test_the_share_of_Q_is_known_before_the_patches_are(experiment: Experiment) -> None:
    assert draw_q_hat(experiment) == draw_data(experiment).q_hat


@given(experiments(counts="exact"))
def test_exact_counts_are_within_one_of_their_share(experiment: Experiment) -> None:
    n = experiment.n_examples
    share = [experiment.p0_value, experiment.q0, 1 - experiment.p0_value - experiment.q0]
    assert (np.abs(draw_data(experiment).counts - n * np.array(share)) < 1 + 1e-9).all()


def test_random_counts_labels_and_sides_are_binomial() -> None:
    data = draw_data(LARGE)
    negative = (data.y < 0) & (data.kind != P_ONLY)
    for hits, trials, p in (
        (data.counts[P_ONLY], len(data), 0.2), (data.counts[Q_ONLY], len(data), 0.35), (data.counts[BOTH], len(data), 0.45),
        ((data.y > 0).sum(), len(data), 0.5), ((data.direction[negative] == 2).sum(), negative.sum(), 0.5),
        (((data.y > 0) & (data.kind == Q_ONLY)).sum(), data.counts[Q_ONLY], 0.5),
    ):
        low, high = stats.binom.ppf([LEVEL / 2, 1 - LEVEL / 2], int(trials), p)
        assert low <= hits <= high


def test_P_is_a_reflected_gaussian_with_a_margin() -> None:
    data = draw_data(LARGE)
    P = data.kind != Q_ONLY
    along = (data.y * (data.x1 @ data.w_star))[P] * math.sqrt(LARGE.d) - LARGE.g0
    # y <w*, z> >= 0 makes it the absolute value of a standard normal number (THEORY §1).
    assert stats.kstest(along, stats.halfnorm.cdf).pvalue > LEVEL
    rest = (data.x1[P] - np.outer(data.x1[P] @ data.w_star, data.w_star)) * math.sqrt(LARGE.d)
    square = float((rest**2).sum())
    low, high = stats.chi2.ppf([LEVEL / 2, 1 - LEVEL / 2], int(P.sum()) * (LARGE.d - 1))
    assert low <= square <= high
    alpha = data.alpha[data.kind != P_ONLY]
    assert stats.kstest(alpha, stats.uniform(0.25, 0.5).cdf).pvalue > LEVEL


def test_test_sets_are_fresh_and_balanced() -> None:
    train, test = draw_data(LARGE), draw_test_data(LARGE)
    np.testing.assert_array_equal(test.counts, [2000, 2000, 2000])
    np.testing.assert_array_equal(test.w_star, train.w_star)
    assert not set(train.alpha[train.kind != P_ONLY]) & set(test.alpha[test.kind != P_ONLY])
    assert not set(train.x1[train.kind != Q_ONLY, 0]) & set(test.x1[test.kind != Q_ONLY, 0])
    assert len(draw_test_data(LARGE, 3)) == 9
    with pytest.raises(InputError, match=r"n_each = 0.*\n.*at least one"):
        draw_test_data(LARGE, 0)


def shared_draws(train: Data, test: Data) -> float:
    """Largest correlation of one set's patches with the other's, row after row, at any distance between them."""
    a, b = (set_.x1[set_.kind == P_ONLY].astype(np.float64).ravel() for set_ in (train, test))
    n = len(a) + len(b)
    correlation = np.fft.irfft(np.fft.rfft(a, n) * np.fft.rfft(b, n).conj(), n)
    return float(np.abs(correlation).max() / min(a @ a, b @ b))


def test_a_test_set_shares_no_draws_with_the_training_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor a run of draws at another place of one stream. Of 1e5 draws each, chance gives correlations below 0.02."""
    e = LARGE.replace(N=2000, p0=1.0, q0=0.0, n_test=2000)
    assert 0 < shared_draws(draw_data(e), draw_test_data(e)) < 0.03
    assert 0 < shared_draws(draw_data(e), draw_data(e.replace(seed=2))) < 0.03
    own = law.generator
    monkeypatch.setattr(law, "generator", lambda seed, purpose, *address: own(
        seed, "data" if purpose == "test data" else purpose, *address))
    assert shared_draws(draw_data(e), draw_test_data(e)) > 0.5


def test_mean_by_kind() -> None:
    data = draw_data(LARGE.replace(N=30, p0=0.0, q0=0.5))
    means = data.mean_by_kind(data.kind.astype(float))
    np.testing.assert_array_equal(means[1:], [1, 2])
    assert math.isnan(means[0])


def test_precision_rounds_the_same_data() -> None:
    double, single = draw_data(LARGE.replace(N=50)), draw_data(LARGE.replace(N=50, dtype="float32"))
    assert single.x1.dtype == np.float32
    np.testing.assert_array_equal(double.x1.astype(np.float32), single.x1)
    np.testing.assert_array_equal(double.alpha, single.alpha)


def test_data_do_not_depend_on_the_threads_of_blas() -> None:
    code = (
        "import hashlib; from theory_sim import Experiment, draw_data; "
        "data = draw_data(Experiment(d=50_000, N=8, p0=0.2)); "
        "print(hashlib.sha256(data.x1.tobytes() + data.w_star.tobytes()).hexdigest())"
    )
    seen = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                       env={**os.environ, "OPENBLAS_NUM_THREADS": threads}).stdout
        for threads in ("1", "2")
    }
    assert len(seen) == 1


def test_the_repr_of_data_is_a_line_of_any_content() -> None:
    data = draw_data(Experiment(d=6, N=20))
    assert repr(data) == "<Data: x1 (20, 6), x2 (20, 2), y (20,); kinds P-only, Q-only, both>"
    assert repr(data.pq) == "<PQStructure: alpha (20,), direction (20,), w_star (6,); r 0.3>"
    assert "x1 no array" in repr(replace(data, x1=[[1.0], [2.0, 3.0]], kind=np.array([9])))
