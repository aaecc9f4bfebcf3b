"""CONTRIBUTING's table of what is open names every registry of the program, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_table_of_open_parts_lists_every_registry() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text()
    section = page.split("## What is open, and what the theory fixes")[1].split("\n## ")[0]
    listed = [group for row in re.findall(r"^\| [^|`]+ \| ([^|]+) \|", section, re.MULTILINE)
              for group in re.findall(r"`([\w.]+)`", row)]
    sources = [path.read_text() for name in ("theory_sim", "proofs_check") for path in (ROOT / name).rglob("*.py")]
    declared = re.compile(r'^[A-Z_]+: Final.*(?:Registry|Choices)(?:\[\w+\])?\(\s*"\w+", "([\w.]+)"', re.MULTILINE)
    made = [group for text in sources for group in declared.findall(text)]
    read = [group for text in sources for group in re.findall(r'entry_points\(group="([\w.]+)"\)', text)]
    assert len(made) >= 9
    assert sorted(listed) == sorted({*made, *read})
