"""Cells of a page that are commands: ``import shell_cells`` in a hidden cell, then ``%%shell`` at the head of others."""

from __future__ import annotations

import os
import subprocess

from IPython.core.magic import register_cell_magic

# A notebook's kernel asks every program for colours, which are control characters on a page.
for _name in ("FORCE_COLOR", "CLICOLOR_FORCE"):
    os.environ.pop(_name, None)
os.environ["NO_COLOR"] = "1"


@register_cell_magic  # type: ignore[untyped-decorator]
def shell(line: str, cell: str) -> None:
    """Print the output in one piece; %%bash passes it on in pieces that need not be lines. Exit status 1 is a finding."""
    done = subprocess.run(cell, shell=True, stdout=subprocess.PIPE, text=True)
    print(done.stdout)
    if done.returncode not in (0, 1):
        raise SystemExit(done.returncode)
