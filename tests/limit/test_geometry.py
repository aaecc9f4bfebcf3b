"""What the limit knows of the inputs: norms and kernels between directions, by loops over the drawn examples."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from theory_sim import Experiment, draw_data
from theory_sim.limit.geometry import Geometry, Patches

COMPRESSION: Any = SimpleNamespace(exponents=np.ones(2), weights=lambda cosine: np.stack([np.arcsin(cosine), cosine**3]))


@pytest.mark.parametrize("network", ["split", "shared"])
def test_norms_and_kernels_by_loops(network: str) -> None:
    own = {"overlap_z": 0.5} if network == "shared" else {}
    e = Experiment(d=6, N=30, r=0.4, network=network, n_test=5, dtype="float64", **own)
    train, test = draw_data(e), draw_data(e.replace(seed=1))
    found = Geometry.of(e, train, Patches(train, test), COMPRESSION)
    for i in range(len(train)):
        x2 = train.alpha[i] * found.directions[train.direction[i]]
        assert found.norm[i] == pytest.approx(math.hypot(*train.x1[i], *x2), rel=1e-12)
    for s, first in enumerate(found.directions):
        for t, second in enumerate(found.directions):
            inner = float(first @ second)
            cosine = min(1.0, inner / math.hypot(*first) / math.hypot(*second)) if s != t else 1.0
            assert found.q_linear[s, t] == pytest.approx(inner / 4)
            assert found.q_equal_time[s, t] == pytest.approx(inner * math.asin(cosine) / (2 * math.pi), abs=1e-12)
            expected = [inner * math.asin(cosine) / (2 * math.pi), inner * cosine**3 / (2 * math.pi)]
            assert found.q_weights[:, s, t] == pytest.approx(expected, abs=1e-12)
    seen = [i for i in range(len(train)) if train.has_x1[i]]
    assert 0 < len(seen) < len(train)
    for name in ("y", "alpha", "direction"):
        np.testing.assert_array_equal(getattr(found, name), getattr(train, name)[seen])
    assert (found.cross is None) == (network == "split")
    if found.cross is not None and found.cross_equal_time is not None:
        for place, i in enumerate(seen):
            for s, direction in enumerate(found.directions):
                inner = float(direction @ train.x1[i])
                cosine = inner / math.hypot(*direction) / math.hypot(*train.x1[i])
                assert found.cross_equal_time[s, place] == pytest.approx(inner * math.asin(cosine) / (2 * math.pi), abs=1e-12)
                assert found.cross[1, s, place] == pytest.approx(inner * cosine**3 / (2 * math.pi), abs=1e-12)
