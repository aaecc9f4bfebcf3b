"""Which training examples a step sees: one law a file, which registers its class; and the choice among them."""

from theory_sim.train.sampling.base import Sampling, make_sampling
from theory_sim.train.sampling.one_pass import OnePass

__all__ = ["OnePass", "Sampling", "make_sampling"]
