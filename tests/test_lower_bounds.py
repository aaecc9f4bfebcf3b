"""What setup.cfg declares holds: the lowest versions run together, and the tested ones on every Python that it names."""

from __future__ import annotations

import configparser
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.environments import ROOT, find_python, is_tested, make_environment, pins, requirements, run_program, run_tests

OLDEST = "3.11"


def lowest(requirement: Requirement) -> str:
    (bound,) = [each.version for each in requirement.specifier if each.operator == ">="]
    return bound


def named_pythons() -> list[str]:
    found = configparser.ConfigParser()
    found.read(ROOT / "setup.cfg", encoding="utf-8")
    return re.findall(r"Python :: (\d\.\d+)", found["metadata"]["classifiers"])


def python(version: str) -> str:
    found = find_python(version)
    if found is None:
        pytest.skip(f"no Python {version} on PATH, nor among those of pyenv")
    return found


def test_each_has_a_lower_bound_below_what_is_tested() -> None:
    pinned = pins()
    assert len(requirements()) >= 20 and len(requirements("test")) > len(requirements())
    for each in requirements("test"):
        assert Version(lowest(each)) <= pinned[canonicalize_name(each.name)] in each.specifier, each.name
    bounds = {each.name: Version(lowest(each)) for each in requirements()}
    assert bounds["numcodecs"] >= Version("0.16.6"), "earlier ones run code that a store holds"


def test_a_python_is_found_by_its_version() -> None:
    assert find_python(".".join(map(str, sys.version_info[:2]))) == sys.executable
    assert find_python("2.0") is None and named_pythons()[0] == OLDEST


def test_tests_are_left_out_only_where_they_run_anyway(monkeypatch: pytest.MonkeyPatch) -> None:
    here = ".".join(map(str, sys.version_info[:2]))
    assert not is_tested("3.9")
    monkeypatch.setattr("tests.environments._installed", lambda name: pins()[name])
    assert is_tested(here)
    monkeypatch.setattr("tests.environments._installed", lambda name: Version("1.0") if name == "numpy" else pins()[name])
    assert not is_tested(here)


@pytest.mark.slow
def test_everything_runs_with_the_lowest_versions(tmp_path: Path) -> None:
    """In an environment of its own (needs a package index), on the oldest Python."""
    wanted = requirements("test")
    inside = make_environment(tmp_path / "venv", python(OLDEST), *(f"{each.name}=={lowest(each)}" for each in wanted))
    listed = subprocess.run([inside, "-m", "pip", "list", "--format", "json"], check=True, capture_output=True, text=True)
    versions = {canonicalize_name(each["name"]): Version(each["version"]) for each in json.loads(listed.stdout)}
    assert all(versions[canonicalize_name(each.name)] == Version(lowest(each)) for each in wanted)
    run_program(inside, tmp_path)
    # Old libraries deprecate nothing of ours: they use what libraries below them, which are new, have deprecated since.
    run_tests(inside, ["-W", "ignore::DeprecationWarning"])


@pytest.mark.slow
@pytest.mark.parametrize("version", named_pythons())
def test_everything_runs_on_every_python(version: str, tmp_path: Path) -> None:
    """With the versions of constraints.txt, which the rest of the tests has on one Python: there the program alone runs."""
    words = ["--constraint", str(ROOT / "constraints.txt"), *map(str, requirements("test"))]
    inside = make_environment(tmp_path / "venv", python(version), *words)
    run_program(inside, tmp_path)
    if not is_tested(version):
        run_tests(inside)
