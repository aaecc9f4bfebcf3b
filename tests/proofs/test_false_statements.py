"""Statements that are false, each beside a true one of its kind: none is proved or certified, and every true one is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Final

import pytest
import sympy
from sympy import (
    Integer,
    Integral,
    exp,
    pi,
    sin,
)

from proofs_check.claim import claim
from proofs_check.problem import (
    Identity,
    Problem,
    Step,
)
from proofs_check.verify import solve
from tests.proofs.statement_builders import (
    ONE,
    ZERO,
    even,
    identity,
    n,
    p,
    positive,
    s,
    x,
)
from tests.proofs.statements_as_they_stand import AS_THEY_STAND
from tests.proofs.statements_of_algebra import ALGEBRA
from tests.proofs.statements_of_limits import LIMITS, MOVED, SYMBOLS
from tests.proofs.statements_of_numbers import NUMBERS
from theory_sim.errors import InputError

STATEMENTS: Final[dict[str, tuple[Callable[[], Problem], Callable[[], Problem]]]] = {
    **ALGEBRA, **NUMBERS, **LIMITS, **MOVED, **SYMBOLS, **AS_THEY_STAND,
}  # fmt: skip
SHOWN: Final = ("proved", "certified", "supported")


@pytest.fixture(scope="module", autouse=True)
def lemmas() -> Iterator[None]:
    registry = import_module("proofs_check.claim")._REGISTRY
    import_module("proofs_check.claims").load()
    before = dict(registry)
    made: dict[str, Callable[[], Problem]] = {
        "square-of-a-product": lambda: positive(x**2 * (x - 1) ** 2, strict=False),
        "exponential-above-its-tangent": lambda: positive(exp(x) - x - 1, x, exp(x), by=x, at=ZERO, order=2),
        "positive-itself": lambda: positive(p, p),
        "sine-at-whole-numbers": lambda: identity(sin(pi * n, evaluate=False), ZERO, 0, 2, n),
    }
    made |= {
        "even-power": lambda: identity(sympy.Pow(-1, even, evaluate=False), ONE, 0, 8, even),
        "area-of-a-line": lambda: identity(Integral(s * x, (x, 0, 1)), s / 2, 0, 4, s),
        "slope-of-a-line": lambda: Identity(
            {s: (ZERO, Integer(4)), x: (ZERO, Integer(4))}, sympy.Derivative(s * x, x), (Step(s, "a line"),)),
    }
    for id, problem in made.items():
        problem.__doc__ = "A lemma."
        claim(id, statement="", source="test", twins={"same": {}})(problem)
    yield
    registry.clear()
    registry.update(before)


@pytest.mark.parametrize("name", STATEMENTS)
def test_what_is_false_is_not_shown_and_what_is_true_is(name: str) -> None:
    false, true = STATEMENTS[name]
    try:
        outcome, evidence = solve(false())
    except (InputError, NotImplementedError):
        outcome, evidence = "refused", {}
    assert outcome not in SHOWN, evidence
    outcome, evidence = solve(true())
    assert outcome in SHOWN, evidence
