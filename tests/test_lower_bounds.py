"""The lower bounds that setup.cfg declares: each is one, the tested versions lie above, and the program runs with them."""

from __future__ import annotations

import configparser
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
# One of everything that the libraries are used for: compiled loops, stores, tables, figures, proofs, worker processes.
COMMANDS = [
    "theory_sim run --preset quick --compare L-S,S --engine limit -q --out runs --set max_tau=40",
    "theory_sim run --set d=12 --set N=60 --set m_W=40 --set m_V=60 --set max_tau=20 --out runs --observe kernels -q",
    "theory_sim show runs/default-L-S-seed0",
    "theory_sim plot learning-order runs/quick-S-seed0-limit -o order.png",
    "theory_sim plot learning-order runs/quick-S-seed0-limit -o order.pdf",
    "theory_sim sweep run sweep.toml --workers 2 -q",
    "theory_sim sweep compare runs/small h",
    "theory_sim --help",
    "proofs_check list",
    "proofs_check verify decomposition-recursion --out evidence",
    "proofs_check recheck evidence/decomposition-recursion.json",
]
SWEEP = """name = "small"
compare = ["L-S", "S"]
seeds = [0, 1]
engine = ["limit", "finite"]
[fields]
d = 12
N = 60
m_W = 40
m_V = 60
max_tau = 20.0
n_test = 5
"""


def requirements(path: Path = ROOT / "setup.cfg") -> list[Requirement]:
    found = configparser.ConfigParser()
    found.read(path, encoding="utf-8")
    lines = found["options"]["install_requires"].splitlines()
    return [Requirement(line) for line in lines if line.strip() and not line.startswith("#")]


def lowest(requirement: Requirement) -> str:
    (bound,) = [each.version for each in requirement.specifier if each.operator == ">="]
    return bound


def test_each_has_a_lower_bound_below_what_is_tested() -> None:
    pinned = {}
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        if match := re.fullmatch(r"([\w.-]+)==([\w.]+)", line):
            pinned[canonicalize_name(match[1])] = Version(match[2])
    assert len(requirements()) >= 20
    for each in requirements():
        assert Version(lowest(each)) <= pinned[canonicalize_name(each.name)] in each.specifier, each.name
    bounds = {each.name: Version(lowest(each)) for each in requirements()}
    assert bounds["numcodecs"] >= Version("0.16.6"), "earlier ones run code that a store holds"


@pytest.mark.slow
def test_the_program_runs_with_the_lowest_versions(tmp_path: Path) -> None:
    """In an environment of its own (needs a package index): half an hour of nothing else would find what does not fit."""
    python = str(tmp_path / "venv" / "bin" / "python")
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    pins = [f"{each.name}=={lowest(each)}" for each in requirements()]
    subprocess.run([python, "-m", "pip", "install", "-q", "setuptools>=77", *pins], check=True)
    # Without the index: had a bound been out of reach of the others, this would ask for another version.
    subprocess.run([python, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", str(ROOT)], check=True)
    subprocess.run([python, "-m", "pip", "check"], check=True)
    installed = json.loads(subprocess.run([python, "-m", "pip", "list", "--format", "json"], check=True, capture_output=True,
                                          text=True).stdout)  # fmt: skip
    versions = {canonicalize_name(each["name"]): Version(each["version"]) for each in installed}
    assert all(versions[canonicalize_name(each.name)] == Version(lowest(each)) for each in requirements())
    (tmp_path / "sweep.toml").write_text(SWEEP)
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    for command in COMMANDS:
        module, *arguments = command.split()
        ended = subprocess.run([python, "-m", f"{module}.cli", *arguments], cwd=tmp_path, env=environment, capture_output=True,
                               text=True, check=False)  # fmt: skip
        assert ended.returncode == 0, f"{command}\n{ended.stdout}\n{ended.stderr}"
