"""What cannot be written out or has no value, as a user meets it: points without a value, long numbers, long domains."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sympy
from sympy import Abs, Integer, Limit, Rational, log
from typer.testing import CliRunner

from proofs_check.cli import app
from proofs_check.evaluate import at_point
from proofs_check.evidence_text import where
from proofs_check.problem import Identity, Inequality, Positive, Problem, Step
from tests.proofs.statement_builders import ONE, ZERO, identity, s, x
from theory_sim.errors import InputError

LONG = Integer(10) ** 1000


def value_of(start: Any, **point: str) -> str:
    return dict(at_point(Identity({s: (-ONE, ONE)}, start, (Step(s, ""),)), point))["left side"]


@pytest.mark.parametrize(
    ("start", "at", "said"),
    [
        (Limit(s * Abs(x) / x, x, 0, "+-"), "1", "no number: The limit does not exist"),
        (Limit(s * Abs(x) / x, x, 0, "+"), "1", "1.0000000000000000000"),
        (1 / s, "0", "no number: zoo"),
        (log(s), "0", "no number: zoo"),
        (Limit(1 / (s * x), x, 0), "1", "no number: oo"),
        (Limit(sympy.Max(x, s), x, 0), "1", "no number: "),
        (1 / s, "1/3", "3.0000000000000000000"),
    ],
)  # fmt: skip
def test_a_place_without_a_value_is_said_to_have_none(start: Any, at: str, said: str) -> None:
    assert value_of(start, s=at).startswith(said)


@pytest.mark.parametrize("text", ["1e999999999", "1e-999999999", "1" * 4001, "1e", "1e5000/3"])
def test_a_value_that_is_too_long_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"digits|rational"):
        value_of(s + 1, s=text)


@pytest.mark.parametrize(
    "made",
    [
        lambda: identity(x, x + 0, 0, LONG), lambda: Inequality({x: (ZERO, 1 / LONG)}, x + 1),
        lambda: identity(x + LONG, x, 0, 1), lambda: Positive({x: (ZERO, ONE)}, x**2 + Rational(1, 3) ** 3000),
    ],
)  # fmt: skip
def test_a_statement_with_a_number_too_long_to_be_printed_is_refused(made: Callable[[], Problem]) -> None:
    with pytest.raises(InputError, match="more than 1000 digits"):
        made()
    assert list(identity(x + LONG / 10, x, 0, LONG / 10).statement())


def test_long_counterexamples_are_shown_by_their_ends() -> None:
    number = "1" + "0" * 700 + "7"
    shown = where({"counterexample": {"x": number, "y": "1/3"}, "value": "-1"})
    assert "x = 100000000000000...000000000000007 (702 characters)" in shown and "y = 1/3" in shown and len(shown) < 80


def test_a_variable_and_its_range_stand_on_one_line() -> None:
    output = CliRunner().invoke(app, ["verify", "noise-annealing-level-slow"]).output
    assert "tau_xi in [1/10, 4]" in output
    assert max(map(len, output.splitlines())) <= 80

