"""Every claim has the verdict it expects and every twin is refuted; evidence is re-checked, and changed evidence refused."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy
from sympy import Integer, Rational

from proofs_check.claim import Claim, Verdict, claim, claims, find
from proofs_check.problem import Identity, Inequality, LinearProgram, Step
from proofs_check.recheck import recheck
from proofs_check.verify import as_expected, judge, save
from theory_sim.errors import InputError
from theory_sim.theory.arc_cosine import flip_probability, kappa_1, tangent_kernel
from theory_sim.theory.noise_law import tau_stationary
from theory_sim.theory.separation import J

ROOT = Path(__file__).parents[2]
ALL = {each.id: each for each in claims()}


@pytest.fixture(scope="module")
def verdicts() -> dict[str, tuple[Verdict, list[Verdict], bool]]:
    return {id: as_expected(each) for id, each in ALL.items()}


@pytest.mark.parametrize("id", ALL)
def test_verdict_and_twins(id: str, verdicts: dict[str, tuple[Verdict, list[Verdict], bool]], tmp_path: Path) -> None:
    own, twins, right = verdicts[id]
    assert right, (own.outcome, [twin.outcome for twin in twins], own.evidence)
    assert twins and all(twin.evidence for twin in twins)
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
        if isinstance(true, (Identity, Inequality)):
            assert isinstance(false, (Identity, Inequality)) and false.variables == true.variables


def refused(path: Path, content: dict[str, Any]) -> bool:
    path.write_text(json.dumps(content))
    try:
        return not recheck(path).accepted
    except InputError:
        return True


def stored(verdict: Verdict) -> dict[str, Any]:
    return {"format": 1, "claim": verdict.claim, "outcome": verdict.outcome, "evidence": verdict.evidence}


@pytest.mark.parametrize(
    "id",
    ["regime-maximin-point", "q-not-linearly-separable", "logistic-gradient-vanishes", "frozen-separation-of-z", "sheppard"],
)
def test_every_single_digit_that_falsifies_is_refused(
    id: str, verdicts: dict[str, tuple[Verdict, list[Verdict], bool]], tmp_path: Path
) -> None:
    """Each digit of the evidence changed by one: refused, unless what is then said is true as well (boxes, say, that overlap
    are not a tiling, so none is; of linear programs every digit matters)."""
    text = json.dumps(stored(verdicts[id][0]))
    start = text.index('"evidence"')
    changed = accepted = 0
    for match in re.finditer(r"\d", text[start:]):
        at = start + match.start()
        key = text[:at].rpartition('"')[0].rpartition('"')[2]
        if key in ("precision", "worst", "lower", "box") or ('"worst"' in text[start:at] and '"boxes"' not in text[start:at]):
            continue  # printed for the reader; recheck does not rest on it
        moved = text[:at] + str((int(text[at]) + 1) % 10) + text[at + 1 :]
        try:
            content = json.loads(moved)
        except ValueError:
            continue
        changed += 1
        accepted += not refused(tmp_path / "changed.json", content)
    assert changed > 0 and accepted == 0, f"{accepted} of {changed} changes accepted"


def test_evidence_of_one_claim_does_not_serve_another(
    verdicts: dict[str, tuple[Verdict, list[Verdict], bool]], tmp_path: Path
) -> None:
    own = stored(verdicts["single-angle"][0])
    assert refused(tmp_path / "a.json", {**own, "claim": "double-angle"})
    assert refused(tmp_path / "a.json", {**own, "outcome": "refuted"})
    twin = stored(verdicts["single-angle"][1][0])
    assert refused(tmp_path / "a.json", {**twin, "claim": "single-angle"})  # a counterexample to the twin is none to the claim
    boxes = stored(verdicts["logistic-gradient-vanishes"][0])
    assert refused(tmp_path / "a.json", {**boxes, "claim": "arc-cosine-positive"})
    fewer = {**boxes, "evidence": {**boxes["evidence"], "boxes": boxes["evidence"]["boxes"][1:]}}
    assert refused(tmp_path / "a.json", fewer)
    with pytest.raises(InputError, match="no-such-claim"):
        (tmp_path / "b.json").write_text(json.dumps({**own, "claim": "no-such-claim"}))
        recheck(tmp_path / "b.json")


def test_recheck_works_without_the_methods(
    verdicts: dict[str, tuple[Verdict, list[Verdict], bool]], tmp_path: Path
) -> None:
    for id in ("regime-maximin-point", "logistic-gradient-vanishes", "frozen-separation-of-outer-points"):
        save(verdicts[id][0], tmp_path / f"{id}.json")
    block = "import sys; sys.modules['proofs_check.methods'] = None; sys.modules['flint'] = None; "
    files = [str(path) for path in tmp_path.iterdir()]
    run = f"from proofs_check.recheck import recheck; assert all(recheck(path).accepted for path in {files})"
    done = subprocess.run([sys.executable, "-c", block + run], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    source = (ROOT / "proofs_check" / "recheck.py").read_text()
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


def made(problem: Any) -> Claim:
    return Claim("made", "", "", (), "exact", "proved", problem, ())


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
    unbounded = made(lambda: LinearProgram((Integer(1),), ((Integer(-1),),), (Integer(0),), Integer(0)))
    assert judge(unbounded).outcome == "undecided"


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
    assert call("recheck", "evidence/regime-maximin-point.json", cwd=tmp_path).returncode == 1
    report = json.loads(call("verify", "sheppard", "--format", "json", cwd=tmp_path).stdout)
    assert report["claims"][0]["outcome"] == "proved" and report["failed"] == 0
    for bad, word in ((("show", "shepard"), "did you mean 'sheppard'"), (("verify", "--format", "xml"), "text or json"),
                      (("recheck", "none.json"), "none.json")):
        wrong = call(*bad, cwd=tmp_path)
        assert wrong.returncode == 2 and word in wrong.stderr and "mend:" in wrong.stderr


def test_direction_of_imports() -> None:
    """theory_sim knows nothing of proofs_check, and claims load without the methods."""
    for path in (ROOT / "theory_sim").rglob("*.py"):
        assert "proofs_check" not in path.read_text(encoding="utf-8"), path
    block = "import sys; sys.modules['proofs_check.methods'] = None; from proofs_check import claims; assert len(claims()) > 20"
    done = subprocess.run([sys.executable, "-c", block], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
