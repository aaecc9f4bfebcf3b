"""``proofs-check``: parses, calls one public function, prints.

Exit status: 0 done, 1 a verdict other than expected, a twin that passes, or refused evidence, 2 bad input, 130 interrupted; the
others are in `theory_sim.terminal.program`.
"""

from __future__ import annotations

from proofs_check.cli import experiments, ordering, reporting, searching, showing, verifying
from proofs_check.cli.app import app

__all__ = ["app", "experiments", "ordering", "reporting", "searching", "showing", "verifying"]
