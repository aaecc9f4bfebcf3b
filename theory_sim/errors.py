"""The one exception tree: every message holds the value seen, the rule and the mend."""

from __future__ import annotations

__all__ = ["ExperimentError", "InputError", "StoreError", "TheorySimError"]


class TheorySimError(Exception):
    """Root of every error that theory_sim raises on purpose.

    Parameters
    ----------
    seen : str
        What was found, with its value.
    rule : str
        What is allowed.
    mend : str
        What the caller can do about it.
    """

    def __init__(self, seen: str, rule: str, mend: str) -> None:
        self.seen = seen
        self.rule = rule
        self.mend = mend
        super().__init__(f"{seen}\n  rule: {rule}\n  mend: {mend}")


class InputError(TheorySimError, ValueError):
    """An argument outside of what its function accepts."""


class ExperimentError(InputError):
    """A description of a run that cannot be simulated as it stands."""


class StoreError(TheorySimError):
    """A stored result that is missing, broken, or in the way."""
