"""Runs on the workers of Dask's distributed scheduler: of this machine, or of a cluster."""

from __future__ import annotations

import importlib.metadata
import math
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent import futures
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from theory_sim.errors import InputError, StoreError, TheorySimError, installing
from theory_sim.loop.environment import LIBRARIES
from theory_sim.sweeps.compute import compute
from theory_sim.sweeps.executors.base import NotBegun, SweepExecutor, register
from theory_sim.sweeps.executors.local_cluster import LocalWorkers
from theory_sim.sweeps.executors.on_worker import UNLIKE, fault_of, interrupt_runs, memory_here, on_worker, worker_about
from theory_sim.sweeps.executors.spawn import not_started, require_may_start

if TYPE_CHECKING:
    Client = Any  # its methods are not annotated

__all__ = ["DaskWorkers"]

T = TypeVar("T")
_CONNECT_SECONDS: Final = 15.0
# So long after the last look the number of workers is asked for again.
_COUNT_SECONDS: Final = 1.0
_LEAVING_SECONDS: Final = 60.0
# So long a lost worker of this machine is waited for, which Dask replaces in seconds.
_EMPTY_SECONDS: Final = 30.0
# So many of those that cannot compute a sweep are named.
_MOST_NAMED: Final = 3
_LOST: Final = ("the connection to Dask's scheduler was lost", "a scheduler that is there",
                "theory-sim sweep resume, once it is there again: finished runs are kept")

_UNLOADED: Final = (UNLIKE[0], "install the same versions there, or end what cannot load them")


@register
class DaskWorkers(SweepExecutor):
    """Workers of a scheduler of `dask.distributed`, one run a worker at a time.

    A worker writes its run into the sweep's folder, which all machines see under the same path; what comes back is how the run
    ended. No more runs are submitted than there are workers, so that the scheduler holds no list of a long sweep. Workers may
    join and leave: the runs of one that is lost are continued elsewhere from their last checkpoint.

    Parameters
    ----------
    client : distributed.Client
        Connection, closed at the end.
    manifest : Path
        The sweep's manifest.
    own : LocalWorkers, optional
        Scheduler and workers of this machine that end with the executor.
    """

    name, summary = "dask", "workers of Dask's distributed scheduler, of this machine or of the one at --scheduler"
    takes_address = True
    threads = 1

    def __init__(self, client: Client, manifest: Path, own: LocalWorkers | None = None) -> None:
        self._client, self._own = client, own
        self._folder = str(manifest.parent.resolve())
        self._about: dict[str, str] | None = worker_about()
        self._futures: dict[Any, Future[Any]] = {}  # by Dask's own of the same call
        # Scheduler and workers keep what each group of tasks took, also once it has ended: all tasks are one group, which lasts
        # as long as its first task is held.
        self._group, self._number = f"theory-sim-{uuid.uuid4().hex}", 0
        self._first: Any = None
        self._counted: tuple[float, tuple[str, ...]] = (-_COUNT_SECONDS, ())
        self._asked: Counter[str] = Counter()
        self._empty_since = math.inf
        self._given_up = False

    @classmethod
    def require(cls, workers: int | None, threads: int | None, address: str = "") -> None:
        """At least one worker of one thread each; with an address, a scheduler that answers there."""
        _distributed()
        if workers == 0:
            raise InputError(f"0 workers with executor {cls.name!r}", "at least one worker",
                             "leave --workers out, or choose the executor in-process")
        if threads not in (None, 1):
            raise InputError(f"threads = {threads} with executor {cls.name!r}", "one thread a run", "leave threads out")
        if not address:
            require_may_start()
            return
        if workers is not None:
            raise InputError(f"{workers} workers at {address}", "a scheduler brings its own workers", "leave --workers out")
        _connect(address).close()

    @classmethod
    def of(cls, workers: int | None, threads: int | None, manifest: Path, address: str = "") -> Self:
        """Executor at a scheduler, or with a cluster of worker processes of its own, by default one a processor."""
        from theory_sim.numeric.pool import default_threads

        with ExitStack() as opened:
            own = None if address else LocalWorkers(default_threads() if workers is None else workers)
            if own is not None:
                opened.callback(own.close)
            client = _connect(address if own is None else own.address)
            opened.callback(client.close)
            executor = cls(client, manifest, own)
            opened.pop_all()  # from here on the executor closes them
        return executor

    @property
    def slots(self) -> int:  # type: ignore[override]
        """Workers that are there now."""
        if self._client.status in ("closing", "closed"):  # also where no run is under way that could tell
            raise StoreError(*_LOST)
        return len(self._addresses())

    def _addresses(self) -> tuple[str, ...]:
        """Of the workers that are there, as they were at most a second ago."""
        at, found = self._counted
        if time.monotonic() - at >= _COUNT_SECONDS:
            with suppress(OSError, TimeoutError):
                found = tuple(self._client.nthreads())
            self._counted = (time.monotonic(), found)
        return found

    def machines(self) -> list[tuple[int, int]]:
        """As the workers find it, each host of them once."""
        return self._look_at(None)

    def joined(self) -> list[tuple[int, int]]:
        """Hosts that are new, or have more workers than when they were asked; runs may be under way there."""
        addresses = self._addresses()
        there = Counter(map(_host, addresses))
        if not (new := {host for host, count in there.items() if count > self._asked[host]}):
            return []
        return self._look_at([address for address in addresses if _host(address) in new])

    def _look_at(self, addresses: list[str] | None) -> list[tuple[int, int]]:
        """Memory that runs may take and number of workers of each host; what runs under way there take counts too."""
        hosts: dict[str, list[tuple[int, int]]] = {}
        self._require_able(self._ask(callable, compute, workers=addresses))
        for address, found in self._require_able(self._ask(memory_here, workers=addresses)).items():
            hosts.setdefault(_host(address), []).append(found)
        self._asked |= Counter({host: len(found) for host, found in hosts.items()})
        return [(min(there for there, _ in found) + sum(held for _, held in found), len(found)) for found in hosts.values()]

    def begin(self, *, any_version: bool) -> None:
        """Refuse workers that would compute something else, or cannot see the sweep; stop what a lost client left running."""
        if any_version:
            self._about = None
        self._require_scheduler()
        self._call(interrupt_runs, self._folder)
        self._require_able(self._ask(fault_of, self._about, self._folder))

    def _call(self, function: Callable[..., Any], *args: Any, workers: list[str] | None = None) -> dict[str, Any]:
        """What workers answer by address, all by default: an error in place of an answer is one too."""
        with _lost_if_unreachable():
            found: dict[str, Any] = self._client.run(function, *args, workers=workers, on_error="return")
        return found

    def _ask(self, function: Callable[..., Any], *args: Any, workers: list[str] | None = None) -> dict[str, Any]:
        """As `_call`, without the workers that are gone."""
        found = self._call(function, *args, workers=workers)
        silent = [address for address, answer in found.items() if isinstance(answer, OSError)]
        # An OSError may be the worker's own, as of a library that it cannot open: then it answers what every Python knows.
        gone = {address for address, answer in self._call(str, workers=silent).items() if answer != ""} if silent else set()
        return {address: answer for address, answer in found.items() if address not in gone}

    def _require_scheduler(self) -> None:
        """Raise StoreError if the scheduler, which unpacks each call before a worker does, cannot load what runs are."""
        ask = self._client.run_on_scheduler
        try:
            ask(callable, compute)
        except Exception as error:
            with _lost_if_unreachable():
                ask(str)
            found = "; ".join((f"Dask's scheduler {_cannot_load(error)}", *_other_libraries(ask)))
            raise StoreError(found, *_UNLOADED) from error

    def _require_able(self, found: Mapping[str, Any]) -> Mapping[str, Any]:
        """What was found of each worker; StoreError if it is why one cannot compute this sweep, or not even be asked."""
        faults = {address: answer for address, answer in sorted(found.items())
                  if isinstance(answer, BaseException) or (isinstance(answer, str) and answer)}
        if not faults:
            return found
        named = list(faults)[:_MOST_NAMED]
        first = faults[named[0]]
        rule, fix = UNLIKE if isinstance(first, str) else _UNLOADED
        if isinstance(first, TheorySimError):
            rule, fix = first.rule, first.fix
        raise StoreError(f"{len(faults)} of {len(found)} workers cannot compute this sweep: "
                         f"{'; '.join(f'{address}: {self._fault_in_words(address, faults[address])}' for address in named)}",
                         rule, fix)

    def _fault_in_words(self, address: str, fault: str | BaseException) -> str:
        if isinstance(fault, str):
            return fault
        if isinstance(fault, TheorySimError):  # the worker says itself what is wrong
            return fault.found
        there = _other_libraries(lambda function, name: self._client.run(function, name, workers=[address])[address])
        return "; ".join((f"it {_cannot_load(fault)}", *there))

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Give a call to the scheduler; its Future ends with StoreError if that is lost, or a worker cannot load the call."""
        future: Future[T] = Future()
        if self._first is None:
            self._first = self._send(str)
        sent = self._send(on_worker, self._about, self._folder, fn, *args, **kwargs)
        self._futures[sent] = future

        def end(ended: Any) -> None:
            try:  # also of one whose worker was lost with what it gave: it is computed again
                future.set_result(ended.result())
            except BaseException as error:  # else nobody would learn that it has ended
                future.set_exception(_told(error) if ended.status == "error" else self._not_ended())
            finally:
                self._futures.pop(ended, None)

        sent.add_done_callback(end)
        return future

    def _not_ended(self) -> BaseException:
        """What is said of a call that neither gave something nor failed."""
        return NotBegun() if self._given_up else StoreError(*_LOST)

    def _send(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """Give a call to the scheduler, as one more task of the group."""
        self._number += 1
        return self._client.submit(fn, *args, **kwargs, key=(self._group, self._number))

    def require_workers(self) -> None:
        """Workers of this machine that are all lost do not come back; others may join at any time."""
        if self._own is None:
            return
        self._own.require()
        now = time.monotonic()
        self._empty_since = math.inf if self.slots else min(self._empty_since, now)
        if now - self._empty_since > _EMPTY_SECONDS:
            raise not_started(f"Dask has had no worker on this machine for {_EMPTY_SECONDS:g} s")

    def died(self, error: BaseException) -> int:
        """Workers that were lost with a run before the scheduler gave it up."""
        return error.allowed_failures + 1 if isinstance(error, _distributed().scheduler.KilledWorker) else 0

    def interrupt(self) -> None:
        """Ask the runs of this sweep to stop at their next step, wherever they are; those of lost workers are given up."""
        if self._client.status != "running":
            return
        self._call(interrupt_runs, self._folder)
        if not self.slots:
            self._given_up = True
            self._client.cancel(list(self._futures))

    def abandon(self) -> None:
        """Kill the workers of this machine. Others were asked to stop: their runs end at the next step, and nobody waits."""
        self._futures.clear()
        if self._own is not None:
            self._own.kill()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Wait for what is under way, as `Executor` does, then close the connection, and the cluster if it is an own one."""
        with ExitStack() as ending:  # each is closed, whatever the one before it raises
            if self._own is not None:
                ending.callback(self._own.close)
            ending.callback(self._client.close)
            if wait and self._client.status == "running":
                futures.wait(list(self._futures.values()), timeout=_LEAVING_SECONDS)


def _told(error: BaseException) -> BaseException:
    """An error of a task in words: what a run raises comes back as a result, and a worker that is refused says so itself."""
    if isinstance(error, TheorySimError | _distributed().scheduler.KilledWorker):
        return error
    return StoreError(f"a worker, or Dask's scheduler, {_cannot_load(error)}", *_UNLOADED)


def _cannot_load(error: BaseException) -> str:
    # Dask sends an error that it cannot send as an Exception of its representation.
    return f"cannot load theory-sim as it is here: {error if type(error) is Exception else repr(error)}"


def _other_libraries(ask: Callable[[Any, str], str]) -> list[str]:
    """Libraries that are other ones where ``ask`` calls a function: each Python knows of them, whatever it has."""
    differ, here = [], worker_about()
    for name in LIBRARIES:
        try:
            there = ask(importlib.metadata.version, name)
        except OSError:  # gone by now
            break
        except Exception:
            there = "nowhere"
        if there != here[name]:
            differ.append(f"{name} {there}, the client has {here[name]}")
    return differ


@contextmanager
def _lost_if_unreachable() -> Iterator[None]:
    try:
        yield
    except (OSError, TimeoutError) as error:
        raise StoreError(*_LOST) from error


def _host(address: str) -> str:
    return address.rpartition(":")[0]


def _connect(address: str) -> Client:
    distributed = _distributed()
    try:
        client: Client = distributed.Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise InputError(f"--scheduler {address}: {error}", "the address of a scheduler that is running, such as "
                         "tcp://10.0.0.5:8786", "start one with `dask scheduler`, or correct the address") from error
    return client


def _distributed() -> Any:
    try:
        import distributed
        import distributed.scheduler
    except ImportError as error:
        raise InputError("executor 'dask' without Dask", "the package distributed",
                         installing("distributed")) from error
    return distributed
