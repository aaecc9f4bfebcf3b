"""What to type after Ctrl-C, wherever it comes: no command that keeps what it computed ends without saying so."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer

from theory_sim.terminal.wrapping import Steps, say_steps

__all__ = ["interruptible", "say_interrupted", "typed"]


@contextmanager
def interruptible(how: Callable[[], Steps]) -> Iterator[None]:
    """End the program with status 130 if Ctrl-C comes within; ``how`` gives what is kept, and what to type."""
    try:
        yield
    except KeyboardInterrupt:
        say_interrupted("interrupted", how())
        raise typer.Exit(130) from None


def say_interrupted(what: str, steps: Steps) -> None:
    """Say ``what`` was interrupted, what is kept, and what to type."""
    (text, command), *others = steps
    say_steps([(f"{what}; {text}", command), *others])


def typed(*, without: tuple[str, ...] = ()) -> str:
    """The command that was typed, some of its words left out."""
    return shlex.join(["theory-sim", *(word for word in sys.argv[1:] if word not in without)])
