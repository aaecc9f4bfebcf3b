"""The one exception tree: every message says what was found, the rule and the fix."""

from __future__ import annotations

import reprlib
from typing import Any, Final

__all__ = ["ExperimentError", "InputError", "StoreError", "TheorySimError", "repr_of", "shown"]

_LONGEST: Final = 120


class TheorySimError(Exception):
    """Root of every error that theory_sim raises on purpose.

    Parameters
    ----------
    found : str
        What was found, with its value.
    rule : str
        What is allowed.
    fix : str
        What the caller can do about it.
    """

    def __init__(self, found: str, rule: str, fix: str) -> None:
        self.found = found
        self.rule = rule
        self.fix = fix
        super().__init__(f"{found}\n  rule: {rule}\n  fix: {fix}")


class InputError(TheorySimError, ValueError):
    """An argument outside of what its function accepts."""


class ExperimentError(InputError):
    """A description of a run that cannot be simulated as it stands."""


class StoreError(TheorySimError):
    """A stored result that is missing, broken, or in the way."""


def shown(text: str, longest: int = _LONGEST) -> str:
    """A text as an error message shows it: shortened."""
    return text if len(text) <= longest else f"{text[: longest - 20]}... ({len(text)} letters)"


def repr_of(value: Any) -> str:
    """Like repr, but short, and never an error itself: integers of many digits have none, nor has deep nesting."""
    return _SHORT.repr(value)


class _Short(reprlib.Repr):
    def repr_int(self, x: int, level: int) -> str:
        return repr(x) if x.bit_length() <= 256 else f"an integer of {x.bit_length()} bits"


_SHORT: Final = _Short()
_SHORT.maxstring = _SHORT.maxother = _LONGEST
_SHORT.maxlist = _SHORT.maxtuple = _SHORT.maxdict = 8
