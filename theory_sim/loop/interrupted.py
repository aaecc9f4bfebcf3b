"""Ctrl-C and SIGTERM during a run, which stops between two steps."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final

__all__ = ["deferred_interrupt", "interrupt_thread"]

# By thread, the event of a run that no signal can reach.
_OF_THREADS: Final[dict[int, threading.Event]] = {}
# One that comes sooner is the first one again: `timeout -s INT` sends it to a process and to its group, and keys bounce.
_AGAIN_SECONDS: Final = 1.0


class _Deferred:
    """Handler of both signals: the first sets an event; Ctrl-C a second later is left to whoever handled it before.

    Parameters
    ----------
    interrupted : threading.Event
    before : callable
        Handler of the signal until now; of a sweep, while this one is of its run: both know of one first Ctrl-C.
    """

    def __init__(self, interrupted: threading.Event, before: Callable[..., Any]) -> None:
        self._interrupted, self._before = interrupted, before
        self._pressed: list[float] = before._pressed if isinstance(before, _Deferred) else []

    def __call__(self, number: int, frame: Any) -> None:
        self._interrupted.set()
        if number != signal.SIGINT:  # who ends a job sends SIGTERM as often as it likes, and then SIGKILL
            return
        now = time.monotonic()
        if not self._pressed:
            self._pressed.append(now)
        elif now - self._pressed[0] >= _AGAIN_SECONDS:
            self._before(number, frame)


@contextmanager
def deferred_interrupt() -> Iterator[threading.Event]:
    """Turn Ctrl-C into an event that the loop reads between steps: a step or a record is not cut in two.

    Pressed again a second later or more, it is handled as it was before, and raises KeyboardInterrupt wherever the program is:
    who writes files leaves a draft then, or nothing. SIGTERM becomes the event too, where somebody handles it, as the programs
    do; else it ends the process as it does everywhere.
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
            signal.signal(number, _Deferred(interrupted, handler))
        yield interrupted


def interrupt_thread(thread: int) -> None:
    """Have the run that is under way in a thread other than the main one stop at its next step, if there is one."""
    if (interrupted := _OF_THREADS.get(thread)) is not None:
        interrupted.set()
