"""One case, run as the entry point runs it, within limits of time and memory."""

from __future__ import annotations

import io
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import typer

from tests.verbs import PROGRAMS
from theory_sim.terminal.program import run_program

SECONDS: Final = 10
"""Processor time a case may take; as time on the clock thirty times that, for a machine that does other work."""
HEADROOM: Final = 2**30
"""Bytes of address space a case may take: threads reserve much that they never use."""


@dataclass(frozen=True)
class Outcome:
    """How a case ended.

    Attributes
    ----------
    program : str
    words : tuple of str
        What was typed after the program's name.
    status : int
    out, err : str
        Standard output and standard error.
    seconds : float
        Processor time.
    """

    program: str
    words: tuple[str, ...]
    status: int
    out: str
    err: str
    seconds: float


class TooLong(BaseException):
    """A case that has not ended in its time; no program catches it but to report its own fault."""


@cache
def command(program: str) -> Any:
    """The program's command, made once: making it takes longer than most cases."""
    return typer.main.get_command(PROGRAMS[program])


def call(program: str, *words: str) -> Outcome:
    """A command line in this process, in the current folder."""
    return _ended(program, words, lambda: command(program)(prog_name=program))


def read(reader: Callable[[str], object], path: str, program: str = "theory-sim") -> Outcome:
    """A reader of a file, called as a verb calls it."""
    return _ended(program, (path,), lambda: reader(path))


def _ended(program: str, words: Sequence[str], app: Callable[[], object]) -> Outcome:
    streams, argv, columns = (sys.stdout, sys.stderr), sys.argv, os.environ.get("COLUMNS")
    out, err = io.StringIO(), io.StringIO()
    began = time.process_time()
    try:
        sys.stdout, sys.stderr, sys.argv, os.environ["COLUMNS"] = out, err, [program, *words], "80"
        with limited():
            status = run_program(app, program)
    finally:
        (sys.stdout, sys.stderr), sys.argv = streams, argv
        os.environ.pop("COLUMNS")
        if columns is not None:
            os.environ["COLUMNS"] = columns
    return Outcome(program, tuple(words), status, out.getvalue(), err.getvalue(), time.process_time() - began)


@contextmanager
def limited(seconds: float = SECONDS) -> Iterator[None]:
    """Bound processor time, time on the clock and address space of what is done within."""
    def stop(number: int, frame: Any) -> None:
        raise TooLong(f"not ended after {seconds:g} s")

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    handlers = {number: signal.signal(number, stop) for number in (signal.SIGPROF, signal.SIGALRM)}
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, 30 * seconds)
    resource.setrlimit(resource.RLIMIT_AS, (_address_space() + HEADROOM, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _address_space() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
