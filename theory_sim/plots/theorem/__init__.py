"""Figures of the studies of the theorem, one a file."""
