"""Outputs of the documentation's cells: computed once for one code, and again when the code changes."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bootstrap import commands

ROOT = Path(__file__).resolve().parent.parent
CELL = """---
file_format: mystnb
kernelspec: {{name: python3}}
---

# {title}

```{{code-cell}} python
from pathlib import Path
with Path({count!r}).open("a") as file:
    file.write("x")
{line}
```
"""


def build(project: Path) -> tuple[int, str]:
    """Exit status and messages of a build as `bootstrap.py docs` makes it."""
    (command,) = commands("docs", sys.executable, [])
    done = subprocess.run(command, cwd=project, env={**os.environ, "PYTHONPATH": str(project), "THEORY_SIM_CELL_SECONDS": "8"},
                          capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.alternating
def test_cells_run_once_for_one_code(tmp_path: Path) -> None:
    """And a page whose cell takes too long, or fails, is named at each build, while the others are there."""
    pytest.importorskip("myst_nb", reason="installed by make docs")
    for part in ("theory_sim", "proofs_check"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    docs, pages = tmp_path / "docs", tmp_path / "docs" / "_build" / "html"
    (docs / "_static").mkdir(parents=True)
    for helper in (ROOT / "docs").glob("*.py"):
        shutil.copy(helper, docs)
    good, bad = tmp_path / "good", tmp_path / "bad"

    def counts() -> tuple[int, int]:
        return len(good.read_text()), len(bad.read_text()) if bad.exists() else 0

    page = CELL.format(title="Good", count=str(good), line="import theory_sim; print(theory_sim.__version__, 6 * 7)")
    (docs / "index.md").write_text(page, encoding="utf-8")
    assert build(tmp_path)[0] == 0 and counts() == (1, 0)
    first = (pages / "index.html").read_text(encoding="utf-8")
    (docs / "index.md").write_text(page + "\n```{toctree}\nfails\nslow\n```\n", encoding="utf-8")
    (docs / "fails.md").write_text(CELL.format(title="Fails", count=str(bad), line="1 / 0"), encoding="utf-8")
    slow = CELL.format(title="Slow", count=str(tmp_path / "slow"), line="import time; time.sleep(60)")
    for times, page_of_slow in ((1, slow), (2, "# Slow\n")):
        (docs / "slow.md").write_text(page_of_slow, encoding="utf-8")
        status, messages = build(tmp_path)
        assert status != 0 and "fails" in messages and "ZeroDivisionError" in messages
        assert ("CellTimeoutError" in messages) == (times == 1)
        assert counts() == (1, times)
        assert " 42" in first and " 42" in (pages / "index.html").read_text(encoding="utf-8")
    (docs / "fails.md").write_text("# Fails no more\n", encoding="utf-8")
    with (tmp_path / "proofs_check" / "claim.py").open("a", encoding="utf-8") as source:
        source.write("# another code\n")
    assert build(tmp_path)[0] == 0 and counts() == (2, 2)
    assert len(list((docs / "_build").glob("cells-*"))) == 1
