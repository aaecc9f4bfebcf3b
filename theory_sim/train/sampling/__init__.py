"""Which training examples a step sees: one law a file, which registers its class; and the choice among them."""

from theory_sim.train.sampling.base import Sampling, make_sampling

__all__ = ["Sampling", "make_sampling"]
