"""Laws of alpha, the length of the P/Q mixture's second patch; each is one file that registers itself."""

from theory_sim.data.alpha.base import AlphaDistribution, AlphaLaw

__all__ = ["AlphaDistribution", "AlphaLaw"]
