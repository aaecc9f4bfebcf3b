"""suggest(experiment) -> Experiment: the nearest on which the mechanism applies (THEORY §8, §9)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from proofs_check.suggestion.nearest import Candidate, nearest
from proofs_check.suggestion.shifted import (
    FREE,
    FURTHEST,
    Conditions,
    all_slacks,
    chosen_conditions,
    condition_slacks,
    log_margins,
    moved,
    slack_of_kinds,
    with_examples,
)
from theory_sim.closure.predicted import predict
from theory_sim.errors import InputError
from theory_sim.experiment import Experiment
from theory_sim.reading.arguments import accepts
from theory_sim.regimes import each_requirement, get_conditions, regime
from theory_sim.scope import uncovered
from theory_sim.theory.conditions import in_words
from theory_sim.theory.predicted_order import Requirement

__all__ = ["applies", "least_margin", "satisfies", "suggest"]

Floats = NDArray[np.float64]
_STARTS, _STARTS_ALONE = 4, 8
# Random points nearer by that many are tried at the end; the verdict is asked for at so many of them.
_TRIES, _LOOKS = 300, 30
# Fineness of the closure in the search, and in the verdict; differences wide enough not to see its single steps. A coarser one
# is faster, and ends at points that are not the nearest, or at none: at 0.15 from one of the starts of
# test_suggestions_from_twelve_starts.
_COARSE, _FINE, _STEP = 0.4, 1.0, 0.01
# By a coarse closure a search ends early, since the fine one starts at the best end; that one ends where the closure's
# single steps hide what a move gains.
_SOON: Final[Mapping[str, float]] = {"least_step": 0.01, "least_gain": 0.003}
_ROUGH_STEP: Final = 2e-3
# Room for rounding d and m_V to whole numbers and the others to six digits, and for what the closure's times, by which is
# searched, differ from those of the mean field, which has the verdict.
_SLACK: Final = 2e-3
# More than the two differ by in any requirement.
_APART: Final = 0.02
# A search that ends further from meeting everything has not stopped at a step of the closure.
_FAR_OFF: Final = 0.05
# Where the verdict is looked for: decision conditions with slack to spare, and Y(eta_2) not above 0.08.
_CUSHIONS: Final = (0.3, 0.7)


def least_margin(experiment: Experiment, which: Conditions = "all") -> float:
    """Smallest margin of the conditions asked for: at least 1 exactly if all of them hold."""
    return min(row.margin for row in chosen_conditions(get_conditions(experiment), which))


@accepts(experiment="Experiment", conditions="a text", free="a list of texts", seed="a whole number")
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

    Examples
    --------
    It takes some seconds:

    >>> from proofs_check import suggest
    >>> from theory_sim import Experiment
    >>> near = suggest(Experiment(r=0.6), conditions="deciding", free=("r", "lambda_"))  # doctest: +SKIP
    """
    unknown = [name for name in free if name not in FREE]
    if unknown or not free or len(set(free)) < len(free):
        raise InputError(f"free = {list(free)}", f"one or more of {', '.join(FREE)}, each once", "leave the others out")
    left_out = uncovered(experiment)
    if left_out:
        raise InputError("; ".join(left_out), "a suggestion is one that the predictions cover", "change that first")
    if satisfies(experiment, conditions):
        return experiment
    longer = moved(experiment, {})
    if satisfies(longer, conditions):
        return longer
    names = [name for name in free if getattr(experiment, name) > 0]
    if not names:
        raise InputError(f"free = {list(free)}", "one that is not 0, since factors keep 0 at 0", "let more parameters move")
    closest = _search(experiment, conditions, names, seed)
    if closest is not None and closest.short <= _FAR_OFF:
        for shifts in _around(closest.shifts, seed):
            try:
                near = moved(experiment, dict(zip(names, shifts, strict=True)))
                if satisfies(near, conditions):
                    return _rounded(experiment, conditions, _tightened(experiment, conditions, names, near, shifts, seed))
            except InputError:
                continue  # rounded or shifted past what an experiment may be, or the closure can solve
    raise _not_found(experiment, conditions, names, closest, seed)


def satisfies(experiment: Experiment, which: Conditions = "all") -> bool:
    """Whether an experiment meets the conditions asked for and `check_constants` finds that the mechanism applies."""
    return least_margin(experiment, which) >= 1.0 and _holds(experiment, _FINE, _APART)


def _tightened(
    experiment: Experiment, which: Conditions, names: Sequence[str], near: Experiment, shifts: Floats, seed: int
) -> Experiment:
    """The experiment, or one at 0.95 of its distance for as long as random points there, corners among them, bring one."""
    rng, tries, looks = np.random.default_rng(seed), 0, 0
    while tries < _TRIES and looks < _LOOKS:
        draw = rng.choice((-1.0, 1.0), shifts.size) if tries % 2 else rng.uniform(-1.0, 1.0, shifts.size)
        there, tries = 0.95 * np.abs(shifts).max() * draw, tries + 1
        try:
            closer = moved(experiment, dict(zip(names, there, strict=True)))
        except InputError:
            continue
        if least_margin(closer, which) < 1.0:
            continue
        looks += 1
        if applies(closer):
            near, shifts, tries, looks = closer, there, 0, 0
    return near


def applies(experiment: Experiment) -> bool:
    """Whether `check_constants` finds that the mechanism applies; a coarse closure knows most of where it does not."""
    return _holds(experiment, _COARSE, _FAR_OFF)


def _holds(experiment: Experiment, fineness: float, off: float) -> bool:
    """The verdict, which is the mean field's; it is asked where the closure, which takes a tenth of the time, is not off by
    more."""
    try:
        nearly = all(each.slack > -off for each in each_requirement(experiment, fineness=fineness))
    except InputError:  # blocks too long to solve
        return False
    return nearly and regime(experiment).holds


def _rounded(experiment: Experiment, which: Conditions, near: Experiment) -> Experiment:
    """What is found, with as few parameters moved as do it, and at three digits where that meets everything, too.

    Neither makes the largest move larger, but for rounding, half a percent.
    """
    shifts = {name: math.log(getattr(near, name) / getattr(experiment, name)) for name in FREE
              if getattr(near, name) != getattr(experiment, name)}
    for name in sorted(shifts, key=lambda name: abs(shifts[name])):
        fewer = {other: shift for other, shift in shifts.items() if other != name}
        there = _tried(experiment, which, fewer)
        if there is not None:
            shifts, near = fewer, there
    for away in (False, True):  # to the nearest value, or to the one that is not nearer to the start
        rounded = {name: _shift_of(getattr(experiment, name), shift, away) for name, shift in shifts.items()}
        there = _tried(experiment, which, rounded)
        if there is not None:
            return there
    return near


def _shift_of(start: float, shift: float, away: bool) -> float:
    """The shift that leads to a value of three digits."""
    value = start * math.exp(shift)
    unit = 10.0 ** (math.floor(math.log10(value)) - 2)
    whole = (math.ceil if shift > 0.0 else math.floor) if away else round
    return math.log(whole(value / unit) * unit / start)


def _tried(experiment: Experiment, which: Conditions, shifts: Mapping[str, float]) -> Experiment | None:
    """The experiment with these shifts, if it meets everything."""
    try:
        there = moved(experiment, shifts)
    except InputError:
        return None
    return there if least_margin(there, which) >= 1.0 and applies(there) else None


def _around(shifts: Floats, seed: int) -> Iterator[Floats]:
    """The point itself, then points around it, further and further: rounding, or a jump of the closure's steps, may undo it."""
    yield shifts
    rng = np.random.default_rng(seed)
    for radius in np.linspace(0.002, 0.06, 30):
        yield shifts + rng.choice((-1.0, 1.0), shifts.size) * radius
        yield shifts + rng.uniform(-radius, radius, shifts.size)


def _search(experiment: Experiment, which: Conditions, names: Sequence[str], seed: int) -> Candidate | None:
    """Nearest point, in logarithms of the names, where conditions and verdict hold with a little to spare.

    The verdict costs a hundred times what the conditions do. So the conditions alone come first, from several starts, as they
    are and with cushions; then both, by a coarse closure, from where those searches ended and from the experiment itself;
    then both by the closure of the verdict, from the best of these.
    """
    cheap = _conditions_alone(experiment, which, names)

    def both(fineness: float) -> Callable[[Floats], Floats | None]:
        def slacks(x: Floats) -> Floats | None:
            found = all_slacks(experiment, which, dict(zip(names, x, strict=True)), fineness)
            return None if found is None else _slacks_of(found) - _SLACK

        return slacks

    def cushioned(cushion: float) -> Callable[[Floats], Floats]:
        wanted = np.array([{"order": cushion, "numerics": 0.0}.get(row.role, -50.0) for row in get_conditions(experiment)])
        wanted[[row.id == "S-is-frozen" for row in get_conditions(experiment)]] = -1.0

        def slacks(x: Floats) -> Floats:
            shifts = dict(zip(names, x, strict=True))
            margins = np.array([*log_margins(experiment, shifts), slack_of_kinds(experiment, shifts)])
            return np.concatenate([cheap(x), margins - np.append(wanted, 0.0)])

        return slacks

    starts = _starts(len(names), seed, _STARTS)
    alone = _from_all(cheap, starts)
    if alone is not None and alone.short > _FAR_OFF:  # the verdict asks for more
        return alone
    ends = [alone, *(_from_all(slacks, starts) for slacks in map(cushioned, _CUSHIONS))]
    bound = ends[0].reach if ends[0] is not None and ends[0].short == 0.0 else 0.0
    coarse: list[Candidate] = []
    for start in _apart([starts[0], *(end.shifts for end in ends if end is not None)]):
        known = min((each.reach for each in coarse if each.short == 0.0), default=math.inf)
        found = nearest(both(_COARSE), start, FURTHEST, step=_STEP, iterations=40, known=known, **_SOON)
        if found is not None:
            coarse.append(found)
            if found.short == 0.0 and found.reach <= 1.02 * bound:  # no nearer than the conditions alone allow
                break
    if not coarse:
        return None
    best = min(coarse, key=_badness)
    fine = nearest(both(_FINE), best.shifts, FURTHEST, step=_STEP, iterations=15, first_step=0.05, least_step=_ROUGH_STEP)
    return fine or best


def _from_all(slacks: Callable[[Floats], Floats], starts: Sequence[Floats], iterations: int = 40) -> Candidate | None:
    ends = [nearest(slacks, start, FURTHEST, step=1e-5, iterations=iterations) for start in starts]
    return min((end for end in ends if end is not None), key=_badness, default=None)


def _badness(point: Candidate) -> tuple[float, float]:
    return point.short, point.reach


def _apart(points: Sequence[Floats]) -> Iterator[Floats]:
    """Those of the points that lie apart from all before them."""
    kept: list[Floats] = []
    for point in points:
        if all(np.abs(point - other).max() > 0.1 for other in kept):
            kept.append(point)
            yield point


def _not_found(
    experiment: Experiment, which: Conditions, names: Sequence[str], closest: Candidate | None, seed: int
) -> InputError:
    """Why nothing was found: what excludes each other where the search ended, and what would help."""
    n = experiment.n_examples
    if closest is None and (why_not := predict(experiment).why_not):
        return InputError(f"an experiment of which {why_not.rpartition('; ')[0]}, nor is one near it",
                          "a start near which orders are predicted", why_not.rpartition("; ")[2])
    found = f"no experiment found that meets the conditions ({which}) and the verdict with N = {n}, g0 = {experiment.g0:g}"
    if closest is not None and closest.short > _FAR_OFF:
        shifts = dict(zip(names, closest.shifts, strict=True))
        # At the best compromise those that exclude each other fall short by about the same. Where the conditions do so without
        # the verdict, nobody looked for a point at which the verdict is near, too.
        asked = (condition_slacks(experiment, which, shifts),
                 *(all_slacks(experiment, which, shifts, fineness) or {} for fineness in (_FINE, _COARSE)))
        short = ([each.label for each in slacks.values() if each.slack <= -0.5 * closest.short < 0.0] for slacks in asked)
        binding = next(filter(None, short), [])
        found += f"; the best compromise misses by a factor of {in_words(math.exp(closest.short))}"
        found += f" in {'; '.join(binding)}" if binding else ""
    within = "within factors of 1e4 in " + ", ".join(names)
    starts = _starts(len(names), seed, _STARTS_ALONE)
    if _met_alone(experiment, which, names, starts):
        fix = "let more parameters move, or change N, g0, q0 or alpha_min, which a suggestion keeps"
        return InputError(found, within, "the conditions can be met, the verdict with them was not: " + fix)
    ways = [] if set(names) == set(FREE) else ["let more parameters move"]
    for factor in (2, 4, 8, 16, 32, 64, 0.5, 0.25, 0.125):
        other = max(1, round(factor * n))
        # What is met elsewhere lies mostly near to the best compromise here.
        near = [starts[0], *([] if closest is None else [closest.shifts])]
        if other * (1.0 - experiment.q0) > 0.5 and _met_alone(with_examples(experiment, other), which, names, near):
            ways.append(f"take N = {other}, where the conditions alone can be met")
            break
    if which == "all":
        ways.append("ask for the deciding ones alone (--conditions deciding)")
    ways = ways or ["change N, q0, g0 or alpha_min, which a suggestion keeps"]
    return InputError(found, within, "the conditions exclude each other: " + ", or ".join(ways))


def _met_alone(experiment: Experiment, which: Conditions, names: Sequence[str], starts: Sequence[Floats]) -> bool:
    """Whether a search from these starts finds where the conditions hold, whatever the verdict."""
    met = _from_all(_conditions_alone(experiment, which, names), starts, iterations=80)
    return met is not None and met.short == 0.0


def _conditions_alone(experiment: Experiment, which: Conditions, names: Sequence[str]) -> Callable[[Floats], Floats]:
    def slacks(x: Floats) -> Floats:
        return _slacks_of(condition_slacks(experiment, which, dict(zip(names, x, strict=True)))) - _SLACK

    return slacks


def _slacks_of(requirements: Mapping[str, Requirement]) -> Floats:
    return np.array([each.slack for each in requirements.values()])


def _starts(size: int, seed: int, count: int) -> list[Floats]:
    rng = np.random.default_rng(seed)
    return [np.zeros(size), *(rng.uniform(-reach, reach, size) for reach in rng.uniform(0.5, 5.0, count - 1))]


