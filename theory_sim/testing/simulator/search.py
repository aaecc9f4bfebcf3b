"""Experiments at which a simulator's step is wrong, the smallest of them, and the mistake that explains what was seen."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any, Final

import numpy as np
from hypothesis import HealthCheck, Phase, find, given, seed, settings
from hypothesis.errors import NoSuchExample
from hypothesis.strategies import SearchStrategy

from theory_sim.experiment import Experiment
from theory_sim.testing.simulator.draw_laws import Broken
from theory_sim.testing.simulator.runs import SAME, Case, Runs
from theory_sim.testing.simulator.step_law import deviation, likely_mistakes, sizes_of_terms
from theory_sim.testing.simulator.task import Answer
from theory_sim.testing.strategies import experiments

__all__ = ["StepBroken", "draw_some", "steps_are_right"]

_EXAMPLES: Final = 60
# Runs that shrinking may take, and those over which the mistake is looked for.
_SHRINKS: Final = 400
_EXPLAINED: Final = 20
_QUIET: Final[dict[str, Any]] = {"database": None, "deadline": None, "suppress_health_check": list(HealthCheck)}


class StepBroken(Broken):
    """A step that is not that of THEORY §3.

    Attributes
    ----------
    experiment : Experiment
        The smallest that was found.
    """

    def __init__(self, what: str, *mistakes: str, experiment: Experiment) -> None:
        super().__init__(what, *mistakes)
        self.experiment = experiment


def steps_are_right(runs: Runs) -> str:
    """Draw experiments and run each, until one is found whose steps are wrong; then find the smallest such experiment.

    A simulator that draws its own noise is run without noise.
    """
    tried: list[Case] = []
    wrong = 0

    def fails(e: Experiment) -> bool:
        nonlocal wrong
        if wrong and len(tried) > _EXAMPLES + _SHRINKS:
            return False
        tried.append(_run(runs, e))
        failed = not _starts_there(tried[-1][1]) or deviation(*tried[-1]) is not None
        wrong += failed
        return failed

    try:
        smallest = find(_experiments(runs), fails, random=Random(0), settings=settings(
            max_examples=_EXAMPLES, phases=(Phase.generate, Phase.shrink), **_QUIET))
    except NoSuchExample:
        return _covered(tried)
    e, answer = _run(runs, smallest)
    off = deviation(e, answer)
    if off is None or not _starts_there(answer):
        raise StepBroken("the first of its states is not the start that it was given",
                         "a step taken before the first state is kept", experiment=e)
    sizes = sizes_of_terms(e, answer, off.step)
    explained = [(e, answer), *(_run(runs, other) for other in draw_some(runs, _EXPLAINED))]
    raise StepBroken(f"{off}{'; ' if sizes else ''}{sizes}", *likely_mistakes(explained), experiment=e)


def draw_some(runs: Runs, number: int, more: Mapping[str, Any] | None = None) -> list[Experiment]:
    """The same experiments each time, drawn with the fixed fields, and with more where these say nothing."""
    found: list[Experiment] = []

    @seed(1)
    @settings(max_examples=number, phases=[Phase.generate], **_QUIET)
    @given(_experiments(runs, more))
    def collect(e: Experiment) -> None:
        found.append(e)

    collect()
    return found


def _experiments(runs: Runs, more: Mapping[str, Any] | None = None) -> SearchStrategy[Experiment]:
    return experiments(**{**SAME, "n_test": 1, **(more or {}), **runs.fixed})


def _run(runs: Runs, e: Experiment) -> Case:
    task, answer = runs.run(e)
    if "noise" not in task.read and e.tau_xi > 0:
        e = e.replace(tau_xi=0.0, tau_0=e.tau_0_value or 0.1)
        _, answer = runs.run(e)
    return e, answer


def _starts_there(answer: Answer) -> bool:
    return all(bool((np.abs(states[0] - start) <= 4 * answer.eps * np.abs(start)).all())
               for states, start in ((answer.W, answer.initial.W), (answer.V, answer.initial.V)))


def _covered(tried: list[Case]) -> str:
    words = {name: ", ".join(sorted({getattr(e, name) for e, _ in tried})) for name in ("schedule", "loss", "neurons", "dtype")}
    outputs = sum(answer.f is not None for _, answer in tried)
    noisy = sum(answer.noise is not None for _, answer in tried)
    return (f"{len(tried)} experiments, {noisy} with noise, {sum(e.lambda_ > 0 for e, _ in tried)} with decay, "
            f"outputs compared in {outputs}; " + "; ".join(f"{name} {found}" for name, found in words.items()))
