"""What to type after Ctrl-C, wherever it comes: no command that keeps what it computed ends without saying so."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer

__all__ = ["interruptible", "typed"]


@contextmanager
def interruptible(how: Callable[[], str]) -> Iterator[None]:
    """End the program with status 130 and one line if Ctrl-C comes within; ``how`` says there what is kept and what to type."""
    try:
        yield
    except KeyboardInterrupt:
        typer.echo(f"interrupted; {how()}", err=True)
        raise typer.Exit(130) from None


def typed(*, without: tuple[str, ...] = ()) -> str:
    """The command that was typed, some of its words left out."""
    return shlex.join(["theory-sim", *(word for word in sys.argv[1:] if word not in without)])
