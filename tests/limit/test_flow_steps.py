"""Steps of continuous time: where they are cut at a threshold of the loss, and how residuals along a line are weighed."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad

from theory_sim.limit import flow
from theory_sim.limit.memories import _weights_of_line

NEAR, SHORTEST = flow._CROSSING, flow._SMALLEST


def cut(loss: float, *, threshold: float = -math.inf, stop: float | None = None, length: float = 8.0) -> float | None:
    """Length that a step from loss 1 to ``loss`` is cut to."""
    run: Any = SimpleNamespace(
        schedule=SimpleNamespace(threshold=lambda: threshold), experiment=SimpleNamespace(epsilon_2=stop), _loss=lambda: loss
    )
    return flow.FlowRun._crossing(run, 1.0, length)


@pytest.mark.parametrize("level", [{"threshold": 0.6}, {"stop": 0.6}, {"threshold": 0.6, "stop": 0.1}])
def test_a_step_beyond_the_level_is_cut_where_the_straight_line_meets_it(level: dict[str, float]) -> None:
    # From 1 to 0.2 the line is at 0.6 halfway, and just below it a little later.
    assert cut(0.2, **level) == pytest.approx(8.0 * 0.5, rel=2 * NEAR)
    assert 8.0 * (1.0 - 0.6) / 0.8 < float(cut(0.2, **level) or 0.0) < 8.0 * (1.0 - 0.6 + NEAR) / 0.8


def test_a_step_that_need_not_be_cut_is_not() -> None:
    assert cut(0.2) is None, "no level"
    assert cut(0.7, threshold=0.6) is None and cut(0.6 + 0.5 * NEAR, stop=0.6) is None, "not there yet"
    assert cut(0.6 - 0.5 * NEAR, threshold=0.6) is None, "as near as is asked"
    assert cut(0.6 - 2.0 * NEAR, threshold=0.6) is not None
    assert cut(0.2, threshold=0.6, length=0.5 * SHORTEST) is None and cut(0.2, threshold=0.6, length=SHORTEST) is None
    assert cut(0.2, threshold=0.6, length=1.5 * SHORTEST) == SHORTEST, "nor is it cut any shorter"


def test_residuals_along_a_line_are_weighed_by_the_integrals() -> None:
    z = np.array([0.0, 1e-6, 9.9e-3, 1.01e-2, 0.3, 1.0, 7.0, 60.0])
    first, last = _weights_of_line(z)
    for k, decay in enumerate(z.tolist()):
        for found, share in ((first[k], lambda x: 1.0 - x), (last[k], lambda x: x)):
            expected, _ = quad(lambda x: math.exp(-decay * (1.0 - x)) * share(x), 0.0, 1.0, epsabs=1e-14, epsrel=1e-13)  # noqa: B023
            assert found == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize(("length", "taken"), [(10.0, 8.0), (8.0 * (1 - 1e-10), 8.0), (5.0, 4.0), (4.0, 4.0), (3.0, 3.0)])
def test_the_way_to_a_stop_is_one_step_or_two_equal_ones(length: float, taken: float) -> None:
    assert flow.FlowRun._fitted(length, 8.0) == taken


def test_the_stated_error_is_the_correctors_own() -> None:
    """On outputs that are cubes of time: there the difference of predictor and corrector has no higher part."""

    class Slope(float):
        def extrapolated(self, before: float, ratio: float) -> float:
            return self + (self - before) * ratio

    class Network:
        def __init__(self) -> None:
            self.f = np.zeros(1)

        def move(self, start: float, first: float, last: float, rate: float, length: float) -> None:
            self.f = np.array([start**3 + 0.5 * length * (first + last)])

        def residuals(self) -> float:
            return 3.0 * 1.3**2

    network = Network()
    run: Any = SimpleNamespace(network=network, _previous=(Slope(3.0 * 0.7**2), 0.3))
    stated = flow.FlowRun._attempt(run, 1.0, Slope(3.0), 1.0, 0.3)  # type: ignore[arg-type]
    assert stated == pytest.approx(abs(float(network.f[0]) - 1.3**3), rel=1e-12)
