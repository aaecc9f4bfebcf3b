"""suggest(experiment) -> Experiment: the nearest on which the mechanism applies (THEORY §8, §9); and moves of one parameter."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from proofs_check.nearest import Point, nearest
from theory_sim.errors import InputError
from theory_sim.experiment import Experiment
from theory_sim.precision import finest_decay, largest_noise
from theory_sim.regimes import get_conditions, regime, uncovered, verdict_requirements
from theory_sim.theory import learning_times as times
from theory_sim.theory.conditions import Condition, ConditionId, conditions
from theory_sim.theory.crossings import LEVELS
from theory_sim.theory.noise_law import tau_stationary

__all__ = ["FREE", "Conditions", "Move", "chosen_conditions", "least_margin", "moves", "satisfies", "suggest"]

Floats = NDArray[np.float64]
Conditions = Literal["all", "deciding"]
FREE: Final = ("d", "r", "lambda_", "eta_1", "eta_2", "tau_xi", "m_V")
"""Parameters that a suggestion moves; N and g0 stay, kappa and p0 = d / (2 N) follow d unless p0 is given."""
_ROLES: Final = {"all": ("order", "paper", "gap", "numerics"), "deciding": ("order", "numerics")}
_FURTHEST: Final = math.log(1e4)
_STARTS, _STARTS_ALONE = 4, 8
# Random points nearer by that many are tried at the end; the verdict is asked for at so many of them.
_TRIES, _LOOKS = 300, 30
# Fineness of the closure in the search, and in the verdict; differences wide enough not to see its single steps.
_COARSE, _FINE, _STEP = 0.4, 1.0, 0.01
# Room for rounding d and m_V to whole numbers and the others to six digits.
_SLACK: Final = 1e-3
# A search that ends further from meeting everything has not stopped at a step of the closure.
_FAR_OFF: Final = 0.05
# Where the verdict is looked for: decision conditions with slack to spare, and Y(eta_2) not above 0.08.
_CUSHIONS: Final = (0.3, 0.7)
_KINDS: Final = "p0 + q0 <= 1"


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
    return min(row.margin for row in chosen_conditions(get_conditions(experiment), which))


def moves(experiment: Experiment, condition: ConditionId) -> list[Move]:
    """Moves of one parameter alone that make a condition hold, the shortest first.

    Parameters
    ----------
    experiment : Experiment
        Where the condition fails.
    condition : str
        Its id.

    Returns
    -------
    list of Move
        By factors between 1e-4 and 1e4; empty if no parameter does it alone. Other conditions may fail there.
    """
    from scipy.optimize import brentq

    index = [row.id for row in get_conditions(experiment)].index(condition)
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
    """Nearest experiment that meets the conditions and on which `check_constants` finds that the mechanism applies.

    Parameters
    ----------
    experiment : Experiment
        Where to start.
    conditions : {"all", "deciding"}
        All of THEORY §9 at finite d, or those that decide the order and the soundness of a simulation. The verdict is asked
        for in both.
    free : sequence of str
        Parameters that may move, of `FREE`; one that is 0 stays 0.
    seed : int
        Of the starting points of the search.

    Returns
    -------
    Experiment
        With the smallest max |log(new / old)| over the free parameters that sequential linear programming finds,
        up to rounding; N and g0 as they are. max_tau, max_steps, record_every and dtype follow, and count as no move. The
        experiment itself if it meets everything.

    Raises
    ------
    InputError
        If none is found within factors of 1e4, a name is no free parameter, or the predictions do not cover the experiment.
    """
    unknown = [name for name in free if name not in FREE]
    if unknown or not free or len(set(free)) < len(free):
        raise InputError(f"free = {list(free)}", f"one or more of {', '.join(FREE)}, each once", "leave the others out")
    left_out = uncovered(experiment)
    if left_out:
        raise InputError("; ".join(left_out), "a suggestion is one that the predictions cover", "change that first")
    if satisfies(experiment, conditions):
        return experiment
    longer = _moved(experiment, {})
    if satisfies(longer, conditions):
        return longer
    names = [name for name in free if getattr(experiment, name) > 0]
    if not names:
        raise InputError(f"free = {list(free)}", "one that is not 0, since factors keep 0 at 0", "let more parameters move")
    closest = _search(experiment, conditions, names, seed)
    if closest is not None and closest.short <= _FAR_OFF:
        for shifts in _around(closest.shifts, seed):
            try:
                near = _moved(experiment, dict(zip(names, shifts, strict=True)))
                if satisfies(near, conditions):
                    return _tightened(experiment, conditions, names, near, shifts, seed)
            except InputError:
                continue  # rounded or shifted past what an experiment may be, or the closure can solve
    raise _not_found(experiment, conditions, names, closest, seed)


def satisfies(experiment: Experiment, which: Conditions = "all") -> bool:
    """Whether an experiment meets the conditions asked for and `check_constants` finds that the mechanism applies."""
    return least_margin(experiment, which) >= 1.0 and regime(experiment).holds


def _tightened(
    experiment: Experiment, which: Conditions, names: Sequence[str], near: Experiment, shifts: Floats, seed: int
) -> Experiment:
    """The experiment, or one at 0.95 of its distance for as long as random points there, corners among them, bring one."""
    rng, tries, looks = np.random.default_rng(seed), 0, 0
    while tries < _TRIES and looks < _LOOKS:
        draw = rng.choice((-1.0, 1.0), shifts.size) if tries % 2 else rng.uniform(-1.0, 1.0, shifts.size)
        there, tries = 0.95 * np.abs(shifts).max() * draw, tries + 1
        try:
            closer = _moved(experiment, dict(zip(names, there, strict=True)))
            if least_margin(closer, which) < 1.0:
                continue
            looks += 1
            if regime(closer).holds:
                near, shifts, tries, looks = closer, there, 0, 0
        except InputError:
            continue
    return near


def _around(shifts: Floats, seed: int) -> Iterator[Floats]:
    """The point itself, then points around it, further and further: rounding, or a jump of the closure's steps, may undo it."""
    yield shifts
    rng = np.random.default_rng(seed)
    for radius in np.linspace(0.002, 0.06, 30):
        yield shifts + rng.choice((-1.0, 1.0), shifts.size) * radius
        yield shifts + rng.uniform(-radius, radius, shifts.size)


def _search(experiment: Experiment, which: Conditions, names: Sequence[str], seed: int) -> Point | None:
    """Nearest point, in logarithms of the names, where conditions and verdict hold with a little to spare.

    The verdict costs a hundred times what the conditions do. So the conditions alone come first, from several starts, as they
    are and with cushions; then both, by a coarse closure, from where those searches ended and from the experiment itself;
    then both by the closure of the verdict, from the best of these.
    """
    cheap = _conditions_alone(experiment, which, names)

    def both(fineness: float) -> Callable[[Floats], Floats | None]:
        def slacks(x: Floats) -> Floats | None:
            found = _slacks(experiment, which, dict(zip(names, x, strict=True)), fineness)
            return None if found is None else np.array(list(found.values())) - _SLACK

        return slacks

    def cushioned(cushion: float) -> Callable[[Floats], Floats]:
        wanted = np.array([{"order": cushion, "numerics": 0.0}.get(row.role, -50.0) for row in get_conditions(experiment)])
        wanted[[row.id == "S-is-frozen" for row in get_conditions(experiment)]] = -1.0

        def slacks(x: Floats) -> Floats:
            shifts = dict(zip(names, x, strict=True))
            margins = np.array([*_log_margins(experiment, shifts), _slack_of_kinds(experiment, shifts)])
            return np.concatenate([cheap(x), margins - np.append(wanted, 0.0)])

        return slacks

    starts = _starts(len(names), seed, _STARTS)
    ends = [_from_all(slacks, starts) for slacks in (cheap, *map(cushioned, _CUSHIONS))]
    bound = ends[0].reach if ends[0] is not None and ends[0].short == 0.0 else 0.0
    coarse: list[Point | None] = []
    for start in _apart([*(end.shifts for end in ends if end is not None), starts[0]]):
        coarse.append(found := nearest(both(_COARSE), start, _FURTHEST, step=_STEP, iterations=40))
        # No nearer than the conditions alone allow.
        if found is not None and found.short == 0.0 and found.reach <= 1.02 * bound:
            break
    best = min((each for each in coarse if each is not None), key=_badness, default=None)
    return best and (nearest(both(_FINE), best.shifts, _FURTHEST, step=_STEP, iterations=15, first_step=0.05) or best)


def _from_all(slacks: Callable[[Floats], Floats], starts: Sequence[Floats], iterations: int = 40) -> Point | None:
    ends = [nearest(slacks, start, _FURTHEST, step=1e-5, iterations=iterations) for start in starts]
    return min((end for end in ends if end is not None), key=_badness, default=None)


def _badness(point: Point) -> tuple[float, float]:
    return point.short, point.reach


def _apart(points: Sequence[Floats]) -> Iterator[Floats]:
    """Those of the points that lie apart from all before them."""
    kept: list[Floats] = []
    for point in points:
        if all(np.abs(point - other).max() > 0.1 for other in kept):
            kept.append(point)
            yield point


def _not_found(experiment: Experiment, which: Conditions, names: Sequence[str], closest: Point | None, seed: int) -> InputError:
    """Why nothing was found: what excludes each other where the search ended, and what would help."""
    n = experiment.n_examples
    seen = f"no experiment found that meets the conditions ({which}) and the verdict with N = {n}, g0 = {experiment.g0:g}"
    if closest is not None and closest.short > _FAR_OFF:
        shifts = dict(zip(names, closest.shifts, strict=True))
        slacks = _slacks(experiment, which, shifts, _FINE) or _slacks(experiment, which, shifts, _COARSE) or {}
        # At the best compromise those that exclude each other fall short by about the same.
        binding = [name for name, slack in slacks.items() if slack <= -0.5 * closest.short < 0.0]
        seen += f"; the best compromise misses by a factor of {math.exp(closest.short):.3g}"
        seen += f" in {'; '.join(binding)}" if binding else ""
    within = "within factors of 1e4 in " + ", ".join(names)
    if _met_alone(experiment, which, names, seed):
        fix = "let more parameters move, or change N, g0, q0 or alpha_min, which a suggestion keeps"
        return InputError(seen, within, "the conditions can be met, the verdict with them was not: " + fix)
    ways = [] if set(names) == set(FREE) else ["let more parameters move"]
    for factor in (2, 4, 8, 16, 32, 64, 0.5, 0.25, 0.125):
        other = max(1, round(factor * n))
        if other * (1.0 - experiment.q0) > 0.5 and _met_alone(_with_examples(experiment, other), which, names, seed):
            ways.append(f"take N = {other}, where the conditions alone can be met")
            break
    if which == "all":
        ways.append("ask for the deciding ones alone (--conditions deciding)")
    ways = ways or ["change N, q0, g0 or alpha_min, which a suggestion keeps"]
    return InputError(seen, within, "the conditions exclude each other: " + ", or ".join(ways))


def _with_examples(experiment: Experiment, n: int) -> Experiment:
    return experiment.model_copy(update={"N": n, "kappa": None})


def _met_alone(experiment: Experiment, which: Conditions, names: Sequence[str], seed: int) -> bool:
    """Whether a search finds where the conditions hold, whatever the verdict."""
    met = _from_all(_conditions_alone(experiment, which, names), _starts(len(names), seed, _STARTS_ALONE), iterations=80)
    return met is not None and met.short == 0.0


def _conditions_alone(experiment: Experiment, which: Conditions, names: Sequence[str]) -> Callable[[Floats], Floats]:
    def slacks(x: Floats) -> Floats:
        return np.array(list(_condition_slacks(experiment, which, dict(zip(names, x, strict=True))).values())) - _SLACK

    return slacks


def _starts(size: int, seed: int, count: int) -> list[Floats]:
    rng = np.random.default_rng(seed)
    return [np.zeros(size), *(rng.uniform(-reach, reach, size) for reach in rng.uniform(0.5, 5.0, count - 1))]


def _values(experiment: Experiment, shifts: Mapping[str, float]) -> dict[str, float]:
    return {name: float(getattr(experiment, name)) * math.exp(shifts.get(name, 0.0)) for name in FREE}


def _slack_of_kinds(experiment: Experiment, shifts: Mapping[str, float]) -> float:
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
    grown = largest_noise(e) / e.tau_0_value if e.tau_0_value > 0.0 else 1.0
    rows = conditions(
        d=v["d"],  # type: ignore[arg-type]
        kappa=math.sqrt(v["d"] / e.n_examples), p0=p0, q0=e.q0, g0=e.g0, r=v["r"], alpha_min=e.alpha_min, alpha_max=e.alpha_max,
        m_V=v["m_V"],  # type: ignore[arg-type]
        neurons=e.neurons, eta_1=v["eta_1"], eta_2=v["eta_2"], lambda_=v["lambda_"], tau_xi=v["tau_xi"], tau_0=tau_0,
        level=LEVELS[0], dtype=e.dtype, tau_largest=tau_0 * grown,
        other_rates=[rate for _, rate in e.pieces or ()],
    )
    return [min(50.0, max(-50.0, math.log(max(row.margin, 1e-30)))) for row in rows]


def _condition_slacks(experiment: Experiment, which: Conditions, shifts: Mapping[str, float]) -> dict[str, float]:
    """Slacks of the conditions asked for, and of the kinds' probabilities, at moved parameters."""
    rows = get_conditions(experiment)
    found = zip(rows, _log_margins(experiment, shifts), strict=True)
    slacks = {row.label: margin for row, margin in found if row.role in _ROLES[which]}
    return slacks | {_KINDS: _slack_of_kinds(experiment, shifts)}


def _slacks(experiment: Experiment, which: Conditions, shifts: Mapping[str, float], fineness: float) -> dict[str, float] | None:
    """Slacks of conditions and verdict at moved parameters; None where the closure predicts nothing."""
    slacks = _condition_slacks(experiment, which, shifts)
    v = _values(experiment, shifts)
    if max(v["eta_1"], v["eta_2"]) * v["lambda_"] >= 1.0 or slacks[_KINDS] < 0.0:
        return None
    # Not validated, so that d and m_V may be real numbers.
    fields = {**v, "N": experiment.n_examples, "kappa": None}
    try:
        followed = _followed(experiment.model_copy(update=fields))
        verdict = verdict_requirements(followed, fineness=fineness)
    except InputError:  # blocks too long to solve
        return None
    # The precision follows, so that float32 binds nothing.
    bound_by_float32 = {"noise-resolved", *(f"decay-resolved-{field}" for field in followed.rates())}
    skipped = bound_by_float32 if followed.dtype == "float32" else set()
    return slacks | {each.label: each.slack for each in verdict if each.id not in skipped}


def _followed(experiment: Experiment) -> Experiment:
    """The experiment with time and records enough to see both patterns learnt, by the closed forms of THEORY §8.

    max_tau reaches at least twice the longer learning time with frozen patterns, max_steps that far, and at least 20 records
    come before the shorter one. Where float32 would round the decay away, float64 takes its place.
    """
    e = experiment
    if e.dtype == "float32" and 0.0 < min(e.rates().values()) * e.lambda_ < finest_decay("float32"):
        e = e.model_copy(update={"dtype": "float64"})
    learnt = (times.tau_P(LEVELS[0], d=e.d, q0=e.q0, g0=e.g0),
              times.tau_Q(LEVELS[0], r=e.r, p0=e.p0_value, alpha_min=e.alpha_min, alpha_max=e.alpha_max))  # fmt: skip
    if not all(map(math.isfinite, learnt)):
        return e  # one kind alone: no length of a run shows an order
    fields: dict[str, Any] = {"max_tau": max(e.max_tau, 2.0 * max(learnt))}
    fields["record_every"] = min(e.record_every, min(learnt) / 20.0)
    if e.max_steps is not None:
        fields["max_steps"] = max(e.max_steps, math.ceil(fields["max_tau"] / min(e.eta_1, e.eta_2)))
    return e.model_copy(update=fields)


def _moved(experiment: Experiment, shifts: Mapping[str, float]) -> Experiment:
    """The experiment with moved parameters: whole d, even m_V, six digits of the others; N kept, the run's length following."""
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
