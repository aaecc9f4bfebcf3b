"""Stored evidence: changed evidence is refused, and the second look shares nothing with the methods."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import Any

import mpmath
import pytest
import sympy
from sympy import Rational

from proofs_check.certificate import save
from proofs_check.claim import Verdict, claims
from proofs_check.evaluate import at_point
from proofs_check.problem import All, Identity, Sampled
from proofs_check.recheck import recheck
from theory_sim.errors import InputError

ROOT = Path(__file__).parents[2]
ALL = {each.id: each for each in claims()}
OF_EACH_KIND = (
    "regime-maximin-point", "logistic-gradient-vanishes", "frozen-separation-of-outer-points", "plateau-leading-order",
    "constant-c-q", "two-time-kernel-at-finite-width", "q-not-two-relus", "worst-average-in-numbers",
)  # fmt: skip


def refused(path: Path, content: dict[str, Any]) -> bool:
    path.write_text(json.dumps(content))
    try:
        return not recheck(path, check_hash=False).accepted
    except InputError:
        return True


def stored(verdict: Verdict) -> dict[str, Any]:
    return {
        "format": 2,
        "claim": verdict.claim,
        "level": verdict.level,
        "outcome": verdict.outcome,
        "evidence": verdict.evidence,
        "sha256": "",
    }


def numbers(evidence: Any, path: tuple[Any, ...] = ()) -> dict[tuple[Any, ...], Any]:
    """Leaves of evidence by their place."""
    if isinstance(evidence, dict):
        return {key: leaf for name, each in evidence.items() for key, leaf in numbers(each, (*path, name)).items()}
    if isinstance(evidence, list):
        return {key: leaf for index, each in enumerate(evidence) for key, leaf in numbers(each, (*path, index)).items()}
    return {path: evidence}


def same_there(problem: Any, evidence: Any) -> bool:
    """Whether what is printed at a counterexample stands there, by sympy's numbers."""
    if isinstance(problem, All):
        return same_there(dict(problem.parts)[evidence["part"]], evidence["evidence"])
    values = [sympy.Float(value, 25) for _, value in at_point(problem, evidence["counterexample"], 25)]
    shown = sympy.Float(evidence.get("value", evidence.get("difference")).strip("[]").split()[0], 25)
    found = values[int(evidence["step"]) - 1] - values[int(evidence["step"])] if isinstance(problem, Identity) else values[0]
    return bool(abs(found - shown) <= 1e-17 * abs(shown))


def optimal(problem: Any, leaves: dict[tuple[Any, ...], Any], place: tuple[Any, ...]) -> bool:
    """Whether a stored point or multipliers still have the program's optimum."""
    which = next(index for index, key in enumerate(place) if key in ("point", "multipliers"))
    stem = place[:which]
    if isinstance(problem, All):
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


def below_the_worst_box(problem: Any, evidence: Any, place: tuple[Any, ...]) -> bool:
    """Whether a stored bound is one as far as 9 points a side show, the ends among them, by sympy's numbers."""
    if isinstance(problem, All):
        return below_the_worst_box(problem.parts[place[1]][1], evidence["parts"][place[1]]["evidence"], place[3:])
    box = [tuple(map(Rational, side.split(":"))) for side in evidence["boxes"][evidence["worst"]]]
    expression = problem.expression
    if problem.corner is not None:
        axis = list(problem.variables).index(problem.corner.symbol)
        at_corner = box[axis][0] == problem.variables[problem.corner.symbol][0]
        if evidence["derivative"] == "everywhere" or at_corner:
            expression = sympy.diff(expression, problem.corner.symbol, problem.corner.order)
    value = sympy.lambdify(list(problem.variables), expression, "mpmath")
    sides = [sorted({low + (high - low) * k / 8 for k in range(9)}) for low, high in box]
    with mpmath.workdps(30):
        least = min(value(*(mpmath.mpf(x.p) / x.q for x in point)) for point in product(*sides))
        return bool(0 < evidence["lower"] * (1 - 1e-15) <= least)


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
    if last == "lower":
        return below_the_worst_box(problem, after, place)
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


def refuse_changed_digits(
    id: str, most: int, verdicts: dict[str, tuple[Verdict, list[Verdict], bool]], folder: Path
) -> None:
    """Digits changed one at a time, all of them or so many drawn: refused, unless what is then said is true too."""
    own, twins, _ = verdicts[id]
    draw = random.Random(id)
    for verdict in (own, *twins[:1]):
        content, problem = stored(verdict), ALL[id].at("quick", verdict.claim.partition("/")[2])
        text = json.dumps(content["evidence"])
        at = [match.start() for match in re.finditer(r"\d", text)]
        for position in sorted(draw.sample(at, min(most, len(at)))):
            moved = text[:position] + str((int(text[position]) + 1) % 10) + text[position + 1 :]
            try:
                evidence = json.loads(moved)
            except ValueError:
                continue
            if not refused(folder / "changed.json", {**content, "evidence": evidence}):
                assert still_true(problem, content["evidence"], evidence), moved[max(0, position - 60) : position + 20]


# Over 20 s each; "constant-c-p-at-lower-level" is of their kind.
LONG = {"order-constant", "constant-c-p", "constant-c-p-at-lower-level"}


@pytest.mark.parametrize("id", [
    id if id in OF_EACH_KIND else pytest.param(id, marks=pytest.mark.slow if id in LONG else pytest.mark.alternating)
    for id in ALL
])
def test_a_digit_that_falsifies_is_refused(
    id: str, verdicts: dict[str, tuple[Verdict, list[Verdict], bool]], tmp_path: Path
) -> None:
    """A few digits of each file."""
    refuse_changed_digits(id, 3, verdicts, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("id", ALL)
def test_every_single_digit_that_falsifies_is_refused(
    id: str, verdicts: dict[str, tuple[Verdict, list[Verdict], bool]], tmp_path: Path
) -> None:
    """All digits, or forty; eight of a sample, since each look at one draws it again."""
    refuse_changed_digits(id, 8 if isinstance(ALL[id].at(), Sampled) else 40, verdicts, tmp_path)


def test_a_changed_file_does_not_fit_its_hash(verdicts: dict[str, tuple[Verdict, list[Verdict], bool]], tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    save(verdicts["sheppard"][0], path)
    path.write_text(path.read_text().replace('"quick"', '"full"'))
    with pytest.raises(InputError, match="hash"):
        recheck(path)
    report = recheck(path, check_hash=False)
    assert not report.accepted and "no such level" in report.reason  # nothing larger is claimed at that level


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


@pytest.mark.alternating
def test_recheck_works_without_the_methods(verdicts: dict[str, tuple[Verdict, list[Verdict], bool]], tmp_path: Path) -> None:
    for id in OF_EACH_KIND:
        save(verdicts[id][0], tmp_path / f"{id}.json")
    block = "import sys; sys.modules['proofs_check.methods'] = None; sys.modules['flint'] = None; "
    files = [str(path) for path in tmp_path.iterdir()]
    run = f"from proofs_check.recheck import recheck; assert all(recheck(path).accepted for path in {files})"
    done = subprocess.run([sys.executable, "-c", block + run], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for path in (ROOT / "proofs_check" / "recheck").glob("*.py"):
        source = path.read_text()
        assert "proofs_check.methods" not in source and "import flint" not in source
