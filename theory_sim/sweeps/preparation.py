"""What is done before the first run of a sweep, told while it is done: for each run of a long one, and a wait for a lock."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["MANY", "Report", "report_preparation", "report_waiting", "reported", "say_waiting"]

T = TypeVar("T")
Report = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]
"""Called with what is done and for how many runs; gives what is called with how many are done, a few times a second."""
MANY: Final = 5000
"""Of fewer runs nothing is told: each takes a fraction of a millisecond."""
_EVERY: Final = 500
_REPORT: ContextVar[Report | None] = ContextVar("report", default=None)
_WAITING: ContextVar[Callable[[str], None]] = ContextVar("waiting", default=lambda text: warnings.warn(text, stacklevel=2))


@contextmanager
def report_waiting(report: Callable[[str], None]) -> Iterator[None]:
    """Have ``report`` say what is waited for; without it that is a warning."""
    token = _WAITING.set(report)
    try:
        yield
    finally:
        _WAITING.reset(token)


def say_waiting(text: str) -> None:
    """Say what is waited for, and how long at most, before it is."""
    _WAITING.get()(text)


@contextmanager
def report_preparation(report: Report) -> Iterator[None]:
    """Have what long sweeps do before their first run told.

    Parameters
    ----------
    report : callable
        Called when a pass over all runs begins; what it gives tells how far the pass is.

    Examples
    --------
    >>> from contextlib import contextmanager
    >>> from theory_sim import Engine, Experiment, Random, Sweep
    >>> @contextmanager
    ... def told(what, total):
    ...     yield lambda done: print(f"{what}: {done} of {total}") if done % 5000 == 0 else None
    >>> with report_preparation(told):
    ...     sweep = Sweep("long", Experiment(), (Random({"r": [0.1, 0.5]}, count=6000),), engines=(Engine("closure"),))
    validating: 5000 of 6000
    """
    token = _REPORT.set(report)
    try:
        yield
    finally:
        _REPORT.reset(token)


def reported(what: str, items: Iterable[T], total: int) -> Iterator[T]:
    """The same items, one after the other, with what is done for them told if they are many."""
    report = _REPORT.get()
    if report is None or total < MANY:
        yield from items
        return
    with report(what, total) as advance:
        for number, item in enumerate(items):
            if number and number % _EVERY == 0:
                advance(number)
            yield item
