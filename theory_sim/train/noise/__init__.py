"""Places at which noise can be added beside xi ([F 25-30], THEORY §12), one a file, which registers its class."""

from theory_sim.train.noise.base import (
    LabelNoise,
    OutputNoise,
    Placement,
    PreActivationNoise,
    Sites,
    WeightNoise,
    make_placement,
)
from theory_sim.train.noise.levels import matched_level

__all__ = [
    "LabelNoise", "OutputNoise", "Placement", "PreActivationNoise", "Sites", "WeightNoise", "make_placement", "matched_level",
]
