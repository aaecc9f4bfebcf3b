"""False statements as a prover that looks at no continuity would store them: the second look refuses each, by its own code."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import pytest
import sympy
from sympy import Integer, Integral, Limit, Rational, acos, asin, atan, exp, log, oo, pi, sqrt, tan

from proofs_check.certificate import save
from proofs_check.claim import Verdict, claim
from proofs_check.problem import Corner, Identity, Inequality, Positive, Step
from proofs_check.recheck import recheck
from proofs_check.recheck.boxes import check_boxes
from proofs_check.recheck.refusal import Refused
from proofs_check.recheck.registry import check
from proofs_check.recheck.structure import NOT_NEGATIVE, POSITIVE, UNKNOWN, get_sign
from proofs_check.verify import solve
from tests.proofs.statement_builders import NARROW, ONE, WIDE, A, arctans, e, identity, p, positive, quotient, s, x, y
from tests.proofs.test_false_statements import STATEMENTS, lemmas
from theory_sim.errors import InputError

__all__ = ["lemmas"]  # a fixture
import_module("proofs_check.recheck.derivations")  # registers the look
ZERO, TWO = Integer(0), Integer(2)
FAR: Final = Rational(1, 2)
FAR_OFF: Final = Integer(10) ** 400


def make_evidence(problem: Any) -> dict[str, Any]:
    """What shows the problem if each step is believed."""
    if isinstance(problem, Inequality):
        domain = [f"{low}:{high}" for low, high in problem.variables.values()]
        return {"precision": 128, "worst": 0, "lower": 1e-3, "boxes": [domain], "derivative": "everywhere"}
    taylor = isinstance(problem, Positive)
    before = problem.expression if taylor else problem.start
    if taylor and problem.order:
        before = sympy.diff(before, problem.by, problem.order)
    steps = []
    for step in problem.steps:
        steps.append({"from": sympy.srepr(before), "to": sympy.srepr(step.expression), "reason": step.reason, "how": step.how})
        before = step.expression
    return {"steps": steps, "positive": sympy.srepr(before)} if taylor else {"steps": steps}


def looked_at(problem: Any) -> str:
    return check(problem, "certified" if isinstance(problem, Inequality) else "proved", make_evidence(problem))


def wrong_far_from_its_points(low: Any, high: Any) -> Positive:
    """arctan(1/(1-p)) > pi/4 for all p > 0, with a domain of points at which it is true."""
    return Positive({p: (low, high)}, atan(1 / (1 - p)) - pi / 4, (Step(1 / ((1 - p) ** 2 + 1), ""),), by=p, at=ZERO, order=1)


NAMED: Final[dict[str, Callable[[], Any]]] = {
    "pole in an arctangent": lambda: wrong_far_from_its_points(Rational(1, 10), FAR),
    "narrow jump, identity": lambda: identity(arctans(NARROW), pi / 2, ZERO, TWO, at=0),
    "narrow jump, positive": lambda: positive(arctans(NARROW) - pi / 2 + x**2, x, TWO, by=x, at=ZERO, order=2),
}


@pytest.mark.parametrize("name", NAMED)
def test_the_named_statements_are_refused(name: str) -> None:
    with pytest.raises(Refused):
        looked_at(NAMED[name]())


@pytest.mark.parametrize("name", NAMED)
def test_each_guard_alone_refuses_them(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Points chosen near what is singular, without a look at continuity; and the other way round."""
    found = []
    for switched_off in ("require_continuous", "near_singular"):
        with monkeypatch.context() as patched:
            patched.setattr(import_module("proofs_check.recheck.derivations"), switched_off, lambda *_: [])
            with pytest.raises(Refused) as refusal:
                looked_at(NAMED[name]())
            found.append(str(refusal.value))
    assert "off by" in found[0] or "not positive at" in found[0]
    assert "not shown to be" in found[1] or name == "pole in an arctangent"  # a point beyond 1 is one of all positive p


# In which kind of evidence a false statement of the list could be stored: no counterexample, draws or numbers.
STORED: Final = (Identity, Positive, Inequality)


def names() -> Iterator[str]:
    for name, (false, _) in STATEMENTS.items():
        try:
            if isinstance(false(), STORED):
                yield name
        except InputError:  # refused as it is written down: nothing could be stored
            continue


@pytest.mark.parametrize("name", list(names()))
def test_no_false_statement_is_accepted_if_its_steps_are_believed(name: str) -> None:
    with pytest.raises((Refused, ZeroDivisionError, ValueError, TypeError, NotImplementedError)):
        looked_at(STATEMENTS[name][0]())


# No statement has a pole where its definitions do: what is refused there is refused for the definition alone.
MEANINGLESS: Final = (
    "integral beyond its variable's assumptions", "derivative at a kink", "derivative of a root at 0",
    "derivative at a kink, at a point", "derivative of a maximum", "derivative at a kink that moves",
    "second derivative at a kink", "derivative of an integral at a kink", "derivative of an arcsine at its end",
    "limit from a side that its variable is not on", "substitution of what its variable is not",
)  # fmt: skip


@pytest.mark.parametrize("name", MEANINGLESS)
def test_definitions_that_mean_nothing_somewhere_are_refused_and_others_are_not(name: str) -> None:
    false, true = STATEMENTS[name]
    with pytest.raises(Refused, match=r"not shown to|do not allow|not known to be continuous"):
        looked_at(false())
    assert looked_at(true())


@pytest.mark.parametrize(
    "true",
    [
        lambda: positive(atan(1 + p) - pi / 4, p, 1 / ((1 + p) ** 2 + 1), by=p, at=ZERO, order=1),
        lambda: identity(arctans(WIDE), pi / 2, ZERO, TWO, at=A),
        lambda: positive(arctans(x**2 + 1) - pi / 2 + x**2, x, TWO, by=x, at=ZERO, order=2),
        lambda: identity(acos(1 / sqrt(1 + p**2)), atan(p), 1, TWO, p, at=0),
        lambda: identity(acos(x) + asin(x), pi / 2, 0, Rational(9, 10), at=0),
        lambda: identity(p / (1 + p), 1 - 1 / (1 + p), 1, TWO, p, at=sympy.oo),
        lambda: positive((p - 3) ** 2, p, TWO, by=p, at=Integer(3), order=2, strict=False),
    ],
)
def test_true_ones_of_their_kind_are_accepted(true: Callable[[], Any]) -> None:
    assert solve(true())[0] == "proved"
    assert looked_at(true())


@pytest.mark.parametrize(
    ("expression", "sign"),
    [
        (p**sympy.I, UNKNOWN),
        (p**x, POSITIVE),
        ((x - 3) ** -2, UNKNOWN),
        (x**2, NOT_NEGATIVE),
        (x**2 + p, POSITIVE),
        (sqrt(x**2 + 1), POSITIVE),
        (exp(1 / x), UNKNOWN),
        (log(1 + sympy.Symbol("e", nonnegative=True)), NOT_NEGATIVE),
        (p - 1, UNKNOWN),
        (pi - 3, POSITIVE),
        (3 - pi, UNKNOWN),
        (tan(p), UNKNOWN),
    ],
)
def test_signs_by_structure(expression: sympy.Expr, sign: int) -> None:
    assert get_sign(expression, {}) == sign


def test_a_lemma_that_shows_no_more_than_not_negative_counts_as_that() -> None:
    weak = positive(x**2 * (x - 1) ** 2 + 0, lemmas=("square-of-a-product",))
    with pytest.raises(Refused, match="not positive as it stands"):
        looked_at(weak)
    assert looked_at(positive(x**2 * (x - 1) ** 2 + 0, lemmas=("square-of-a-product",), strict=False))


def test_a_pole_in_a_box_whose_interval_is_positive_is_refused() -> None:
    for pole in ((x - 1) ** -2, 1 / (1 + quotient(1, (x - 1) ** 2))):
        with pytest.raises(Refused):
            check_boxes(Inequality({x: (ZERO, TWO)}, pole), "certified", {
                "precision": 128, "worst": 0, "lower": 0.5, "boxes": [["0:2"]],
            })  # fmt: skip


def test_a_jump_before_a_corner_is_refused() -> None:
    steep = Inequality({x: (ZERO, TWO)}, arctans(NARROW) - pi / 2 + x, Corner(x, 1))
    with pytest.raises(Refused):
        looked_at(steep)


def test_the_same_on_both_sides_is_nothing() -> None:
    same = Identity({x: (ZERO, TWO)}, x**2, (Step(x**2, "itself"), Step(x**2, "again")))
    assert solve(same)[0] == "undecided"
    with pytest.raises(Refused, match="nothing is claimed"):
        looked_at(same)
    assert (
        solve(Identity({x: (ZERO, TWO)}, x * (x + 1), (Step(x**2 + x, "expanded"), Step(x * (x + 1), "back"))))[0] == "proved"
    )


@pytest.mark.parametrize(("false", "true"), [
    (lambda: Identity({x: (ZERO, Integer(1))}, sympy.exp(-((10**6 * (x - Rational(1, 3))) ** 2)), (Step(ZERO, "it is said"),)),
     lambda: Identity({x: (ZERO, Integer(1))}, sympy.sin(x) ** 2 + sympy.cos(x) ** 2 - 1, (Step(ZERO, "it is so"),))),
    pytest.param(
        lambda: Identity({x: (ZERO, Integer(1))}, sympy.log(1 + sympy.exp(x + 200)), (Step(x + 200, "it is said"),)),
        lambda: Identity({x: (ZERO, Integer(1))}, sympy.log(1 + sympy.exp(x + 200)), (
            Step(x + 200 + sympy.log(1 + sympy.exp(-x - 200)), "it is so"),)), marks=pytest.mark.tier2),
    (lambda: Identity({x: (ZERO, Integer(1))}, sympy.erf(x + 20), (Step(Integer(1), "it is said"),)),
     lambda: Identity({x: (ZERO, Integer(1))}, sympy.erf(x + 20), (Step(1 - sympy.erfc(x + 20), "it is so"),))),
    (lambda: Identity({x: (FAR_OFF, FAR_OFF + 1)}, (1 + x) ** 2, (Step(2 + 2 * x + x**2, "it is said"),)),
     lambda: Identity({x: (FAR_OFF, FAR_OFF + 1)}, (1 + x) ** 2, (Step(1 + 2 * x + x**2, "it is so"),))),
    (lambda: Identity({x: (TWO, Integer(3))}, x**5000 + 1, (Step(x**5000, "it is said"),)),
     lambda: Identity({x: (TWO, Integer(3))}, x * (x**4999 + 1), (Step(x**5000 + x, "it is so"),))),
], ids=["peak", "softplus", "error function", "large numbers", "large powers"])
def test_a_difference_far_below_the_tolerance_is_one(false: Any, true: Any) -> None:
    with pytest.raises(Refused, match="however precise"):
        looked_at(false())
    assert looked_at(true())


@pytest.mark.parametrize(("false", "true"), [
    (lambda: Positive({e: (ONE, TWO)}, Limit(e * x / (e * x + 1), x, oo), (Step(ONE, ""),)),
     lambda: Positive({p: (ONE, TWO)}, Limit(p * x / (p * x + 1), x, oo), (Step(ONE, ""),))),
    (lambda: Positive({e: (ONE, TWO)}, e * Integral(exp(-e * x), (x, 0, oo)), (Step(ONE, ""),)),
     lambda: Positive({p: (ONE, TWO)}, p * Integral(exp(-p * x), (x, 0, oo)), (Step(ONE, ""),))),
    (lambda: identity(e * Integral(exp(-e * x), (x, 0, oo)), ONE, 0, 1, e),
     lambda: identity(p * Integral(exp(-p * x), (x, 0, oo)), ONE, FAR, 1, p)),
    (lambda: two_parameters(s**2 + y**2, -ONE), lambda: two_parameters(s**2 + y**2, FAR)),
    (lambda: identity(Limit((s**2 - 2) * x / ((s**2 - 2) * x + 1), x, oo), ONE, 1, 2, s),
     lambda: identity(Limit((s**2 - 2) * x / (x + 1), x, oo), s**2 - 2, 1, 2, s)),
], ids=["limit at 0", "integral at 0", "integral at an end", "coefficient of two parameters", "irrational zero"])
def test_the_values_at_which_a_definition_changes_are_looked_at(false: Any, true: Any) -> None:
    with pytest.raises((Refused, ZeroDivisionError), match=r"off by|not seen|division"):
        looked_at(false())
    assert looked_at(true())


def two_parameters(coefficient: sympy.Expr, low: Any) -> Identity:
    body = coefficient * x / (coefficient * x + 1)
    return Identity({s: (low, ONE), y: (low, ONE)}, Limit(body, x, oo), (Step(ONE, ""),))


def test_a_function_that_the_second_look_does_not_know_is_no_crash(tmp_path: Path) -> None:
    """A file that says that the delta function is 0."""

    def delta(times: int = 1) -> Identity:
        """Of the delta function."""
        return identity(Integral(sympy.DiracDelta(x - s), (x, 0, 2)), times * ONE, -1, 1, s)

    claim("delta-function", statement="", source="test", twins={"twice": {"times": 2}})(delta)  # the fixture forgets it
    save(Verdict("delta-function", "proved", make_evidence(delta())), tmp_path / "delta.json")
    assert not recheck(tmp_path / "delta.json").accepted
