"""Cells of a phase diagram: where they end."""

from __future__ import annotations

import numpy as np
import pytest

from theory_sim.sweeps.phase_boundaries import cell_edges


def test_borders_lie_half_way_between_and_as_far_outside() -> None:
    assert cell_edges(np.array([1.0, 2.0, 3.0])) == pytest.approx([0.5, 1.5, 2.5, 3.5])
    assert cell_edges(np.array([2.0])) == pytest.approx([1.8, 2.2]) and cell_edges(np.array([0.0])).tolist() == [-0.5, 0.5]
