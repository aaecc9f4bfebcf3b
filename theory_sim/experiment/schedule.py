"""Section: the learning rate and the weight decay that goes with it (THEORY §3)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from theory_sim.errors import Fault, repr_of
from theory_sim.experiment.network import NetworkSection
from theory_sim.experiment.section import LEAST, MOST

__all__ = ["ScheduleSection"]

_RATES_USED = {
    "L-S": ("eta_1", "eta_2"),
    "S": ("eta_2",),
    "constant": ("eta_1",),
    "step": ("eta_1",),
    "cosine": ("eta_1", "eta_2"),
    "pieces": (),
}


class ScheduleSection(NetworkSection):
    """Law of the learning rate, and lambda."""

    schedule: Literal["L-S", "S", "constant", "step", "cosine", "pieces"] = Field("L-S", description="law of the learning rate")
    eta_1: float = Field(16.0, ge=LEAST, le=MOST, description="large learning rate (L-S, constant, step, cosine)")
    eta_2: float = Field(0.5, ge=LEAST, le=MOST, description="small learning rate (L-S after annealing, S, end of cosine)")
    epsilon_1: float = Field(0.15, gt=0, le=MOST, description="L-S anneals at training loss epsilon_1 + q_hat log 2")
    step_tau: float | None = Field(None, ge=LEAST, le=MOST, description="step: tau between two cuts of the rate")
    step_factor: float = Field(0.1, gt=0, le=1, description="step: factor of each cut")
    pieces: tuple[tuple[float, float], ...] | None = Field(
        None, description="pieces: [[until_tau, rate], ...]; the last rate goes on",
        json_schema_extra={"rule": "[[until_tau, rate], ...], tau increasing from 0"},
    )
    lambda_: float = Field(5e-4, ge=0, le=MOST, alias="lambda", description="weight decay (ridge) lambda")

    def rates(self) -> dict[str, float]:
        """Every learning rate that this schedule can use, by the field that gives it."""
        if self.schedule == "pieces":
            return {f"pieces[{i}] rate": piece[1] for i, piece in enumerate(self.pieces or ())}
        return {field: getattr(self, field) for field in _RATES_USED[self.schedule]}

    def faults(self) -> Iterator[Fault]:
        yield from super().faults()
        if self.schedule == "pieces" and not self.pieces:
            yield Fault("schedule = 'pieces' without pieces", "pieces = [[until_tau, rate], ...]", "give pieces",
                        ("schedule", "pieces"))
        if self.pieces is not None:
            until = [piece[0] for piece in self.pieces]
            if self.schedule != "pieces":
                yield Fault(f"pieces given with schedule = {self.schedule!r}", "only schedule = 'pieces' reads them",
                            "set schedule = 'pieces' or leave pieces out", ("pieces", "schedule"))
            if any(b <= a for a, b in zip([0.0, *until], until, strict=False)) or not all(
                LEAST <= value <= MOST for piece in self.pieces for value in piece
            ):
                yield Fault(f"pieces = {repr_of([list(p) for p in self.pieces])}",
                            f"tau increasing from 0, tau and rates from {LEAST:g} to {MOST:g}", "sort the pieces", ("pieces",))
        if self.schedule == "step" and self.step_tau is None:
            yield Fault("schedule = 'step' without step_tau", "step_tau is the tau between two cuts", "give step_tau",
                        ("schedule", "step_tau"))
        for label, rate in self.rates().items():
            if rate * self.lambda_ >= 2:
                yield Fault(f"{label} x lambda = {rate:g} x {self.lambda_:g} = {rate * self.lambda_:g}",
                            "rate x lambda < 2, or weight decay itself diverges (THEORY §5)", f"lower {label} or lambda",
                            (label.partition("[")[0], "lambda", "schedule"))
        if 0 < self.lambda_ < LEAST:
            yield Fault(f"lambda = {self.lambda_:g}", f"0, or from {LEAST:g}", "set lambda = 0 or raise it", ("lambda",))

    def _most_steps_until(self, max_tau: float) -> float:
        """Upper bound on the number of steps that the schedule takes to reach a tau."""
        if self.schedule == "step":
            pieces = [(self.step_tau or math.inf, self.eta_1)]
            while sum(piece[0] for piece in pieces) < max_tau and len(pieces) < 1000 and pieces[-1][1] > 0:
                pieces.append((self.step_tau or math.inf, pieces[-1][1] * self.step_factor))
            steps = sum(min(span, max_tau) / rate if rate > 0 else math.inf for span, rate in pieces)
        elif self.pieces is not None:
            ends = [min(until, max_tau) for until, _ in self.pieces[:-1]] + [max_tau]
            steps = sum((b - a) / piece[1] for a, b, piece in zip([0.0, *ends], ends, self.pieces, strict=False))
        else:
            steps = max_tau / min(self.rates().values())
        return steps
