"""Every block of the how-to guides to parts of one's own runs, and prints what stands beside it or below it."""

from __future__ import annotations

import contextlib
import importlib
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from theory_sim.engines.registry import ENGINES
from theory_sim.experiment import choices
from theory_sim.plots.registry import PLOTS
from theory_sim.plugins import Registry
from theory_sim.studies.registry import STUDIES
from theory_sim.sweeps.executors.base import EXECUTORS

GUIDES: Final = sorted((Path(__file__).resolve().parent.parent / "docs" / "how-to").glob("own_*.md"))
# Its second block is a module that imports the first: tests/proofs/test_kinds.py installs both.
ELSEWHERE: Final = {"own_kind_of_problem"}


@pytest.fixture
def registries() -> Iterator[None]:
    """What a guide registers is gone after it."""
    importlib.import_module("proofs_check.claims").load()
    known: list[Registry[Any]] = [each for each in vars(choices).values() if isinstance(each, Registry)]
    known += [STUDIES, PLOTS, EXECUTORS, ENGINES]
    assert len(known) > 12 and all(each.names() for each in known)
    held = [*(each._things for each in known), importlib.import_module("proofs_check.claim")._REGISTRY]
    before = [dict(each) for each in held]
    yield
    for each, kept in zip(held, before, strict=True):
        each.clear()
        each.update(kept)


def run_blocks(text: str) -> None:
    """Blocks of Python of a page, one after the other, in one namespace."""
    blocks = re.findall(r"^```python\n(.*?)^```(?:\n\nIt prints:\n\n```\n(.*?)^```)?", text, flags=re.DOTALL | re.MULTILINE)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    assert blocks
    for block, below in blocks:
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            exec(compile(block, "a block of the page", "exec"), namespace)
        beside = re.findall(r"^print\(.*\)  # (.*)$", block, flags=re.MULTILINE)
        if below:
            assert said.getvalue() == below
        elif beside:
            assert said.getvalue().splitlines() == beside


@pytest.mark.alternating
@pytest.mark.parametrize("guide", [page for page in GUIDES if page.stem not in ELSEWHERE], ids=lambda page: page.stem)
def test_every_block_of_a_guide_runs(guide: Path, registries: None) -> None:
    run_blocks(guide.read_text(encoding="utf-8"))


def test_a_block_that_prints_something_else_is_found() -> None:
    run_blocks("```python\nprint(1 + 1)  # 2\n```\n")
    with pytest.raises(AssertionError):
        run_blocks("```python\nprint(1 + 1)  # 3\n```\n")
