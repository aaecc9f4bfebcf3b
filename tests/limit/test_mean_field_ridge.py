"""The mean field's end against published fixed points: ridge-regularised logistic regression as d goes to infinity.

A linear network, examples with P alone and weight decay: full-batch gradient descent on the ridge loss, whose minimiser has the
overlap of Salehi, Abbasi and Hassibi 2019 and Mignacco, Krzakala, Lu and Zdeborova 2020 (THEORY §10, solved there by itself).
"""

from __future__ import annotations

import math

import pytest

from tests.limit.test_mean_field import TWINS
from theory_sim import Experiment
from theory_sim.closure.mean_field.solve import follow_particles
from theory_sim.closure.of_experiment import get_closure
from theory_sim.theory.closure import Closure
from theory_sim.theory.ridge_logistic import ridge_logistic


def descent(delta: float, ridge: float, relaxed: float = 12.0) -> Experiment:
    """Of the loss (1/n) sum l + (ridge / 2) |theta|^2 in the units of A and C: lambda = ridge / d, and long enough to relax."""
    d = 1000
    return Experiment(
        d=d, N=round(delta * d), kappa=None, p0=1.0, q0=0.0, activation="linear", schedule="constant", lambda_=ridge / d,
        eta_1=20.0, max_tau=relaxed * d / ridge, record_every=1000.0,
    )


def is_minimiser(course: Closure, delta: float, ridge: float, share: float) -> bool:
    """Whether the course ends at the minimiser's A, root of C and loss, each within a share."""
    told = ridge_logistic(delta, ridge)
    found = course.signal[-1], math.sqrt(course.interference[-1]), course.loss_P[-1]
    expected = told.signal, told.across, told.loss
    return all(abs(a - b) < share * b for a, b in zip(found, expected, strict=True))


@pytest.mark.alternating
@pytest.mark.parametrize(("delta", "ridge"), [(2.0, 0.3), (0.5, 0.3)])
def test_it_ends_at_the_minimiser(delta: float, ridge: float) -> None:
    assert is_minimiser(follow_particles(descent(delta, ridge), 100, 2048), delta, ridge, 7e-3)
    assert not is_minimiser(follow_particles(descent(delta, ridge, 1.0), 100, 2048), delta, ridge, 7e-3)


@pytest.mark.tier2
@pytest.mark.parametrize("twin", TWINS)
def test_mistakes_end_elsewhere(twin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    TWINS[twin](monkeypatch)
    assert is_minimiser(follow_particles(descent(2.0, 0.3), 150, 4096), 2.0, 0.3, 4e-3) == (twin == "right")


def test_the_closure_ends_near_it() -> None:
    """Its mean slope is wrong at late times, by little where all examples are of one kind."""
    course = get_closure(descent(2.0, 0.3))
    assert is_minimiser(course, 2.0, 0.3, 1e-2) and not is_minimiser(course, 2.0, 0.3, 5e-3)
