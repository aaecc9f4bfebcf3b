"""What is asked of every case: a documented ending, a message that helps, lines that fit, and nobody's file touched."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from tests.fuzz.outcome import Outcome

STATUSES: Final = {0, 1, 2, 130}
WIDTH: Final = 80
LONGEST_MESSAGE: Final = 5000
# Names of Python's exceptions, and words of its own that say nothing to a user.
RAW: Final = re.compile(r"Traceback|[Ii]nternal error|\b[A-Z]\w*(Error|Exception|Warning)\b|object has no attribute|unhashable"
                        r"|<class '|NoneType|object is not|unsupported operand|indices must be|unexpected keyword"
                        r"|positional argument|out of memory| at 0x[0-9a-f]{6}")
_DRAFT: Final = re.compile(r"\.draft-|\.partial$|\.lock$|\.tmp|-journal$|(^|/)tmp[a-z0-9_]{8}$")

Listing = Mapping[str, object]


def faults(outcome: Outcome, before: Listing, after: Listing, *, own: tuple[str, ...] = ()) -> list[str]:
    """What is wrong with how a case ended; nothing if all is as documented.

    Parameters
    ----------
    outcome : Outcome
    before, after : mapping of str to object
        Everything in the folder, as `tests.fuzz.folder.listing` gives it.
    own : tuple of str
        Beginnings of what the verb may change.
    """
    found = [f"status {outcome.status}"] if outcome.status not in STATUSES else []
    found += [f"on standard error: {match.group()}" for match in [RAW.search(outcome.err)] if match]
    found += [f"on standard output: {match.group()}" for match in [RAW.search(outcome.out)] if match]
    if outcome.status == 2 and not _explained(outcome):
        found.append("status 2 without what was found, and how to fix it")
    if len(outcome.err) > LONGEST_MESSAGE:
        found.append(f"a message of {len(outcome.err)} letters")
    found += [f"a line of {len(line)} columns: {line!r}" for line in outcome.err.split("\n") if _too_wide(line)]
    found += _touched(before, after, own, refused=outcome.status == 2)
    return found


def _explained(outcome: Outcome) -> bool:
    """A message of the program's own, or the parser's with its line on help; a list of commands for a group alone.

    Of evidence in files, each file's fault is part of the result, on standard output.
    """
    said = outcome.err if re.search(rf"(?m)^{outcome.program}:", outcome.err) else outcome.out
    return ("rule: " in said and "fix: " in said) or "Try '" in outcome.err or "Usage: " in outcome.out


def _too_wide(line: str) -> bool:
    """Whether a line is wider than it need be: a single word may be as long as it is."""
    return len(line) > WIDTH and len(line.split()) > 1


def _touched(before: Listing, after: Listing, own: tuple[str, ...], *, refused: bool) -> list[str]:
    found = []
    for name, state in before.items():
        if not name.startswith(own) and after.get(name) != state:
            found.append(f"{name} is {'changed' if name in after else 'gone'}")
    new = [name for name in after if name not in before and not name.startswith(own)]
    found += [f"{name} is left over" for name in new if refused or _DRAFT.search(name)]
    return found
