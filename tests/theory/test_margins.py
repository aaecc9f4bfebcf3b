"""The margin of a condition has the sign of what is missing, to the last digit."""

from __future__ import annotations

import math

import pytest

from theory_sim.theory.predicted_order import log_margin


@pytest.mark.parametrize(("found", "needed", "margin"), [
    (2.0, 1.0, math.log(2.0)), (1.0, 2.0, -math.log(2.0)), (1.0, 1.0, 0.0), (0.0, 1.0, -math.inf), (1.0, 0.0, math.inf),
    (1.0, math.inf, -math.inf),
])  # fmt: skip
def test_margin_is_the_logarithm(found: float, needed: float, margin: float) -> None:
    assert log_margin(found, needed) == margin


@pytest.mark.parametrize("needed", [0.1, 1.0, 3.0e5])
def test_the_sign_is_right_to_the_last_digit(needed: float) -> None:
    above, below = math.nextafter(needed, math.inf), math.nextafter(needed, 0.0)
    assert log_margin(above, needed) >= 0.0 > log_margin(below, needed)
