"""Section: the loss, mini-batches and stop rules (THEORY §3)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from theory_sim.errors import Fault
from theory_sim.experiment.choices import LOSSES, SCHEDULES, OneOf
from theory_sim.experiment.noise import NoiseSection
from theory_sim.experiment.section import LEAST, MOST

__all__ = ["TrainingSection"]


class TrainingSection(NoiseSection):
    """What is minimised, examples a step, and when a run stops."""

    loss: Annotated[str, OneOf(LOSSES)] = Field(
        "logistic", description="loss l(v) of the margin v = y f", json_schema_extra={"since": "0.3"}
    )
    batch_size: int | None = Field(None, strict=True, ge=1, description="examples a step, without replacement (default all)")

    epsilon_2: float | None = Field(None, gt=0, description="stop once the training loss is at most this")
    max_tau: float = Field(1000.0, ge=LEAST, le=MOST, description="stop once tau reaches this")
    max_steps: int | None = Field(None, strict=True, ge=1, description="stop after this many steps")

    @property
    def most_steps(self) -> float:
        """Upper bound on the number of steps that the schedule takes to reach max_tau, and max_steps."""
        steps = SCHEDULES[self.schedule].most_steps(self, self.max_tau)
        return min(steps + 1.0, math.inf if self.max_steps is None else self.max_steps)

    def faults(self) -> Iterator[Fault]:
        yield from super().faults()
        if self.batch_size is not None and self.batch_size > self.n_examples:
            yield Fault(f"batch_size = {self.batch_size} of N = {self.n_examples} examples",
                        "a batch is drawn without replacement", f"lower it to at most {self.n_examples}, or leave it out",
                        ("batch_size", "N", "kappa", "d"))
