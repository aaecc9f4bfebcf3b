"""``theory-sim``: parses, calls one public function, prints.

Exit status: 0 done, 1 a negative finding, 2 bad input, 130 interrupted.
"""

from __future__ import annotations

import sys

import typer

from theory_sim.cli import plots, runs, studies, sweeps
from theory_sim.cli.app import app

__all__ = ["app", "main", "plots", "runs", "studies", "sweeps"]


def main() -> None:
    """Entry point: errors of ours become one message and exit status 2."""
    try:
        app(standalone_mode=True)
    except MemoryError as error:
        typer.echo(f"theory-sim: {error or 'out of memory'}\n  rule: data (N x d) and weights (m x d) are held in memory\n"
                   "  mend: lower d, N, m_W, m_V or n_test", err=True)
        sys.exit(2)
    except Exception as error:
        from theory_sim.errors import TheorySimError

        if not isinstance(error, TheorySimError):
            raise
        typer.echo(f"theory-sim: {error}", err=True)
        sys.exit(2)
