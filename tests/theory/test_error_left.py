"""THEORY §13: what S is left with, from the P-only examples alone, against all that hold P."""

import math

import pytest

from theory_sim.errors import InputError
from theory_sim.theory.error_left import error_left, examples_per_dimension
from theory_sim.theory.overlap import P_error, averaging_overlap
from theory_sim.theory.ridge_logistic import ridge_logistic_at_loss


def test_sizes():
    assert examples_per_dimension(kappa=0.5, p0=0.125, q0=0.3) == pytest.approx((0.5, 2.8))
    assert examples_per_dimension(kappa=0.1, p0=0.005, q0=0.0) == pytest.approx((0.5, 100.0))


def test_about_three_percent_against_practically_none():
    """THEORY §13 at g_0 = 1, kappa = 1/2, q_0 = 0.3, of averaging and max-margin; logistic regression does a little better."""
    left = {each.classifier: each for each in error_left(kappa=0.5, p0=0.125, q0=0.3)}
    for name in ("averaging", "max-margin"):
        assert 0.0275 < left[name].P_only < 0.0295
        assert left[name].P_holding < 1e-4 and left[name].ratio > 280
    for loss in (0.45, 0.1):
        each = left[f"logistic, ridge, loss {loss}"]
        assert 0.021 < each.P_only < left["averaging"].P_only and each.P_holding < 6e-5
        overlaps = [ridge_logistic_at_loss(delta, loss).overlap for delta in (0.5, 2.8)]
        assert [each.P_only, each.P_holding] == pytest.approx([float(P_error(c)) for c in overlaps], rel=1e-9)
        assert each.ratio == each.P_only / each.P_holding


def test_averaging_at_finite_sizes_is_the_same_formula():
    averaging = error_left(kappa=0.4, p0=0.08, q0=0.5, g0=0.3, losses=())[0]
    for n, found in ((500 * 0.5, averaging.P_only), (500 * 3.125, averaging.P_holding)):
        assert found == pytest.approx(float(P_error(averaging_overlap(n, 500, 0.3), 0.3)))


def test_more_p_only_examples_leave_less():
    few, many = (error_left(kappa=0.5, p0=p0, q0=0.3) for p0 in (0.05, 0.2))
    for before, after in zip(few, many, strict=True):
        assert before.P_only > after.P_only and before.P_holding == after.P_holding


def test_no_error_has_no_finite_ratio():
    assert math.isinf(error_left(kappa=0.05, p0=0.00125, q0=0.3, losses=())[1].ratio)


@pytest.mark.parametrize(
    "fields",
    [{"kappa": 0.0}, {"kappa": math.nan}, {"p0": 0.0}, {"p0": 0.8}, {"q0": -0.1}, {"g0": -1.0}, {"losses": (0.7,)},
     {"kappa": 1e-3}],
)  # fmt: skip
def test_senseless_input_is_refused(fields):
    with pytest.raises(InputError):
        error_left(**{"kappa": 0.5, "p0": 0.125, "q0": 0.3, **fields})
