"""The program and its groups of commands."""

from __future__ import annotations

import typer

__all__ = ["app", "sweep"]

app = typer.Typer(
    help="Simulate noisy two-layer networks under large, annealed and small learning rates.",
    no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False,
)
sweep = typer.Typer(help="Many runs: declare, compute, resume, extend, gather and compare.", no_args_is_help=True)
app.add_typer(sweep, name="sweep")
