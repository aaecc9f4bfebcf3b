"""Mistakes put into a copy of the package on purpose: each must fail tests/mutation_check.py, the copy itself must pass.

Where a mistake is made, tests/anchors.py tells from what stands there, so that neither a moved file nor another name or line
break makes the list stale, and nothing goes stale unnoticed. The copy runs uncompiled, which takes a tiny problem and no
compilation. Mutants drawn by chance, against all tests: ``python -m tests.mutants``.
"""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.anchors import mistaken

ROOT = Path(__file__).parents[1]


class Mutation(NamedTuple):
    """One mistake."""

    name: str
    scope: str
    find: str
    put: str


MUTATIONS = [
    Mutation(**entry) for entry in tomllib.loads((ROOT / "tests" / "mutations.toml").read_text(encoding="utf-8"))["mutation"]
]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mutant")
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "theory_sim", folder / "theory_sim", ignore=ignore)
    (folder / "tests").mkdir()
    for name in ("__init__.py", "reference.py", "replay.py", "mutation_check.py"):
        shutil.copy(ROOT / "tests" / name, folder / "tests")
    (folder / "tests" / "limit").mkdir()
    for name in ("__init__.py", "reference.py", "compare.py"):
        shutil.copy(ROOT / "tests" / "limit" / name, folder / "tests" / "limit")
    (folder / "tests" / "theory").mkdir()
    for name in ("__init__.py", "closure_reference.py"):
        shutil.copy(ROOT / "tests" / "theory" / name, folder / "tests" / "theory")
    return folder


def check(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the check on the package in ``folder``; -P and PYTHONPATH keep any other copy out."""
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "-P", "-m", "tests.mutation_check"], cwd=folder, env=environment, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.tier2
def test_the_copy_itself_passes(copy: Path) -> None:
    result = check(copy)
    assert result.returncode == 0, result.stderr
    assert Path(result.stdout.strip()) == (copy / "theory_sim" / "__init__.py").resolve()


def test_the_list_is_long_enough() -> None:
    assert len({mutation.name for mutation in MUTATIONS}) == len(MUTATIONS) >= 12


def test_every_place_is_still_there() -> None:
    """In the first tier, since only a quarter of the mistakes is made at each commit."""
    for mutation in MUTATIONS:
        mistaken(mutation.scope, mutation.find, mutation.put)


@pytest.mark.alternating
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_mistake_is_found(mutation: Mutation, copy: Path) -> None:
    file, mutant = mistaken(mutation.scope, mutation.find, mutation.put)
    path = copy / file
    source = path.read_text(encoding="utf-8")
    path.write_text(mutant, encoding="utf-8")
    try:
        result = check(copy)
    finally:
        path.write_text(source, encoding="utf-8")
    # An assertion that failed, not a mutant that could not even be imported or run.
    assert result.returncode == 1 and "AssertionError" in result.stderr, result.stdout + result.stderr
