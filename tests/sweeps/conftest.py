"""The table of `tests.sweeps.clusters.LONG` as one process computes it."""

from __future__ import annotations

import pytest

from tests.sweeps.clusters import LONG, table_of
from theory_sim.sweeps.run import run_sweep
from theory_sim.sweeps.store import SweepStore


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    store = SweepStore.create(tmp_path_factory.mktemp("reference") / "long", LONG)
    run_sweep(store, workers=0)
    return table_of(store)
