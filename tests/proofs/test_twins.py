"""Claims whose statement has a constant have a twin that moves one by a percent or less; a new claim cannot forget it."""

from __future__ import annotations

from inspect import signature
from typing import Any, Final

import pytest
import sympy
from sympy import Integer, Rational

from proofs_check.claim import Claim, Twin, claims

FEW_DRAWS: Final = "statistics: the draws do not tell a percent apart; twins move the number by twice the interval's half-width"
EXEMPT: Final = {
    "separation-of-z-below-square-at-all-ages": "known to be false, without twins",
    "common-classifier-drawn": FEW_DRAWS,
    "common-classifier-of-pairs-drawn": FEW_DRAWS,
    "max-margin-overlap-drawn": FEW_DRAWS,
    "ridge-logistic-drawn": FEW_DRAWS,
    "q-not-linearly-separable": "true of all lengths and of every z between z - zeta and z + zeta; a twin moves the optimum 0",
    "q-not-two-relus": "no constant: signs, and true of all lengths",
}
ALL: Final = claims()
PERCENT: Final = 0.01 + 1e-12
# Twice the half-width of the widest interval, 2.8 % of the number, rounded up.
OF_DRAWS: Final = 0.06 + 1e-12


def moved_by_a_percent(each: Claim, most: float = PERCENT) -> list[str]:
    """Names of the twins that move a number, or the factor before an expression, by a percent or less."""
    defaults = {name: parameter.default for name, parameter in signature(each.problem).parameters.items()}
    return [
        twin.name for twin in each.twins
        if any(0 < abs(share(value, defaults[name]) - 1) <= most for name, value in twin.parameters.items())
    ]  # fmt: skip


def share(value: Any, default: Any) -> float:
    """Value by default; 1, no move, if that is no number."""
    numbers = all(isinstance(each, (int, float, sympy.Expr)) and not isinstance(each, bool) for each in (value, default))
    ratio = sympy.sympify(value) / default if numbers and default != 0 else Integer(1)
    return float(ratio) if ratio.is_number else 1.0


@pytest.mark.parametrize("each", ALL, ids=lambda each: each.id)
def test_a_constant_moved_by_a_percent_is_noticed(each: Claim) -> None:
    """That the twin is refuted is for the test of all twins."""
    assert bool(moved_by_a_percent(each)) != (each.id in EXEMPT), "add such a twin, or say here why there is none"


@pytest.mark.parametrize("each", [each for each in ALL if EXEMPT.get(each.id) == FEW_DRAWS], ids=lambda each: each.id)
def test_statistics_notice_what_their_draws_tell(each: Claim) -> None:
    assert moved_by_a_percent(each, OF_DRAWS)


def test_exemptions_are_claims() -> None:
    assert set(EXEMPT) <= {each.id for each in ALL}


B = sympy.Symbol("B", positive=True)


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"factor": Rational(99, 100)}, True), ({"factor": Rational(102, 100)}, False), ({"factor": Integer(1)}, False),
        ({"turned": True}, False), ({"law": "bound"}, False), ({"sign": Rational(-101, 100)}, True),
        ({"size": B * Rational(101, 100)}, True), ({"size": B + 1}, False),
    ],
)  # fmt: skip
def test_what_counts_as_a_percent(parameters: dict[str, Any], expected: bool) -> None:
    def problem(factor: int = 1, sign: int = -1, turned: bool = False, law: str = "exact", size: Any = B) -> Any:
        """Stands for a claim's function."""

    each = Claim("made-up", "", "", (), "exact", "proved", problem, (Twin("moved", parameters),))
    assert bool(moved_by_a_percent(each)) == expected
