"""Suggestions: the nearest experiment on which the mechanism applies, and moves of one parameter."""
