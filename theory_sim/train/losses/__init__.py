"""Losses of the margin, one a file, which registers its class; and the choice among them."""

from theory_sim.train.losses.base import Loss, make_loss

__all__ = ["Loss", "make_loss"]
