"""A run that no command computes: recorded in a training loop of a user's, by `theory_sim.probe`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from pydantic import Field

from theory_sim.errors import Fault
from theory_sim.experiment.description import Experiment

__all__ = ["RECORDED", "RecordedRun", "read_experiment"]

RECORDED: Final = "recorded"
"""Its schedule, and the field by which a stored one is known."""


class RecordedRun(Experiment):
    """What is known of such a run: its name, its seed as told, and what the probe noted of the loop.

    It stands where a run's `Experiment` does. Fields of the two-layer network and its data (d, m_W, ...) say nothing of it, are
    neither stored nor shown, and have no meaning here.
    """

    schedule: str = Field(RECORDED, description="rates as the loop had them")
    data_law: str = Field("arrays", description="examples as the loop had them")
    recorded: dict[str, str | int | float | bool] = Field(default_factory=dict, description="what the probe noted of the loop")

    def __init__(self, /, **fields: object) -> None:
        super().__init__(**fields)

    def faults(self) -> Iterator[Fault]:
        yield from ()

    def fields(self) -> dict[str, object]:
        """What is known: name, seed, and what the probe noted."""
        return {"name": self.name, "schedule": self.schedule, "data_law": self.data_law, "loss": self.loss, "seed": self.seed,
                RECORDED: dict(self.recorded)}

    def __repr__(self) -> str:
        return f"RecordedRun({', '.join(f'{name}={value!r}' for name, value in self.fields().items())})"

    __str__ = __repr__

    def _chosen(self) -> dict[str, object]:
        return self.fields()


def read_experiment(fields: dict[str, Any]) -> Experiment:
    """The Experiment of stored fields, or the RecordedRun."""
    return RecordedRun(**fields) if RECORDED in fields else Experiment(**fields)
