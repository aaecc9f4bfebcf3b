"""What a probe shows to those who record, and what they declare."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from theory_sim.arrays import Array
from theory_sim.observe.base import Labelled, Values, Variable
from theory_sim.probe.groups import Groups
from theory_sim.probe.reference import Estimate, Reference
from theory_sim.probe.split import Split
from theory_sim.probe.tracked import Tracked

__all__ = ["SINCE", "Moment", "Settings", "Watcher"]

SINCE = ("start", "last record", "annealing")


@dataclass(frozen=True)
class Moment:
    """A training run between two steps.

    Attributes
    ----------
    step : int
        Steps since the probe was made.
    tau : float
        Sum of their rates, those of the optimiser's first parameter group.
    tracked : Tracked
    split : Split
    groups : Groups
    reference : Reference
    estimate : Estimate
        The last gradient of the whole loss.
    seed : int
        For random layers at this moment.
    replaced : mapping
        Parameters by name that stand for the model's, which have moved since; empty if they have not.
    """

    step: int
    tau: float
    tracked: Tracked
    split: Split
    groups: Groups
    reference: Reference
    estimate: Estimate
    seed: int
    replaced: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Settings:
    """What a user asked for of those who record.

    Attributes
    ----------
    probes : int or None
        Examples to look at.
    activations : sequence of str or None
        Modules whose patterns are recorded.
    memory : int or None
        Bytes that may be held.
    """

    probes: int | None
    activations: Sequence[str] | None
    memory: int | None


class Watcher(ABC):
    """Computes some variables of a run at its record times; it changes nothing.

    Attributes
    ----------
    name : str
        By which it is asked for; empty of those that every run has.
    by_default : bool
        Whether it records unless others are asked for.
    """

    name: ClassVar[str] = ""
    by_default: ClassVar[bool] = False
    variables: Mapping[str, Variable]
    of_steps: ClassVar[tuple[str, ...]] = ()
    """Variables that are known of each step, and not from `observe`: at a record, of the step that leaves it."""

    @classmethod
    def of(cls, moment: Moment, settings: Settings) -> Self:
        """One that records as asked for, made at the start of a run."""
        return cls()

    @abstractmethod
    def observe(self, moment: Moment) -> Values:
        """Values of one record, shaped as declared: of all variables but those of steps."""

    def annealed(self, moment: Moment) -> None:  # noqa: B027 - most keep nothing
        """Called once, before the split of the first step that uses a lower rate than the one before."""

    def coordinates(self) -> Mapping[str, Sequence[Any] | Array]:
        """Labels of own dimensions, by name."""
        return {}

    def final(self, record: str) -> Labelled:
        """Variables of the whole run; ``record`` is the dimension of its records."""
        return {}

    def state(self) -> dict[str, Any]:
        """What it keeps from record to record, apart from what the start of the run decides."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:  # noqa: B027 - most keep nothing
        """Take what `state` gave."""

    @property
    def bytes_held(self) -> float:
        """Memory that it holds."""
        return 0.0
