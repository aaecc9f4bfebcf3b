"""Ctrl-C and SIGTERM during a run, which stops between two steps."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

__all__ = ["deferred_interrupt", "interrupt_thread"]

# By thread, the event of a run that no signal can reach.
_OF_THREADS: Final[dict[int, threading.Event]] = {}


@contextmanager
def deferred_interrupt() -> Iterator[threading.Event]:
    """Turn Ctrl-C into an event that the loop reads between steps: a step or a record is never cut in two.

    SIGTERM too, where somebody handles it, as the programs do; else it ends the process as it does everywhere.
    """
    interrupted = threading.Event()
    if threading.current_thread() is not threading.main_thread():  # only the main thread may handle signals
        thread = threading.get_ident()
        around = _OF_THREADS.get(thread)  # of the sweep that the run is of
        _OF_THREADS[thread] = interrupted
        try:
            yield interrupted
        finally:
            if around is None:
                del _OF_THREADS[thread]
            else:
                _OF_THREADS[thread] = around
        return
    # What is ignored stays so: a shell has Ctrl-C ignored for jobs in the background.
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    handled = {number: handler for number, handler in before.items() if callable(handler)}
    with ExitStack() as handlers:  # each is put back, also if the other signal comes just then and raises
        for number, handler in handled.items():
            handlers.callback(signal.signal, number, handler)
            signal.signal(number, lambda number, frame: interrupted.set())
        yield interrupted


def interrupt_thread(thread: int) -> None:
    """Have the run that is under way in a thread other than the main one stop at its next step, if there is one."""
    if (interrupted := _OF_THREADS.get(thread)) is not None:
        interrupted.set()
