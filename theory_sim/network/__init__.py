"""Networks: storage, forward pass, gradient and the step that carries the split."""

from theory_sim.network.general import GeneralNetwork
from theory_sim.network.layers import draw_initial, draw_noise
from theory_sim.network.placed import PlacedNetwork
from theory_sim.network.plane import Plane
from theory_sim.network.shared import SharedNetwork
from theory_sim.network.split import SplitNetwork

__all__ = [
    "FiniteNetwork", "GeneralNetwork", "PlacedNetwork", "Plane", "SharedNetwork", "SplitNetwork", "draw_initial", "draw_noise",
]

FiniteNetwork = GeneralNetwork | PlacedNetwork | SharedNetwork | SplitNetwork
"""Networks with weights."""
