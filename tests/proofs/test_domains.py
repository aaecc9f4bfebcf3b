"""What is printed with a claim is what is checked: its domain is the boxes of its problem, its premises are known by name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from importlib import import_module
from typing import Any

import pytest
import sympy
from sympy import Integer, Rational
from typer.testing import CliRunner

from proofs_check import find
from proofs_check.claim import LEVELS, Claim, claim, claims
from proofs_check.cli import app
from proofs_check.problem import All, Corner, Identity, Inequality, Positive, Step, Value
from proofs_check.verify import judge
from theory_sim.errors import InputError

ALL = list(claims())


def get_parts(problem: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(problem, All):
        for each, part in problem.parts:
            yield from get_parts(part, name or each)
    else:
        yield name, problem


def get_line(part: str, printed: tuple[str, ...]) -> str:
    """The printed line that speaks of a part."""
    if len(printed) == 1:
        return printed[0]
    (found,) = {line for line in printed if re.search(rf"\((.*; )?{re.escape(part)}(; .*)?\)$", line)}
    return found


def read(line: str, name: str) -> tuple[bool, Fraction, Fraction | None]:
    """Box of a variable as a reader takes it from the line: whether its low end belongs to it, low, high (None: infinite)."""
    found = re.search(rf"(?:^|, |whole |even |odd ){re.escape(name)} in ([(\[])([-0-9/]+), (oo|[-0-9/]+)[)\]]", line)
    assert found is not None, f"{name} in {line}"
    return found[1] == "[", Fraction(found[2]), None if found[3] == "oo" else Fraction(found[3])


def get_boxes(problem: Any) -> Iterator[tuple[sympy.Symbol, bool, Any, Any]]:
    if isinstance(problem, (Identity, Inequality)):
        corner = problem.corner.symbol if isinstance(problem, Inequality) and problem.corner is not None else None
        for symbol, (low, high) in problem.variables.items():
            yield symbol, symbol != corner, low, high
    if isinstance(problem, Value):
        for symbol, (low, high) in problem.within.items():
            yield symbol, True, low, high
        for root in problem.roots:
            yield root.symbol, True, root.low, root.high


@pytest.mark.parametrize("each", ALL, ids=lambda each: each.id)
def test_the_domain_printed_is_the_one_checked(each: Claim) -> None:
    for level in LEVELS:
        printed = each.domain(level)
        for name, part in get_parts(each.at(level)):
            line = get_line(name, printed) if name else printed[0]
            for symbol, closed, low, high in get_boxes(part):
                end = None if high.is_infinite else Fraction(str(high))
                assert read(line, str(symbol)) == (closed, Fraction(str(low)), end)
                assert ("whole " + str(symbol) in line) == bool(symbol.is_integer and not (symbol.is_even or symbol.is_odd))
            if isinstance(part, Positive):
                for symbol in part.variables:
                    sign = " > 0" if symbol.is_positive else " >= 0" if symbol.is_nonnegative else ""
                    kind = "whole " if symbol.is_integer else "" if sign else "real "
                    assert re.search(rf"(^|, )all {kind}{re.escape(str(symbol))}{sign}($|, | \()", line)


def test_a_narrower_box_and_a_forgotten_variable_are_noticed() -> None:
    c, d = sympy.symbols("c d", real=True)
    wide = Identity({c: (Rational(-99, 100), Rational(99, 100)), d: (Integer(0), Integer(1))}, c + d, (Step(d + c, ""),))
    (line,) = wide.domain()
    assert read(line, "c") == (True, Fraction(-99, 100), Fraction(99, 100))
    assert list(replace(wide, variables={**wide.variables, c: (Integer(0), Integer(1))}).domain()) != [line]
    with pytest.raises(AssertionError):
        read(line.partition(", d")[0], "d")
    (half,) = Inequality({c: (Integer(0), Integer(1))}, c, Corner(c, 1)).domain()
    assert half == "c in (0, 1]"


NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def named_in(each: Claim, known: set[str]) -> set[str]:
    """Claims that the assumptions name; a single word counts after the word claim."""
    text = "; ".join(each.assumptions)
    found = ((match.group(), text[: match.start()]) for match in NAME.finditer(text))
    return {word for word, before in found if word in known and ("-" in word or re.search(r"claims? $", before))}


@pytest.mark.parametrize("each", ALL, ids=lambda each: each.id)
def test_claims_taken_for_granted_are_named_in_their_field_and_shown(each: Claim) -> None:
    known = {one.id: one for one in ALL}
    lemmas = {lemma for lemma, _ in each.problem().premises()}
    assert named_in(each, set(known)) - {each.id} <= set(each.assuming) | lemmas, "add it to assuming"
    assert len(set(each.assuming)) == len(each.assuming)
    for other in each.assuming:
        assert known[other].expected in ("proved", "certified")
    if "claim" in "; ".join(each.assumptions):
        assert each.assuming or lemmas


def test_domain_and_premises_are_printed_wherever_a_verdict_is() -> None:
    run = CliRunner().invoke
    id = "separation-of-z"
    (line,), (other,) = find(id).domain(), find(id).assuming
    assert line == "r in [1/100, 2], rho in [0, 1]" and other == "two-time-kernel"
    for words in (["verify", id], ["show", id], ["verify", id, "--format", "junit"]):
        output = run(app, words).output
        assert re.search(rf"checked for +{re.escape(line)}", output) and re.search(rf"assuming +claim {other}", output)
    (row,) = json.loads(run(app, ["verify", id, "--format", "json"]).output)["claims"]
    assert (row["domain"], row["assuming"]) == ([line], [other])
    assert "checked for r in" in judge(find(id))._repr_latex_()


@pytest.fixture
def registry() -> Iterator[dict[str, Any]]:
    known = import_module("proofs_check.claim")._REGISTRY
    before = dict(known)
    yield known
    known.clear()
    known.update(before)


@pytest.mark.parametrize(
    ("other", "said"),
    [("nowhere", "nowhere"), ("sheppard-at-two-times", "itself"), ("separation-of-z-below-square-at-all-ages", "refuted")],
)
def test_a_claim_taken_for_granted_must_be_one_and_be_shown(other: str, said: str, registry: dict[str, Any]) -> None:
    x = sympy.Symbol("x", real=True)

    @claim("sheppard-at-two-times", statement="a", source="test", twins={"more": {"more": 1}}, assuming=(other,))
    def mine(more: int = 0) -> Identity:
        """Takes another one for granted."""
        return Identity({x: (Integer(0), Integer(1))}, x * (x + 1), (Step(x**2 + x + more, "expanded"),))

    with pytest.raises(InputError, match=said):
        judge(find("sheppard-at-two-times"))
