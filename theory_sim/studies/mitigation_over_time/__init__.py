"""A small rate with annealed pre-activation noise, over the whole course of the runs and beside controls."""
