"""What a sweep needs of an executor, and the choice among them."""

from __future__ import annotations

import inspect
from concurrent.futures import Executor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any, ClassVar, Final, Self, TypeVar

from theory_sim.errors import InputError, repr_of, shown
from theory_sim.plugins import Registry
from theory_sim.reading.answers import require_declared, require_named_class

__all__ = ["EXECUTORS", "NotBegun", "SweepExecutor", "executor_help", "make_executor", "register", "require_executor"]

E = TypeVar("E", bound="type[SweepExecutor]")


class NotBegun(Exception):
    """Exception of a Future whose worker ended before the run began, which is to be submitted again: no death of the run."""


class SweepExecutor(Executor):
    """An executor of `concurrent.futures` with a number of slots.

    A subclass declares `name` and `summary` and is registered by `register`; what it computes does not depend on it.

    Attributes
    ----------
    name, summary : str
        Name on the command line, and what it says of it.
    slots : int
        Runs at a time.
    threads : int or None
        Threads of each run; None for all processors.
    in_this_process : bool
        Whether runs are computed here, with whatever is registered here.
    takes_address : bool
        Whether it can be told where its workers are; `require` and `of` then take an ``address`` too.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    in_this_process: ClassVar[bool] = False
    takes_address: ClassVar[bool] = False
    slots: int
    threads: int | None

    @classmethod
    def require(cls, workers: int | None, threads: int | None) -> None:
        """Raise InputError if it cannot have so many workers or threads; nothing has been written by then."""
        raise NotImplementedError

    @classmethod
    def of(cls, workers: int | None, threads: int | None, manifest: Path) -> Self:
        """Executor for a sweep.

        Parameters
        ----------
        workers, threads : int or None
            What `require` passed; None for its own choice.
        manifest : Path
            The sweep's manifest, in which worker processes of this machine note their numbers.
        """
        raise NotImplementedError

    def machines(self) -> list[tuple[int, int]]:
        """Memory available, in bytes, and runs at a time, of each machine that computes; this one unless it says otherwise."""
        from theory_sim.memory import available_bytes

        return [(available_bytes(), self.slots)]

    def joined(self) -> list[tuple[int, int]]:
        """Called a few times a second: as `machines`, those that have come, or have more workers, since either was asked."""
        return []

    def begin(self, *, any_version: bool) -> None:
        """Called with the sweep locked, before the first run; StoreError if its workers would compute something else.

        Parameters
        ----------
        any_version : bool
            Whether other libraries are accepted.
        """

    def require_workers(self) -> None:
        """Called a few times a second: raise WorkerError if no worker is left, and none can come."""

    def interrupt(self) -> None:
        """Ask what is under way to stop at its next step; called again and again until it has. Ctrl-C reaches this process."""

    def abandon(self) -> None:
        """End what is under way at once, whatever it loses: on a second Ctrl-C. The runs are pending, and continue later."""

    def died(self, error: BaseException) -> int:
        """Workers that an exception of a Future says to have died of its run; 0 if it says something else."""
        return int(isinstance(error, BrokenProcessPool))


EXECUTORS: Final[Registry[type[SweepExecutor]]] = Registry("executor", "theory_sim.sweeps.executors",
                                                           lambda kind: kind.summary)
_HERE: Final = "in-process"
_DEFAULT: Final = "processes"


def register(kind: E) -> E:
    """Make a class of executors known by its name; returns it.

    Raises
    ------
    InputError
        If it is no class of a `SweepExecutor`, does not define `require`, `of` and `submit`, or if another executor has the
        name.
    """
    require_named_class("executor", kind)
    what = f"executor {kind.name!r}"
    require_declared(kind, [SweepExecutor], what)
    for method in ("require", "of", "submit"):
        if inspect.getattr_static(kind, method) is inspect.getattr_static(SweepExecutor, method):
            raise InputError(f"{what} without {method}", "an executor defines require, of and submit", f"define {method}")
    EXECUTORS.add(kind.name, kind)
    return kind


def executor_help() -> str:
    """Every executor in a line of words."""
    return "; ".join(f"{name}: {summary}" for name, summary in EXECUTORS.rows())


def require_executor(name: str | None, workers: int | None, threads: int | None) -> type[SweepExecutor]:
    """Class of the executor of a name.

    Parameters
    ----------
    name : str or None
        None: this process for no workers, else worker processes. With ``@`` and an address: where its workers are.
    workers, threads : int or None
        Its workers, and the threads of each run.

    Raises
    ------
    InputError
        If there is none of the name, or it cannot have so many workers or threads, or nobody answers at the address.
    """
    from theory_sim.numeric.pool import MOST_THREADS, require_threads

    if workers is not None and (isinstance(workers, bool) or not isinstance(workers, int) or not 0 <= workers <= MOST_THREADS):
        raise InputError(f"workers = {shown(repr_of(workers))}",
                         f"a whole number from 0 (this process alone) to {MOST_THREADS}", "fix it or leave it out")
    require_threads(threads)
    kind, more = _chosen(name, workers)
    kind.require(workers, threads, **more)
    return kind


def make_executor(name: str | None, workers: int | None, threads: int | None, manifest: Path) -> SweepExecutor:
    """Executor of a name for a sweep; see `require_executor`."""
    require_executor(name, workers, threads)
    kind, more = _chosen(name, workers)
    return kind.of(workers, threads, manifest, **more)


def _chosen(name: str | None, workers: int | None) -> tuple[type[SweepExecutor], dict[str, Any]]:
    """Class of a name, and the address in it as an argument."""
    chosen, at, address = (name or (_HERE if workers == 0 else _DEFAULT)).partition("@")
    kind = EXECUTORS[chosen]
    if at and not address:
        raise InputError(f"executor {chosen!r} at an empty address", "where its workers are, such as tcp://10.0.0.5:8786",
                         "give it, or leave it out")
    if at and not kind.takes_address:
        raise InputError(f"executor {chosen!r} at {address}", "an executor with workers elsewhere", "leave the address out")
    return kind, {"address": address} if at else {}
