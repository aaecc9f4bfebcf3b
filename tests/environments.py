"""Environments with other versions of Python and of the libraries, and what runs in each: the program, and some tests."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from bootstrap import version_of

__all__ = ["ROOT", "find_python", "is_tested", "make_environment", "pins", "requirements", "run_program", "run_tests"]

ROOT: Final = Path(__file__).parents[1]
# One of everything that the libraries are used for: compiled loops, stores, tables, figures, proofs, worker processes.
_COMMANDS: Final = [
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
_SWEEP: Final = """name = "small"
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
# The theory's core, experiments, commands, storage, statistics and figures.
_TESTS: Final = ("tests/theory", "tests/test_regime.py", "tests/test_regime_scope.py", "tests/test_experiment.py",
                 "tests/test_engine.py", "tests/test_trajectory.py", "tests/test_cli.py", "tests/storage", "tests/statistics",
                 "tests/plots")
_ONE_THREAD: Final = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
_NOT_NEEDED: Final = ("mypy", "ruff", "scipy-stubs")  # of the extra "test": no test imports them


def requirements(*extras: str) -> list[Requirement]:
    """What setup.cfg asks for, with extras; without what no test imports."""
    found = configparser.ConfigParser()
    found.read(ROOT / "setup.cfg", encoding="utf-8")
    texts = [found["options"]["install_requires"], *(found["options.extras_require"][extra] for extra in extras)]
    lines = [line for text in texts for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [each for each in map(Requirement, lines) if each.name not in _NOT_NEEDED]


def find_python(version: str) -> str | None:
    """A Python of this version, such as "3.12": on PATH, or among those of pyenv."""
    wanted = tuple(map(int, version.split(".")))
    pyenv = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser() / "versions"
    names = [sys.executable, shutil.which(f"python{version}"), *map(str, pyenv.glob(f"{version}.*/bin/python"))]
    return next((name for name in names if name and (version_of(name) or ())[:2] == wanted), None)


def make_environment(folder: Path, python: str, *words: str) -> str:
    """An environment of a Python with what ``words`` tell pip to install, and the package, which asks for nothing more."""
    subprocess.run([python, "-m", "venv", str(folder)], check=True)
    inside = str(folder / "bin" / "python")
    # Without compiling every module of every library: what is imported is compiled then, which is a part of them.
    subprocess.run([inside, "-m", "pip", "install", "-q", "--no-compile", "setuptools>=77", *words], check=True)
    # Without the index: had a bound been out of reach of the others, this would ask for another version.
    sources = str(_copied(folder / "sources"))
    subprocess.run([inside, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", sources], check=True)
    subprocess.run([inside, "-m", "pip", "check"], check=True)
    return inside


def _copied(folder: Path) -> Path:
    """What the package is built from, in a folder of its own: a build leaves files behind, which the next would take."""
    folder.mkdir()
    for path in filter(Path.is_file, ROOT.iterdir()):
        shutil.copy(path, folder / path.name)
    for name in ("theory_sim", "proofs_check"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def run_program(python: str, folder: Path) -> None:
    """Run both programs as they are installed, outside of the repository."""
    (folder / "sweep.toml").write_text(_SWEEP)
    for command in _COMMANDS:
        module, *arguments = command.split()
        _run([python, "-m", module, *arguments], folder)


def run_tests(python: str, options: Sequence[str] = ()) -> None:
    """Run some tests of the first tier.

    With one thread of BLAS, as no result depends on how many there are: on a busy machine more of them wait for each other, and
    a fixture of 3 s took 50 s.
    """
    _run([python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, *_TESTS], ROOT, **_ONE_THREAD)


def is_tested(version: str) -> bool:
    """Whether this process has that Python, and every library that setup.cfg names in the version of constraints.txt."""
    return sys.version_info[:2] == tuple(map(int, version.split("."))) and all(
        _installed(name) == pinned for name, pinned in pins().items() if name in {
            canonicalize_name(each.name) for each in requirements("test")})


def pins() -> dict[str, Version]:
    """Versions in constraints.txt, by name."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    found = (re.fullmatch(r"([\w.-]+)==([\w.]+)", line) for line in lines)
    return {canonicalize_name(match[1]): Version(match[2]) for match in found if match}


def _installed(name: str) -> Version | None:
    try:
        return Version(metadata.version(name))
    except metadata.PackageNotFoundError:
        return None


def _run(command: list[str], folder: Path, **variables: str) -> None:
    # Nor as many random examples as the night's tests draw, nor the place of a worker of pytest-xdist among others.
    left_out = ("PYTHONPATH", "HYPOTHESIS_PROFILE", "PYTEST_XDIST")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(left_out)}
    environment |= variables
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, f"{' '.join(command)}\n{ended.stdout}\n{ended.stderr}"
