"""Every claim has the verdict it expects and every twin is refuted; numbers of theory_sim are those of the claims."""

from __future__ import annotations

from dataclasses import replace
from graphlib import TopologicalSorter
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy
from sympy import Integer, Rational

from proofs_check.certificate import save
from proofs_check.claim import Verdict, claim, claims, find
from proofs_check.evaluate import at_point
from proofs_check.problem import All, Identity, Inequality, Positive, Sampled, Value
from proofs_check.recheck import recheck
from proofs_check.verify import as_expected
from theory_sim.errors import InputError
from theory_sim.theory.arc_cosine import flip_probability, kappa_1, tangent_kernel
from theory_sim.theory.conditions import output_noise
from theory_sim.theory.learning_times import c_P, c_Q, tau_P, tau_Q
from theory_sim.theory.noise_law import tau_stationary
from theory_sim.theory.separation import J, delta, delta_pm, frozen_fraction, frozen_weight

ROOT = Path(__file__).parents[2]
ALL = {each.id: each for each in claims()}
# Verdicts, twins and second looks that take over a second together; tests/durations.py notices what belongs here.
LONG = {
    "constant-c-p", "constant-c-p-at-lower-level", "constant-c-q", "order-constant", "ridge-logistic-drawn",
    "two-time-kernel-at-finite-width", "separation-kept-by-moving-patterns", "separation-cancels-at-second-order",
    "flips-of-accumulated-noise", "separation-of-outer-points-second-order", "noise-variance-recursion",
    "net-weight-by-tangents", "net-weight-is-negative", "orthant-in-polar-coordinates",
    "ridge-logistic-from-all-examples", "information-per-example", "ridge-logistic-from-half-d-examples",
    "constant-c-q-at-lower-level", "max-margin-from-all-examples", "pre-activation-correlation", "separation-of-z-second-order",
    "p-margin", "max-margin-overlap-drawn", "max-margin-from-half-d-examples", "averaging-sums", "q-not-two-relus",
    "net-weight-of-young-residuals", "sheppard", "batch-covariance-enumerated", "p-conditional-entropy",
    "output-noise-of-sign-laws", "von-mises-fisher-normaliser", "averaging-error-left", "separation-kept-by-z-alone",
    "p-error-at-a-margin",
    "information-needed-for-overlap", "squared-gradient-below-loss", "gaussian-has-most-entropy", "p-second-moment",
    "separation-of-z-by-tangents", "p-error-of-fresh-examples", "p-takes-theta-d-examples", "max-margin-means-over-noise",
    "p-mean",
    "noise-of-linear-rules", "noise-of-heavy-ball", "noise-of-nesterov", "split-with-momentum", "split-with-decoupled-decay",
    "mean-field-interference",
    "width-loss-moves-by-slope", "tails-beyond-12", "learning-time-of-q", "mean-field-response", "worst-average-one-step",
    "frozen-fraction-limits", "common-classifier-drawn", "common-classifier-at-all-examples-and-steps",
    "mean-field-powers-of-the-arc-sine", "mean-residual-weight-left-by-both-losses", "max-margin-stationary",
    "area-over-all-ages", "worst-average-of-few-steps", "weight-noise-is-pre-activation-noise", "ridge-logistic-weak-duality",
    "mean-residual-weight-left-bounds", "bessel-ratio-bound", "noise-covariance-recursion", "tilted-cosine-relation",
    "changing-kernels-one-step-sharper-with-ridge", "ridge-logistic-fixed-point", "weight-left-on-fitted-examples",
    "equal-time-kernel-is-constant", "frozen-separation-of-outer-points", "frozen-fraction", "plateau-leading-order",
    "noise-decorrelation-rate", "common-classifier-of-pairs-drawn", "fitted-logistic-residual-weight",
    "common-classifier-size", "batch-noise-scale", "decomposition-closed-form", "noise-annealing-drop",
    "frozen-fraction-bounds", "p-needs-order-d-examples", "arc-cosine-degree-one", "logistic-weight-falls-below-squared",
}  # fmt: skip

# Beside constant-c-q, and the same at a lower level, which the second tier has.
LONGEST = {"constant-c-p", "order-constant"}


def _links(problem: Any) -> list[bool]:
    """Of each step of a derivation, whether it says anything: that its two sides are not written alike."""
    if isinstance(problem, All):
        return [link for _, part in problem.parts for link in _links(part)]
    if isinstance(problem, Identity):
        sides = [problem.start, *(step.expression for step in problem.steps)]
        return [before != after for before, after in pairwise(sides)]
    return [True]


@pytest.mark.parametrize("id", [id for id, each in ALL.items() if each.expected == "proved"])
def test_a_derivation_says_more_than_that_a_thing_is_itself(id: str) -> None:
    assert any(_links(ALL[id].at()))


@pytest.mark.parametrize("id", [
    pytest.param(id, marks=pytest.mark.slow if id in LONGEST else pytest.mark.alternating) if id in LONG else id for id in ALL
])
def test_verdict_and_twins(id: str, verdicts: dict[str, tuple[Verdict, list[Verdict], bool]], tmp_path: Path) -> None:
    own, twins, right = verdicts[id]
    assert right, (own.outcome, [twin.outcome for twin in twins], own.evidence)
    assert (twins or own.outcome == "refuted") and all(twin.evidence for twin in twins)
    for number, verdict in enumerate([own, *twins]):
        save(verdict, tmp_path / f"{number}.json")
        report = recheck(tmp_path / f"{number}.json")
        assert report.accepted, report
        assert report.claim == verdict.claim


@pytest.mark.parametrize("id", ALL)
def test_twins_differ_from_the_claim_by_their_parameters_alone(id: str) -> None:
    each = ALL[id]
    true = each.problem()
    for twin in each.twins:
        false = each.problem(**twin.parameters)
        assert type(false) is type(true) and false != true
        if isinstance(true, (Identity, Inequality, Positive)):
            assert isinstance(false, type(true)) and false.variables == true.variables


def test_a_proof_imports_no_closed_form() -> None:
    for path in (ROOT / "proofs_check" / "claims").glob("*.py"):
        assert "theory_sim.theory" not in path.read_text(), path


def test_numbers_of_theory_sim_are_those_of_the_claims() -> None:
    """Written independently: the closed forms that programs use, beside the right sides of the proved claims."""

    def right(id: str, **values: float) -> float:
        problem = find(id).problem()
        assert isinstance(problem, Identity)
        expression = problem.steps[-1].expression
        return float(expression.subs({symbol: values[str(symbol)] for symbol in expression.free_symbols}).evalf(30))

    level = right("noise-stationary-level", gamma=0.7, tau_xi=1.3, **{"lambda": 0.4})
    assert tau_stationary(0.7, 0.4, 1.3) ** 2 == pytest.approx(level, rel=1e-13)
    assert float(flip_probability(0.3)) == pytest.approx(right("sheppard", rho=0.3), rel=1e-13)
    assert float(tangent_kernel(1.0, 0.3, 1.0)) == pytest.approx(right("orthant-probability", rho=0.3), rel=1e-13)
    assert float(J(0.4)) == pytest.approx(right("separation-kept-by-moving-patterns", r=0.4), rel=1e-12)
    step = 1e-5
    slope = (kappa_1(0.3 + step) - kappa_1(0.3 - step)) / (2 * step)
    assert float(slope) == pytest.approx(right("arc-cosine-derivative", c=0.3), rel=1e-9)
    assert np.isclose(float(kappa_1(1.0)), 0.5)
    assert float(kappa_1(0.3)) == pytest.approx(right("arc-cosine-degree-one", rho=0.3), rel=1e-13)
    assert float(delta(0.6, 0.4)) == pytest.approx(right("separation-of-z", rho=0.6, r=0.4), rel=1e-12)
    assert float(delta_pm(0.6, 0.4)) == pytest.approx(right("separation-of-outer-points", rho=0.6, r=0.4), rel=1e-12)
    assert frozen_weight(0.4) == pytest.approx(-right("frozen-net-weight", r=0.4), rel=1e-13)
    assert float(frozen_fraction(0.7)) == pytest.approx(right("frozen-fraction", Y=0.7), rel=1e-12)
    assert output_noise("balanced", 1.0) ** 2 == pytest.approx(0.5 - taken_by_balance(), rel=1e-13)


def taken_by_balance() -> float:
    """What balanced signs subtract from kappa_1, read off the claim."""
    problem = find("output-noise-of-sign-laws").problem()
    assert isinstance(problem, All)
    identity = dict(problem.parts)["balanced"]
    assert isinstance(identity, Identity)
    return float(-identity.steps[-1].expression.subs(sympy.Symbol("kappa_1", positive=True), 0))


@pytest.mark.parametrize(
    ("id", "found"),
    [("constant-c-q", c_Q(0.45)), ("constant-c-q-at-lower-level", c_Q(0.3)), ("constant-c-p", c_P(0.45)),
     ("constant-c-p-at-lower-level", c_P(0.3)), ("order-constant", c_Q(0.45) / c_P(0.45))],
)  # fmt: skip
def test_constants_of_theory_sim_lie_where_they_are_certified(id: str, found: float) -> None:
    problem = find(id).problem()
    assert isinstance(problem, Value) and problem.high - problem.low <= Rational(3, 10**10)
    assert problem.low <= Rational(found) <= problem.high


def test_learning_times_of_theory_sim_are_those_of_the_claims() -> None:
    def rate(id: str, **values: float) -> float:
        problem = find(id).problem()
        assert isinstance(problem, Identity)
        last = problem.steps[-1].expression
        return float(last.subs({symbol: values[str(symbol)] for symbol in last.free_symbols}).evalf(30))

    # With E = 1 the rate is the learning time for c_Q = 8 pi, c_P = 4.
    of_q = rate("learning-time-of-q", r=0.3, p_Q=0.8, E=1.0)
    assert tau_Q(0.45, r=0.3, p0=0.2) == pytest.approx(of_q * c_Q(0.45) / (8 * np.pi), rel=1e-12)
    of_p = rate("learning-time-of-p", d=50.0, p_P=0.7, E=1.0)
    assert tau_P(0.45, d=50, q0=0.3) == pytest.approx(of_p * c_P(0.45) / 4, rel=1e-12)


def lemmas(problem: Any) -> set[str]:
    if isinstance(problem, All):
        return {each for _, part in problem.parts for each in lemmas(part)}
    named = {step.lemma for step in getattr(problem, "steps", ()) if step.lemma}
    return named | set(getattr(problem, "lemmas", ()))


def test_no_claim_rests_on_itself() -> None:
    order = TopologicalSorter({id: lemmas(each.problem()) for id, each in ALL.items()})
    assert set(order.static_order()) == set(ALL)  # raises CycleError if premises go round in a circle


def test_known_false_claims_name_a_true_one() -> None:
    false = [each for each in ALL.values() if each.expected == "refuted"]
    assert false
    for each in false:
        assert ALL[each.corrected].expected in ("proved", "certified")


def test_refutations_are_minimal_and_run(verdicts: dict[str, tuple[Verdict, list[Verdict], bool]]) -> None:
    """Of a false claim the simplest point found, and what stands there."""
    evidence = verdicts["separation-of-z-below-square-at-all-ages"][0].evidence
    assert all(Rational(value).q <= 32 for value in evidence["counterexample"].values())
    problem = ALL["separation-of-z-below-square-at-all-ages"].problem()
    ((_, value),) = at_point(problem, evidence["counterexample"])
    assert float(value) == pytest.approx(float(evidence["value"].strip("[]").split()[0]), rel=1e-12) and float(value) <= 0
    with pytest.raises(InputError, match="values of r, rho"):
        list(at_point(problem, {"r": "1"}))
    with pytest.raises(InputError, match="rational"):
        list(at_point(problem, {"r": "one", "rho": "1"}))


def implies(full: Any, quick: Any) -> bool:
    """Whether what is asked at the full level says all that is asked at the quick one."""
    if type(full) is not type(quick):
        return False
    if isinstance(full, All):
        names = [[name for name, _ in each.parts] for each in (full, quick)]
        return names[0] == names[1] and all(implies(a, b) for (_, a), (_, b) in zip(full.parts, quick.parts, strict=True))
    if isinstance(full, Sampled):
        rest = [(each.expected, each.confidence, each.seed, each.draw.__code__) for each in (full, quick)]
        return rest[0] == rest[1] and full.size >= quick.size
    if isinstance(full, (Identity, Inequality, Positive)):
        known = quick.variables
        wider = set(full.variables) == set(known) and all(
            low <= known[symbol][0] and known[symbol][1] <= high for symbol, (low, high) in full.variables.items()
        )
        return wider and replace(full, variables=known) == quick
    if isinstance(full, Value):
        return quick.low <= full.low <= full.high <= quick.high and replace(full, low=quick.low, high=quick.high) == quick
    return bool(full == quick)


@pytest.mark.parametrize("id", [id for id, each in ALL.items() if each.full])
def test_the_full_level_implies_the_statement(id: str) -> None:
    """A larger domain or more draws, never another constant; of the twins too."""
    for twin in ("", *(each.name for each in ALL[id].twins)):
        assert implies(ALL[id].at("full", twin), ALL[id].at("quick", twin)), twin


def test_what_implies_and_what_does_not() -> None:
    quick = find("separation-of-z-second-order").problem()
    assert not implies(find("separation-of-z-second-order").problem(constant=Integer(3)), quick)
    assert not implies(find("separation-of-z-second-order").problem(widest=Integer(3)), quick)
    sample = find("common-classifier-drawn").problem()
    assert isinstance(sample, Sampled)
    assert not implies(replace(sample, size=sample.size - 1), sample)
    assert not implies(replace(sample, expected=sample.expected / 2), sample)


@pytest.mark.slow
def test_full_level(tmp_path: Path) -> None:
    """Larger domains and samples give the same verdicts."""
    for each in ALL.values():
        if each.full:
            own, twins, right = as_expected(each, level="full")
            assert right, (each.id, own.outcome, [twin.outcome for twin in twins])
            save(own, tmp_path / "own.json")
            assert own.level == "full" and recheck(tmp_path / "own.json").accepted


@pytest.mark.parametrize(
    ("id", "twins", "said"),
    [("Not A Name", {"t": {}}, "lower-case"), ("sheppard", {"t": {}}, "given twice"), ("without-twin", {}, "without a twin")],
)
def test_bad_registrations_are_refused(id: str, twins: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):

        @claim(id, statement="", source="", twins=twins)
        def problem() -> Identity:
            """Anything."""
            return Identity({}, Integer(0), ())
