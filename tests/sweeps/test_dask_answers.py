"""What the executor of Dask makes of the answers of workers and of the scheduler: errors, silence, and what is lost."""

from __future__ import annotations

import importlib.metadata
import pickle
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any

import pytest

from theory_sim.errors import InputError, StoreError
from theory_sim.loop.environment import LIBRARIES
from theory_sim.sweeps.executors import on_worker
from theory_sim.sweeps.executors.base import NotBegun
from theory_sim.sweeps.executors.dask import DaskWorkers
from theory_sim.sweeps.executors.on_worker import memory_here, worker_about

GONE = OSError("Timed out trying to connect to tcp://a:1 after 30 s")
UNLOADED = Exception("AttributeError(\"module 'numpy' has no attribute 'of_another_version'\")")


class Client:
    """A scheduler with workers, by address what each answers to whatever needs the program."""

    def __init__(self, answers: dict[str, Any], scheduler: Exception | None = None) -> None:
        self.answers, self.scheduler, self.status = answers, scheduler, "running"
        self.asked: list[tuple[Any, list[str]]] = []
        self.ended: Any = None

    def nthreads(self) -> dict[str, int]:
        return dict.fromkeys(self.answers, 1)

    def run(self, function: Any, *args: Any, workers: list[str] | None, on_error: str = "raise") -> dict[str, Any]:
        there = list(self.answers) if workers is None else workers
        self.asked.append((function, there))
        found = {address: self._answer(self.answers[address], function, args) for address in there}
        for answer in found.values() if on_error == "raise" else ():
            if isinstance(answer, Exception):
                raise answer
        return found

    def run_on_scheduler(self, function: Any, *args: Any) -> Any:
        answer = self._answer(self.scheduler, function, args)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _answer(self, answer: Any, function: Any, args: tuple[Any, ...]) -> Any:
        if answer is GONE:
            return answer
        if function in (str, importlib.metadata.version) and args in ((), *((name,) for name in LIBRARIES)):
            if not args:
                return ""
            return "1.0" if args == ("numpy",) else importlib.metadata.PackageNotFoundError(*args)
        if isinstance(answer, Exception):
            return answer
        return {memory_here: (2**30, 0), callable: True}.get(function, "")

    def submit(self, *args: Any, **kwargs: Any) -> Any:
        return self.ended

    def close(self) -> None:
        self.status = "closed"


def pool_of(client: Client) -> DaskWorkers:
    return DaskWorkers(client, Path("manifest.sqlite"))


def begun(client: Client, *, any_version: bool = False) -> list[tuple[int, int]]:
    pool = pool_of(client)
    pool.begin(any_version=any_version)
    return pool.machines()


def test_a_worker_that_goes_while_it_is_asked_is_none_that_cannot_compute() -> None:
    client = Client({"tcp://a:1": GONE, "tcp://b:2": None})
    assert begun(client) == [(2**30, 1)]
    assert importlib.metadata.version not in [function for function, _ in client.asked]
    assert begun(Client({"tcp://a:1": GONE})) == [] == begun(Client({}))


def test_an_error_of_the_system_that_a_worker_gives_as_its_answer_is_told() -> None:
    """As of a library that it cannot open: it is there, and answers what every Python knows."""
    with pytest.raises(StoreError, match=r"1 of 2 workers .*: tcp://a:1: it cannot load theory-sim .* shared object"):
        begun(Client({"tcp://a:1": OSError("cannot open shared object file"), "tcp://b:2": None}))


@pytest.mark.parametrize("any_version", [False, True])
def test_workers_that_cannot_load_the_program_are_named_with_libraries(any_version: bool) -> None:
    """The first three; also where other versions are accepted: they are the reason."""
    client = Client({f"tcp://a:{i}": UNLOADED for i in range(5)})
    with pytest.raises(StoreError, match="5 of 5 workers cannot compute this sweep") as refused:
        begun(client, any_version=any_version)
    said = refused.value.found
    assert said.count("'of_another_version'") == 3 == said.count(f"numpy 1.0, the client has {worker_about()['numpy']}")
    assert said.count("numba nowhere, the client has") == 3 and "--any-version" not in refused.value.fix
    assert {address for function, there in client.asked if function is importlib.metadata.version for address in there} == {
        "tcp://a:0", "tcp://a:1", "tcp://a:2"}


def test_a_fault_that_a_worker_names_itself_has_its_own_fix() -> None:
    fault = InputError("THEORY_SIM_MEMORY = 'much'", "a size", "fix the environment variable")
    with pytest.raises(StoreError, match="tcp://a:1: THEORY_SIM_MEMORY = 'much'") as refused:
        pool_of(Client({"tcp://a:1": fault})).machines()
    assert (refused.value.rule, refused.value.fix) == ("a size", "fix the environment variable")


def test_a_scheduler_that_cannot_load_the_program_is_told_as_such() -> None:
    """It unpacks each call: no worker is to blame."""
    with pytest.raises(StoreError, match=r"^Dask's scheduler cannot load theory-sim .*numpy 1.0, the client has") as refused:
        begun(Client({"tcp://a:1": None}, AttributeError("of_another_version")))
    assert "worker" not in refused.value.found


class Unreachable(Client):
    """The connection to the scheduler is gone, which the client does not know yet."""

    def run(self, *args: Any, **kwargs: Any) -> Any:
        raise OSError("Comm closed")

    run_on_scheduler = run


@pytest.mark.parametrize("call", [lambda pool: pool.begin(any_version=False), DaskWorkers.machines, DaskWorkers.joined,
                                  DaskWorkers.interrupt])
def test_a_scheduler_that_is_lost_while_it_is_asked(call: Callable[[DaskWorkers], None]) -> None:
    with pytest.raises(StoreError, match="the connection to Dask's scheduler was lost"):
        call(pool_of(Unreachable({"tcp://a:1": None})))


class Ended:
    """A Future of Dask that has ended."""

    def __init__(self, status: str, outcome: Any) -> None:
        self.status, self._outcome = status, outcome

    def result(self) -> Any:
        if isinstance(self._outcome, BaseException):
            raise self._outcome
        return self._outcome

    def add_done_callback(self, end: Any) -> None:
        end(self)


@pytest.mark.parametrize("given_up", [False, True])
def test_whatever_becomes_of_a_call_its_future_ends(given_up: bool) -> None:
    pool = pool_of(client := Client({}))
    pool._given_up = given_up

    def ended(status: str, outcome: Any) -> Any:
        client.ended = Ended(status, outcome)
        future = pool.submit(abs, -1)
        assert future.done() and not pool._futures
        return future.exception() or future.result()

    assert ended("finished", 7) == 7
    assert ended("lost", 7) == 7  # with its worker, and computed again
    refused = StoreError("found", "rule", "fix")
    assert ended("error", refused) is refused
    assert "cannot load theory-sim as it is here: AttributeError" in str(ended("error", AttributeError("'numpy'")))
    for status, outcome in (("finished", OSError("Comm closed")), ("cancelled", CancelledError()), ("lost", CancelledError())):
        found = ended(status, outcome)
        assert isinstance(found, NotBegun) if given_up else "connection to Dask's scheduler was lost" in str(found)


class Late(Ended):
    """One that ends a moment later."""

    def add_done_callback(self, end: Any) -> None:
        threading.Timer(0.05, end, [self]).start()


def test_the_end_waits_for_what_is_under_way() -> None:
    """Whichever client is Dask's default one: mostly there is none."""
    client = Client({})
    client.ended = Late("finished", 7)
    with pool_of(client) as pool:
        future = pool.submit(abs, -7)
    assert future.done() and future.result() == 7


def test_a_folder_that_a_worker_may_not_look_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: Path) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "is_file", refused)
    assert on_worker.fault_of(None, str(tmp_path)) == f"{tmp_path}: Permission denied"


def test_what_is_asked_can_be_sent() -> None:
    for asked in (str, callable, importlib.metadata.version, memory_here):
        assert pickle.loads(pickle.dumps(asked)) is asked
