"""Theorem C.2 along one run: both sides, what was lost between them, and whether the run made the steps that it is about.

Reads what the observer `descent` recorded at every step. The window is the whole run, or what comes after the annealing: then
theta_0 is the signal at that time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from theory_sim.errors import InputError
from theory_sim.observe.descent import THETAS
from theory_sim.theory.changing_kernels import AverageBound, Excess, average_bound, get_excess, step_cost, step_cost_stated
from theory_sim.trajectory import Trajectory

__all__ = ["TOLERANCE", "Steps", "get_steps"]

Array = NDArray[np.float64]
TOLERANCE: Final = 1e-9
"""Relative rounding that both sides, and the identity between them, may be off by in float64."""


@dataclass(frozen=True)
class Steps:
    """T steps of gradient descent on L_t, beside S classifiers theta* = s u w*^T.

    Attributes
    ----------
    rate, loss, feature_norm : (T,) arrays
        gamma_t, L_t(theta_t) and B_t.
    star_loss : (T, S) array
        L_t(theta*).
    distance : (T + 1, S) array
        |theta_t - theta*|^2.
    size, gradient_size, gradient_theta : (T,) arrays
        |theta_t|^2, |g_t|^2 and <g_t, theta_t>.
    gradient_star : (T, S) array
        <g_t, theta*>.
    star_size : (S,) array
        |theta*|^2 = s^2.
    lambda_ : float
        Weight decay.
    """

    rate: Array
    loss: Array
    feature_norm: Array
    star_loss: Array
    distance: Array
    size: Array
    gradient_size: Array
    gradient_theta: Array
    gradient_star: Array
    star_size: Array
    lambda_: float

    def bound(self) -> AverageBound:
        """Both sides as THEORY §11 states them."""
        return self._bound(step_cost_stated(self.rate, self.feature_norm, self.lambda_))

    def sharper(self) -> AverageBound:
        """Both sides with the cost of a step that the proof gives."""
        return self._bound(step_cost(self.rate, self.feature_norm, self.lambda_))

    def twin(self) -> AverageBound:
        """A false theorem: as if neither the distance to theta* nor a step cost anything."""
        free = np.zeros_like(self.rate)
        return average_bound(self.rate, self.loss, free, self.star_loss, np.zeros_like(self.star_size), self.star_size,
                             self.lambda_)

    def _bound(self, cost: Array) -> AverageBound:
        return average_bound(self.rate, self.loss, cost, self.star_loss, self.distance[0], self.star_size, self.lambda_)

    def excess(self, cost: Array, s: int) -> Excess:
        """Parts of right minus left for the classifier number s."""
        return get_excess(self.rate, self.loss, cost, self.star_loss[:, s], self.distance[:, s], self.size, self.gradient_size,
                         self.gradient_theta, self.gradient_star[:, s], self.lambda_)

    def identity_error(self) -> float:
        """Largest relative gap, over numbers of steps and classifiers, between the right side and the left with all parts.

        It is rounding if and only if every step was theta - gamma (g + lambda theta) with the gradient of L_t.
        """
        regret = self.distance[0] / 2.0 + np.cumsum(self.rate[:, None] * self._floor(), axis=0)
        gaps = []
        for s in range(len(self.star_size)):
            parts = self.excess(np.zeros_like(self.rate), s)
            added = np.cumsum(self.rate * self.loss + parts.convexity + parts.ridge + parts.step) + self.distance[1:, s] / 2.0
            gaps.append(np.abs(added - regret[:, s]) / regret[:, s])
        return float(np.max(gaps))  # not-a-number if one is

    def least_slack(self) -> float:
        """Smallest slack, in nats, of any inequality of the proof, over steps and classifiers; with the cost `step_cost`."""
        cost = step_cost(self.rate, self.feature_norm, self.lambda_)
        with np.errstate(invalid="ignore"):
            parts = [self.excess(cost, s) for s in range(len(self.star_size))]
        return float(np.min([each.convexity / self.rate for each in parts] + [each.step / self.rate for each in parts]))

    def _floor(self) -> Array:
        return self.star_loss + self.lambda_ / 2.0 * self.star_size


def get_steps(run: Trajectory, theta: str, since: Literal["start", "annealing"] = "start") -> Steps | None:
    """Steps of a run from its start, or from its annealing; None if there are none.

    Parameters
    ----------
    run : Trajectory
        With the observer `descent` at every step.
    theta : {"W and V", "W"}
        What theta stands for: the whole signal, or its part in W.
    since : {"start", "annealing"}
        First step of the window.

    Raises
    ------
    InputError
        If the run did not observe `descent` at every step.
    """
    data = run.dataset
    recorded = data["step_descent"].values if "step_descent" in data.coords else np.zeros(0)
    if len(recorded) < 2 or not np.array_equal(recorded, np.arange(len(recorded))):
        raise InputError("a run that did not observe descent at every step", "the theorem speaks of every step",
                         "run it with observe = {\"descent\": {\"every_steps\": 1}}")
    first = 0
    if since == "annealing":
        if math.isnan(run.annealed_tau):
            return None
        first = int(np.searchsorted(data["tau_descent"].values, run.annealed_tau))
    if first >= len(recorded) - 1:
        return None
    which = THETAS.index(theta)
    of = {name: data[f"descent_{name}"].values[first:] for name in ("rate", "loss", "star", "gradient_star")}
    of |= {name: data[f"descent_{name}"].values[first:, which]
           for name in ("feature_norm", "star_loss", "size", "gradient_size", "gradient_theta")}
    s = data["scale"].values * math.sqrt(run.experiment.d)
    distance = of["size"][:, None] - 2.0 * of["star"][:, None] * s + s**2
    of = {name: values[:-1] for name, values in of.items()}  # no step leaves the last record
    return Steps(of["rate"], of["loss"], of["feature_norm"], of["star_loss"], distance, of["size"], of["gradient_size"],
                 of["gradient_theta"], of["gradient_star"][:, None] * s, s**2, run.experiment.lambda_)
