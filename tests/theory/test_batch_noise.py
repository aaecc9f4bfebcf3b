"""[F 5-9]: covariance of mini-batch gradients, against every batch listed and against the program's own batches."""

from itertools import combinations, product

import numpy as np
import pytest

from theory_sim.errors import InputError
from theory_sim.experiment import Experiment
from theory_sim.theory.batch_noise import batch_covariance_factor, batch_noise_scale
from theory_sim.train.sampling import make_sampling


@pytest.mark.parametrize(("n", "size", "replacement"), [(5, 2, False), (6, 5, False), (4, 4, False), (4, 3, True)])
def test_factor_against_all_batches(n, size, replacement):
    gradients = np.random.default_rng(2).normal(size=(n, 3))
    batches = product(range(n), repeat=size) if replacement else combinations(range(n), size)
    means = np.array([gradients[list(batch)].mean(0) for batch in batches])
    spread = np.cov(gradients.T, bias=True)
    np.testing.assert_allclose(np.cov(means.T, bias=True),
                               batch_covariance_factor(n, size, replacement=replacement) * spread, atol=1e-15)


def test_batches_of_a_run_have_the_exact_covariance():
    """20 000 steps' batches of 8 of 30: the variance of their mean within 5 standard errors."""
    experiment = Experiment(d=10, N=30, batch_size=8)
    gradients = np.random.default_rng(3).normal(size=30)
    draws = make_sampling(experiment)
    means = np.array([gradients[draws.at(step)].mean() for step in range(20_000)])
    wanted = batch_covariance_factor(30, 8) * gradients.var()
    error = np.sqrt(np.var((means - gradients.mean()) ** 2) / len(means))
    assert abs(np.mean((means - gradients.mean()) ** 2) - wanted) < 5 * error
    assert abs(gradients.var() / 8 - wanted) > 20 * error  # the law with replacement is told apart


def test_equal_scale_is_equal_noise_per_unit_of_tau():
    N = 60
    first, second = (0.5, 10), (2.0, 30)
    scales = [batch_noise_scale(rate, N, B) for rate, B in (first, second)]
    assert scales == pytest.approx([2.5, 2.0])
    rate = second[0] * scales[0] / scales[1]
    noise = [eta * batch_covariance_factor(N, B) for eta, B in (first, (rate, 30))]
    assert noise[0] == pytest.approx(noise[1]) == pytest.approx(scales[0] / (N - 1))
    assert batch_noise_scale(3.0, N, N) == 0 == batch_covariance_factor(1, 1)


def test_impossible_batches_are_refused():
    for call in (
        lambda: batch_covariance_factor(4, 5), lambda: batch_noise_scale(1.0, 4, 0), lambda: batch_noise_scale(-1.0, 4, 2),
    ):
        with pytest.raises(InputError):
            call()
