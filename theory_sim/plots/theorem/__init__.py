"""Figures of the studies of the theorem: a study's table in, a Figure out, under the study's own name."""
