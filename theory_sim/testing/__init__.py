"""Hypothesis strategies and laws: what this package tests itself with, for users' own simulators too."""

from theory_sim.testing.laws import (
    decomposition_adds_up,
    gradient_matches_finite_difference,
    label_symmetry,
    noise_follows_recursion,
    noise_level_is_likely,
    parts_add_up,
    positive_homogeneity,
)
from theory_sim.testing.strategies import data_sets, experiments, schedules

__all__ = [
    "data_sets",
    "decomposition_adds_up",
    "experiments",
    "gradient_matches_finite_difference",
    "label_symmetry",
    "noise_follows_recursion",
    "noise_level_is_likely",
    "parts_add_up",
    "positive_homogeneity",
    "schedules",
]
