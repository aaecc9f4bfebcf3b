"""Distributions of examples."""

from theory_sim.data.pq_mixture import KINDS, Data, draw_data, draw_test_data, shared_directions

__all__ = ["KINDS", "Data", "draw_data", "draw_test_data", "shared_directions"]
