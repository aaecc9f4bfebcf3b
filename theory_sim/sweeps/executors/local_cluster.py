"""Dask's workers of this machine, in a process of their own that ends with the caller's."""

from __future__ import annotations

import atexit
import logging
import multiprocessing.connection
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from theory_sim.errors import WorkerError
from theory_sim.sweeps.executors import on_worker
from theory_sim.sweeps.executors.spawn import BareContext, how_it_ended, listen_again, not_started

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

__all__ = ["LocalWorkers"]

# Far beyond what a busy machine takes: one that cannot start ends, and is told at once.
_START_SECONDS: Final = 600.0
_END_SECONDS: Final = 30.0
# No stacks of the workers' threads, which nobody sees without Dask's pages: of the last 1000 s they take some 150 MB a worker.
# A run that has ended two workers is given up, as everywhere. And Dask looks at each process fifty times a second whether it
# answers, and twice what it takes, which was 1.5 % of a processor in each worker.
_SETTINGS: Final = {
    "distributed.worker.profile.enabled": False, "distributed.scheduler.allowed-failures": 1,
    "distributed.admin.tick.interval": "1s", "distributed.admin.system-monitor.interval": "5s",
    "distributed.admin.system-monitor.disk": False,
}


class LocalWorkers:
    """A scheduler of Dask and its workers.

    They stand in a process that knows nothing of the user's main module (see `BareContext`), so that Dask's workers, which are
    spawned from it, do not import it either, also those that replace a lost one.

    Parameters
    ----------
    workers : int
        Number of workers, of one thread each.

    Attributes
    ----------
    address : str
        Where the scheduler listens.

    Raises
    ------
    WorkerError
        If they cannot start.
    """

    def __init__(self, workers: int) -> None:
        context = BareContext()
        self._pipe, there = context.Pipe()
        self._process = context.Process(target=_serve, args=(there, workers), name="dask")
        try:
            self._process.start()
        except OSError as error:
            raise not_started("it ended at once" if isinstance(error, BrokenPipeError) else str(error)) from error
        there.close()
        # Before multiprocessing waits for its children at the end of the program: the process ends when the pipe does.
        atexit.register(self.close)
        try:
            self.address = self._answer()
        except BaseException:
            self.close()
            raise

    def _answer(self) -> str:
        """Address that the process sends once its workers are there."""
        if not multiprocessing.connection.wait([self._pipe, self._process.sentinel], timeout=_START_SECONDS):
            raise not_started(f"no answer in {_START_SECONDS:g} s")
        try:
            error, address = self._pipe.recv()
        except EOFError:
            raise not_started(how_it_ended(self._process)[0]) from None
        if error:
            raise not_started(error)
        return str(address)

    def require(self) -> None:
        """Raise WorkerError if the process is not there any more."""
        if self._process.exitcode is not None:
            raise WorkerError(f"Dask's scheduler and workers of this machine ended: {how_it_ended(self._process)[0]}",
                              "they are there until the sweep ends", "theory-sim sweep resume: finished runs are kept")

    def kill(self) -> None:
        """Kill scheduler and workers."""
        import psutil

        with suppress(psutil.NoSuchProcess):
            for process in [*(here := psutil.Process(self._process.pid)).children(recursive=True), here]:
                with suppress(psutil.NoSuchProcess):
                    process.kill()

    def close(self) -> None:
        """End the workers."""
        atexit.unregister(self.close)
        self._pipe.close()
        self._process.join(_END_SECONDS)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join()


def _serve(pipe: Connection, workers: int) -> None:
    """Run a scheduler and its workers until the other end of a pipe is closed, or its process is gone."""
    # Ctrl-C, which a terminal sends to all its processes, is the client's; workers that are spawned ignore it like this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    listen_again()
    import dask
    import distributed

    dask.config.set(_SETTINGS)  # Dask hands its configuration on to the workers
    local: Any = distributed.LocalCluster  # its functions are not annotated
    try:
        # No limit of memory: a worker that passed one would be ended; what a run takes is estimated before it begins.
        # Dask's server of pages is there without its pages too, and would take one fixed port.
        cluster = local(
            n_workers=workers, threads_per_worker=1, processes=True, memory_limit=0, preload=on_worker.__name__,
            scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
        )
    except Exception as error:  # anything that Dask raises is told on the other side
        pipe.send((f"{type(error).__name__}: {error.__cause__ or error}", ""))
        return
    with cluster:
        pipe.send(("", cluster.scheduler_address))
        pipe.poll(None)
        # Workers have nothing to lose any more: one that a busy machine ends late is killed, which is nothing to be warned of.
        logging.getLogger("distributed.nanny").setLevel(logging.ERROR)
