"""Laws of the accumulated noise (THEORY §5), each a function that raises AssertionError if it does not hold.

The recursion is carried out once more here, from the parameters of the experiment: a run is not held against its own record.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from theory_sim.arrays import Array
from theory_sim.errors import InputError
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import OPTIMISERS, SCHEDULES
from theory_sim.train.schedules import Schedule
from theory_sim.trajectory import Trajectory

__all__ = ["expected_levels", "noise_follows_recursion", "noise_level_is_likely"]


def noise_level_is_likely(rms: float, tau: float, entries: int, *, level: float = 1e-6) -> None:
    """The root mean square of ``entries`` independent N(0, tau^2) numbers lies within its chi-square bounds.

    Parameters
    ----------
    rms : float
        Measured.
    tau : float
        Standard deviation by the theory (THEORY §5).
    entries : int
        Number of independent entries; neurons of a pair share theirs.
    level : float
        Probability that a right simulator is refused.

    Raises
    ------
    AssertionError
        If the measured level is outside of the bounds, or one of the two levels is no number, or there are no entries.

    Examples
    --------
    A measured level 1 % off, of 10 000 entries, is likely; 10 % off is not:

    >>> from theory_sim.testing import noise_level_is_likely
    >>> noise_level_is_likely(1.01, 1.0, entries=10_000)
    >>> noise_level_is_likely(1.1, 1.0, entries=10_000)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    AssertionError: noise level 1.1 of 10000 entries, expected 1, within [0.965579, 1.03475] at level 1e-06...
    """
    from scipy import stats

    assert math.isfinite(rms) and math.isfinite(tau) and entries > 0, f"noise level {rms} of {entries} entries, expected {tau}"
    if tau == 0.0:
        assert rms == 0.0, f"noise level {rms:g} where there is no noise"
        return
    low, high = (tau * math.sqrt(float(stats.chi2.ppf(q, entries)) / entries) for q in (level / 2, 1 - level / 2))
    assert low <= rms <= high, (
        f"noise level {rms:.6g} of {entries} entries, expected {tau:.6g}, within [{low:.6g}, {high:.6g}] at level {level:g}"
    )


def expected_levels(experiment: Experiment, steps: int, annealed_tau: float = math.nan) -> tuple[Array, Array]:
    """tau and the noise level tau_t before each step and at the end, by the experiment's parameters alone (THEORY §3, §5).

    Parameters
    ----------
    experiment : Experiment
        Description of the run.
    steps : int
        Steps taken.
    annealed_tau : float
        When L-S annealed, which depends on losses; not read for other schedules.

    Returns
    -------
    tau, level : (steps + 1,) float64 arrays
        Learning-rate time, and standard deviation of an entry of the accumulated noise.

    Examples
    --------
    >>> from theory_sim import Experiment
    >>> from theory_sim.testing import expected_levels
    >>> tau, level = expected_levels(Experiment(schedule="S"), steps=2)
    >>> tau, level.round(4)
    (array([0. , 0.5, 1. ]), array([1.    , 0.9998, 0.9995]))
    """
    e, tau, before, fallen = experiment, 0.0, -math.inf, False
    if not OPTIMISERS[e.optimiser].in_theory:
        raise InputError(f"optimiser = {e.optimiser!r}", "gradient descent, whose recursion is carried out once more here",
                         "check another optimiser by its own law")
    start, chosen = e.tau_0, SCHEDULES[e.schedule]
    if isinstance(start, str):  # stationary
        rate = e.tau_0_rate or e.eta_1
        start = e.tau_xi * math.sqrt(rate / e.lambda_ / (2.0 - rate * e.lambda_))
    times, levels = np.empty(steps + 1), np.empty(steps + 1)
    times[0], levels[0] = 0.0, start
    for t in range(steps):
        gamma = _rate(e, tau, annealed_tau)
        # L-S can anneal before its first step; no rate is then seen to fall.
        falls = issubclass(chosen, Schedule) and chosen.piecewise_constant and gamma < before
        annealed = tau * (1.0 + 1e-9) >= annealed_tau if chosen.reads_losses else falls
        fallen = fallen or annealed
        increment = {"gradient": gamma, "iterates": 1.0}.get(e.noise_placement, 0.0) * _placed_level(e, tau, fallen)
        levels[t + 1] = math.sqrt(((1.0 - gamma * e.lambda_) * levels[t]) ** 2 + (gamma * e.tau_xi) ** 2 + increment**2)
        tau, before = tau + gamma, gamma
        times[t + 1] = tau
    return times, levels


def _pieces_rate(e: Experiment, late: float) -> float:
    pieces = e.pieces or ()
    return [*(rate for until, rate in pieces if late < until), pieces[-1][1]][0]


def _cosine_rate(e: Experiment, tau: float) -> float:
    return e.eta_2 + (e.eta_1 - e.eta_2) * math.cos(0.5 * math.pi * min(tau / e.max_tau, 1.0)) ** 2


# Rates by schedule, written down once more, of an experiment at tau, at tau with the rounding of sums of rates (a step at the
# very moment of a change is after it), annealed at a third time.
_RATES: Final[Mapping[str, Callable[[Experiment, float, float, float], float]]] = {
    "L-S": lambda e, tau, late, annealed_tau: e.eta_2 if late >= annealed_tau else e.eta_1,
    "S": lambda e, tau, late, annealed_tau: e.eta_2,
    "constant": lambda e, tau, late, annealed_tau: e.eta_1,
    "step": lambda e, tau, late, annealed_tau: e.eta_1 * e.step_factor ** math.floor(late / (e.step_tau or math.inf)),
    "cosine": lambda e, tau, late, annealed_tau: _cosine_rate(e, tau),
    "pieces": lambda e, tau, late, annealed_tau: _pieces_rate(e, late),
}


def _rate(e: Experiment, tau: float, annealed_tau: float) -> float:
    if e.schedule not in _RATES:
        raise InputError(f"schedule = {e.schedule!r}", "a schedule whose rates are written down here once more, independently",
                         "check another schedule by its own law")
    return _RATES[e.schedule](e, tau, tau * (1.0 + 1e-9), annealed_tau)


def _placed_level(e: Experiment, tau: float, fallen: bool) -> float:
    annealed = fallen if e.anneals_with_rate else (
        e.anneals_noise and tau * (1.0 + 1e-9) >= float(e.noise_annealing))
    return e.noise_level * (e.noise_factor if annealed else 1.0)


def noise_follows_recursion(trajectory: Trajectory, *, level: float = 1e-6) -> None:
    """The noise of a run has the level tau_t of the recursion at every record and at the end (THEORY §5).

    The recursion is that of `expected_levels`. What the run records as tau_t must be the same number; the noise that it
    measured at each record, and the accumulated noise that it stored, must be of that level.

    Parameters
    ----------
    trajectory : Trajectory
        A finished run at finite width.
    level : float
        Probability that a right run is refused, shared out evenly among records and layers.

    Raises
    ------
    AssertionError
        If there are no records, tau or tau_t is not that of the recursion, or a layer's level is outside of the chi-square
        bounds at some record or at the end.

    Examples
    --------
    >>> from theory_sim import Experiment, simulate
    >>> from theory_sim.testing import noise_follows_recursion
    >>> noise_follows_recursion(simulate(Experiment(d=20, N=80, m_W=20, m_V=200, max_tau=100.0)))
    """
    dataset, e = trajectory.dataset, trajectory.experiment
    at = dataset["step"].values.astype(np.int64)
    assert len(at), "a run without records"
    steps = int(dataset.attrs["final_step"])
    times, levels = expected_levels(e, max(steps, int(at[-1])), trajectory.annealed_tau)
    for name, expected in (("tau", times[at]), ("tau_noise_exact", levels[at])):
        # A recursion of T steps makes a few rounding errors a step.
        np.testing.assert_allclose(trajectory.history(name), expected, rtol=1e-14 * (steps + 10), err_msg=name)
    share = 2 if e.paired else 1
    layers = dataset["layer"].values
    assert len(layers), "a run without layers"
    part = level / (len(layers) * (len(at) + 1))
    for layer in layers:
        noise = dataset[f"{layer}_noise"].values[::share].astype(np.float64)
        for rms, tau in zip(trajectory.history("tau_noise", layer=layer), levels[at], strict=True):
            noise_level_is_likely(float(rms), float(tau), noise.size, level=part)
        noise_level_is_likely(math.sqrt(float(np.mean(noise**2))), float(levels[steps]), noise.size, level=part)
