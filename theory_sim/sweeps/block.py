"""What a block of a sweep is: fields that vary together, as axes and as a declaration holds them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from theory_sim.errors import InputError, repr_of, shown
from theory_sim.sweeps.axis import Axis

__all__ = ["Block", "require_table", "values_by_field"]


class Block(ABC):
    """A subclass is a frozen dataclass; `theory_sim.sweeps.block_tables.BLOCKS` lists them.

    Attributes
    ----------
    kind : str
        Key of a declaration under which it stands.
    together : bool
        Whether all tables of the kind are one block.
    """

    kind: ClassVar[str]
    together: ClassVar[bool] = False

    @classmethod
    @abstractmethod
    def of(cls, content: Any) -> Block:
        """Block from what a file has of it: a table; a list of them where all are one block. Raises InputError otherwise."""

    @abstractmethod
    def axes(self) -> tuple[Axis, ...]:
        """Its dimensions of the sweep."""

    @abstractmethod
    def tables(self) -> list[dict[str, object]]:
        """What a file has of it; `of` gives an equal one back."""


def require_table(kind: str, content: object) -> Mapping[str, Any]:
    """The table of a block, of fields; raises InputError if it is none."""
    if not isinstance(content, Mapping):
        raise InputError(f"{kind} = {shown(repr_of(content))}", "a table of fields",
                         f"write [{kind}] and a line for each field", fields=(kind,))
    return content


def values_by_field(axes: tuple[Axis, ...]) -> dict[str, object]:
    """All values of each field of some axes."""
    return {field: [axis.points[i][k] for i in range(len(axis))] for axis in axes for k, field in enumerate(axis.fields)}
