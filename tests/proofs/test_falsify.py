"""The search finds what is planted, even where a fixed scatter of points misses it, and nothing where nothing is."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
import sympy
from sympy import Integer, Rational
from typer.testing import CliRunner

from proofs_check import falsify
from proofs_check.certificate import save
from proofs_check.claim import claim, find
from proofs_check.cli import app
from proofs_check.falsify import attempt
from proofs_check.methods.counterexample import not_positive
from proofs_check.problem import Identity, Inequality, Positive, Step
from proofs_check.recheck import recheck
from theory_sim.errors import InputError, StoreError

BUDGET = 60.0
PLANTED = [
    ("noise-stationary-level", "1 % larger"),
    ("noise-geometric-approach", "1 - gamma lambda to the first power"),
    ("noise-random-walk", "one step less"),
    ("noise-decorrelation-rate", "without the 2"),
    ("sheppard", "half of it"),
    ("arc-cosine-degree-one", "1 % larger"),
    ("arc-cosine-positive", "less 0.001"),
    ("frozen-separation-of-z", "1 % larger"),
    ("frozen-net-weight", "1 - r^2"),
    ("frozen-fraction-bounds", "1 - sqrt(Y) / 2 below"),
    ("separation-of-z-by-tangents", None),
    ("learning-time-of-q", "4 pi"),
    ("constant-c-q", "1 % larger"),
    ("p-error-at-a-margin", "1 - c for 1 - c^2"),
    ("common-classifier-size", "2 d"),
]


@pytest.mark.parametrize(("id", "twin"), PLANTED)
def test_the_planted_counterexample_is_found_within_a_minute(id: str, twin: str | None, tmp_path: Path) -> None:
    name = find(id).twins[0].name if twin is None else twin
    tried = attempt(id, seed=3, budget=BUDGET, twin=name)
    assert tried.found is not None
    save(tried.found.verdict, tmp_path / "found.json")
    report = recheck(tmp_path / "found.json")
    assert report.accepted and report.outcome == "refuted", report


@pytest.mark.parametrize("id", ["noise-stationary-level", "arc-cosine-positive", "frozen-fraction-bounds", "constant-c-q"])
def test_nothing_is_found_where_the_claim_holds(id: str) -> None:
    tried = attempt(id, seed=3, budget=1.0)
    assert tried.found is None
    assert tried.evaluations >= 512 or id == "constant-c-q"


n = sympy.Symbol("n", integer=True)
x, y = sympy.symbols("x y", real=True)
UNIT = {x: (Integer(0), Integer(1)), y: (Integer(0), Integer(1))}
DISC = (x - Rational(318, 1000)) ** 2 + (y - Rational(742, 1000)) ** 2 - Rational(1, 10**8)


@pytest.fixture
def registered() -> Iterator[None]:
    registry = import_module("proofs_check.claim")._REGISTRY
    before = dict(registry)

    @claim("hidden-disc", statement="positive", source="test", twins={"also": {}}, expected="certified")
    def disc() -> Inequality:
        """False on a disc of radius 1e-4 only."""
        return Inequality(UNIT, DISC)

    @claim("hidden-integer", statement="zero", source="test", twins={"also": {}})
    def integer() -> Identity:
        """False at whole numbers but 0 and 1."""
        return Identity({n: (Integer(0), sympy.oo)}, n**2, (Step(n, "no"),))

    @claim("hidden-corner", statement="positive", source="test", twins={"also": {}})
    def corner() -> Positive:
        """False only near one corner of the square."""
        return Positive(UNIT, Rational(1999, 1000) - x - y)

    yield
    registry.clear()
    registry.update(before)


@pytest.mark.parametrize("id", ["hidden-disc", "hidden-integer", "hidden-corner"])
def test_a_hidden_counterexample_is_found_and_simple(id: str, registered: None) -> None:
    found = falsify(id, seed=1, budget=BUDGET)
    assert found is not None
    assert falsify(id, seed=1, budget=BUDGET) == found
    if id == "hidden-disc":
        assert not_positive(UNIT, DISC) is None  # the fixed scatter misses it
        point = {symbol: Rational(found.point[str(symbol)]) for symbol in UNIT}
        assert DISC.subs(point) <= 0
    if id == "hidden-integer":
        assert Rational(found.point["n"]).is_integer
    assert found.line.startswith(f"proofs-check evaluate {id} ")


def test_command_line(tmp_path: Path) -> None:
    file = tmp_path / "found.json"
    run = CliRunner().invoke
    done = run(app, ["falsify", "sheppard", "--twin", "half of it", "--out", str(file)])
    assert done.exit_code == 0 and "proofs-check evaluate sheppard rho=" in done.output, done.output
    assert run(app, ["recheck", str(file)]).exit_code == 0
    again = run(app, ["falsify", "sheppard", "--twin", "half of it", "--out", str(file)])
    assert isinstance(again.exception, StoreError) and "exists" in str(again.exception)
    none = run(app, ["falsify", "sheppard", "--budget", "0.1"])
    assert none.exit_code == 0 and "that proves nothing" in none.output


@pytest.mark.parametrize("wrong", [{"budget": 0.0}, {"budget": float("nan")}, {"seed": -1}, {"twin": "no such"}])
def test_bad_input(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError):
        falsify("sheppard", **wrong)  # type: ignore[arg-type]
