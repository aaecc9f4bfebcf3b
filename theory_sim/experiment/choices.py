"""What an Experiment chooses by name, such as a schedule, a loss or an observer. Their classes stand on the floors above.

A kind of thing that one field chooses is a registry in `CHOSEN`, with the field's name; nothing else lists the kinds.

An Experiment asks them for names, fields and rules when it is made, not when this module is imported, and knows nothing else
of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Final

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from theory_sim.experiment.choice import Choice, Choices, DescribedRun
from theory_sim.reading.answers import is_named, is_number, require_answer

__all__ = [
    "ACTIVATIONS", "ALPHA_LAWS", "CHOSEN", "DATA_LAWS", "LOSSES", "NO_PLACEMENT", "OBSERVERS", "OPTIMISERS", "PLACEMENTS",
    "SAMPLINGS", "SCHEDULES", "ActivationChoice", "DataLawChoice", "OneOf", "OptimiserChoice", "PlacementChoice",
    "SamplingChoice", "ScheduleChoice", "chosen_by",
]


class ScheduleChoice(Choice):
    """What an Experiment asks of a schedule.

    Attributes
    ----------
    reads_losses : bool
        Whether the training loss changes the rate.
    has_order : bool
        Whether the theory predicts an order of it: of S and L-S (THEORY §8).
    """

    reads_losses: ClassVar[bool] = False
    has_order: ClassVar[bool] = False

    @classmethod
    def rates(cls, experiment: DescribedRun) -> dict[str, float]:
        """Every learning rate that it can use, by the field that gives it."""
        raise NotImplementedError

    @classmethod
    def title(cls, experiment: DescribedRun) -> str:
        """Heading of a panel of its runs, in Matplotlib's markup."""
        return cls.name

    @classmethod
    def least_rate(cls, experiment: DescribedRun, duration: float) -> float:
        """Lower bound on the rates within a learning-rate time."""
        return min(cls.rates(experiment).values())

    @classmethod
    def most_steps(cls, experiment: DescribedRun, max_tau: float) -> float:
        """Upper bound on the number of steps to reach a tau."""
        return max_tau / cls.least_rate(experiment, max_tau)

    @classmethod
    def require_answers(cls, experiment: DescribedRun) -> None:
        require_answer(cls, "rates", cls.rates(experiment),
                       lambda found: len(found) > 0 and is_named(found, lambda rate: 0.0 < rate < math.inf),
                       "its rates, each above 0, by the names of the fields that give them")
        require_answer(cls, "least_rate", cls.least_rate(experiment, experiment.max_tau), is_number, "a number above 0")


class OptimiserChoice(Choice):
    """What an Experiment asks of an optimiser.

    Attributes
    ----------
    in_limit : bool
        Whether the limit has equations for it.
    """

    in_theory: ClassVar[bool] = False
    in_limit: ClassVar[bool] = False

    @classmethod
    def stationary_level(cls, experiment: DescribedRun, rate: float) -> float:
        """Standard deviation at which the accumulated noise stays at a constant rate; NaN if it has none."""
        raise NotImplementedError

    @classmethod
    def splits_pairs(cls, experiment: DescribedRun) -> bool:
        """Whether the two neurons of a pair, which share xi, come to accumulate different noise."""
        return False

    @classmethod
    def require_answers(cls, experiment: DescribedRun) -> None:
        level = cls.stationary_level(experiment, experiment.eta_1)
        require_answer(cls, "stationary_level", level, is_number, "a number; NaN if there is none")


class SamplingChoice(Choice):
    """What an Experiment asks of a sampling.

    Attributes
    ----------
    fresh : bool
        Whether a step's examples are drawn from the law of the data, in place of the training set.
    """

    fresh: ClassVar[bool] = False


class PlacementChoice(Choice):
    """What an Experiment asks of a placement of noise.

    Attributes
    ----------
    times_rate : bool
        Whether the learning rate multiplies it.
    """

    times_rate: ClassVar[bool] = False


class DataLawChoice(Choice):
    """What an Experiment asks of a law of the data.

    Attributes
    ----------
    is_drawn : bool
        Whether examples can be drawn from it.
    has_pq : bool
        Whether second patches lie along the three directions of the P/Q mixture (THEORY §1), which the fast networks, the limit
        and the closure use.
    least_d : int
        Smallest dimension of its patches.
    """

    is_drawn: ClassVar[bool] = True
    least_d: ClassVar[int] = 1
    has_pq: ClassVar[bool] = False

    @classmethod
    def second_dimension(cls, experiment: DescribedRun) -> int:
        """Dimension k of the second patch as the network's own filters see it; 0: there is none."""
        return int(experiment.d)

    @classmethod
    def require_answers(cls, experiment: DescribedRun) -> None:
        require_answer(cls, "in_theory", cls.in_theory, lambda found: not found or cls.has_pq,
                       "False, but of a law that has the P/Q mixture's directions (has_pq)")
        k = cls.second_dimension(experiment)
        require_answer(cls, "second_dimension", k, lambda k: isinstance(k, int) and k >= 0, "a whole number of at least 0")


class ActivationChoice(Choice):
    """What an Experiment asks of an activation.

    Attributes
    ----------
    fast_networks : bool
        Whether the networks that are compiled for ReLU compute it.
    homogeneous : bool
        Whether phi(a z) = a phi(z) for a > 0.
    zero_at_zero : bool
        Whether phi(0) = 0.
    two_lines : bool
        Whether phi is one straight line below 0 and one above, with the slopes of `slopes`.
    error_function : bool
        Whether phi is the error function, whose two-time kernel the limit has in closed form.
    """

    in_theory: ClassVar[bool] = False
    fast_networks: ClassVar[bool] = False
    homogeneous: ClassVar[bool] = False
    zero_at_zero: ClassVar[bool] = False
    two_lines: ClassVar[bool] = False
    error_function: ClassVar[bool] = False

    @classmethod
    def slopes(cls, experiment: DescribedRun) -> tuple[float, float] | None:
        """Slopes below and above 0 of an activation of two straight lines, which the limit computes; None of any other."""
        return None

    @classmethod
    def require_answers(cls, experiment: DescribedRun) -> None:
        require_answer(cls, "in_theory", cls.in_theory, lambda found: not found or cls.fast_networks,
                       "False, but of ReLU (fast_networks)")
        require_answer(cls, "slopes", cls.slopes(experiment), lambda found: found is None or (len(found) == 2 and all(
            is_number(slope) and math.isfinite(slope) for slope in found)), "two numbers, or None")


SCHEDULES: Final = Choices[ScheduleChoice]("schedule", "theory_sim.train.schedules", "base:Schedule")
OPTIMISERS: Final = Choices[OptimiserChoice]("optimiser", "theory_sim.train.optimisers", "base:Optimiser")
PLACEMENTS: Final = Choices[PlacementChoice](
    "noise_placement", "theory_sim.train.noise", "base:PreActivationNoise OutputNoise LabelNoise WeightNoise")
LOSSES: Final = Choices[Choice]("loss", "theory_sim.train.losses", "base:Loss")
SAMPLINGS: Final = Choices[SamplingChoice]("sampling", "theory_sim.train.sampling", "base:Sampling")
OBSERVERS: Final = Choices[Choice]("observer", "theory_sim.observe", "base:Observer")
DATA_LAWS: Final = Choices[DataLawChoice]("data_law", "theory_sim.data", "law:DataLaw")
ALPHA_LAWS: Final = Choices[Choice]("alpha_law", "theory_sim.data.alpha", "base:AlphaLaw")
ACTIVATIONS: Final = Choices[ActivationChoice]("activation", "theory_sim.network.activations", "base:Activation")
NO_PLACEMENT: Final = "none"
AnyChoices = (
    Choices[Choice] | Choices[ScheduleChoice] | Choices[OptimiserChoice] | Choices[SamplingChoice] | Choices[DataLawChoice]
    | Choices[ActivationChoice] | Choices[PlacementChoice]
)
CHOSEN: Final[tuple[AnyChoices, ...]] = (
    SCHEDULES, OPTIMISERS, PLACEMENTS, LOSSES, SAMPLINGS, DATA_LAWS, ALPHA_LAWS, ACTIVATIONS,
)
"""Registries of which a field, named like the registry's kind, chooses one."""


@dataclass(frozen=True)
class OneOf:
    """Rule of a field that chooses from a registry: ``schedule: Annotated[str, OneOf(SCHEDULES)]``.

    Attributes
    ----------
    registry : Registry
    more : tuple of str
        Words that it takes besides.
    """

    registry: AnyChoices
    more: tuple[str, ...] = ()

    def names(self) -> tuple[str, ...]:
        """Everything that can be chosen."""
        return (*self.more, *self.registry.names())

    def _known(self, name: str) -> str:
        if name not in self.more and name not in self.registry:
            raise ValueError(name)  # the message is made from `names`
        return name

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._known, handler(source))


def chosen_by(experiment: DescribedRun, observers: Iterable[str]) -> list[type[Choice]]:
    """Classes that an Experiment's fields choose; a word that its field takes beside the registry's names chooses none."""
    names = [(registry, getattr(experiment, registry.kind)) for registry in CHOSEN]
    chosen: list[type[Choice]] = [registry[name] for registry, name in names if name in registry]
    return chosen + [OBSERVERS[name] for name in sorted(observers)]
