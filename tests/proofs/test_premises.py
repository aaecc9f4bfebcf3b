"""A derivation that rests on itself or on what is not proved is refused; so is evidence that says what nobody checks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import sympy
from sympy import Integer, Rational

from proofs_check import claim, find, recheck, save, verify
from proofs_check.evidence_text import evidence_lines
from proofs_check.problem import All, Identity, Inequality, LinearProgram, Step
from proofs_check.verify import judge
from theory_sim.errors import InputError

x = sympy.Symbol("x", positive=True)
DOMAIN = {x: (Integer(1), Integer(2))}


@pytest.fixture(autouse=True)
def registry() -> Iterator[dict[str, Any]]:
    find("sheppard")
    known = import_module("proofs_check.claim")._REGISTRY
    before = dict(known)
    yield known
    known.clear()
    known.update(before)


def resting_on(lemma: str) -> Any:
    def problem(more: int = 0) -> Identity:
        """Says of itself that it is so."""
        return Identity(DOMAIN, sympy.log(x), (Step(sympy.log(x) + more, "by the other", "lemma", lemma=lemma),))

    return problem


def test_circles_are_refused() -> None:
    twins = {"more": {"more": 1}}
    claim("ring-a", statement="a", source="test", twins=twins)(resting_on("ring-b"))
    claim("ring-b", statement="b", source="test", twins=twins)(resting_on("ring-c"))
    claim("ring-c", statement="c", source="test", twins=twins)(resting_on("ring-a"))
    claim("ring-self", statement="d", source="test", twins=twins)(resting_on("ring-self"))
    for id in ("ring-a", "ring-b", "ring-self"):
        with pytest.raises(InputError, match="rests on itself"):
            verify(id)


@pytest.mark.parametrize("lemma", ["constant-c-q", "arc-cosine-positive", "no-such-claim"])
def test_a_lemma_is_a_proved_claim_of_its_kind(lemma: str) -> None:
    claim("leaning", statement="a", source="test", twins={"more": {"more": 1}})(resting_on(lemma))
    with pytest.raises(InputError, match=r"lemma|identifier of a claim"):
        verify("leaning")


def test_every_claim_names_its_lemmas() -> None:
    found = {id for id, _ in find("learning-time-of-q").problem().premises()}
    assert found == {"frozen-net-weight"}


def test_evidence_of_a_circle_is_not_looked_at(tmp_path: Path) -> None:
    save(verify("learning-time-of-q"), tmp_path / "a.json")
    known = import_module("proofs_check.claim")._REGISTRY
    lemma = known.pop("frozen-net-weight")
    claim("frozen-net-weight", statement="a", source="test", twins={"more": {"more": 1}})(resting_on("learning-time-of-q"))
    assert lemma.id == "frozen-net-weight"
    with pytest.raises(InputError, match="rests on itself"):
        recheck(tmp_path / "a.json")


def test_unknown_parameters_of_twins_are_refused_when_registered() -> None:
    with pytest.raises(InputError, match="parameters"):
        claim("odd-twin", statement="a", source="test", twins={"odd": {"oops": 1}})(resting_on("sheppard"))


def test_a_cell_may_be_run_again_but_not_another_claim() -> None:
    for _ in range(2):
        claim("again", statement="a", source="test", twins={"more": {"more": 1}})(resting_on("sheppard"))

    def other() -> Identity:
        """Another."""
        return Identity(DOMAIN, x, (Step(x, "same"),))

    with pytest.raises(InputError, match="given twice"):
        claim("again", statement="a", source="test", twins={"also": {}})(other)


@pytest.mark.parametrize("names", [(), ("",), ("a", "a")])
def test_parts_have_names_of_their_own(names: tuple[str, ...]) -> None:
    part = Identity(DOMAIN, x, (Step(x, "same"),))
    with pytest.raises(InputError, match="parts"):
        All(tuple((name, part) for name in names))


def test_a_function_that_no_method_knows_is_undecided() -> None:
    @claim("odd-function", statement="a", source="test", twins={"also": {}}, expected="certified")
    def odd() -> Inequality:
        """Of a function that ball arithmetic here does not know."""
        return Inequality(DOMAIN, sympy.airyai(x))

    verdict = judge(find("odd-function"))
    assert verdict.outcome == "undecided" and verdict.evidence["reason"]


@pytest.mark.parametrize(
    ("key", "value"), [("step", 1.0), ("step", True), ("difference", "nan"), ("difference", "[0.1 +/- inf]")]
)
def test_forged_counterexamples_are_refused(key: str, value: Any, tmp_path: Path) -> None:
    path = tmp_path / "forged.json"
    save(judge(find("sheppard"), "half of it"), path)
    content = json.loads(path.read_text())
    assert recheck(path).accepted
    content["evidence"][key] = value
    path.write_text(json.dumps(content))
    assert not recheck(path, check_hash=False).accepted


def test_files_with_more_or_too_deep_entries_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "forged.json"
    save(verify("sheppard"), path)
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "by": "nobody"}))
    with pytest.raises(InputError, match="entries"):
        recheck(path, check_hash=False)
    path.write_text("[" * 100_000)
    with pytest.raises(InputError):
        recheck(path)


def stored(id: str, twin: str, path: Path) -> dict[str, Any]:
    save(judge(find(id), twin), path)
    assert recheck(path).accepted
    return json.loads(path.read_text())  # type: ignore[no-any-return]


def refused(path: Path, content: dict[str, Any]) -> bool:
    path.write_text(json.dumps(content))
    return not recheck(path, check_hash=False).accepted


def parabola(factor: int = 1) -> Inequality:
    """Least at 1, where it is 1: a bound of 1 is the sharpest there is."""
    return Inequality(DOMAIN, factor * (x**2 - x + 1))


def test_the_bound_of_the_worst_box_is_found_again(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    claim("parabola", statement="a", source="test", expected="certified", twins={"negative": {"factor": -1}})(parabola)
    content = stored("parabola", "", path)
    for lower in (1.000001, float("inf"), 0.0, -1.0, True, "0.5"):
        content["evidence"]["lower"] = lower
        path.write_text(json.dumps(content))
        try:
            assert not recheck(path, check_hash=False).accepted, lower
        except InputError:  # not JSON
            assert lower == float("inf")
    content["evidence"]["lower"] = 0.999  # above what balls see on the whole box at once, and true
    path.write_text(json.dumps(content))
    assert recheck(path, check_hash=False).accepted


@pytest.mark.parametrize(("sign", "stored_as", "too_large"), [(-1, "1e-435", "1e-434"), (1, "1e434", "1e435")])
def test_a_bound_outside_of_the_floats_range(sign: int, stored_as: str, too_large: str, tmp_path: Path) -> None:
    """exp(-1000) is 5.1e-435 and exp(1000) 1.97e434; as floats they are 0 and infinity, which bound nothing."""

    def exponential(factor: int = 1) -> Inequality:
        """At 1000 alone, but for the ball's width."""
        return Inequality({x: (Rational(1000), Rational(1000))}, factor * sympy.exp(sign * x))

    name, path = f"exponential-{'small' if sign < 0 else 'large'}", tmp_path / "a.json"
    claim(name, statement="a", source="test", expected="certified", twins={"negative": {"factor": -1}})(exponential)
    content = stored(name, "", path)
    assert content["evidence"]["lower"] == stored_as
    assert evidence_lines(content["evidence"])[0].endswith(f"at least {stored_as}")
    for lower, accepted in ((stored_as, True), (too_large, False), ("1e100", False), (f"{stored_as}.0", False), (sign, False)):
        content["evidence"]["lower"] = lower
        assert refused(path, content) != accepted, lower


def test_evidence_in_words_holds_for_its_digits() -> None:
    """Lower ends are rounded down, upper ones up: 0.0129 at least, not 0.013."""
    boxes = {"boxes": [["0:1"]], "worst": 0, "precision": 128, "lower": 0.012999}
    value = {"low": "2/3", "high": "2/3", "roots": {}, "precision": 128}
    sample = {"mean": 0.5, "size": 9, "seed": 0,
              "confidence": 0.99, "interval": "t", "low": 0.12345678, "high": 1.5, "expected": 0.5}
    run = {"radius": "1", "slopes": [], "lower": "2/3", "upper": "2/3"}
    shown = [evidence_lines(each)[0] for each in (boxes, value, sample, run)]
    assert "at least 0.0129" in shown[0]
    assert "between 0.6666666666666666 and 0.6666666666666667" in shown[1]
    assert "interval 0.123456 to 1.5;" in shown[2]
    assert "0.6666666666 c R^2, and none more than 0.6666666667" in shown[3]


@pytest.mark.parametrize("worst", [0.0, False, -1, 10**6])
def test_the_worst_box_is_one_of_them(worst: Any, tmp_path: Path) -> None:
    content = stored("arc-cosine-positive", "", tmp_path / "a.json")
    content["evidence"]["worst"] = worst
    assert refused(tmp_path / "a.json", content)


def test_an_optimum_that_is_the_claimed_one_refutes_nothing(tmp_path: Path) -> None:
    """The only point there is, but no positive multiplier says so: neither word fits."""
    one, zero = Integer(1), Integer(0)

    @claim("flat", statement="a", source="test", expected="certified", twins={"larger": {"optimum": one}})
    def flat(optimum: sympy.Rational = zero) -> LinearProgram:
        """One point, and nothing to gain."""
        return LinearProgram((zero,), ((one,), (-one,)), (one, -one), optimum, (one,))

    assert judge(find("flat")).outcome == "undecided"
    assert judge(find("flat"), "larger").outcome == "refuted"
    content = stored("flat", "larger", tmp_path / "a.json")
    content["claim"] = "flat"
    content["evidence"] |= {"claimed": {"optimum": "0", "point": ["1"]}}
    for outcome in ("refuted", "certified"):
        assert refused(tmp_path / "a.json", {**content, "outcome": outcome})


@pytest.mark.parametrize("text", ["nan", "inf", "1e999999999", "0.5", " 1", "1/0", "1" * 5000, 1, None])
def test_what_is_no_fraction_is_refused_at_once(text: Any, tmp_path: Path) -> None:
    content = stored("sheppard", "half of it", tmp_path / "a.json")
    content["evidence"]["counterexample"]["rho"] = text
    assert refused(tmp_path / "a.json", content)


def test_parts_with_more_entries_are_refused(tmp_path: Path) -> None:
    content = stored("noise-variance-course", "", tmp_path / "a.json")
    content["evidence"]["parts"][0]["note"] = "unchecked"
    assert refused(tmp_path / "a.json", content)


def test_another_lemma_is_not_taken(tmp_path: Path) -> None:
    """The lemma is the claim's, not the file's; a step shown by it cannot be said to be algebra."""
    content = stored("learning-time-of-q", "", tmp_path / "a.json")
    for change in ({"lemma": "sheppard"}, {"how": "algebra"}):
        steps = [content["evidence"]["steps"][0] | change, *content["evidence"]["steps"][1:]]
        assert refused(tmp_path / "a.json", {**content, "evidence": {"steps": steps}})


@pytest.mark.parametrize("text", ['{"a": 1, "a": 2}', '{"a": NaN}', '{"a": -Infinity}', "{", '{"a":' * 100_000, "[]", ""])
def test_what_is_no_verdict_is_refused_by_name(text: str, tmp_path: Path) -> None:
    (tmp_path / "odd.json").write_text(text)
    for check_hash in (True, False):
        with pytest.raises(InputError, match=r"odd\.json"):
            recheck(tmp_path / "odd.json", check_hash=check_hash)


@pytest.mark.parametrize("depth", [200, 900, 5000, 100_000])
def test_deep_nesting_is_refused(depth: int, tmp_path: Path) -> None:
    content = {"format": 2, "claim": "sheppard", "level": "quick", "outcome": "proved", "evidence": "HERE", "sha256": ""}
    nested = '{"steps": ' + "[" * depth + "]" * depth + "}"
    (tmp_path / "deep.json").write_text(json.dumps(content).replace('"HERE"', nested))
    for check_hash in (True, False):
        try:
            assert not recheck(tmp_path / "deep.json", check_hash=check_hash).accepted
        except InputError as error:
            assert "deep.json" in str(error)


def test_a_claim_without_a_larger_domain_is_judged_at_the_quick_level() -> None:
    assert verify("sheppard", level="full").level == "quick"
    assert find("separation-of-z-second-order").reached("full") == "full"
