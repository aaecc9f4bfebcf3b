"""Section: the learning rate and the weight decay that goes with it (THEORY §3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field

from theory_sim.errors import Fault, repr_of
from theory_sim.experiment.choices import SCHEDULES, OneOf
from theory_sim.experiment.network import NetworkSection
from theory_sim.experiment.section import LEAST, MOST

__all__ = ["ScheduleSection"]

class ScheduleSection(NetworkSection):
    """Law of the learning rate, and lambda."""

    schedule: Annotated[str, OneOf(SCHEDULES)] = Field("L-S", description="law of the learning rate")
    schedule_clock: Literal["tau", "step"] = Field(
        "tau", description="time of the schedule: tau, or the number of steps", json_schema_extra={"since": "0.3"}
    )
    eta_1: float = Field(16.0, ge=LEAST, le=MOST, description="large learning rate")
    eta_2: float = Field(0.5, ge=LEAST, le=MOST, description="small learning rate")
    epsilon_1: float = Field(0.15, gt=0, le=MOST, description="annealing at training loss epsilon_1 + q_hat l(0)")
    step_tau: float | None = Field(None, ge=LEAST, le=MOST, description="time between two cuts of the rate")
    step_factor: float = Field(0.1, gt=0, le=1, description="factor of each cut")
    pieces: tuple[tuple[float, float], ...] | None = Field(
        None, description="[[until, rate], ...]; the last rate stays",
        json_schema_extra={"rule": "[[until, rate], ...], times increasing from 0"},
    )
    lambda_: float = Field(5e-4, ge=0, le=MOST, alias="lambda", description="weight decay (ridge) lambda")

    @classmethod
    def fields_of_one_schedule(cls) -> list[str]:
        """Fields of this section that are not set unless a schedule that reads them is chosen."""
        return [name for name in ScheduleSection.__annotations__ if cls.model_fields[name].default is None]

    @property
    def clock_of_steps(self) -> bool:
        """Whether the schedule's time is the number of steps."""
        return self.schedule_clock == "step"

    def superseded(self, changed: Mapping[str, object]) -> Iterator[str]:
        yield from super().superseded(changed)
        if changed.get("schedule", self.schedule) not in SCHEDULES.readers("pieces"):
            yield "pieces"

    def rates(self) -> dict[str, float]:
        """Every learning rate that this schedule can use, by the field that gives it."""
        return SCHEDULES[self.schedule].rates(self)

    def faults(self) -> Iterator[Fault]:
        yield from super().faults()
        if self.pieces is not None:
            until = [piece[0] for piece in self.pieces]
            readers = SCHEDULES.readers("pieces")
            if self.schedule not in readers:
                names = " or ".join(map(repr, readers))
                yield Fault(f"pieces given with schedule = {self.schedule!r}", f"only schedule = {names} reads them",
                            f"set schedule = {names} or leave pieces out", ("pieces", "schedule"))
            if any(b <= a for a, b in zip([0.0, *until], until, strict=False)) or not all(
                LEAST <= value <= MOST for piece in self.pieces for value in piece
            ):
                yield Fault(f"pieces = {repr_of([list(p) for p in self.pieces])}",
                            f"times increasing from 0, times and rates from {LEAST:g} to {MOST:g}", "sort the pieces",
                            ("pieces",))
        for label, rate in self.rates().items():
            if rate * self.lambda_ >= 2:
                yield Fault(f"{label} x lambda = {rate:g} x {self.lambda_:g} = {rate * self.lambda_:g}",
                            "rate x lambda < 2, or weight decay itself diverges (THEORY §5)", f"lower {label} or lambda",
                            (label.partition("[")[0], "lambda", "schedule"))
        if 0 < self.lambda_ < LEAST:
            yield Fault(f"lambda = {self.lambda_:g}", f"0, or from {LEAST:g}", "set lambda = 0 or raise it", ("lambda",))
