"""Section: the loss, the optimiser, mini-batches and stop rules (THEORY §3)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from theory_sim.errors import Fault
from theory_sim.experiment.choices import LOSSES, OPTIMISERS, SAMPLINGS, SCHEDULES, OneOf
from theory_sim.experiment.network import NeuronLaw
from theory_sim.experiment.noise import NoiseSection
from theory_sim.experiment.section import LEAST, MOST
from theory_sim.reading.answers import is_number, require_answer

__all__ = ["TrainingSection"]


class TrainingSection(NoiseSection):
    """What is minimised, how a step is made of a gradient, examples a step, and when a run stops."""

    loss: Annotated[str, OneOf(LOSSES)] = Field(
        "logistic", description="loss l(v) of the margin v = y f", json_schema_extra={"since": "0.3"}
    )
    optimiser: Annotated[str, OneOf(OPTIMISERS)] = Field(
        "gradient-descent", description="how a step is made of the gradients", json_schema_extra={"since": "0.3"}
    )
    batch_size: int | None = Field(None, strict=True, ge=1, description="examples a step (default all)")
    sampling: Annotated[str, OneOf(SAMPLINGS)] = Field(
        "without-replacement", description="which examples a step sees", json_schema_extra={"since": "0.3"}
    )

    epsilon_2: float | None = Field(None, gt=0, description="stop once the training loss is at most this")
    max_tau: float = Field(1000.0, ge=LEAST, le=MOST, description="stop once tau reaches this")
    max_steps: int | None = Field(None, strict=True, ge=1, description="stop after this many steps")

    @property
    def noise_neurons(self) -> NeuronLaw:
        """Law of the second layer as far as the noise output goes: neurons whose pairs an optimiser splits are balanced."""
        split = self.paired and OPTIMISERS[self.optimiser].splits_pairs(self)
        return "balanced" if split else self.neurons

    @property
    def paired_noise(self) -> bool:
        """Whether the neurons of a pair keep accumulating the same noise."""
        return self.noise_neurons == "paired"

    def _stationary(self) -> float:
        return OPTIMISERS[self.optimiser].stationary_level(self, self.tau_0_rate or self.eta_1)

    def _has_stationary_level(self) -> bool:
        return super()._has_stationary_level() and not math.isnan(self._stationary())

    @property
    def most_steps(self) -> float:
        """Upper bound on the number of steps that the schedule takes to reach max_tau, and max_steps."""
        chosen = SCHEDULES[self.schedule]
        steps = chosen.most_steps(self, self.max_tau)
        if chosen.is_users():
            require_answer(chosen, "most_steps", steps, lambda found: is_number(found) and found >= 0.0, "a number of steps")
        return min(steps + 1.0, math.inf if self.max_steps is None else self.max_steps)

    @property
    def most_tau(self) -> float:
        """Upper bound on the learning-rate time that a run takes: max_tau, or max_steps at the largest rate."""
        return self.max_tau if self.max_steps is None else min(self.max_tau, self.max_steps * max(self.rates().values()))

    def faults(self) -> Iterator[Fault]:
        yield from super().faults()
        if self.starts_stationary and super()._has_stationary_level() and not self._has_stationary_level():
            yield Fault(f"tau_0 = 'stationary' with optimiser = {self.optimiser!r}",
                        "its noise has no stationary level at this rate, or none that is known before the run",
                        "give tau_0 as a number, or lower the rate", ("tau_0", "tau_0_rate", "optimiser"))
        fresh = SAMPLINGS[self.sampling].fresh
        if self.batch_size is not None and self.batch_size > self.n_examples and not fresh:
            yield Fault(f"batch_size = {self.batch_size} of N = {self.n_examples} examples",
                        "a batch is no larger than the training set", f"lower it to at most {self.n_examples}, or leave it out",
                        ("batch_size", "N", "kappa", "d"))
