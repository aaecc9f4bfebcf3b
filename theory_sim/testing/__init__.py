"""Strategies, laws, and `check_simulator`, a battery of them for a simulator of your own; this package is tested with both."""

from theory_sim.testing.laws import (
    decomposition_adds_up,
    gradient_matches_finite_difference,
    label_symmetry,
    parts_add_up,
    positive_homogeneity,
)
from theory_sim.testing.noise_laws import expected_levels, noise_follows_recursion, noise_level_is_likely
from theory_sim.testing.pattern_laws import (
    counts_are_dense_products,
    flips_follow_sheppard,
    gram_is_positive_semidefinite,
)
from theory_sim.testing.simulator.answer import Simulator
from theory_sim.testing.simulator.battery import check_simulator
from theory_sim.testing.simulator.report import Finding, Report
from theory_sim.testing.simulator.task import Declined, Initial, Task
from theory_sim.testing.strategies import data_sets, experiments, schedules

__all__ = [
    "Declined",
    "Finding",
    "Initial",
    "Report",
    "Simulator",
    "Task",
    "check_simulator",
    "counts_are_dense_products",
    "data_sets",
    "decomposition_adds_up",
    "expected_levels",
    "experiments",
    "flips_follow_sheppard",
    "gradient_matches_finite_difference",
    "gram_is_positive_semidefinite",
    "label_symmetry",
    "noise_follows_recursion",
    "noise_level_is_likely",
    "parts_add_up",
    "positive_homogeneity",
    "schedules",
]
