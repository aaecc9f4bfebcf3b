"""Evidence of a worst case that was altered, in one place or consistently, is refused; the true one shows no more."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from sympy import Integer, Rational

from proofs_check.claim import find
from proofs_check.methods.worst_case import bound_worst_case
from proofs_check.problem import All, WorstCase
from proofs_check.recheck.refusal import Refused
from proofs_check.recheck.worst_cases import check_worst_case


def _made() -> tuple[WorstCase, dict[str, Any]]:
    problem = find("worst-average-in-numbers").problem()
    assert isinstance(problem, All)
    part = problem.parts[2][1]
    assert isinstance(part, WorstCase)
    return part, bound_worst_case(part)[1]


FORGERIES = {
    "a multiplier made smaller, the bound with it": lambda e, r: (
        e["floor"].__setitem__(1, str(Fraction(e["floor"][1]) * Fraction(99, 100))),
        e.__setitem__("upper", str(Fraction(e["upper"]) - r**2 * Fraction(e["floor"][1]) / 99 / 5)),
    ),
    "a smaller radius, the bound with it": lambda e, r: (
        e.__setitem__("radius", str(Fraction(e["radius"]) - Fraction(1, 10**6))),
        e.__setitem__("upper", str(Fraction(e["upper"]) - Fraction(1, 10**6) / 5)),
    ),
    "a negative multiplier, the bound with it": lambda e, r: (
        e["gradient"].__setitem__(0, "-1/100"),
        e.__setitem__("upper", str(Fraction(e["upper"]) - r**2 * (Fraction(e["gradient"][0]) + Fraction(1, 100)) / 5)),
    ),
    "a run that bends towards theta* more than its gradient is long": lambda e, r: (
        e["inner"].__setitem__(4, str(Fraction(e["slopes"][4]))),
        e.__setitem__("lower", str(Fraction(e["lower"]) + (Fraction(e["slopes"][4]) - Fraction(e["inner"][4])) / 5)),
    ),
    "another average": lambda e, r: e.__setitem__("lower", "1051544/10000000"),
    "another bound": lambda e, r: e.__setitem__("upper", "1051544/10000000"),
    "a step less": lambda e, r: [e[name].pop() for name in ("slopes", "inner", "gradient", "floor")],
    "a decimal": lambda e, r: e.__setitem__("radius", "0.4"),
    "a note": lambda e, r: e.__setitem__("note", "unchecked"),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_forged_evidence_is_refused(forgery: str) -> None:
    problem, evidence = _made()
    assert check_worst_case(problem, "certified", evidence)
    FORGERIES[forgery](evidence, Fraction(str(problem.root_floor)))
    with pytest.raises(Refused):
        check_worst_case(problem, "certified", evidence)


def test_true_evidence_does_not_show_more_than_it_does() -> None:
    problem, evidence = _made()
    with pytest.raises(Refused, match="not excluded"):
        check_worst_case(problem, "refuted", evidence)
    for factor in (Rational(99, 100), Rational(101, 100)):
        moved = WorstCase(problem.horizon, problem.rate, problem.root_floor, factor * problem.low, factor * problem.high)
        with pytest.raises(Refused, match="not shown"):
            check_worst_case(moved, "certified", evidence)
        assert bound_worst_case(moved)[0] == "refuted" and check_worst_case(moved, "refuted", evidence)
    # Neither inside nor outside: an interval narrower than what is found.
    exact = Rational(evidence["lower"])
    assert bound_worst_case(WorstCase(problem.horizon, problem.rate, problem.root_floor, exact, exact))[0] == "undecided"
    # Multipliers of another rate leave a form that can be negative.
    with pytest.raises(Refused):
        faster = WorstCase(problem.horizon, Rational(8, 5), problem.root_floor, Integer(0), Integer(100))
        check_worst_case(faster, "certified", evidence)
