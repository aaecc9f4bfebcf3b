"""Rules by which a step is made of a gradient, one a file, which registers its class; and the choice among them."""

from theory_sim.train.optimisers.adaptive import AdaptiveOptimiser, Squares
from theory_sim.train.optimisers.base import Block, Optimiser, make_optimiser, splits_pairs
from theory_sim.train.optimisers.linear import LinearOptimiser

__all__ = ["AdaptiveOptimiser", "Block", "LinearOptimiser", "Optimiser", "Squares", "make_optimiser",
           "splits_pairs"]
