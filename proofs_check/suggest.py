"""suggest(experiment) -> Experiment: the nearest one that meets the conditions of THEORY §9; and moves of one parameter."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from theory_sim.errors import InputError
from theory_sim.experiment import Experiment
from theory_sim.regime import LEVELS, conditions_of
from theory_sim.theory.conditions import Condition, conditions
from theory_sim.theory.noise_law import tau_stationary

__all__ = ["FREE", "Conditions", "Move", "chosen_conditions", "least_margin", "moves", "suggest"]

Conditions = Literal["all", "deciding"]
FREE: Final = ("d", "r", "lambda_", "eta_1", "eta_2", "tau_xi", "m_V")
"""Parameters that a suggestion moves; N and g0 stay, kappa and p0 = d / (2 N) follow d unless p0 is given."""
_ROLES: Final = {"all": ("order", "paper", "gap", "numerics"), "deciding": ("order", "numerics")}
_FURTHEST: Final = math.log(1e4)
_STARTS: Final = 12
# Room for rounding d and m_V to whole numbers and the others to six digits.
_SLACKS: Final = (1e-4, 3e-3, 2e-2)


@dataclass(frozen=True)
class Move:
    """One parameter, moved alone until one condition holds.

    Attributes
    ----------
    parameter : str
        Field of the experiment.
    factor : float
        By which it is multiplied.
    """

    parameter: str
    factor: float


def chosen_conditions(rows: Sequence[Condition], which: Conditions) -> list[Condition]:
    """Conditions of the roles asked for: all, or those that decide the order and the soundness of a simulation."""
    if which not in _ROLES:
        raise InputError(f"conditions = {which!r}", f"one of {', '.join(_ROLES)}", "choose one of these")
    return [row for row in rows if row.role in _ROLES[which]]


def least_margin(experiment: Experiment, which: Conditions = "all") -> float:
    """Smallest margin of the conditions asked for: at least 1 exactly if all of them hold."""
    return min(row.margin for row in chosen_conditions(conditions_of(experiment), which))


def moves(experiment: Experiment, condition: str) -> list[Move]:
    """Moves of one parameter alone that make a condition hold, the shortest first.

    Parameters
    ----------
    experiment : Experiment
        Where the condition fails.
    condition : str
        Its name.

    Returns
    -------
    list of Move
        By factors between 1e-4 and 1e4; empty if no parameter does it alone. Other conditions may fail there.
    """
    from scipy.optimize import brentq

    index = [row.name for row in conditions_of(experiment)].index(condition)
    found = []
    for name in FREE:
        def short(shift: float, name: str = name) -> float:
            return _log_margins(experiment, {name: shift})[index]

        if short(0.0) >= 0.0:
            return []
        for side in (1.0, -1.0):
            ends = [s for s in np.linspace(0.0, _FURTHEST, 41)[1:] if short(side * s) >= 0.0]
            if ends:
                inner = max(0.0, ends[0] - _FURTHEST / 40)
                root = brentq(lambda s, side=side, short=short: short(side * s), inner, ends[0], xtol=1e-10)
                found.append(Move(name, math.exp(side * root)))
    return sorted(found, key=lambda move: abs(math.log(move.factor)))


def suggest(experiment: Experiment, *, conditions: Conditions = "all", free: Sequence[str] = FREE, seed: int = 0) -> Experiment:
    """Nearest experiment that meets the conditions, N and g0 as they are.

    Parameters
    ----------
    experiment : Experiment
        Where to start.
    conditions : {"all", "deciding"}
        All of THEORY §9 at finite d, or those that decide the order and the soundness of a simulation.
    free : sequence of str
        Parameters that may move, of `FREE`; one that is 0 stays 0.
    seed : int
        Of the starting points of the search.

    Returns
    -------
    Experiment
        With the smallest max |log(new / old)| over the free parameters that sequential quadratic programming finds from 12
        starts, up to rounding; the experiment itself if it meets them.

    Raises
    ------
    InputError
        If none is found within factors of 1e4, or a name is no free parameter.
    """
    unknown = [name for name in free if name not in FREE]
    if unknown or not free:
        raise InputError(f"free = {list(free)}", f"one or more of {', '.join(FREE)}", "leave the others out")
    if least_margin(experiment, conditions) >= 1.0:
        return experiment
    names = [name for name in free if getattr(experiment, name) > 0]
    for slack in _SLACKS:
        shifts = _nearest(experiment, conditions, names, slack, seed)
        if shifts is None:
            break
        near = _moved(experiment, dict(zip(names, shifts, strict=True)))
        if least_margin(near, conditions) >= 1.0:
            return near
    raise InputError(
        f"no experiment found that meets them ({conditions}) with N = {experiment.n_examples}, g0 = {experiment.g0:g}",
        "within factors of 1e4 in " + ", ".join(names),
        "raise N" + (", or ask for the deciding ones alone (--conditions deciding)" if conditions == "all" else ""),
    )


def _nearest(
    experiment: Experiment, which: Conditions, names: Sequence[str], slack: float, seed: int
) -> NDArray[np.float64] | None:
    """Shifts of the logarithms with the smallest largest one, from several starts; None if no start ends where all hold."""
    from scipy.optimize import NonlinearConstraint, minimize

    kept = [row.role in _ROLES[which] for row in conditions_of(experiment)]
    size = len(names)

    def room(x: NDArray[np.float64]) -> NDArray[np.float64]:
        shifts = dict(zip(names, x[:size], strict=True))
        margins = [m for m, keep in zip(_log_margins(experiment, shifts), kept, strict=True) if keep]
        return np.array([*margins, _room_for_kinds(experiment, shifts)]) - slack

    def room_and_reach(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.concatenate([room(x), x[size] - x[:size], x[size] + x[:size]])

    def short(x: NDArray[np.float64]) -> float:
        return float(np.square(np.minimum(room(x), 0.0)).sum())

    def reached(x: NDArray[np.float64]) -> float:
        return float(x[size])

    bounds = [(-_FURTHEST, _FURTHEST)] * size

    rng, best = np.random.default_rng(seed), None
    for start in range(_STARTS):
        reach = 0.0 if start == 0 else rng.uniform(0.5, 5.0)
        first = rng.uniform(-reach, reach, size) if reach else np.zeros(size)
        # Where all hold first, the nearest from there: two easy searches instead of a hard one.
        met = minimize(short, first, method="L-BFGS-B", bounds=bounds)
        ended = minimize(reached, np.append(met.x, np.abs(met.x).max()), method="SLSQP", bounds=[*bounds, (0.0, _FURTHEST)],
                         constraints=NonlinearConstraint(room_and_reach, 0.0, np.inf), options={"maxiter": 300, "ftol": 1e-10})
        if room(ended.x).min() >= -1e-7 and (best is None or ended.x[size] < best[size]):
            best = ended.x
    return None if best is None else best[:size]


def _values(experiment: Experiment, shifts: Mapping[str, float]) -> dict[str, float]:
    return {name: float(getattr(experiment, name)) * math.exp(shifts.get(name, 0.0)) for name in FREE}


def _room_for_kinds(experiment: Experiment, shifts: Mapping[str, float]) -> float:
    """Logarithm of (1 - q0) / p0: at least 0 where the probabilities of the kinds add up to at most 1."""
    e = experiment
    p0 = e.p0 if e.p0 is not None else _values(e, shifts)["d"] / (2.0 * e.n_examples)
    return math.log(max(1.0 - e.q0, 1e-12) / max(p0, 1e-12))


def _log_margins(experiment: Experiment, shifts: Mapping[str, float]) -> list[float]:
    """Logarithms of the margins of THEORY §9's conditions at moved parameters, d and m_V taken as real numbers."""
    e, v = experiment, _values(experiment, shifts)
    p0 = min(e.p0 if e.p0 is not None else v["d"] / (2.0 * e.n_examples), 1.0 - 1e-9)
    tau_0: float
    if isinstance(e.tau_0, float):
        tau_0 = e.tau_0
    else:
        rate = e.tau_0_rate or v["eta_1"]
        # Beyond a rate of 2 / lambda there is no stationary level; the margins fall short there anyway.
        tau_0 = tau_stationary(min(rate, 1.99 / v["lambda_"]), v["lambda_"], v["tau_xi"])
    rows = conditions(
        d=v["d"],  # type: ignore[arg-type]
        kappa=math.sqrt(v["d"] / e.n_examples), p0=p0, q0=e.q0, g0=e.g0, r=v["r"], alpha_min=e.alpha_min, alpha_max=e.alpha_max,
        m_V=v["m_V"],  # type: ignore[arg-type]
        neurons=e.neurons, eta_1=v["eta_1"], eta_2=v["eta_2"], lambda_=v["lambda_"], tau_xi=v["tau_xi"], tau_0=tau_0,
        level=LEVELS[0],
    )
    return [min(50.0, max(-50.0, math.log(max(row.margin, 1e-30)))) for row in rows]


def _moved(experiment: Experiment, shifts: Mapping[str, float]) -> Experiment:
    """The experiment with moved parameters: whole d, even m_V, six digits of the others; N kept."""
    fields: dict[str, float | int | None] = {}
    for name, shift in shifts.items():
        if abs(shift) < 1e-9:
            continue
        value = float(getattr(experiment, name)) * math.exp(shift)
        if name == "d":
            fields[name] = max(1, round(value))
        elif name == "m_V":
            fields[name] = max(2, 2 * math.ceil(value / 2))
        else:
            fields[name] = float(f"{value:.6g}")
    return experiment.replace(**fields, N=experiment.n_examples, kappa=None)
