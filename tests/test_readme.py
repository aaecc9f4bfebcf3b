"""README is read in two minutes, on a terminal of 80 columns, and its lines of Python run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from theory_sim import Trajectory

README: Final = (Path(__file__).resolve().parents[1] / "README.md").read_text(encoding="utf-8")
BLOCKS: Final = re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)
MOST_WORDS: Final = 560
"""At 250 words a minute two minutes are 500; names of files in links are not read."""


def test_it_is_short() -> None:
    prose = re.sub(r"\]\([^)]*\)", "]", re.sub(r"```.*?```", "", README, flags=re.DOTALL))
    assert len(re.findall(r"\w[\w'.-]*", prose)) <= MOST_WORDS
    assert len(re.findall(r"!\[", README)) == 1


def test_its_code_fits_a_terminal() -> None:
    assert [language for language, _ in BLOCKS] == ["bash", "python"]
    assert all(len(line) <= 80 for _, code in BLOCKS for line in code.splitlines())
    commands, python = (code.splitlines() for _, code in BLOCKS)
    assert [line.partition("  #")[0].strip() for line in commands] == ["python3 bootstrap.py demo", "python3 bootstrap.py test"]
    assert len([line for line in python if line.strip()]) <= 10


@pytest.mark.parametrize("symbol", ["L-S", "S", "P", "Q", "τ", "η₁", "η₂", "d"])
def test_a_symbol_is_explained_where_it_first_stands(symbol: str) -> None:
    """By its own sentence, which has a word for it: schedules start or use, patterns are bold, quantities follow their name."""
    first = re.search(rf"(?<![\w`/.-])(\*\*)?{symbol}(?![\w-])", README)
    assert first is not None
    around = " ".join(README[max(0, first.start() - 60) : first.end() + 60].split())
    named = {"L-S": "**L-S** starts with a large", "S": "**S** uses η₂", "P": "**P** is linearly", "Q": "**Q** is visible",
             "τ": "time τ is the sum", "η₁": "large learning rate η₁", "η₂": "small one, η₂", "d": "dimension d = 200"}
    assert named[symbol] in around, around


@pytest.mark.tier2
def test_its_lines_of_python_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    exec(dict(BLOCKS)["python"], {})
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("L-S: P first") and second.startswith("S: Q first")
    assert Trajectory.load("my-run").experiment.schedule == "S"
