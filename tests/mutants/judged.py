"""Mutants that change no result, judged by hand: ``equivalent.toml`` has each with the reason.

An entry names the function, the lines that the mutant takes out and puts in, and why no test could tell the two. It is matched
by these texts alone, so that code may move; the report names the entries whose lines are no longer there.
"""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from tests.mutants.areas import files_of_areas

FILE: Final = Path(__file__).with_name("equivalent.toml")


@dataclass(frozen=True)
class Judged:
    """A mutant by what it changes, and why that changes nothing."""

    function: str
    before: str
    after: str
    reason: str

    @classmethod
    def all(cls, path: Path = FILE) -> list[Self]:
        """Read the judgements."""
        return [cls(**entry) for entry in tomllib.loads(path.read_text(encoding="utf-8")).get("equivalent", [])]

    def is_of(self, result: dict[str, Any]) -> bool:
        """Tell whether a result is of this mutant."""
        lines = result["difference"].splitlines()
        before, after = (_joined(line[1:] for line in lines if line.startswith(sign)) for sign in "-+")
        return (self.function, _joined([self.before]), _joined([self.after])) == (result["mutant"]["function"], before, after)


def stale(root: Path, judged: Iterable[Judged]) -> list[Judged]:
    """Return the judgements of lines that are in no file."""
    texts = [_joined((root / file).read_text(encoding="utf-8").splitlines())
             for files in files_of_areas(root).values() for file in files]  # fmt: skip
    return [each for each in judged if not any(_joined([each.before]) in text for text in texts)]


def reason(result: dict[str, Any], judged: Iterable[Judged]) -> str:
    """Return why a mutant changes nothing, "" if it was not judged so."""
    return next((each.reason for each in judged if each.is_of(result)), "")


def _joined(lines: Iterable[str]) -> str:
    return " ".join(" ".join(lines).split())
