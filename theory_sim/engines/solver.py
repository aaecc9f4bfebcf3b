"""What an engine declares and does; each is one short file that registers its own."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from theory_sim.errors import Fault, InputError, nearest

if TYPE_CHECKING:
    from theory_sim.experiment import Experiment
    from theory_sim.loop import Progress, UnfinishedRun
    from theory_sim.memory import Bytes
    from theory_sim.observe.base import Observer
    from theory_sim.trajectory import Trajectory

__all__ = ["Option", "Purpose", "Solver"]

Purpose = Literal["data", "init", "noise", "batch"]
"""For what random numbers are drawn, each by a seed of its own."""


@dataclass(frozen=True)
class Option:
    """A setting of an engine: one of some choices, or a number in a range.

    Attributes
    ----------
    name : str
        In Python and in files; on the command line with hyphens, ``--time-tolerance``.
    default : str or float
        Value where none is given.
    meaning : str
        For help and docs.
    choices : tuple of str
        Of a setting in words; it stands in a run's name where it is not the default.
    least, most : float
        Range of a number.
    """

    name: str
    default: str | float
    meaning: str
    choices: tuple[str, ...] = ()
    least: float = 0.0
    most: float = 0.0

    def require(self, value: object) -> None:
        """Raise InputError unless the value is allowed."""
        if self.choices:
            if value not in self.choices:
                raise InputError(f"{self.name} = {value!r}", f"one of {', '.join(self.choices)}", nearest(value, self.choices))
        elif isinstance(value, bool) or not isinstance(value, (int, float)) or not self.least <= value <= self.most:
            raise InputError(f"{self.name} = {value!r}", f"a number from {self.least:g} to {self.most:g}", "choose one within")

    @property
    def flag(self) -> str:
        """Option of the command line."""
        return f"--{self.name.replace('_', '-')}"


class Solver(ABC):
    """One way to compute a run.

    ``options`` of the methods hold a value for each declared option. Modules with compiled code or large libraries are
    imported inside the methods, so that the command line can list engines at no cost.

    Attributes
    ----------
    name : str
        As users choose it.
    summary : str
        One line for help and docs.
    curve : str
        What figures call its curves beside those of another engine; its name if empty.
    options : tuple of Option
        Settings, in the order in which they stand in a run's name.
    unread : frozenset of str
        Fields of an Experiment that change nothing of a result.
    infinite_width : bool
        Whether conditions on the widths do not apply.
    resumable : bool
        Whether an interrupted run leaves a folder from which it is resumed; not if a run takes less than a second.
    given : tuple of str
        What can be put into a run in place of what is drawn: of "data", "initial" and "noise". Such an engine's `run` has the
        keyword ``given``.
    nothing_given : str
        Why the others cannot, for messages.
    loaded : int
        Bytes of the libraries and the compiled code that a first run loads, where there is an `Experiment` already.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    curve: ClassVar[str] = ""
    options: ClassVar[tuple[Option, ...]] = ()
    unread: ClassVar[frozenset[str]] = frozenset()
    infinite_width: ClassVar[bool] = False
    resumable: ClassVar[bool] = True
    given: ClassVar[tuple[str, ...]] = ()
    nothing_given: ClassVar[str] = "it draws what it needs from the experiment"
    loaded: ClassVar[int] = 100 * 2**20

    def draws(self, options: Mapping[str, Any]) -> tuple[Purpose, ...]:
        """Purposes for which random numbers are drawn; none: every seed gives the same result."""
        return "data", "init", "noise"

    def as_described(self, options: Mapping[str, Any]) -> bool:
        """Whether the run is that of the experiment; not if an option puts other dynamics in its place."""
        return True

    def unbranchable(self, options: Mapping[str, Any]) -> str:
        """Why runs of it cannot share their beginning; empty if they can."""
        return "" if self.resumable else "its runs take less than a second"

    def prepared_for(self, experiment: Experiment, options: Mapping[str, Any]) -> object:
        """What a run's state depends on beside the steps taken: runs can share a checkpoint if they have it in common."""
        return None

    def note(self) -> str:
        """What is printed below tables of its runs; empty for nothing."""
        return ""

    def caution(self, experiment: Experiment) -> str:
        """What is printed there of one experiment: that it lies beyond what the numbers are good for; empty for nothing."""
        return ""

    @abstractmethod
    def unsupported(
        self, experiment: Experiment, options: Mapping[str, Any], observers: Sequence[Observer] = ()
    ) -> Fault | None:
        """What of an experiment, or of the user's own observers, cannot be computed, and how to fix it; None if all can."""

    def require_resources(
        self, experiment: Experiment, options: Mapping[str, Any], threads: int | None, observers: Sequence[Observer] = ()
    ) -> None:
        """Raise InputError if the run would take too much memory or never end."""
        from theory_sim.engines.resources import require_memory

        require_memory(self, experiment, options, threads, observers)

    def memory(
        self, experiment: Experiment, options: Mapping[str, Any], threads: int, observers: Sequence[Observer] = ()
    ) -> Mapping[str, Bytes]:
        """Memory that a run allocates beside the libraries, within a quarter: its parts by name, in the order of their making.

        Data, records and observers of `simulate`'s runs, unless an engine says otherwise.
        """
        from theory_sim.observe.memory import run_parts

        return run_parts(experiment, experiment.most_steps, {}, observers)

    def leaner(self, options: Mapping[str, Any]) -> Sequence[tuple[str, Any]]:
        """Options, with their values, that take less memory than those given."""
        return ()

    @abstractmethod
    def run(
        self, experiment: Experiment, options: Mapping[str, Any], unfinished: UnfinishedRun | None, *,
        observers: Sequence[Observer], threads: int | None, progress: Progress | None, seconds: float,
    ) -> Trajectory:
        """Compute a run, from the start or from the unfinished run's last checkpoint, and save it in its place.

        Parameters
        ----------
        experiment : Experiment
            What `unsupported` finds nothing in.
        options : mapping
            A value for each declared option.
        unfinished : UnfinishedRun or None
            Open folder in which checkpoints are kept, every ``seconds``; None: nothing is stored.
        observers, threads, progress
            As for `simulate`.

        Notes
        -----
        Engines that declare ``given`` have one more keyword, ``given: Given``, with what is put in.
        """

    def estimated_seconds(self, experiment: Experiment, options: Mapping[str, Any], threads: int) -> float:
        """Time that a run takes on a machine that does nothing else; NaN, which is announced by nothing, if it is not known."""
        return math.nan

    def set_up_seconds(self, experiment: Experiment, options: Mapping[str, Any], threads: int) -> float:
        """How much of that passes before the first step."""
        return 0.0
