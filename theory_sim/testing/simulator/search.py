"""Experiments at which a simulator's step is wrong, the smallest of them, and the mistake that explains what was seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from random import Random
from typing import Any, Final, TypeVar

import numpy as np
from hypothesis import HealthCheck, Phase, find, given, reject, seed, settings
from hypothesis.errors import NoSuchExample, Unsatisfiable
from hypothesis.strategies import SearchStrategy

from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import SCHEDULES
from theory_sim.testing.simulator.answer import Answer
from theory_sim.testing.simulator.draw_laws import BrokenAt
from theory_sim.testing.simulator.runs import Case, NotNumbers, Runs
from theory_sim.testing.simulator.settings import possible_settings
from theory_sim.testing.simulator.step_law import deviation, likely_mistakes, sizes_of_terms
from theory_sim.testing.simulator.task import Declined, Task, TaskDeclined
from theory_sim.testing.strategies import experiments

__all__ = [
    "LOSS_ANNEALED", "StepBroken", "require_experiment", "run_some", "smaller_that_fails", "steps_are_right",
    "steps_of_designs",
]

# Experiments of each schedule: left to itself, hypothesis has few of some.
_EXAMPLES: Final = 12
# L-S that anneals after 2 to 9 of its 12 steps (and at none, or before the first, in about one of 12 data sets).
LOSS_ANNEALED: Final[dict[str, Any]] = {
    "schedule": "L-S", "d": 4, "N": 24, "p0": 0.3, "q0": 0.3, "g0": 1.0, "alpha_min": 0.5, "alpha_max": 1.0, "m_W": 24,
    "m_V": 24, "eta_1": 1.0, "eta_2": 0.25, "epsilon_1": 0.35, "lambda_": 0.02, "tau_xi": 0.02, "tau_0": 0.3, "max_steps": 12,
}
"""Fields of experiments in which the loss changes the rate."""
# As many more are drawn where a simulator declines some; if it declines this many times the examples, it takes none.
_MORE: Final = 8
_TAKES_NONE: Final = 3
# Runs that shrinking may take, and those over which the mistake is looked for.
_SHRINKS: Final = 400
_EXPLAINED: Final = 20
_T = TypeVar("_T")
_QUIET: Final[dict[str, Any]] = {"database": None, "deadline": None, "suppress_health_check": list(HealthCheck)}


class StepBroken(BrokenAt):
    """A step that is not that of THEORY §3, at the smallest experiment that was found."""


def steps_are_right(runs: Runs) -> str:
    """Draw experiments and run each, until one is found whose steps are wrong; then find the smallest such experiment.

    A simulator that draws its own noise is run without noise.
    """
    tried: list[Case] = []
    laws = runs.schedules()
    designs: list[dict[str, Any]] = [{"schedule": law} for law in laws]
    if LOSS_ANNEALED["schedule"] in laws:
        designs.append(runs.beside_fixed(LOSS_ANNEALED))
    _search(runs, designs, _EXAMPLES, tried)
    if len(tried) < _EXAMPLES:
        raise TaskDeclined(f"it took {len(tried)} tasks, at least {_EXAMPLES} are needed")
    return _covered(tried)


def steps_of_designs(runs: Runs, designs: Sequence[Mapping[str, Any]], examples: int) -> int:
    """Draw so many experiments with the fields of each design, and look at the steps of each as `steps_are_right` does."""
    tried: list[Case] = []
    _search(runs, designs, examples, tried)
    if not tried:
        raise TaskDeclined("it took no task")
    return len(tried)


def _search(runs: Runs, designs: Sequence[Mapping[str, Any]], examples: int, tried: list[Case]) -> None:
    for design in designs:
        smallest = _smallest_that_fails(runs, design, examples, tried)
        if smallest is not None:
            raise _explained(runs, smallest, design)


def _smallest_that_fails(
    runs: Runs, design: Mapping[str, Any], examples: int, tried: list[Case]
) -> Experiment | None:
    failures, refused, taken, stopped = 0, 0, 0, list[Declined]()

    def fails(e: Experiment) -> bool:
        nonlocal failures, refused, taken
        if failures > _SHRINKS or stopped or (not taken and refused >= _TAKES_NONE * examples):
            return False
        try:
            tried.append(_run(runs, e))
        except TaskDeclined:
            refused += 1
            reject()  # another one is drawn
        except NotNumbers:
            failures += 1
            return True
        except Declined as reason:  # not raised from here: hypothesis would look for the smallest experiment that is declined
            if not failures:
                stopped.append(reason)
            return False
        taken += 1
        failed = not _starts_there(tried[-1][1]) or deviation(*tried[-1]) is not None
        failures += failed or failures > 0
        return failed

    try:
        found: Experiment = find(_experiments(runs, design), fails, random=Random(0), settings=settings(
            max_examples=examples, phases=(Phase.generate, Phase.shrink), **_QUIET))
    except (NoSuchExample, Unsatisfiable):
        if stopped:
            raise stopped[0] from None
        return None
    return found


def smaller_that_fails(runs: Runs, more: Mapping[str, Any], fails: Callable[[Case], bool], first: Experiment) -> Experiment:
    """The simplest experiment that Hypothesis finds at which a run fails; ``first``, at which one does, if it finds none."""
    failures = 0

    def counted(e: Experiment) -> bool:
        nonlocal failures
        if failures > _SHRINKS:
            return False
        try:
            failed = fails((e, runs.run(e)[1]))
        except (Declined, NotNumbers):
            reject()
        failures += failed or failures > 0
        return failed

    try:
        found: Experiment = find(_experiments(runs, more), counted, random=Random(0), settings=settings(
            max_examples=_EXAMPLES, phases=(Phase.generate, Phase.shrink), **_QUIET))
    except (NoSuchExample, Unsatisfiable):
        return first
    return found


def _explained(runs: Runs, smallest: Experiment, design: Mapping[str, Any]) -> StepBroken:
    """What is wrong there, and the mistakes that explain it and other runs."""
    e, answer = _run(runs, smallest)
    off = deviation(e, answer)
    if off is None or not _starts_there(answer):
        return StepBroken("the first of its states is not the start that it was given",
                          "a step taken before the first state is kept", experiment=e)
    sizes = sizes_of_terms(e, answer, off.step)
    others: list[tuple[int, Mapping[str, Any]]] = [
        (_EXPLAINED, {}), (_EXPLAINED // 4, {"schedule": e.schedule}), (_EXPLAINED // 4, design)]
    if SCHEDULES[e.schedule].reads_losses:
        others.append((_EXPLAINED // 4, runs.beside_fixed(LOSS_ANNEALED)))
    explained = [(e, answer), *(case for number, more in others for case in _taken(runs, number, more, _run))]
    return StepBroken(f"{off}{'; ' if sizes else ''}{sizes}", *likely_mistakes(explained), experiment=e)


def require_experiment(runs: Runs) -> None:
    """Raise ExperimentError if no experiment has the fixed fields."""
    _draw_some(runs, 1, {})


def run_some(runs: Runs, number: int, more: Mapping[str, Any]) -> Iterator[tuple[Experiment, Task, Answer]]:
    """The same runs each time, of experiments with the fixed fields, and with more of them where these allow it.

    Other ones are drawn in place of those that the simulator declines; there are fewer than ``number`` if it declines most.
    """
    return _taken(runs, number, more, lambda runs, e: (e, *runs.run(e)))


def _taken(runs: Runs, number: int, more: Mapping[str, Any], run: Callable[[Runs, Experiment], _T]) -> Iterator[_T]:
    first = _draw_some(runs, number, more)
    left = 0
    for e in first:
        try:
            yield run(runs, e)
        except TaskDeclined:
            left += 1
    for e in _draw_some(runs, _MORE * number, more) if left else ():
        if left and e not in first:
            try:
                yield run(runs, e)
                left -= 1
            except TaskDeclined:
                continue


def _draw_some(runs: Runs, number: int, more: Mapping[str, Any]) -> list[Experiment]:
    found: list[Experiment] = []

    @seed(1)
    @settings(max_examples=number, phases=[Phase.generate], **_QUIET)
    @given(_experiments(runs, more))
    def collect(e: Experiment) -> None:
        found.append(e)

    collect()
    return found


def _experiments(runs: Runs, more: Mapping[str, Any]) -> SearchStrategy[Experiment]:
    return experiments(**runs.plain(n_test=1, **more))


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
    changes = sum(len({found[0].rate for found in possible_settings(*case)}) > 1 for case in tried)
    decayed = sum(e.lambda_ > 0 for e, _ in tried)
    return (f"{len(tried)} experiments, {noisy} with noise, {decayed} with decay, {changes} with a change of rate, "
            f"outputs compared in {outputs}; " + "; ".join(f"{name} {found}" for name, found in words.items()))
