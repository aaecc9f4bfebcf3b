"""The program, and the options that several of its commands have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from theory_sim.terminal.application import make_app

if TYPE_CHECKING:
    from proofs_check.claim import Level

__all__ = ["AtLevel", "Id", "TwinName", "app", "parse_level"]

app = make_app("Check the statements of the theory: derivations, certified inequalities and numbers, linear programs, samples, "
               "each beside false versions (twins), which must fail.")
Id = Annotated[str, typer.Argument(help="Identifier of a claim, as `list` names it.")]
AtLevel = Annotated[str, typer.Option("--level", help="quick, or full: larger domains and samples.")]
TwinName = Annotated[str, typer.Option("--twin", help="Name of a false twin, to look at in its place.")]


def parse_level(text: str) -> Level:
    """Level of a command line."""
    from proofs_check.claim import LEVELS
    from theory_sim.errors import InputError, nearest

    if text not in LEVELS:
        raise InputError(f"--level {text}", f"one of {', '.join(LEVELS)}", nearest(text, LEVELS))
    return text  # type: ignore[return-value]
