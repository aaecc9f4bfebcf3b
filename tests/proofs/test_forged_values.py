"""Values that a quadrature would believe: poles whose nodes cancel, peaks between nodes, and roots that are not alone."""

from __future__ import annotations

from typing import Any

import pytest
from sympy import Integral, Rational, exp

from proofs_check.problem import Root, Value
from proofs_check.recheck.refusal import Refused
from proofs_check.recheck.values import check_value
from proofs_check.verify import solve
from tests.proofs.statement_builders import HALF, ONE, TWO, ZERO, x

NEAR_1 = ["9999999999999/10000000000000", "10000000000001/10000000000000"]


def peak(width: int) -> Integral:
    """About sqrt(pi), within 1/width of 1/3."""
    return Integral(width * exp(-((width * (x - Rational(1, 3))) ** 2)), (x, 0, 1))


def stored(low: str, high: str, **roots: list[str]) -> dict[str, Any]:
    return {"precision": 128, "roots": roots, "low": low, "high": high}


@pytest.mark.parametrize(
    ("value", "evidence"),
    [
        (Value(Integral(1 / x, (x, -1, 1)), -ONE, ONE), stored("-1/10", "1/10")),
        (Value(peak(10**10), -HALF, HALF), stored("-1/10", "1/10")),
        (Value(peak(10**4), -HALF, HALF), stored("-1/10", "1/10")),
        (Value(x, HALF, TWO, (Root(x, (x - 1) * (x - HALF) * (x - 3 * HALF), ZERO, TWO),)), stored("9/10", "11/10", x=NEAR_1)),
    ],
    ids=["pole", "peak", "wider peak", "three roots"],
)  # fmt: skip
def test_what_lies_between_the_nodes_is_seen(value: Value, evidence: dict[str, Any]) -> None:
    assert solve(value)[0] != "certified"
    with pytest.raises(Refused, match=r"not shown to be|by quadrature"):
        check_value(value, "certified", evidence)


@pytest.mark.parametrize(
    "value",
    [
        Value(Integral(1 / x, (x, 1, 2)), HALF, ONE), Value(peak(10), ONE, TWO),
        Value(x, HALF, TWO, (Root(x, (x - 1) * (x - 4), ZERO, TWO),)),
    ],
    ids=["no pole", "peak that is seen", "one root"],
)  # fmt: skip
def test_true_ones_of_their_kind_are_accepted(value: Value) -> None:
    outcome, evidence = solve(value)
    assert outcome == "certified"
    assert check_value(value, outcome, evidence)


@pytest.mark.parametrize("low", ["-0", "0/1", "2/4", "-1/-2", "+1/2", "1/0"])
def test_ends_are_fractions_as_they_are_stored(low: str) -> None:
    value = Value(Integral(1 / x, (x, 1, 2)), -ONE, ONE)
    assert check_value(value, "certified", stored("1/2", "1"))
    with pytest.raises((Refused, ZeroDivisionError), match=r"fraction|Fraction"):
        check_value(value, "certified", stored(low, "1"))


def test_no_roots_are_an_entry_without_entries() -> None:
    value = Value(Integral(1 / x, (x, 1, 2)), -ONE, ONE)
    with pytest.raises(Refused, match="other roots"):
        check_value(value, "certified", {**stored("1/2", "1"), "roots": []})
