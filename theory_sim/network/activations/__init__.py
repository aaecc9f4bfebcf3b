"""Activations; each is one file that registers itself."""

from theory_sim.network.activations.base import Activation, make_activation

__all__ = ["Activation", "make_activation"]
