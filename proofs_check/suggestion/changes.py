"""What a suggestion changes, the largest change first."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from proofs_check.suggestion.shifted import FREE
from theory_sim.experiment import Experiment
from theory_sim.theory.conditions import in_words

__all__ = ["Change", "changes"]


@dataclass(frozen=True)
class Change:
    """One field of an experiment that has another value in a suggestion.

    Attributes
    ----------
    field : str
        By its name in a file.
    before, after : object
        Its values; None where it is not given.
    """

    field: str
    before: Any
    after: Any

    @property
    def factor(self) -> float:
        """By which it is multiplied; NaN of what is no number above 0."""
        both = (self.before, self.after)
        numbers = all(isinstance(each, (int, float)) and not isinstance(each, bool) and each > 0 for each in both)
        return self.after / self.before if numbers else math.nan

    def __str__(self) -> str:
        if self.before is None:
            return f"{self.field} = {_shown(self.after)}"
        by = "" if math.isnan(self.factor) else f", x {self.factor:.3g}"
        return f"{self.field} = {_shown(self.after)} (before: {_shown(self.before)}{by})"


def _shown(value: Any) -> str:
    """A field's value as a text shows it, and exact, so that what is typed from it is the suggestion."""
    if not isinstance(value, float) or not math.isfinite(value):
        return str(value)
    text = in_words(value, ".6g")
    return text if float(text) == value else repr(value).removesuffix(".0")


def changes(old: Experiment, new: Experiment) -> list[Change]:
    """Fields in which two experiments differ: those that a suggestion moves, by the size of the factor, then what follows."""
    before = old.fields()
    before["N"] = old.n_examples  # given by kappa or not, it is kept
    found = [Change(name, before.get(name), value) for name, value in new.fields().items() if before.get(name) != value]
    return sorted(found, key=_rank)


def _rank(change: Change) -> tuple[bool, float]:
    follows = change.field not in {name.rstrip("_") for name in FREE}
    return follows, 0.0 if math.isnan(change.factor) else -abs(math.log(change.factor))
