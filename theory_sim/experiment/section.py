"""What every section of an Experiment is: fields with their rules, one section a file.

The sections form a chain, in the order in which a file lists them: each knows the fields of those before it, never of those
after it. A rule stands in the last section whose fields it reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import pydantic
from pydantic import ConfigDict, Field

from theory_sim.errors import Fault
from theory_sim.plugins import LONGEST_NAME, NAME

__all__ = ["LEAST", "MOST", "Section", "derived_name"]

# Rates, decays and times that can be computed with: squares and quotients of two neither overflow nor vanish.
LEAST: Final = 1e-12
MOST: Final = 1e12


def derived_name(name: str, word: str) -> str:
    """Name of an experiment that was made from another one, with a word that says how: its runs go to folders of their own."""
    return f"{name[: LONGEST_NAME - len(word) - 1]}-{word}"


class Section(pydantic.BaseModel):
    """The configuration that all sections share, and the run's name.

    Extra fields are those that schedules and placements declare of their own; an Experiment refuses others.
    """

    model_config = ConfigDict(
        frozen=True, extra="allow", allow_inf_nan=False, validate_default=True, populate_by_name=True
    )

    name: str = Field(
        "default", pattern=NAME, max_length=LONGEST_NAME, description="name of the run in file names",
        json_schema_extra={
            "rule": f"at most {LONGEST_NAME} letters, digits, points, lines _ and hyphens, the first a letter or digit"},
    )

    def faults(self) -> Iterator[Fault]:
        """Whatever is wrong between fields, each of which is valid by itself."""
        yield from ()

    def superseded(self, changed: Mapping[str, object]) -> Iterator[str]:
        """Fields that go back to their defaults when others change, unless they are given, too."""
        yield from ()
