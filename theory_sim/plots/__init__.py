"""Figures, one a file: Trajectories in, a matplotlib Figure out."""
