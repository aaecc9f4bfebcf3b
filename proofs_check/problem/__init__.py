"""What a claim asks, as data, one kind of problem a file; `base` has the registry and what a kind declares."""

from __future__ import annotations

from proofs_check.problem.all import All
from proofs_check.problem.base import PRECISION, Domain, Problem, kinds
from proofs_check.problem.identity import Identity
from proofs_check.problem.inequality import Corner, Inequality
from proofs_check.problem.linear_program import LinearProgram
from proofs_check.problem.positive import Positive
from proofs_check.problem.sampled import RESAMPLES, Sampled
from proofs_check.problem.step import Step
from proofs_check.problem.value import Root, Value
from proofs_check.problem.worst_case import WorstCase

__all__ = [
    "PRECISION", "RESAMPLES", "Corner", "Domain", "Identity", "Inequality", "LinearProgram", "Positive", "Problem", "Root",
    "Sampled", "Step", "All", "Value", "WorstCase", "kinds",
]
