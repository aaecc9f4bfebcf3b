"""The command line, the plug-in for pytest, what a notebook shows, and which way imports go."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from xml.etree import ElementTree as tree

import pytest
from typer.testing import CliRunner

from proofs_check.certificate import save
from proofs_check.claim import claims, find
from proofs_check.cli import app
from proofs_check.verify import judge, verify
from theory_sim.errors import InputError, StoreError

ROOT = Path(__file__).parents[2]
ALL = {each.id: each for each in claims()}


def call(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "proofs_check", *arguments], cwd=cwd, capture_output=True, text=True,
                          check=False, env={"PYTHONPATH": str(ROOT), "PATH": ""})  # fmt: skip


@pytest.mark.tier2
def test_command_line(tmp_path: Path) -> None:
    listed = call("list", cwd=tmp_path)
    assert listed.returncode == 0 and all(id in listed.stdout for id in ALL)
    run = CliRunner().invoke  # in this process: a start of the program takes as long as what it does here
    shown = run(app, ["show", "frozen-separation-of-z"])
    assert shown.exit_code == 0 and "1. =" in shown.stdout and "refuted at r =" in shown.stdout
    done = call("verify", "sheppard", "regime-maximin-point", "--out", "evidence", cwd=tmp_path)
    assert done.returncode == 0 and "2 of 2 claims as expected" in done.stdout
    files = sorted(str(path) for path in (tmp_path / "evidence").iterdir())
    assert len(files) == 8  # two claims with two and four twins
    again = call("recheck", *files, cwd=tmp_path)
    assert again.returncode == 0 and again.stdout.count("accepted") == 8
    content = json.loads((tmp_path / "evidence" / "regime-maximin-point.json").read_text())
    content["evidence"]["point"][0] = "4/5"
    (tmp_path / "evidence" / "regime-maximin-point.json").write_text(json.dumps(content))
    changed = str(tmp_path / "evidence" / "regime-maximin-point.json")
    assert run(app, ["recheck", changed]).exit_code == 1  # not the file that was stored
    assert run(app, ["recheck", "--no-hash", changed]).exit_code == 1
    report = json.loads(run(app, ["verify", "sheppard", "--format", "json"]).stdout)
    assert report["claims"][0]["outcome"] == "proved" and report["failed"] == 0
    shown_as = tree.fromstring(run(app, ["verify", "sheppard", "--format", "junit"]).stdout.encode())
    assert shown_as.get("tests") == "3" and shown_as.get("failures") == "0"
    assert [case.get("name") for case in shown_as] == ["claim", "twin: half of it", "twin: 1 % more"]
    point = run(app, ["evaluate", "sheppard", "rho=1/2", "--twin", "half of it"])
    assert point.exit_code == 0 and "0.33333333333333333333" in point.stdout and "0.16666666666666666667" in point.stdout
    wrong = call("verify", "--level", "fast", cwd=tmp_path)
    assert wrong.returncode == 2 and "one of quick, full" in wrong.stderr and "fix:" in wrong.stderr
    for bad, word in (
        (("evaluate", "sheppard", "x=1"), "values of rho"),
        (("evaluate", "sheppard", "rho=1", "--twin", "no"), "half of it"),
        (("show", "shepard"), "did you mean 'sheppard'"),
        (("verify", "--format", "xml"), "text, json, csv, junit"),
        (("recheck", "none.json"), "none.json"),
    ):
        error = run(app, list(bad)).exception
        assert isinstance(error, InputError | StoreError) and word in str(error) and "fix:" in str(error)


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


@pytest.mark.tier2
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
    assert done.returncode == 1 and "1 failed, 5 passed" in done.stdout
    assert "mine: refuted, expected proved" in done.stdout and "sheppard[half of it] PASSED" in done.stdout
    assert "1 passed" in run().stdout
    wrong = run("--claims=shepard")
    assert wrong.returncode == 4 and "did you mean 'sheppard'" in wrong.stderr


def test_the_part_and_the_variable_outside_of_its_domain_are_named() -> None:
    """Of a claim of several parts the others may hold there."""
    run = CliRunner().invoke
    said = " ".join(run(app, ["evaluate", "plateau-leading-order", "r=0.3"]).output.split())
    for part in ("above, r >= 1", "below, r >= 1"):
        assert f"{part}: outside of the domain r = 3/10, asked from 1 to 2" in said
    assert said.count("outside") == 2


def test_a_file_that_is_no_evidence_is_bad_input_and_one_that_was_changed_a_finding(tmp_path: Path) -> None:
    run = CliRunner().invoke
    file, other = tmp_path / "own.json", tmp_path / "other.json"
    save(judge(find("single-angle")), file)
    for content in (b"{", b"\xff", b"[]", b'{"claim": "single-angle"}', b""):
        other.write_bytes(content)
        done = run(app, ["recheck", str(other), str(file)])
        assert (done.exit_code, done.output.count("FAILS"), done.output.count("accepted")) == (2, 1, 1), done.output
    other.write_text(file.read_text().replace("equal derivatives", "equal derivative"))
    assert run(app, ["recheck", str(other), str(file)]).exit_code == 1
    assert run(app, ["recheck", str(file)]).exit_code == 0


def test_a_point_outside_of_the_domain_is_said() -> None:
    run = CliRunner().invoke
    assert "outside of the domain" in run(app, ["evaluate", "sheppard", "rho=999/1000"]).output
    assert "outside" not in run(app, ["evaluate", "sheppard", "rho=1/2"]).output


@pytest.mark.alternating
def test_recheck_goes_on_after_a_bad_file(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("{")
    run = CliRunner().invoke
    assert run(app, ["verify", "sheppard", "--out", str(tmp_path / "kept")]).exit_code == 0
    done = run(app, ["recheck", str(tmp_path / "bad.json"), str(tmp_path / "kept" / "sheppard.json")])
    assert done.exit_code == 2 and "FAILS" in done.output and "accepted sheppard" in done.output


def test_bad_places_and_points_are_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    run = CliRunner().invoke
    for words in (["verify", "sheppard", "--out", str(tmp_path / "file")], ["evaluate", "sheppard", "rho=1/2", "rho=1/3"]):
        done = run(app, words)
        assert isinstance(done.exception, InputError), done.output
    assert (tmp_path / "file").read_text() == "mine"


def test_places_that_cannot_be_written_to_are_refused_before_any_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("mine")
    below = tmp_path / "file" / "folder"
    for module, name in (("verify", "as_expected"), ("falsify", "attempt")):
        monkeypatch.setattr(import_module(f"proofs_check.{module}"), name, None)  # no claim is judged
    for words in (["verify", "sheppard", "--out", str(below)], ["falsify", "sheppard", "--out", str(below / "a.json")]):
        done = CliRunner().invoke(app, words)
        assert isinstance(done.exception, InputError) and "file" in str(done.exception), done.exception


def test_at_evaluates_the_parts_that_it_has_values_for() -> None:
    run = CliRunner().invoke
    done = run(app, ["evaluate", "noise-variance-course", "gamma=1", "lambda=1/2", "tau_xi=1", "tau=1"])
    assert done.exit_code == 0 and "start after step 1" in done.output
    assert "step left" not in done.output and done.output.splitlines()[-1].split() == [
        "step", "not", "evaluated", "without", "e_t"]  # fmt: skip
    assert isinstance(run(app, ["evaluate", "noise-variance-course", "gamma=1"]).exception, InputError)
    assert isinstance(run(app, ["evaluate", "noise-variance-course", "gamma=1", "nothing=1"]).exception, InputError)


def test_a_corner_and_a_broken_number_lie_outside_of_the_domain() -> None:
    run = CliRunner().invoke
    corner = run(app, ["evaluate", "separation-of-z-second-order", "r=0", "w=1"]).output
    assert "outside of the domain" in corner and "r = 0, asked beyond it" in " ".join(corner.split())
    other = run(app, ["evaluate", "sheppard", "rho=2"]).output
    assert "rho = 2, asked from -99/100 to 99/100" in " ".join(other.split())


def test_show_tells_the_derivation_from_its_start() -> None:
    shown = CliRunner().invoke(app, ["show", "sheppard"]).output
    statement = shown.partition("asked\n")[2].partition("verdict")[0]
    for words in ("Integral(R*exp(-R**2/2)/(2*pi)", "3. = acos(rho)/pi", "make up the circle"):
        assert words in statement


@pytest.mark.parametrize("id", ALL)
def test_every_claim_can_be_told_before_it_is_judged(id: str) -> None:
    statement = list(ALL[id].at().statement())
    assert statement and not any("Dummy" in line or "object at" in line for line in statement)


def test_an_entry_point_that_fails_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    bad = EntryPoint("mine", "no_such_package_of_mine.claims", "proofs_check.claims")
    monkeypatch.setattr("importlib.metadata.entry_points", lambda **_: [bad])
    load = import_module("proofs_check.claims").load
    load.cache_clear()
    try:
        with pytest.raises(InputError, match="mine = no_such_package_of_mine"):
            claims()
    finally:
        monkeypatch.undo()
        load.cache_clear()
        claims()
