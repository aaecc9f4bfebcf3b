"""A call that ends in an error, or by Ctrl-C, leaves nothing in its process that blocks the next one, as in a notebook."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from threadpoolctl import threadpool_info

from tests.sweeps.tiny import TINY
from theory_sim.engines import Engine
from theory_sim.errors import InputError, StoreError
from theory_sim.loop import UnfinishedRun, deferred_interrupt, interrupt_thread
from theory_sim.numeric.pool import BlockPool
from theory_sim.storage import writing
from theory_sim.storage.listing import Listing
from theory_sim.storage.lock import Lock
from theory_sim.storage.writing import FolderDraft
from theory_sim.sweeps.declaration import Sweep
from theory_sim.sweeps.executors.dask import DaskWorkers
from theory_sim.sweeps.executors.in_process import InProcess
from theory_sim.sweeps.executors.local_cluster import LocalWorkers
from theory_sim.sweeps.run import run_sweep
from theory_sim.sweeps.store import DECLARATION, SweepStore

CLOSURE = (Engine("closure"),)


def raising(error: BaseException) -> Callable[..., Any]:
    def call(*arguments: object, **more: object) -> None:
        raise error

    return call


def made(folder: Path, *seeds: int) -> SweepStore:
    return SweepStore.create(folder, Sweep("one", TINY, seeds=seeds or (0,), engines=CLOSURE))


def test_a_lock_whose_file_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = Lock(tmp_path / "a.lock")
    lock.take("", "", "")
    with monkeypatch.context() as patched:
        patched.setattr("theory_sim.storage.lock.remove_file", raising(StoreError("a", "b", "c")))
        with pytest.raises(StoreError):
            lock.give_back()
    other = Lock(lock.path)
    other.take("in use", "", "")
    other.give_back()
    assert not lock.path.exists()


def test_an_unfinished_run_that_could_not_be_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("theory_sim.loop.unfinished.discard", raising(OSError("no")))
        with pytest.raises(OSError, match="no"), UnfinishedRun(tmp_path / "run") as run:
            run.create(TINY, {"name": "finite"}, (), force=False)
            raise InputError("late", "", "")
    with UnfinishedRun(tmp_path / "run") as run:
        run.manifest()


@pytest.mark.parametrize("place", ["_write_list", "_clear_locked"])
def test_ctrl_c_while_a_draft_is_begun_or_cleared(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its lock is free: the next writer takes the first number again."""
    of = FolderDraft if place == "_write_list" else writing
    with monkeypatch.context() as patched:
        patched.setattr(of, place, raising(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt) as kept, FolderDraft(tmp_path / "new", Listing()):
            pass
    assert kept.traceback  # as a notebook keeps it, and with it all that is on the stack
    with FolderDraft(tmp_path / "new", Listing()) as draft:
        assert draft.folder.name.endswith(f"{0:016x}")
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_while_threads_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def threads() -> list[int]:
        return [each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"]

    before = threads()
    with pytest.raises(KeyboardInterrupt), BlockPool(2) as pool:
        monkeypatch.setattr(pool._executor, "shutdown", raising(KeyboardInterrupt()))
    assert threads() == before


def test_both_signals_get_their_handlers_back_though_one_comes_just_then(monkeypatch: pytest.MonkeyPatch) -> None:
    real, mine = signal.signal, {number: (lambda number, frame: None) for number in (signal.SIGINT, signal.SIGTERM)}
    before = {number: real(number, handler) for number, handler in mine.items()}
    seen = []

    def interrupted(number: int, handler: Any) -> Any:
        real(number, handler)
        seen.append(number)
        if len(seen) == 3:  # the first that is put back
            raise KeyboardInterrupt

    try:
        monkeypatch.setattr(signal, "signal", interrupted)
        with pytest.raises(KeyboardInterrupt), deferred_interrupt():
            pass
        assert {number: signal.getsignal(number) for number in mine} == mine
    finally:
        for number, handler in before.items():
            real(number, handler)


def test_a_sweep_in_a_thread_and_the_runs_in_it(tmp_path: Path) -> None:
    store = made(tmp_path / "one")
    found: list[object] = []

    def work() -> None:
        try:
            found.append(run_sweep(store, workers=0).done)
            with deferred_interrupt() as outer:
                with deferred_interrupt():
                    pass
                interrupt_thread(threading.get_ident())
                found.append(outer.is_set())
        except BaseException as error:
            found.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [1, True]


def test_ctrl_c_while_the_heartbeat_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = made(tmp_path / "one")
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt), store.manifest.locked(0):
        patched.setattr(threading.Thread, "join", raising(KeyboardInterrupt()))
    assert store.manifest.holder() is None
    assert run_sweep(store, workers=0).done == 1


class Watched(InProcess):
    """Says whether its workers were ended."""

    ended = False
    in_this_process = False

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        raise AssertionError("a sweep that is refused")

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self.ended = True


@pytest.mark.parametrize("where", ["manifest.Manifest._take", "run._require_found_elsewhere"])
def test_workers_of_a_sweep_that_is_refused_end(where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, executor = made(tmp_path / "one"), Watched()
    monkeypatch.setattr(f"theory_sim.sweeps.{where}", raising(StoreError("held", "", "")))
    with pytest.raises(StoreError, match="held"):
        run_sweep(store, executor=executor)
    assert executor.ended


def test_a_declaration_that_could_not_be_written_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that is there counts until another is in its place, however often that was tried."""
    store = made(tmp_path / "one")
    wider = [Sweep("one", TINY, seeds=tuple(range(n)), engines=CLOSURE) for n in (2, 3)]
    first = (store.folder / DECLARATION).read_text()
    with monkeypatch.context() as patched:
        patched.setattr("theory_sim.sweeps.store.write_text", raising(StoreError("No space left", "", "")))
        for sweep in wider:
            with pytest.raises(StoreError, match="No space"):
                store.extend(sweep)
    assert (store.folder / DECLARATION).read_text() == first
    again = SweepStore(store.folder)
    with monkeypatch.context() as patched:  # it is in its place, and that could not be noted
        patched.setattr("theory_sim.sweeps.manifest.Manifest.declared", raising(StoreError("No space left", "", "")))
        with pytest.raises(StoreError, match="No space"):
            again.extend(wider[0])
        patched.setattr("theory_sim.sweeps.store.write_text", raising(StoreError("No space left", "", "")))
        with pytest.raises(StoreError, match="No space"):
            SweepStore(store.folder).extend(wider[1])
    last = SweepStore(store.folder)
    last.extend(wider[1])
    assert len(SweepStore(store.folder).sweep) == 3 and run_sweep(last, workers=0).pending == 0


class Opened:
    """A connection, or workers of this machine, of which some methods fail."""

    status, address, closed = "running", "tcp://127.0.0.1:1", False

    def __init__(self, *arguments: object) -> None:
        OPENED.append(self)

    def close(self) -> None:
        self.closed = True


class Lost(Opened):
    """A connection whose other end is gone."""

    def close(self) -> None:
        super().close()
        raise OSError("the scheduler is gone")


OPENED: list[Opened] = []


def test_dask_s_workers_end_though_the_connection_is_lost(tmp_path: Path) -> None:
    own = Opened()
    with pytest.raises(OSError, match="gone"), DaskWorkers(Lost(), tmp_path / "manifest.sqlite", own):  # type: ignore[arg-type]
        pass
    assert own.closed


@pytest.mark.parametrize("failing", ["_connect", "worker_about"])
def test_dask_s_workers_end_if_the_connection_to_them_cannot_be_made(
    failing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dask = "theory_sim.sweeps.executors.dask"
    monkeypatch.setattr(f"{dask}.LocalWorkers", Opened)
    monkeypatch.setattr(f"{dask}._connect", Opened)
    monkeypatch.setattr(f"{dask}.{failing}", raising(InputError("no", "", "")))
    OPENED.clear()
    with pytest.raises(InputError, match="no"):
        DaskWorkers.of(2, 1, tmp_path / "manifest.sqlite")
    assert len(OPENED) == 1 + (failing != "_connect") and all(each.closed for each in OPENED)


def test_dask_s_process_ends_if_it_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while its workers start."""
    closed: list[object] = []
    monkeypatch.setattr(LocalWorkers, "_answer", raising(KeyboardInterrupt()))
    monkeypatch.setattr(LocalWorkers, "close", lambda workers: closed.append(workers))
    monkeypatch.setattr("theory_sim.sweeps.executors.spawn.BareProcess.start", lambda process: None)
    with pytest.raises(KeyboardInterrupt):
        LocalWorkers(1)
    assert len(closed) == 1
