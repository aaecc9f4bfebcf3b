"""Forged evidence of every kind: what another claim, twin or level shows, edited numbers, words of the wrong type."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
import sympy
from sympy import Integer, Rational

from proofs_check.claim import claims, find
from proofs_check.problem import All, Inequality, LinearProgram, Positive, Sampled, Value
from proofs_check.recheck import recheck
from proofs_check.verify import judge
from theory_sim.errors import InputError

# One claim a kind of evidence; the smallest of its kind.
KINDS: Final = {
    "identity": "single-angle", "positive": "logistic-loss-is-convex", "boxes": "arc-cosine-positive",
    "program": "q-not-two-relus", "value": "constant-c-q", "sample": "two-time-kernel-at-finite-width",
    "counterexample": "sheppard/half of it",
}  # fmt: skip
OUTCOMES: Final = ("proved", "certified", "supported", "refuted", "undecided", "", None, True, ["proved"])
Kept = dict[str, dict[str, Any]]
LONG: Final = pytest.mark.tier2


class Made(Kept):
    """A file of each kind, as it is stored; made when it is first asked for."""

    def __missing__(self, kind: str) -> dict[str, Any]:
        name, _, twin = KINDS[kind].partition("/")
        verdict = judge(find(name), twin)
        self[kind] = {"format": 2, "claim": verdict.claim, "level": verdict.level, "outcome": verdict.outcome,
                      "evidence": json.loads(json.dumps(verdict.evidence)), "sha256": ""}  # fmt: skip
        return self[kind]


@pytest.fixture(scope="module")
def kept() -> Kept:
    return Made()


def accepted(path: Path, content: Any) -> bool:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    before = time.process_time()
    try:
        found = recheck(path, check_hash=False).accepted
    except InputError as error:
        assert str(path) in str(error) or "one of" in str(error) or "identifier of a claim" in str(error)
        found = False
    assert time.process_time() - before < 20
    return found


def places(evidence: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every entry of evidence, branches and leaves; of a long list the first two."""
    if path:
        yield path
    items = evidence.items() if isinstance(evidence, dict) else enumerate(evidence[:2]) if isinstance(evidence, list) else ()
    for key, each in items:
        yield from places(each, (*path, key))


def with_entry(content: dict[str, Any], place: tuple[Any, ...], value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(content)
    inner = changed["evidence"]
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return changed


def without_entry(content: dict[str, Any], place: tuple[Any, ...]) -> dict[str, Any]:
    changed = copy.deepcopy(content)
    inner = changed["evidence"]
    for key in place[:-1]:
        inner = inner[key]
    del inner[place[-1]]
    return changed


def dictionaries(evidence: Any) -> list[tuple[Any, ...]]:
    def at(place: tuple[Any, ...]) -> Any:
        inner = evidence
        for key in place:
            inner = inner[key]
        return inner

    return [(), *(place for place in places(evidence) if isinstance(at(place), dict))]


@pytest.mark.parametrize("kind", KINDS)
def test_the_file_itself_is_accepted(kind: str, kept: Kept, tmp_path: Path) -> None:
    assert accepted(tmp_path / "a.json", kept[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_another_outcome_is_refused(kind: str, kept: Kept, tmp_path: Path) -> None:
    for outcome in OUTCOMES:
        if outcome != kept[kind]["outcome"]:
            assert not accepted(tmp_path / "a.json", {**kept[kind], "outcome": outcome}), outcome


@pytest.mark.parametrize("kind", KINDS)
def test_evidence_of_one_claim_is_none_for_another(kind: str, kept: Kept, tmp_path: Path) -> None:
    for other in KINDS:
        if other != kind:
            assert not accepted(tmp_path / "a.json", {**kept[other], "claim": kept[kind]["claim"]}), other


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=LONG) if kind == "sample" else kind for kind in KINDS if kind != "counterexample"]
)
def test_evidence_of_a_claim_is_none_for_its_twins_and_back(kind: str, kept: Kept, tmp_path: Path) -> None:
    known = find(KINDS[kind])
    for twin in known.twins[: 1 if kind == "sample" else 3]:
        name = f"{known.id}/{twin.name}"
        assert not accepted(tmp_path / "a.json", {**kept[kind], "claim": name})
        false = judge(known, twin.name)
        moved = {**kept[kind], "evidence": json.loads(json.dumps(false.evidence))}
        assert not accepted(tmp_path / "a.json", {**moved, "outcome": false.outcome})
        assert not accepted(tmp_path / "a.json", moved)


@pytest.mark.parametrize("kind", KINDS)
def test_missing_and_extra_entries_are_refused(kind: str, kept: Kept, tmp_path: Path) -> None:
    content = kept[kind]
    for place in places(content["evidence"]):
        assert not accepted(tmp_path / "a.json", without_entry(content, place)), place
    for place in dictionaries(content["evidence"]):
        assert not accepted(tmp_path / "a.json", with_entry(content, (*place, "note"), "unchecked")), place


# A number is no word, a word no number, and 1e999 is read as infinity.
WRONG: Final[tuple[Any, ...]] = (
                None, True, False, [], {}, "", "nan", "inf", "1e999", "NaN", 0, -1, 10**30, 1.5, "7" * 100_000, 128.0,
                "1e999999999",                 "[1 +/- 1e999999999]", [[[]]], {"a": 1})  # fmt: skip


@pytest.mark.parametrize("kind", [pytest.param(kind, marks=pytest.mark.alternating) if kind in ("program", "boxes") else kind
                                  for kind in KINDS])
def test_words_of_the_wrong_type_are_refused(kind: str, kept: Kept, tmp_path: Path) -> None:
    content = kept[kind]
    for place in places(content["evidence"]):
        for wrong in WRONG:
            changed = with_entry(content, place, wrong)
            if json.dumps(changed) != json.dumps(content):
                assert not accepted(tmp_path / "a.json", changed), (place, wrong)


@pytest.mark.parametrize("key", ["seed", "size", "confidence", "mean", "expected", "low", "high", "interval"])
def test_edited_entries_of_a_sample_are_refused(key: str, kept: Kept, tmp_path: Path) -> None:
    value = kept["sample"]["evidence"][key]
    edited = [f"{value}x"] if isinstance(value, str) else [value + 1, str(value), bool(value), None]
    if key in ("mean", "low", "high"):  # the least that they could be otherwise
        edited += [value + (1e-6 if key == "mean" else 1e-9), value - (1e-6 if key == "mean" else 1e-9)]
    if type(value) is int:
        edited.append(float(value))
    for each in edited:
        assert not accepted(tmp_path / "a.json", with_entry(kept["sample"], (key,), each)), each


@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 100_000, "true", "1" + "0" * 5000 + ".5"]
)
def test_numbers_that_are_none_are_refused(number: str, kept: Kept, tmp_path: Path) -> None:
    for kind, key in (("boxes", "lower"), ("boxes", "worst"), ("boxes", "precision"), ("value", "low"), ("sample", "mean")):
        assert key in kept[kind]["evidence"]
        text = json.dumps(with_entry(kept[kind], (key,), "HERE"))
        assert not accepted(tmp_path / "a.json", text.replace('"HERE"', number)), (kind, key)


@pytest.mark.parametrize(
    ("key", "wrong"),
    [("format", 2.0), ("format", "2"), ("format", True), ("claim", ["single-angle"]), ("claim", None), ("level", ["quick"]),
     ("level", None), ("level", "most"), ("evidence", []), ("evidence", None),
     ("evidence", "steps"), ("evidence", [["steps", []]])],
)  # fmt: skip
def test_the_outer_entries_are_of_their_type(key: str, wrong: Any, kept: Kept, tmp_path: Path) -> None:
    assert not accepted(tmp_path / "a.json", {**kept["identity"], key: wrong})
    if key == "evidence":
        pairs = [list(each) for each in kept["identity"]["evidence"].items()]
        assert not accepted(tmp_path / "a.json", {**kept["identity"], "evidence": pairs})


def whole(problem: Any) -> bool:
    """Whether a problem's domain or draws decide what its evidence holds."""
    if isinstance(problem, All):
        return any(whole(part) for _, part in problem.parts)
    return isinstance(problem, (Inequality, Sampled, LinearProgram, Value))


LARGER: Final = [each.id for each in claims() if each.full and whole(each.problem())]


@pytest.mark.parametrize("id", [pytest.param(id, marks=LONG) for id in LARGER[:4]])
def test_evidence_of_the_quick_level_is_none_for_the_full(id: str, tmp_path: Path) -> None:
    verdict = judge(find(id))
    content = {
        "format": 2,
        "claim": id,
        "level": "quick",
        "outcome": verdict.outcome,
        "evidence": verdict.evidence,
        "sha256": "",
    }
    assert accepted(tmp_path / "a.json", content)
    assert not accepted(tmp_path / "a.json", {**content, "level": "full"})


x, y = sympy.symbols("x y", real=True)
whole_number = sympy.Symbol("n", integer=True)
SQUARE: Final = Inequality({x: (Integer(0), Integer(1)), y: (Integer(0), Integer(1))}, 1 + x + y)
BOXES: Final[dict[str, list[list[str]]]] = {
    "none": [],
    "half of it": [["0:1/2", "0:1"]],
    "a gap": [["0:1/2", "0:1"], ["3/4:1", "0:1"]],
    "a thin gap": [["0:1/2", "0:1"], [f"{Rational(1, 2) + Rational(1, 10**40)}:1", "0:1"]],
    "overlapping": [["0:3/4", "0:1"], ["1/2:1", "0:1"]],
    "twice the same": [["0:1", "0:1"], ["0:1", "0:1"]],
    "beyond the domain": [["-1:1", "0:1"]],
    "one side too long": [["0:1", "0:2"]],
    "back to front": [["1:0", "0:1"]],
    "one side": [["0:1"]],
    "three sides": [["0:1", "0:1", "0:1"]],
    "a corner of four missing": [["0:1/2", "0:1/2"], ["1/2:1", "0:1/2"], ["0:1/2", "1/2:1"]],
    "flat ones": [["0:0", "0:1"], ["1:1", "0:1"]],
}  # fmt: skip


@pytest.mark.parametrize("name", BOXES)
def test_boxes_that_do_not_tile_the_domain_are_refused(name: str) -> None:
    from proofs_check.recheck.boxes import check_boxes
    from proofs_check.recheck.refusal import Refused

    evidence = {"precision": 128, "worst": 0, "lower": 0.5, "boxes": [["0:1", "0:1"]]}
    assert check_boxes(SQUARE, "certified", evidence)
    assert check_boxes(SQUARE, "certified", {**evidence, "boxes": [["0:1/2", "0:1"], ["1/2:1", "0:1"]]})
    with pytest.raises((Refused, ValueError)):
        check_boxes(SQUARE, "certified", {**evidence, "boxes": BOXES[name]})


def test_negative_multipliers_are_refused(kept: Kept, tmp_path: Path) -> None:
    """Also those that add up: on two rows that say the same, one more and one less than 0."""
    from proofs_check.recheck.programs import check_program
    from proofs_check.recheck.refusal import Refused

    one = Integer(1)
    twice = LinearProgram((one,), ((one,), (2 * one,)), (one, 2 * one), one)
    good = {"point": ["1"], "multipliers": ["1", "0"], "value": "1"}
    assert check_program(twice, "certified", good)
    with pytest.raises(Refused, match="dual"):
        check_program(twice, "certified", {**good, "multipliers": ["3", "-1"]})
    evidence = kept["program"]["evidence"]
    for index, number in enumerate(find_list(evidence, "multipliers")):
        if number != "0":
            place = (*path_to(evidence, "multipliers"), index)
            assert not accepted(tmp_path / "a.json", with_entry(kept["program"], place, f"-{number}"))


def path_to(evidence: Any, name: str) -> tuple[Any, ...]:
    return next(place for place in places(evidence) if place[-1] == name)


def find_list(evidence: Any, name: str) -> list[str]:
    for key in path_to(evidence, name):
        evidence = evidence[key]
    return evidence  # type: ignore[no-any-return]


COUNTEREXAMPLES: Final[dict[str, tuple[Callable[[], Any], dict[str, str]]]] = {
    "below the domain": (lambda: Inequality({x: (Integer(0), Integer(1))}, x + 1), {"x": "-2"}),
    "above the domain": (lambda: Inequality({x: (Integer(0), Integer(1))}, 2 - x), {"x": "3"}),
    "where the corner is": (lambda: Inequality({x: (Integer(0), Integer(1))}, x, corner_at(x)), {"x": "0"}),
    "where it is 0 by Taylor's formula": (
        lambda: Positive({x: (Integer(0), Integer(2))}, (x - 1) ** 2, by=x, at=Integer(1), order=2), {"x": "1"},
    ),
    "no whole number": (
        lambda: Positive({whole_number: (Integer(0), Integer(3))}, whole_number**2 - whole_number, strict=False),
        {"n": "1/2"},
    ),
    "another variable": (lambda: Inequality({x: (Integer(0), Integer(1))}, x + 1), {"y": "0"}),
    "a pole": (lambda: Inequality({x: (Integer(0), Integer(2))}, 1 / (x - 1) ** 2), {"x": "1"}),
}  # fmt: skip


def corner_at(symbol: sympy.Symbol) -> Any:
    from proofs_check.problem import Corner

    return Corner(symbol, 1)


@pytest.mark.parametrize("name", COUNTEREXAMPLES)
def test_counterexamples_that_are_none_are_refused(name: str) -> None:
    from proofs_check.recheck.points import check_counterexample
    from proofs_check.recheck.refusal import Refused

    problem, point = COUNTEREXAMPLES[name]
    for value in ("-1", "0", "-1/4", "-0.25"):
        with pytest.raises((Refused, ZeroDivisionError)):
            check_counterexample(problem(), "refuted", {"counterexample": point, "value": value})


@pytest.mark.parametrize("depth", [100, 3000])
def test_deep_nesting_inside_of_known_entries_is_refused(depth: int, kept: Kept, tmp_path: Path) -> None:
    for kind in ("identity", "boxes", "program", "value", "counterexample"):
        for place in list(places(kept[kind]["evidence"]))[:6]:
            for opened, closed in (("[", "]"), ('{"a":', "}")):
                text = json.dumps(with_entry(kept[kind], place, "HERE"))
                nested = opened * depth + "1" + closed * depth
                assert not accepted(tmp_path / "a.json", text.replace('"HERE"', nested)), (kind, place)


def test_the_seed_of_a_sample_is_a_whole_number() -> None:
    """0 and false, 1 and true are equal in Python: a file that says so is not the one stored."""
    from proofs_check.recheck.refusal import Refused
    from proofs_check.recheck.samples import check_sample
    from proofs_check.verify import solve

    problem = Sampled(lambda rng, size: rng.normal(size=size) > 0, Rational(1, 2), 400)
    outcome, evidence = solve(problem)
    assert check_sample(problem, outcome, evidence)
    for key, value in (("seed", False), ("size", 400.0), ("seed", 0.0), ("size", np.int64(400))):
        with pytest.raises(Refused):
            check_sample(problem, outcome, {**evidence, key: value})


@pytest.mark.parametrize("law", [lambda rng, size: np.ones(size, bool), lambda rng, size: rng.exponential(size=size)])
def test_a_sample_looked_at_again_is_as_it_was_drawn(law: Callable[..., np.ndarray]) -> None:
    """All hits, whose mean is the interval's end; numbers, whose resampling has draws of its own."""
    from proofs_check.recheck.samples import check_sample
    from proofs_check.verify import solve

    problem = Sampled(law, Integer(1), 60)
    outcome, evidence = solve(problem)
    assert outcome == "supported" and check_sample(problem, outcome, evidence)


def test_an_integral_from_one_on_is_not_looked_at_before() -> None:
    from proofs_check.recheck.numbers import number

    t = sympy.Symbol("t")
    for low in (1, 3):
        assert number(sympy.Integral(t**-2, (t, low, sympy.oo)), {}, 20) == pytest.approx(1 / low, rel=1e-12)


def test_a_value_that_overlaps_what_is_claimed_is_no_refutation() -> None:
    from proofs_check.recheck.refusal import Refused
    from proofs_check.recheck.values import check_value
    from proofs_check.verify import solve

    below, beside = (Value(sympy.pi, *ends) for ends in ((Integer(2), Rational(3)), (Integer(4), Integer(5))))
    for problem in (below, beside):
        outcome, evidence = solve(problem)
        assert outcome == "refuted" and check_value(problem, outcome, evidence)
        for key, end in (("low", "1"), ("high", "6")):
            if (problem is below) == (key == "low"):  # now it reaches into the claimed ends
                with pytest.raises(Refused, match="beside"):
                    check_value(problem, outcome, {**evidence, key: end})


def test_a_refuted_value_of_what_is_known_to_lie_somewhere_is_looked_at_again() -> None:
    from proofs_check.recheck.values import check_value
    from proofs_check.verify import solve

    s = sympy.Symbol("s", real=True)
    problem = Value(s**2, Integer(2), Integer(3), within={s: (Rational(1, 2), Rational(1))})
    outcome, evidence = solve(problem)
    assert outcome == "refuted" and check_value(problem, outcome, evidence)
