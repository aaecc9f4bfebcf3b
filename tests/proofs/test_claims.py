"""Every claim has the verdict it expects and every twin is refuted; evidence is re-checked, and changed evidence refused."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as tree

import numpy as np
import pytest
import sympy
from scipy import stats
from sympy import Integer, Rational

from proofs_check.certificate import save
from proofs_check.claim import Claim, Verdict, claim, claims, find
from proofs_check.evaluate import at_point
from proofs_check.problem import Corner, Identity, Inequality, LinearProgram, Positive, Root, Sampled, Step, Together, Value
from proofs_check.recheck import recheck
from proofs_check.verify import as_expected, judge, verify
from theory_sim.errors import InputError
from theory_sim.theory.arc_cosine import flip_probability, kappa_1, tangent_kernel
from theory_sim.theory.conditions import output_noise
from theory_sim.theory.learning_times import c_P, c_Q, tau_P, tau_Q
from theory_sim.theory.noise_law import tau_stationary
from theory_sim.theory.separation import J, delta, delta_pm, frozen_fraction, frozen_weight

ROOT = Path(__file__).parents[2]
ALL = {each.id: each for each in claims()}


@pytest.fixture(scope="module")
def verdicts() -> dict[str, tuple[Verdict, list[Verdict], bool]]:
    return {id: as_expected(each) for id, each in ALL.items()}


@pytest.mark.parametrize("id", ALL)
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


def refused(path: Path, content: dict[str, Any]) -> bool:
    path.write_text(json.dumps(content))
    try:
        return not recheck(path, check_hash=False).accepted
    except InputError:
        return True


def stored(verdict: Verdict) -> dict[str, Any]:
    return {"format": 2, "claim": verdict.claim, "level": verdict.level, "outcome": verdict.outcome, "evidence": verdict.evidence,  # noqa: E501
            "sha256": ""}  # fmt: skip


def numbers(evidence: Any, path: tuple[Any, ...] = ()) -> dict[tuple[Any, ...], Any]:
    """Leaves of evidence by their place."""
    if isinstance(evidence, dict):
        return {key: leaf for name, each in evidence.items() for key, leaf in numbers(each, (*path, name)).items()}
    if isinstance(evidence, list):
        return {key: leaf for index, each in enumerate(evidence) for key, leaf in numbers(each, (*path, index)).items()}
    return {path: evidence}


def same_there(problem: Any, evidence: Any) -> bool:
    """Whether what is printed at a counterexample stands there, by sympy's numbers."""
    if isinstance(problem, Together):
        return same_there(dict(problem.parts)[evidence["part"]], evidence["evidence"])
    values = [sympy.Float(value, 25) for _, value in at_point(problem, evidence["counterexample"], 25)]
    shown = sympy.Float(evidence.get("value", evidence.get("difference")).strip("[]").split()[0], 25)
    found = values[int(evidence["step"]) - 1] - values[int(evidence["step"])] if isinstance(problem, Identity) else values[0]
    return bool(abs(found - shown) <= 1e-17 * abs(shown))


def optimal(problem: Any, leaves: dict[tuple[Any, ...], Any], place: tuple[Any, ...]) -> bool:
    """Whether a stored point or multipliers still have the program's optimum."""
    which = next(index for index, key in enumerate(place) if key in ("point", "multipliers"))
    stem = place[:which]
    if isinstance(problem, Together):
        problem = problem.parts[stem[1]][1] if stem[0] == "parts" else dict(problem.parts)[leaves["part",]]
    if problem.point:
        return False
    matrix, bounds, objective = sympy.Matrix(problem.matrix), list(problem.bounds), sympy.Matrix(problem.objective)
    found = sympy.Matrix([Rational(leaves[key]) for key in sorted(leaves) if key[: which + 1] == place[: which + 1]])
    value = Rational(leaves[(*stem, "value")])
    if place[which] == "point":
        fits = all(excess <= 0 for excess in matrix * found - sympy.Matrix(bounds))
        return bool(fits and objective.dot(found) == value)
    fits = all(y >= 0 for y in found) and matrix.T * found == objective
    return bool(fits and found.dot(sympy.Matrix(bounds)) == value)


def still_true(problem: Any, before: Any, after: Any) -> bool:
    """Whether evidence with one digit changed says what is true still, decided apart from recheck's code."""
    old, new = numbers(before), numbers(after)
    places = [key for key in old if old[key] != new.get(key)]
    if not places:  # a digit beyond those of a float
        return True
    (place,) = places
    last = place[-1]
    if "counterexample" in place:  # of variables that do not matter another value serves as well
        return same_there(problem, after)
    if (
        last == "lower"
    ):  # balls give no sharp bound, a larger one may be true: recheck holds it against the box's ends and middle
        return True
    if "point" in place or "multipliers" in place:  # degenerate programs have several solutions, unless a point is claimed
        return optimal(problem, new, place)
    if last in ("low", "high") or "roots" in place:
        ends = place[:-1]
        keys = [(*ends, 0), (*ends, 1)] if "roots" in place else [(*ends, "low"), (*ends, "high")]
        (low, high), (known_low, known_high) = ([Rational(each[key]) for key in keys] for each in (new, old))
        # What is known of the number: it lies between the old ends.
        return bool(low <= known_high and high >= known_low and "claimed" not in place)
    # A wider ball around the same number.
    return (
        last in ("value", "difference")
        and "+/-" in str(new[place])
        and new[place].split("+/-")[0] == old[place].split("+/-")[0]
    )


@pytest.mark.parametrize("id", ALL)
def test_every_single_digit_that_falsifies_is_refused(
    id: str, verdicts: dict[str, tuple[Verdict, list[Verdict], bool]], tmp_path: Path
) -> None:
    """Digits of the evidence changed one at a time, all of them or a drawn forty: refused, unless what is then said is true too."""  # noqa: E501
    own, twins, _ = verdicts[id]
    draw = random.Random(id)
    for verdict in (own, *twins[:1]):
        content, problem = stored(verdict), ALL[id].at("quick", verdict.claim.partition("/")[2])
        text = json.dumps(content["evidence"])
        at = [match.start() for match in re.finditer(r"\d", text)]
        most = 8 if isinstance(problem, Sampled) else 40  # each look at a sample draws it again
        for position in sorted(draw.sample(at, min(most, len(at)))):
            moved = text[:position] + str((int(text[position]) + 1) % 10) + text[position + 1 :]
            try:
                evidence = json.loads(moved)
            except ValueError:
                continue
            if not refused(tmp_path / "changed.json", {**content, "evidence": evidence}):
                assert still_true(problem, content["evidence"], evidence), moved[max(0, position - 60) : position + 20]


def test_a_changed_file_does_not_fit_its_hash(verdicts: dict[str, tuple[Verdict, list[Verdict], bool]], tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    save(verdicts["sheppard"][0], path)
    path.write_text(path.read_text().replace('"quick"', '"full"'))
    with pytest.raises(InputError, match="hash"):
        recheck(path)
    assert recheck(path, check_hash=False).accepted  # it is evidence of the claim at that level as well


def test_evidence_of_one_claim_does_not_serve_another(
    verdicts: dict[str, tuple[Verdict, list[Verdict], bool]], tmp_path: Path
) -> None:
    own = stored(verdicts["single-angle"][0])
    assert refused(tmp_path / "a.json", {**own, "claim": "double-angle"})
    assert refused(tmp_path / "a.json", {**own, "outcome": "refuted"})
    twin = stored(verdicts["single-angle"][1][0])
    assert refused(tmp_path / "a.json", {**twin, "claim": "single-angle"})  # a counterexample to the twin is none to the claim
    boxes = stored(verdicts["arc-cosine-positive"][0])
    assert refused(tmp_path / "a.json", {**boxes, "claim": "separation-of-z-second-order"})
    assert refused(tmp_path / "a.json", {**boxes, "evidence": {**boxes["evidence"], "note": "unchecked"}})
    fewer = {**boxes, "evidence": {**boxes["evidence"], "boxes": boxes["evidence"]["boxes"][1:]}}
    assert refused(tmp_path / "a.json", fewer)
    with pytest.raises(InputError, match="no-such-claim"):
        (tmp_path / "b.json").write_text(json.dumps({**own, "claim": "no-such-claim"}))
        recheck(tmp_path / "b.json", check_hash=False)


def test_recheck_works_without_the_methods(verdicts: dict[str, tuple[Verdict, list[Verdict], bool]], tmp_path: Path) -> None:
    for id in ("regime-maximin-point", "logistic-gradient-vanishes", "frozen-separation-of-outer-points", "plateau-leading-order",  # noqa: E501
               "constant-c-q", "two-time-kernel-at-finite-width", "q-not-two-relus"):  # fmt: skip
        save(verdicts[id][0], tmp_path / f"{id}.json")
    block = "import sys; sys.modules['proofs_check.methods'] = None; sys.modules['flint'] = None; "
    files = [str(path) for path in tmp_path.iterdir()]
    run = f"from proofs_check.recheck import recheck; assert all(recheck(path).accepted for path in {files})"
    done = subprocess.run([sys.executable, "-c", block + run], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for path in (ROOT / "proofs_check" / "recheck").glob("*.py"):
        source = path.read_text()
        assert "proofs_check.methods" not in source and "import flint" not in source


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
    assert isinstance(problem, Together)
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


def made(problem: Any) -> Claim:
    return Claim("made", "", "", (), "exact", "proved", problem, ())


def lemmas(problem: Any) -> set[str]:
    if isinstance(problem, Together):
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


@pytest.mark.slow
def test_full_level(tmp_path: Path) -> None:
    """Larger domains and samples give the same verdicts."""
    for each in ALL.values():
        if each.full:
            own, twins, right = as_expected(each, level="full")
            assert right, (each.id, own.outcome, [twin.outcome for twin in twins])
            save(own, tmp_path / "own.json")
            assert own.level == "full" and recheck(tmp_path / "own.json").accepted


def test_methods_do_not_prove_what_is_false_or_unknown() -> None:
    x = sympy.Symbol("x", positive=True)
    domain = {x: (Integer(1), Integer(2))}
    false = made(lambda: Identity(domain, sympy.sqrt(x**2 + 1), (Step(x + Rational(1, 2), "not so"),)))
    assert judge(false).outcome == "refuted"
    # Equal at one point, and with a derivative that is not 0: no step of kind "derivative".
    also = made(lambda: Identity(domain, x**2, (Step(x, "equal at 1", "derivative", x, Integer(1)),)))
    assert judge(also).outcome == "refuted"
    touching = made(lambda: Inequality(domain, (x - Rational(3, 2)) ** 2))
    assert judge(touching).outcome == "refuted"  # 0 at 3/2, which bisection meets
    assert judge(made(lambda: Positive(domain, x - 3))).outcome == "refuted"
    # True on the domain alone, not by its structure: not proved.
    assert judge(made(lambda: Positive(domain, x - Rational(1, 2)))).outcome == "undecided"
    assert judge(made(lambda: Positive(domain, (x - 1) ** 2, strict=False))).outcome == "proved"
    assert judge(made(lambda: Positive(domain, x**2, by=x, at=Integer(0), order=3))).outcome == "undecided"
    # The corner must be one: x^2 + x does not vanish to second order at 0.
    zero = {x: (Integer(0), Integer(1))}
    assert judge(made(lambda: Inequality(zero, x + x**2, Corner(x, 2)))).outcome == "undecided"
    assert judge(made(lambda: Inequality(zero, x + x**2, Corner(x, 1)))).outcome == "certified"
    assert judge(made(lambda: Inequality(zero, x**2 - x / 100, Corner(x, 1)))).outcome == "refuted"
    t = sympy.Symbol("t", real=True)
    half = sympy.Integral(t, (t, 0, 1))
    assert judge(made(lambda: Value(half, Rational(49, 100), Rational(51, 100)))).outcome == "certified"
    assert judge(made(lambda: Value(half, Rational(51, 100), Rational(52, 100)))).outcome == "refuted"
    two_roots = Root(x, (x - 1) * (x - 2), Integer(0), Integer(3))
    assert judge(made(lambda: Value(x, Integer(0), Integer(3), (two_roots,)))).outcome == "undecided"
    beyond = Root(x, x - 5, Integer(0), Integer(3))
    assert judge(made(lambda: Value(x, Integer(0), Integer(9), (beyond,)))).outcome == "undecided"
    unbounded = made(lambda: LinearProgram((Integer(1),), ((Integer(-1),),), (Integer(0),), Integer(0)))
    assert judge(unbounded).outcome == "undecided"


@pytest.mark.parametrize(("exact", "count"), [(True, 400), (False, 100)])
def test_intervals_hold_the_mean_as_often_as_they_say(exact: bool, count: int) -> None:
    """Seeds at 90 %: a count within 99.9 % binomial bounds of what the kind of interval promises."""

    def draw(rng: np.random.Generator, size: int) -> Any:
        return rng.random(size) < 0.3 if exact else rng.exponential(size=size)

    mean = Rational(3, 10) if exact else Integer(1)
    right = sum(
        judge(made(lambda seed=seed: Sampled(draw, mean, 200, 0.9, seed))).outcome == "supported"  # type: ignore[misc]
        for seed in range(count)
    )
    # Clopper and Pearson's holds at least 90 %; the bootstrap of 200 skewed draws is within 3 % of it.
    low, high = (0.9, 0.94) if exact else (0.87, 0.93)
    assert stats.binom.ppf(0.0005, count, low) <= right <= stats.binom.ppf(0.9995, count, high)


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


def call(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "proofs_check.cli", *arguments], cwd=cwd, capture_output=True, text=True,
                          check=False, env={"PYTHONPATH": str(ROOT), "PATH": ""})  # fmt: skip


def test_command_line(tmp_path: Path) -> None:
    listed = call("list", cwd=tmp_path)
    assert listed.returncode == 0 and all(id in listed.stdout for id in ALL)
    shown = call("show", "frozen-separation-of-z", cwd=tmp_path)
    assert shown.returncode == 0 and "1. =" in shown.stdout and "refuted at r =" in shown.stdout
    done = call("verify", "sheppard", "regime-maximin-point", "--out", "evidence", cwd=tmp_path)
    assert done.returncode == 0 and "2 of 2 claims as expected" in done.stdout
    files = sorted(str(path) for path in (tmp_path / "evidence").iterdir())
    assert len(files) == 6
    again = call("recheck", *files, cwd=tmp_path)
    assert again.returncode == 0 and again.stdout.count("accepted") == 6
    content = json.loads((tmp_path / "evidence" / "regime-maximin-point.json").read_text())
    content["evidence"]["point"][0] = "4/5"
    (tmp_path / "evidence" / "regime-maximin-point.json").write_text(json.dumps(content))
    assert call("recheck", "evidence/regime-maximin-point.json", cwd=tmp_path).returncode == 2  # not the file that was stored
    assert call("recheck", "--no-hash", "evidence/regime-maximin-point.json", cwd=tmp_path).returncode == 1
    report = json.loads(call("verify", "sheppard", "--format", "json", cwd=tmp_path).stdout)
    assert report["claims"][0]["outcome"] == "proved" and report["failed"] == 0
    shown_as = tree.fromstring(call("verify", "sheppard", "--format", "junit", cwd=tmp_path).stdout.encode())
    assert shown_as.get("tests") == "2" and shown_as.get("failures") == "0"
    assert [case.get("name") for case in shown_as] == ["claim", "twin: half of it"]
    point = call("at", "sheppard", "rho=1/2", "--twin", "half of it", cwd=tmp_path)
    assert point.returncode == 0 and "0.33333333333333333333" in point.stdout and "0.16666666666666666667" in point.stdout
    for bad, word in (
        (("verify", "--level", "fast"), "one of quick, full"),
        (("at", "sheppard", "x=1"), "values of rho"),
        (("at", "sheppard", "rho=1", "--twin", "no"), "half of it"),
        (("show", "shepard"), "did you mean 'sheppard'"),
        (("verify", "--format", "xml"), "text, json, junit"),
        (("recheck", "none.json"), "none.json"),
    ):
        wrong = call(*bad, cwd=tmp_path)
        assert wrong.returncode == 2 and word in wrong.stderr and "mend:" in wrong.stderr


def test_direction_of_imports() -> None:
    """theory_sim knows nothing of proofs_check, and claims load without the methods."""
    for path in (ROOT / "theory_sim").rglob("*.py"):
        assert "proofs_check" not in path.read_text(encoding="utf-8"), path
    block = "import sys; sys.modules['proofs_check.methods'] = None; from proofs_check import claims; assert len(claims()) > 20"
    done = subprocess.run([sys.executable, "-c", block], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_verdict_shows_as_latex() -> None:
    shown = verify("sheppard")._repr_latex_()
    assert shown.startswith("$") and r"\frac{\arccos\rho}\pi" in shown and r"\textbf{proved}" in shown
    twin = judge(find("noise-stationary-level"), "1 % larger")._repr_latex_()
    assert r"\text{twin: 1 \% larger}" in twin and r"\textbf{refuted}" in twin


MINE = """
import sympy
from proofs_check import claim
from proofs_check.problem import Identity, Step

x = sympy.Symbol("x", positive=True)

@claim("mine", statement="x = x + 1", source="mine", twins={"also": {"plus": 1}})
def mine(plus=1):
    "Not so."
    return Identity({x: (sympy.Integer(1), sympy.Integer(2))}, x, (Step(x + plus, "no"),))
"""


def test_pytest_runs_claims_as_items(tmp_path: Path) -> None:
    """The plug-in in a process of its own, with a user's false claim among those asked for."""
    (tmp_path / "conftest.py").write_text(MINE)
    (tmp_path / "test_other.py").write_text("def test_other(): pass")
    installed = any(point.value == "proofs_check.pytest_plugin" for point in entry_points(group="pytest11"))
    plugin = [] if installed else ["-p", "proofs_check.pytest_plugin"]

    def run(*options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *plugin, *options], cwd=tmp_path,
                              capture_output=True, text=True, check=False,
                              env={**os.environ, "PYTHONPATH": str(ROOT)})  # fmt: skip

    done = run("--claims", "sheppard,mine", "-v")
    assert done.returncode == 1 and "1 failed, 4 passed" in done.stdout
    assert "mine: refuted, expected proved" in done.stdout and "sheppard[half of it] PASSED" in done.stdout
    assert "1 passed" in run().stdout
    wrong = run("--claims=shepard")
    assert wrong.returncode == 4 and "did you mean 'sheppard'" in wrong.stderr
