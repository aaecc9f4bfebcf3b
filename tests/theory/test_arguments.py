"""Arguments of the closed forms: what is taken where none is given, and the first and last values that are allowed."""

from __future__ import annotations

import importlib
import inspect
import math
import pkgutil
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pytest

import theory_sim.theory
from theory_sim.errors import InputError
from theory_sim.theory.batch_noise import batch_covariance_factor, batch_noise_scale
from theory_sim.theory.common_classifier import active_share_bound, width_for_all
from theory_sim.theory.predicted_order import log_margin

STATED: Final[dict[str, Any]] = {
    "alpha_min": 0.0, "alpha_max": 1.0,  # sizes of patch Q, uniform between: those of the paper's law (THEORY §1)
    "g0": 1.0, "g_0": 1.0,  # the margin is 1 / sqrt(d)
    "alpha": 1.0, "curvature": 0.25, "loss_curvature": 0.25,  # the logistic loss has l'' <= 1/4
    "at_zero": math.log(2.0), "level": 0.45, "losses": (0.45, 0.1), "neurons": "independent", "replacement": False,
    "hysteresis": 0.01, "rounding": 1e-3, "until": math.inf, "stable_rate": math.inf, "d": math.inf, "dtype": "float64",
    "blocks": 150, "tau_largest": None, "rates": None, "form": ".3g", "of_width": False,
}  # fmt: skip
"""What an argument of the theory is if it is not given: the same wherever it has the name."""


def functions() -> list[tuple[str, Callable[..., Any]]]:
    found = []
    for module in pkgutil.walk_packages(theory_sim.theory.__path__, "theory_sim.theory."):
        held = vars(importlib.import_module(module.name)).values()
        found += [(f"{module.name}.{each.__name__}", each) for each in held
                  if inspect.isfunction(each) and each.__module__ == module.name]  # fmt: skip
    return found


def test_what_is_not_given_is_what_is_stated() -> None:
    seen = set()
    for name, function in functions():
        for argument in inspect.signature(function).parameters.values():
            if argument.default is not argument.empty and argument.name in STATED:
                assert argument.default == STATED[argument.name], (name, argument)
                seen.add(argument.name)
    assert seen == STATED.keys()


def width_at(N: int, T: int, deviation: float, risk: float) -> int:
    return width_for_all(N, T, deviation=deviation, risk=risk)


@pytest.mark.parametrize(("function", "allowed", "refused"), [
    (batch_covariance_factor, [(1, 1), (5, 1), (5, 5)], [(0, 1), (5, 0), (5, 6)]),
    (batch_noise_scale, [(0.0, 1, 1), (2.0, 5, 5), (2.0, 5, 1)], [(-1e-9, 1, 1), (math.nan, 5, 1), (1.0, 5, 6), (1.0, 5, 0)]),
    (width_at, [(1, 1, 0.5, 0.01), (1, 1, 1e-3, 0.99)],
     [(0, 1, 0.5, 0.01), (1, 0, 0.5, 0.01), (1, 1, 0.51, 0.01), (1, 1, 0.0, 0.01), (1, 1, 0.5, 0.0), (1, 1, 0.5, 1.0)]),
    (active_share_bound, [(1, 0.5), (4, 0.01)], [(0, 0.5), (4, 0.0), (4, 0.51)]),
])  # fmt: skip
def test_the_first_and_last_values_are_allowed_and_no_others(
    function: Callable[..., float], allowed: list[tuple[Any, ...]], refused: list[tuple[Any, ...]]
) -> None:
    assert all(np.isfinite(function(*values)) for values in allowed)
    for values in refused:
        with pytest.raises(InputError):
            function(*values)


def test_no_examples_have_no_batches_drawn_with_replacement_either() -> None:
    assert batch_covariance_factor(1, 4, replacement=True) == 0.25
    with pytest.raises(InputError):
        batch_covariance_factor(0, 1, replacement=True)


def test_a_margin_has_the_sign_of_the_difference() -> None:
    assert log_margin(2.0, 1.0) == pytest.approx(math.log(2)) == -log_margin(1.0, 2.0)
    assert log_margin(1.0, 1.0) == 0.0 and log_margin(1.0, 0.0) == math.inf and log_margin(0.0, 1.0) == -math.inf
    # The logarithm of this quotient is 0 in floating point.
    barely = np.nextafter(1e-300, 1.0)
    assert log_margin(1e-300, float(barely)) < 0.0 <= log_margin(float(barely), 1e-300)
