"""An experiment with some parameters moved by factors: its slacks in conditions and verdict, and itself, rounded."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final, Literal

from theory_sim.errors import InputError, nearest
from theory_sim.experiment import Experiment
from theory_sim.precision import finest_decay, largest_noise
from theory_sim.regimes import get_conditions, verdict_requirements
from theory_sim.scope import has_order
from theory_sim.theory import learning_times as times
from theory_sim.theory.conditions import Condition, conditions
from theory_sim.theory.crossings import LEVELS
from theory_sim.theory.noise_law import tau_stationary
from theory_sim.theory.predicted_order import Requirement

__all__ = [
    "FREE", "FURTHEST", "Conditions", "all_slacks", "chosen_conditions", "condition_slacks", "log_margins", "moved",
    "shortened", "slack_of_kinds", "with_examples",
]

Conditions = Literal["all", "deciding"]
FREE: Final = ("d", "r", "lambda_", "eta_1", "eta_2", "tau_xi", "m_V")
"""Parameters that a suggestion moves; N and g0 stay, kappa and p0 = d / (2 N) follow d unless p0 is given."""
FURTHEST: Final = math.log(1e4)
"""Largest shift of a logarithm."""
_ROLES: Final = {"all": ("order", "paper", "gap", "numerics"), "deciding": ("order", "numerics")}
_KINDS: Final = "kinds-add-up"
_WHOLE: Final[Mapping[str, Callable[[float], int]]] = {
    "d": lambda value: max(2, round(value)), "m_V": lambda value: max(2, 2 * math.ceil(value / 2)),
}


def with_examples(experiment: Experiment, n: int) -> Experiment:
    """The experiment with another number of examples."""
    return experiment.model_copy(update={"N": n, "kappa": None})


def values(experiment: Experiment, shifts: Mapping[str, float]) -> dict[str, float]:
    return {name: float(getattr(experiment, name)) * math.exp(shifts.get(name, 0.0)) for name in FREE}


def slack_of_kinds(experiment: Experiment, shifts: Mapping[str, float]) -> float:
    """Logarithm of (1 - q0) / p0: at least 0 where the probabilities of the kinds add up to at most 1."""
    e = experiment
    p0 = e.p0 if e.p0 is not None else values(e, shifts)["d"] / (2.0 * e.n_examples)
    return math.log(max(1.0 - e.q0, 1e-12) / max(p0, 1e-12))


def log_margins(experiment: Experiment, shifts: Mapping[str, float]) -> list[float]:
    """Logarithms of the margins of THEORY §9's conditions at moved parameters, d and m_V taken as real numbers."""
    e, v = experiment, values(experiment, shifts)
    p0 = min(e.p0 if e.p0 is not None else v["d"] / (2.0 * e.n_examples), 1.0 - 1e-9)
    tau_0: float
    if isinstance(e.tau_0, float):
        tau_0 = e.tau_0
    else:
        rate = e.tau_0_rate or v["eta_1"]
        # Beyond a rate of 2 / lambda there is no stationary level; the margins fall short there anyway.
        tau_0 = tau_stationary(min(rate, 1.99 / v["lambda_"]), v["lambda_"], v["tau_xi"])
    grown = largest_noise(e) / e.tau_0_value if e.tau_0_value > 0.0 else 1.0
    rows = conditions(
        d=v["d"],  # type: ignore[arg-type]
        kappa=math.sqrt(v["d"] / e.n_examples), p0=p0, q0=e.q0, g0=e.g0, r=v["r"], alpha_min=e.alpha_min, alpha_max=e.alpha_max,
        m_V=v["m_V"],  # type: ignore[arg-type]
        neurons=e.neurons, eta_1=v["eta_1"], eta_2=v["eta_2"], lambda_=v["lambda_"], tau_xi=v["tau_xi"], tau_0=tau_0,
        level=LEVELS[0], dtype=e.dtype, tau_largest=tau_0 * grown,
        rates={"eta_1": v["eta_1"], "eta_2": v["eta_2"]} if has_order(e) else e.rates(),
    )
    return [min(50.0, max(-50.0, math.log(max(row.margin, 1e-30)))) for row in rows]


def condition_slacks(experiment: Experiment, which: Conditions, shifts: Mapping[str, float]) -> dict[str, Requirement]:
    """The conditions asked for, and the one on the kinds' probabilities, at moved parameters: by their ids."""
    rows = get_conditions(experiment)
    found = zip(rows, log_margins(experiment, shifts), strict=True)
    slacks = [Requirement(row.id, row.label, margin) for row, margin in found if row.role in _ROLES[which]]
    kinds = Requirement(_KINDS, "p0 + q0 <= 1", slack_of_kinds(experiment, shifts))
    return {each.id: each for each in (*slacks, kinds)}


def all_slacks(
    experiment: Experiment, which: Conditions, shifts: Mapping[str, float], fineness: float
) -> dict[str, Requirement] | None:
    """Conditions and what the verdict asks, at moved parameters, by their ids; None where the closure predicts nothing."""
    slacks = condition_slacks(experiment, which, shifts)
    v = values(experiment, shifts)
    if max(v["eta_1"], v["eta_2"]) * v["lambda_"] >= 1.0 or slacks[_KINDS].slack < 0.0:
        return None
    # Not validated, so that d and m_V may be real numbers.
    fields = {**v, "N": experiment.n_examples, "kappa": None}
    try:
        followed = _followed(experiment.model_copy(update=fields))
        verdict = verdict_requirements(followed, fineness=fineness)
    except InputError:  # blocks too long to solve
        return None
    # The precision follows, so that float32 binds nothing; the requirements are the same ones at every point.
    of_precision = {"noise-resolved", *(f"decay-resolved-{field}" for field in followed.rates())}
    free = of_precision if followed.single_precision else set()
    for each in verdict:
        # The condition is of the experiment's own precision, and stands beside what the verdict asks if that is another one.
        beside = experiment.single_precision and each.id in of_precision
        slacks[f"{each.id}-in-float64" if beside else each.id] = replace(each, slack=math.inf) if each.id in free else each
    return slacks


def _followed(experiment: Experiment) -> Experiment:
    """The experiment with time and records enough to see both patterns learnt, by the closed forms of THEORY §8.

    max_tau reaches at least twice the longer learning time with frozen patterns, max_steps that far, and at least 20 records
    come before the shorter one. Where float32 would round the decay away, float64 takes its place.
    """
    e = experiment
    if e.single_precision and 0.0 < min(e.rates().values()) * e.lambda_ < finest_decay("float32"):
        e = e.model_copy(update={"dtype": "float64"})
    learnt = _learnt(e)
    if not all(map(math.isfinite, learnt)):
        return e  # one kind alone: no length of a run shows an order
    fields: dict[str, float] = {"max_tau": max(e.max_tau, 2.0 * max(learnt))}
    fields["record_every"] = min(e.record_every, min(learnt) / 20.0)
    if e.max_steps is not None:
        fields["max_steps"] = max(e.max_steps, math.ceil(fields["max_tau"] / min(e.eta_1, e.eta_2)))
    return e.model_copy(update=fields)


def _learnt(e: Experiment) -> tuple[float, float]:
    """Learning times of P and Q by the closed forms of THEORY §8."""
    return (times.tau_P(LEVELS[0], d=e.d, q0=e.q0, g0=e.g0),
            times.tau_Q(LEVELS[0], r=e.r, p0=e.p0_value, alpha_min=e.alpha_min, alpha_max=e.alpha_max))  # fmt: skip


def shortened(experiment: Experiment) -> Experiment:
    """The experiment with a run of four times the longer learning time by the closed forms, if that is shorter."""
    enough = 4.0 * max(_learnt(experiment))
    return experiment.replace(max_tau=_three_digits(enough, math.ceil)) if enough < experiment.max_tau else experiment


def moved(experiment: Experiment, shifts: Mapping[str, float]) -> Experiment:
    """The experiment with moved parameters: whole d, even m_V, six digits of the others; N kept, the run's length following."""
    fields: dict[str, float | int | None] = {}
    for name, shift in shifts.items():
        if abs(shift) < 1e-9:
            continue
        value = float(getattr(experiment, name)) * math.exp(shift)
        fields[name] = _WHOLE[name](value) if name in _WHOLE else float(f"{value:.6g}")
    near = experiment.replace(**fields, N=experiment.n_examples, kappa=None)
    followed = _followed(near)
    near = near.replace(dtype=followed.dtype)
    if followed.max_tau > near.max_tau:
        near = near.replace(max_tau=_three_digits(followed.max_tau, math.ceil))
    if followed.record_every < near.record_every:
        near = near.replace(record_every=_three_digits(followed.record_every, math.floor))
    return near if near.max_steps is None else near.replace(max_steps=_followed(near).max_steps)


def _three_digits(value: float, whole: Callable[[float], int]) -> float:
    unit = 10.0 ** (math.floor(math.log10(value)) - 2)
    return float(f"{whole(value / unit) * unit:.3g}")


def chosen_conditions(rows: Sequence[Condition], which: Conditions) -> list[Condition]:
    """Conditions of the roles asked for: all, or those that decide the order and the soundness of a simulation."""
    if which not in _ROLES:
        raise InputError(f"conditions = {which!r}", f"one of {', '.join(_ROLES)}", nearest(which, _ROLES))
    return [row for row in rows if row.role in _ROLES[which]]
