"""Finite-d closure of the infinite-width dynamics, solved in about 0.1 s (THEORY §8, §16)."""

from theory_sim.theory.closure.accuracy import ACCURACY, Accuracy
from theory_sim.theory.closure.course import Closure
from theory_sim.theory.closure.problem import ClosureProblem, Patterns, Rates
from theory_sim.theory.closure.solve import solve_closure

__all__ = ["ACCURACY", "Accuracy", "Closure", "ClosureProblem", "Patterns", "Rates", "solve_closure"]
