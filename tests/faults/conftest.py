"""The sweep without a fault, once for all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.harness import Whole, compute_whole
from theory_sim.storage import failpoints


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    return compute_whole(tmp_path_factory.mktemp("whole") / "faulty")


@pytest.fixture(autouse=True)
def no_hook_stays() -> Iterator[None]:
    yield
    failpoints.set_hook(None)
