"""get_closure(experiment) -> Closure: the closure's equations for the parameters of an experiment (THEORY §8, §16)."""

from __future__ import annotations

import math

from theory_sim.closure.rates import ClosureRates
from theory_sim.experiment import Experiment
from theory_sim.numeric.blas import one_blas_thread
from theory_sim.theory.arc_cosine import RELU
from theory_sim.theory.closure import Closure, ClosureProblem, solve_closure
from theory_sim.theory.closure.loss import LOGISTIC, SQUARED
from theory_sim.train.losses import make_loss

__all__ = ["get_closure"]

BLOCKS = 100


def get_closure(experiment: Experiment, schedule: str | None = None, *, fineness: float = 1.0, adds_up: bool = True) -> Closure:
    """Closure of an experiment, under its own schedule or the one given (THEORY §8, §16).

    ``fineness`` multiplies the number of its blocks of time: less than 1 is faster and coarser. Without ``adds_up`` times are
    not summed step by step, which takes long where there are millions of steps. What the closure leaves out of an experiment
    (the engine refuses it) is not looked at.

    Raises
    ------
    InputError
        If a rate times lambda reaches 1, or the run needs too many blocks.
    """
    # Not validated again: searches over parameters take d as a real number.
    e = experiment if schedule is None else experiment.model_copy(update={"schedule": schedule})
    with one_blas_thread():
        return solve_closure(make_problem(e), ClosureRates(e), blocks=math.ceil(fineness * BLOCKS), adds_up=adds_up)


def make_problem(e: Experiment) -> ClosureProblem:
    """What the closure takes of an experiment."""
    return ClosureProblem(
        d=e.d, n_examples=e.n_examples, p0=e.p0_value, q0=e.q0, g0=e.g0, r=e.r, alpha_min=e.alpha_min, alpha_max=e.alpha_max,
        lambda_=e.lambda_, tau_xi=e.tau_xi, tau_0=e.tau_0_value, max_tau=e.max_tau, max_steps=e.max_steps,
        stop_loss=e.epsilon_2, patterns=e.patterns, constants=e.kernel_constants or RELU,
        loss=SQUARED if make_loss(e).of_targets else LOGISTIC,
    )
