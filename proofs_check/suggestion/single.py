"""One parameter alone, moved to a round value at which the mechanism applies: what is suggested has been tried."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from proofs_check.suggestion.search import applies
from proofs_check.suggestion.shifted import FREE, moved, shortened
from theory_sim.closure.predicted import predict
from theory_sim.errors import InputError
from theory_sim.experiment import Experiment
from theory_sim.regimes import get_conditions
from theory_sim.scope import uncovered

__all__ = ["FACTORS", "single_change", "tried"]

FACTORS: Final = (1.1, 1.2, 1.5, 2.0, 3.0, 5.0, 10.0)
"""By which a parameter is moved, up and down."""


def single_change(experiment: Experiment) -> Experiment | None:
    """The experiment with one parameter moved by the smallest of a few factors at which the mechanism applies.

    Of a run that is too long for anything to be predicted, a shorter one alone is tried.

    Parameters
    ----------
    experiment : Experiment
        Where the mechanism does not apply.

    Returns
    -------
    Experiment or None
        With a value of two digits; N and g0 as they are, max_tau, max_steps, record_every and dtype following as they do for
        `suggest`. None if no parameter does it alone within a factor of 10, or the predictions do not cover the experiment.
    """
    if uncovered(experiment):
        return None
    changed = [shortened(experiment)] if _too_long(experiment) else _changed(experiment)
    return next((there for there in changed if _sound(there) and applies(there)), None)


def tried(experiment: Experiment) -> str:
    """What `single_change` tries, in words."""
    if _too_long(experiment):
        return "a shorter run"
    names = ", ".join(name.rstrip("_") for name in FREE if getattr(experiment, name) > 0)
    factors = ", ".join(f"{factor:g}" for factor in FACTORS)
    return f"a longer run, and {names}, each alone, raised and lowered by the factors {factors}"


def _too_long(e: Experiment) -> bool:
    """Whether nothing is predicted, though the decay of a step is a small one: so it is for the run's length."""
    return max(e.eta_1, e.eta_2) * e.lambda_ < 1.0 and bool(predict(e).why_not)


def _sound(there: Experiment) -> bool:
    """Whether the conditions of a sound simulation hold, without which the verdict is not asked for."""
    return all(row.holds for row in get_conditions(there) if row.role == "numerics")


def _changed(experiment: Experiment) -> Iterator[Experiment]:
    """Nothing but a longer run, then each parameter by growing factors, down before up."""
    shifts: list[dict[str, float]] = [{}]
    for factor in FACTORS:
        for name in FREE:
            value = float(getattr(experiment, name))
            if value > 0.0:
                shifts += [{name: math.log(float(f"{value * by:.2g}") / value)} for by in (1.0 / factor, factor)]
    seen = {experiment}
    for each in shifts:
        try:
            there = moved(experiment, each)
        except InputError:  # no experiment
            continue
        if there not in seen:
            seen.add(there)
            yield there
