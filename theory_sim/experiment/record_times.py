"""When an observer records, and how finely: the text of an Experiment's ``observe`` table."""

from __future__ import annotations

import math
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from theory_sim.errors import ExperimentError
from theory_sim.experiment.section import LEAST, MOST

__all__ = ["MOST_STEPS", "Recording"]

MOST_STEPS: Final = 1_000_000_000
"""Steps of the longest run that is begun."""

_TIMES = ("every_steps", "log_steps", "at_tau", "every_tau")


class Recording(BaseModel):
    """Record times and size of one observer; without times it records whenever the run does.

    Raises
    ------
    ExperimentError
        If two laws of times are given, or times are not increasing from 0.

    Examples
    --------
    >>> from theory_sim import Recording
    >>> Recording(every_tau=10.0)
    Recording(every_steps=None, log_steps=None, at_tau=None, every_tau=10.0, probes=None)
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    every_steps: int | None = Field(default=None, strict=True, ge=1, le=MOST_STEPS, description="every so many steps")
    log_steps: int | None = Field(default=None, strict=True, ge=1, le=100, description="so many records a decade of steps")
    at_tau: tuple[Annotated[float, Field(le=MOST)], ...] | None = Field(
        default=None, description="at the first step at or after each of these tau",
        json_schema_extra={"rule": f"a list of tau, increasing from 0, at most {MOST:g}"},
    )
    every_tau: float | None = Field(
        default=None, ge=LEAST, le=MOST, description="at the first step at or after each multiple of this tau"
    )
    probes: int | None = Field(default=None, strict=True, ge=1, le=100_000, description="examples that the observer looks at")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        given = [name for name in _TIMES if getattr(self, name) is not None]
        if len(given) > 1:
            raise ExperimentError(f"{' and '.join(given)} of one observer", "one law of record times", "leave one of them out",
                                  fields=given)
        if self.at_tau is not None:
            increasing = all(a < b for a, b in zip(self.at_tau, self.at_tau[1:], strict=False))
            if not self.at_tau or self.at_tau[0] < 0 or not increasing:
                raise ExperimentError(f"at_tau = {list(self.at_tau)}", "times increasing from 0 on", "sort them",
                                      fields=("at_tau",))
        return self

    @property
    def own_times(self) -> bool:
        """Whether any times are given."""
        return any(getattr(self, name) is not None for name in _TIMES)

    @property
    def counts_steps(self) -> bool:
        """Whether times are given in steps."""
        return self.every_steps is not None or self.log_steps is not None

    def due(self, step: int, tau: float, before: float) -> bool:
        """Whether to record at ``step`` and ``tau``, the step before having been at tau ``before`` (-inf at the first)."""
        if self.every_steps is not None:
            return step % self.every_steps == 0
        if self.log_steps is not None:
            return step == 0 or step == round(10 ** (round(self.log_steps * math.log10(step)) / self.log_steps))
        if self.at_tau is not None:
            return any(_passed(time, tau, before) for time in self.at_tau)
        if self.every_tau is not None:
            return before < 0 or _multiple(tau, self.every_tau) > _multiple(before, self.every_tau)
        return False

    def next_tau(self, tau: float) -> float:
        """Next time after ``tau`` at which to record, infinity if none is fixed in tau."""
        if self.at_tau is not None:
            return min((time for time in self.at_tau if not _passed(time, tau, -math.inf)), default=math.inf)
        if self.every_tau is not None:
            return (_multiple(tau, self.every_tau) + 1) * self.every_tau
        return math.inf

    def fields(self) -> dict[str, object]:
        """Fields that are set, as they stand in a file."""
        return self.model_dump(mode="json", exclude_none=True)


def _passed(time: float, tau: float, before: float) -> bool:
    """Whether ``time`` lies in (before, tau], up to rounding of sums of rates."""
    reached = tau >= time * (1 - 1e-12)
    return reached and not before >= time * (1 - 1e-12)


def _multiple(tau: float, every: float) -> int:
    return math.floor(tau / every * (1 + 1e-12))
