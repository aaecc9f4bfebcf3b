"""run_closure(experiment) -> Trajectory: the finite-d closure of THEORY §8 and §16 in the schema of a run.

It knows the parameters, not the data set: what it gives are means over data sets, in about 0.1 s.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from theory_sim.arrays import Array
from theory_sim.closure.of_experiment import get_closure
from theory_sim.data import KINDS
from theory_sim.experiment import Experiment
from theory_sim.observe.decomposition import Decomposition
from theory_sim.observe.generalisation import PError
from theory_sim.observe.losses import Losses
from theory_sim.observe.separation import Separation
from theory_sim.storage.formats import RUN
from theory_sim.theory.closure import Closure
from theory_sim.theory.overlap import P_error
from theory_sim.train.losses import make_loss
from theory_sim.train.stability import stable_rate_of
from theory_sim.trajectory import Trajectory

if TYPE_CHECKING:
    import xarray

__all__ = ["as_trajectory", "run_closure"]


def run_closure(experiment: Experiment, *, engine: str) -> Trajectory:
    """Predict a run from the finite-d closure of the infinite-width dynamics (THEORY §8, §16).

    Not read, since they change no mean over data sets in the limit: widths, ``neurons``, ``dtype``, seeds, ``counts``,
    ``n_test``. Nor is ``record_every``: a record is one block of the time grid. ``engine`` is the name that the result carries.
    """
    began = time.perf_counter()
    return as_trajectory(experiment, get_closure(experiment), engine, began)


def as_trajectory(
    e: Experiment, course: Closure, engine: str, began: float, *,
    more: Mapping[str, Array] | None = None, attributes: Mapping[str, Any] | None = None,
) -> Trajectory:
    """A course in the schema of a run, with ``more`` variables and attributes; what is not known is NaN."""
    return Trajectory(_dataset(e, course, engine, began, {**_values(e, course), **(more or {})}, attributes or {}), e)


def _dataset(
    e: Experiment, course: Closure, engine: str, began: float, values: Mapping[str, Array], attributes: Mapping[str, Any]
) -> xarray.Dataset:
    import xarray

    records = len(course.tau)
    loss = make_loss(e)
    declared = {**Losses.variables, **PError.variables, **Decomposition.variables, **Separation.variables}
    sizes = {"kind": 3, "layer": 2, "direction": 3, "part": 2}
    variables = {
        name: (("record", *variable.dims),
               values.get(name, np.full((records, *(sizes[dim] for dim in variable.dims)), math.nan)),
               variable.attributes(loss))
        for name, variable in declared.items()
    }
    shares = np.array([e.p0_value, e.q0, 1.0 - e.p0_value - e.q0])
    return xarray.Dataset(
        variables,
        {"tau": ("record", course.tau, {"units": "1", "long_name": "learning-rate time"}),
         "step": ("record", course.step.astype(np.int64)), "kind": list(KINDS), "layer": ["W", "V"],
         "direction": ["z-zeta", "z", "z+zeta"], "part": ["total", "signal"]},
        {**RUN.attributes, "engine": engine,
         "outcome": course.outcome, "message": _message(e, course), "annealed_tau": course.annealed_tau,
         "final_step": course.final_step, "final_tau": course.final_tau, "n_examples": e.n_examples,
         "n_kind": [round(float(share) * e.n_examples) for share in shares], "experiment": json.dumps(e.fields()),
         "seconds": time.perf_counter() - began, **attributes},
    )


def _message(e: Experiment, course: Closure) -> str:
    """How the run ended, in the words of the other engines."""
    if course.outcome == "reached_loss":
        return f"training loss {course.final_loss:.4g} <= epsilon_2 = {e.epsilon_2:g}"
    if course.outcome == "diverged":
        return (f"training loss {course.final_loss:g} at step {course.final_step}, tau = {course.final_tau:g}; likely cause: "
                f"rate {course.rate[-1]:g}, where the largest stable one near f = 0 is about {stable_rate_of(e):.3g} "
                "(2 / the Hessian's top eigenvalue in the limit); lower the rate")
    if course.final_tau >= e.max_tau * (1.0 - 1e-12):
        return f"tau = {course.final_tau:g} reached max_tau = {e.max_tau:g}"
    return f"{course.final_step} steps taken, max_steps = {e.max_steps}"


def _values(e: Experiment, course: Closure) -> dict[str, Array]:
    """What the closure says, by variable of the schema."""
    records = len(course.tau)
    present = np.array([e.p0_value > 0, e.q0 > 0, 1.0 - e.p0_value - e.q0 > 1e-12])
    g = np.stack([course.g_outer, course.g_z, course.g_outer], axis=1)
    overlap = np.where(np.isnan(course.overlap), 0.0, course.overlap)
    level = np.stack([course.level, course.level], axis=1)
    return {
        "rate": course.rate,
        "train_loss": course.loss,
        "loss_train": np.where(present, np.stack([course.loss_P, course.loss_Q, course.loss_both], axis=1), math.nan),
        "accuracy_train": np.where(
            present, np.stack([course.accuracy_P, course.accuracy_Q, course.accuracy_both], axis=1), math.nan
        ),
        "P_overlap": overlap,
        "P_error": np.asarray(P_error(overlap, e.g0)),
        "norm_noise": np.where(level > 0, math.inf, 0.0),
        "tau_noise": level,
        "tau_noise_exact": course.level,
        "g": np.stack([g, g], axis=1),
        "h": np.repeat((2.0 * (course.g_outer - course.g_z))[:, None], 2, axis=1),
        "pattern_shift": np.zeros((records, 2)),
        "near_kink": np.full(records, 2.0 * math.atan(e.r) / math.pi),
    }
