"""Laws of the examples; each is one file that registers itself."""

from theory_sim.data.alpha import AlphaDistribution, AlphaLaw
from theory_sim.data.examples import KINDS, Data, PQStructure
from theory_sim.data.law import DataLaw, draw_data, draw_fresh, draw_q_hat, draw_test_data, register_data_law, undrawn
from theory_sim.data.pq_mixture import get_directions, shared_directions

__all__ = [
    "KINDS", "AlphaDistribution", "AlphaLaw", "Data", "DataLaw", "PQStructure", "draw_data", "draw_fresh", "draw_q_hat",
    "draw_test_data", "get_directions", "register_data_law", "shared_directions", "undrawn",
]
