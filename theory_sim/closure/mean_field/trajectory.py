"""run_mean_field(experiment) -> Trajectory: the mean field in the schema of a run (THEORY §16)."""

from __future__ import annotations

import json
from dataclasses import asdict
from time import perf_counter
from typing import Any, Literal

import numpy as np

from theory_sim.closure.mean_field.fresh import fresh_losses
from theory_sim.closure.mean_field.solve import solve_mean_field
from theory_sim.closure.trajectory import as_trajectory
from theory_sim.experiment import Experiment
from theory_sim.storage.plain import make_plain
from theory_sim.trajectory import Trajectory

__all__ = ["run_mean_field"]


def run_mean_field(
    experiment: Experiment, *, engine: str, nodes: int, particles: int, seed: int, time: Literal["steps", "flow"]
) -> Trajectory:
    """Solve the mean field; a record is a node of the time grid.

    Its attribute ``stated_error`` holds the `Errors` of `solve_mean_field`, as JSON: of learning times, and of losses and P's
    error at each record, null where there is none. What the mean field says nothing of, such
    as the signal's norm, is NaN.
    """
    began = perf_counter()
    found = solve_mean_field(experiment, nodes=nodes, particles=particles, seed=seed, time=time)
    losses, accuracies = fresh_losses(found.problem, found.course)
    errors = {name: make_plain(_rounded(value)) for name, value in asdict(found.errors).items()}
    return as_trajectory(
        experiment, found.course, engine, began, more={"loss_test": losses, "accuracy_test": accuracies},
        attributes={"stated_error": json.dumps(errors)},
    )


def _rounded(value: Any) -> Any:
    """A number, or an array of numbers, with four digits."""
    numbers = [float(f"{each:.4g}") for each in np.atleast_1d(value).tolist()]
    return numbers if np.ndim(value) else numbers[0]
