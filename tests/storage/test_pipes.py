"""Pipes in the place of tables and evidence are not waited for, and numbers beyond all floats are none."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from proofs_check.certificate import load
from proofs_check.order_file import FORMAT, load_order
from theory_sim.errors import InputError, TheorySimError
from theory_sim.studies.sealed_files import read_runs, read_table, read_verdict, write_sealed

READERS: dict[str, Callable[[Path], object]] = {
    "table.csv": read_table, "runs.csv": read_runs, "verdict.json": read_verdict, "evidence.json": load,
    "order.json": load_order,
    "table.csv, replaced": lambda path: write_sealed(path.parent, {"table.csv": "a\n1\n"}, {"verdict": None}),
}


@pytest.fixture(autouse=True)
def no_waiting() -> Iterator[None]:
    def late(number: int, frame: object) -> None:
        raise AssertionError("it waits for the pipe")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("name", READERS)
def test_a_pipe_is_not_read(name: str, tmp_path: Path) -> None:
    path = tmp_path / name.partition(",")[0]
    os.mkfifo(path)
    with pytest.raises(TheorySimError, match=path.name):
        READERS[name](path)


@pytest.mark.parametrize("check_hash", [True, False])
@pytest.mark.parametrize("number", ["1e999", "-1e999", "Infinity", "NaN"])
def test_evidence_holds_no_number_beyond_all(number: str, check_hash: bool, tmp_path: Path) -> None:
    evidence, order = tmp_path / "evidence.json", tmp_path / "order.json"
    head = '"sha256": "", "claim": "c", "level": "quick", "outcome": "proved", "evidence"'
    evidence.write_text(f'{{"format": 2, {head}: {{"x": {number}}}}}')
    order.write_text(f'{{"format": {json.dumps(FORMAT)}, "sha256": "", "x": {number}}}')
    for read, path in ((load, evidence), (load_order, order)):
        with pytest.raises(InputError, match=f"{number} is no number"):
            read(path, check_hash=check_hash)
