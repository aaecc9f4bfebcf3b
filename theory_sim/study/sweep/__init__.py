"""Sweeps: a grid of runs declared, computed, kept in a folder, and gathered into one summary."""
