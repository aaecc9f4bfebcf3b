"""What a schedule is."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar

from theory_sim.errors import Fault, InputError, repr_of, shown
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import SCHEDULES, ScheduleChoice
from theory_sim.reading.answers import is_number, require_answer

__all__ = ["Schedule", "make_schedule", "require_rate"]


class Schedule(ScheduleChoice, ABC):
    """Law of the learning rate; a subclass declares `Choice`'s attributes and registers itself.

    Parameters
    ----------
    experiment : Experiment
        Gives the rates.
    q_hat : float
        Share of Q-only examples in the training set.

    Attributes
    ----------
    annealed_tau : float
        The tau at which the rate first fell, NaN before.
    rate_fields : tuple of str
        Fields that are learning rates; by default those of ``eta_1`` and ``eta_2`` that it reads.
    piecewise_constant : bool
        Whether the rate stays until `until`; if not, it may change at each step, and continuous time cannot follow it.
    steady : bool
        Whether the rate never changes.
    step : int
        Steps taken so far; a run sets it before it asks for a rate.
    by_step : bool
        Whether the rate depends on the number of steps, which continuous time has none of.
    """

    step: int = 0
    by_step: bool = False
    annealed_tau: float = float("nan")
    rate_fields: ClassVar[tuple[str, ...]] = ()
    piecewise_constant: ClassVar[bool] = False
    steady: bool = False

    @abstractmethod
    def __init__(self, experiment: Experiment, q_hat: float) -> None: ...

    @abstractmethod
    def rate(self, tau: float, training_loss: float) -> float:
        """Learning rate gamma_t of the step that leaves ``tau``; called once a step, tau increasing.

        ``training_loss`` is the unregularised mean over the whole training set, mini-batches or not.
        """

    def until(self, tau: float) -> float:
        """Time up to which steps that leave from ``tau`` on have one rate, as long as the loss stays above `threshold`."""
        return math.inf if self.piecewise_constant else tau

    def threshold(self) -> float:
        """Training loss at which the rate will change; -inf if no loss changes it."""
        return -math.inf

    def state(self) -> tuple[float, ...]:
        """What the schedule remembers, for `restore`."""
        return (self.annealed_tau,)

    def restore(self, state: tuple[float, ...]) -> None:
        """Take back what `state` gave."""
        (self.annealed_tau,) = state

    @classmethod
    def faults(cls, experiment: Experiment) -> Iterator[Fault]:
        """Whatever is wrong with an Experiment that chooses it."""
        yield from ()

    @classmethod
    def require_answers(cls, experiment: Experiment) -> None:
        super().require_answers(experiment)
        state = cls(experiment, 0.0).state()
        require_answer(cls, "state", state, lambda found: isinstance(found, tuple) and all(map(is_number, found)),
                       "a tuple of numbers, which restore takes back")

    @classmethod
    def rates(cls, experiment: Experiment) -> dict[str, float]:
        """Every learning rate that it can use, by the field that gives it."""
        fields = cls.rate_fields or [field for field in cls.reads if field in ("eta_1", "eta_2")]
        return {field: getattr(experiment, field) for field in fields}


def require_rate(name: str, rate: float, tau: float) -> None:
    """Raise InputError unless a rate, which a schedule of the user's gives, is finite and above 0."""
    if not (type(rate) is float or is_number(rate)) or not 0.0 < rate < math.inf:
        raise InputError(f"the schedule {name!r} has the rate {shown(repr_of(rate))} at tau = {tau:g}",
                         "a rate above 0 at every step", "fix its rate, or end the run before")


def make_schedule(experiment: Experiment, q_hat: float) -> Schedule:
    """Schedule of an experiment; ``q_hat`` is the share of Q-only in its training set."""
    chosen = SCHEDULES[experiment.schedule]
    assert issubclass(chosen, Schedule), f"{chosen} is a Schedule"
    return chosen(experiment, q_hat)
