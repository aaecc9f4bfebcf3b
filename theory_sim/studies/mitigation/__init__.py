"""A small rate with annealed pre-activation noise."""
