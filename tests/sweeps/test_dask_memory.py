"""What Dask's client, scheduler and workers keep of runs that have ended does not grow with their number."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from tests.sweeps.clusters import scheduler
from theory_sim.sweeps.executors.dask import DaskWorkers

pytestmark = pytest.mark.tier2
BATCH = 40


class Keeping(DaskWorkers):
    """A mutant that holds what it was given back for each run."""

    def _send(self, *args: Any, **kwargs: Any) -> Any:
        sent = super()._send(*args, **kwargs)
        self.__dict__.setdefault("sent", []).append(sent)
        return sent


class Ungrouped(DaskWorkers):
    """A mutant whose tasks are a group each."""

    def _send(self, *args: Any, **kwargs: Any) -> Any:
        self._group = f"another-{self._number}"
        return super()._send(*args, **kwargs)


class Forgetting(DaskWorkers):
    """A mutant whose group ends with each run, and begins anew."""

    def submit(self, *args: Any, **kwargs: Any) -> Any:
        self._first = ()
        return super().submit(*args, **kwargs)


def kept(pool: DaskWorkers) -> dict[str, int]:
    """Numbers of things that stay of runs: in the client, in the scheduler, and in the workers."""

    def of_scheduler(dask_scheduler: Any) -> tuple[int, int]:
        spans = dask_scheduler.extensions["spans"].spans.values()
        return len(dask_scheduler.tasks), sum(len(span.groups) for span in spans)

    def of_worker(dask_worker: Any) -> tuple[int, int]:
        return len(dask_worker.state.tasks), len(dask_worker.digests_total)

    tasks, groups = pool._client.run_on_scheduler(of_scheduler)
    there = pool._client.run(of_worker).values()
    return {"futures": len(pool._client.futures) + len(pool._futures), "tasks": tasks, "groups": groups,
            "tasks of workers": sum(each for each, _ in there), "numbers": max(each for _, each in there)}


def grown(kind: type[DaskWorkers], address: str, manifest: Path) -> set[str]:
    """What there is more of after a second and third batch of short tasks, each of which ends before the next begins."""
    with kind.of(None, None, manifest, address) as pool:
        counts = []
        for _ in range(3):
            for _ in range(BATCH):
                pool.submit(abs, -1).result()
            counts.append(_settled(pool))
    return {name for name in counts[0] if counts[0][name] < counts[1][name] < counts[2][name]}


def _settled(pool: DaskWorkers) -> dict[str, int]:
    """Once nothing is on its way any more: that a run is not needed is told to the scheduler and the worker in turn."""
    before, until = kept(pool), time.monotonic() + 10
    while time.monotonic() < until:
        time.sleep(0.2)
        if (now := kept(pool)) == before:
            break
        before = now
    return before


def test_what_stays_of_runs_does_not_add_up(tmp_path: Path) -> None:
    """And that it would is seen, of mutants that hold or name them otherwise."""
    pytest.importorskip("distributed")
    (tmp_path / "sweep.toml").write_text("")
    with scheduler(tmp_path) as address:
        found = {kind: grown(kind, address, tmp_path / "manifest.sqlite")
                 for kind in (DaskWorkers, Keeping, Ungrouped, Forgetting)}
    assert found[DaskWorkers] == set()
    assert found[Keeping] >= {"futures", "tasks", "tasks of workers"}
    assert "groups" in found[Ungrouped] and "groups" in found[Forgetting], found
