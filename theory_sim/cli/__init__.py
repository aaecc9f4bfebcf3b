"""``theory-sim``: parses, calls one public function, prints.

Exit status: 0 done, 1 a negative finding, 2 bad input, 130 interrupted; the others are in `theory_sim.terminal.program`.
"""

from __future__ import annotations

from theory_sim.cli import branches, demo, explorer, listing, plots, reports, runs, studies, sweeps, vision
from theory_sim.cli.app import app

__all__ = ["app", "branches", "demo", "explorer", "listing", "plots", "reports", "runs", "studies", "sweeps", "vision"]
