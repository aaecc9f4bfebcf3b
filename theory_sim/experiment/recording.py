"""Section: seeds, and what is recorded when."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from theory_sim.experiment.choices import OBSERVERS, OneOf
from theory_sim.experiment.record_times import Recording
from theory_sim.experiment.section import LEAST, MOST
from theory_sim.experiment.training import TrainingSection

__all__ = ["RecordingSection"]

_LAST: Final = 2**64 - 1


class RecordingSection(TrainingSection):
    """Seeds by purpose, record times, observers."""

    seed: int = Field(0, strict=True, ge=0, le=_LAST, description="seed of every stream that has none of its own")
    seed_data: int | None = Field(None, strict=True, ge=0, le=_LAST, description="seed of the data (default seed)")
    seed_init: int | None = Field(None, strict=True, ge=0, le=_LAST, description="seed of U_0 and the signs (default seed)")
    seed_noise: int | None = Field(None, strict=True, ge=0, le=_LAST, description="seed of xi (default seed)")
    seed_batch: int | None = Field(None, strict=True, ge=0, le=_LAST, description="seed of the mini-batches (default seed)")
    record_every: float = Field(10.0, ge=LEAST, le=MOST, description="tau between two records")
    observe: dict[Annotated[str, OneOf(OBSERVERS)], Recording] = Field(
        default_factory=dict, description="more to record: {name: {every_steps | log_steps | at_tau | every_tau, probes}}",
        json_schema_extra={"rule": "a table of observers by name, each with record times: {kernels = {every_tau = 25.0}}"},
    )

    def seed_of(self, purpose: Literal["data", "init", "noise", "batch"]) -> int:
        """Seed of one purpose: its own where given, else ``seed``."""
        own: int | None = getattr(self, f"seed_{purpose}")
        return self.seed if own is None else own
