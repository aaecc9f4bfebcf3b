"""Ctrl-C and SIGTERM of a program, from its first import to its end. Imports nothing that takes time."""

from __future__ import annotations

import atexit
import os
import signal

TYPE_CHECKING = False  # what only types need is not imported
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final, NoReturn

__all__ = ["INTERRUPTED", "end_at_once", "finish", "raise_interrupts"]

INTERRUPTED: Final = 130


def end_at_once(line: str, status: int = INTERRUPTED) -> None:
    """Have both signals end the process there and then, where it has nothing to save and a library might swallow an exception.

    Parameters
    ----------
    line : str
        What is written on standard error; nothing if it is empty.
    status : int
        Exit status.
    """

    def end(number: int, frame: Any) -> None:
        try:
            os.write(2, f"{line}\n".encode() if line else b"")
        finally:
            os._exit(status)

    _handle(end, end)


def raise_interrupts() -> None:
    """Have both signals raise KeyboardInterrupt, so that SIGTERM too ends workers and releases what the system holds.

    What a shell had ignored, as it does Ctrl-C of jobs in the background, stays ignored.
    """

    def stop(number: int, frame: Any) -> None:
        raise KeyboardInterrupt

    _handle(signal.default_int_handler, stop)


def finish(status: int) -> NoReturn:
    """End the process with a status, after what was registered for its end.

    Python's own end takes longer, with signals at their defaults; and after Ctrl-C within some imports its status is that of a
    killed process, whatever was asked for.
    """
    end_at_once("", status)
    try:
        atexit._run_exitfuncs()
    finally:
        os._exit(status)


def _handle(interrupt: Callable[[int, Any], None], terminate: Callable[[int, Any], None]) -> None:
    for number, handler in ((signal.SIGINT, interrupt), (signal.SIGTERM, terminate)):
        if signal.getsignal(number) not in (None, signal.SIG_IGN):
            signal.signal(number, handler)
