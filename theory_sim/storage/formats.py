"""What is stored, in which version, and the one check of what is read.

A version is one higher where something stored changes its meaning.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from theory_sim.errors import StoreError, repr_of, shown

__all__ = ["RUN", "SWEEP_MANIFEST", "SWEEP_SUMMARY", "UNFINISHED_RUN", "StoredFormat"]


@dataclass(frozen=True)
class StoredFormat:
    """A kind of thing that is stored.

    Attributes
    ----------
    name : str
        As a dataset's attribute ``schema`` has it, where it is a dataset.
    version : int
        That is written.
    oldest : int
        First version that is read.
    difference : str
        How those before differ, for messages.
    """

    name: str
    version: int
    oldest: int = 1
    difference: str = ""

    @property
    def attributes(self) -> dict[str, str | int]:
        """Attributes of a dataset that is stored in it."""
        return {"schema": self.name, "schema_version": self.version}

    def require_attributes(self, attributes: Mapping[Any, object], path: Path, *, fix: str) -> None:
        """Refuse a dataset of another schema (ValueError), or as `require`."""
        if attributes["schema"] != self.name:
            raise ValueError(f"its schema is {shown(repr_of(attributes['schema']))}, not {self.name}")
        self.require(attributes["schema_version"], path, fix=fix)

    def require(self, found: object, path: Path, *, fix: str) -> None:
        """Refuse what this version of the program does not read.

        Parameters
        ----------
        found : object
            The version that a file gives.
        path : Path
            Where, for the message.
        fix : str
            What to do about an older version.

        Raises
        ------
        StoreError
            If the version is newer than what is written, or older than what is read.
        ValueError
            If it is no version.
        """
        if type(found) is not int or found < 1:
            raise ValueError(f"version {shown(repr_of(found))} is no whole number from 1")
        if found > self.version:
            raise StoreError(f"{path} has version {found} of {self.name}", f"at most {self.version} in this version",
                             "update theory_sim")
        if found < self.oldest:
            raise StoreError(f"{path} has version {found} of {self.name}: {self.difference}", f"version {self.oldest} or later",
                             fix)


RUN: Final = StoredFormat("theory_sim.Trajectory", 1)
SWEEP_SUMMARY: Final = StoredFormat("theory_sim.Sweep", 2, oldest=2, difference=(
    "there a kind was learnt when its loss stayed below the level to the end, not at its first crossing"))  # fmt: skip
UNFINISHED_RUN: Final = StoredFormat("an unfinished run", 2, oldest=2, difference="its files have no digests")
SWEEP_MANIFEST: Final = StoredFormat("a sweep's manifest", 2)
