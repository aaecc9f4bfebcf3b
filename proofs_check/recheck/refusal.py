"""What every second look needs: the word for no, and that a file says nothing that goes unchecked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from fractions import Fraction

__all__ = ["Refused", "double", "exact", "only_keys", "same_number"]


class Refused(Exception):
    """Evidence that does not show what it is to show."""


def only_keys(evidence: Mapping[str, object], known: Set[str]) -> None:
    """Refuse evidence with other entries than these: nobody would look at them."""
    if set(evidence) != set(known):
        raise Refused(f"entries {sorted(evidence)} where {sorted(known)} are due")


def same_number(stored: object, found: int | float) -> bool:
    """Whether a stored number is the one found, and of its type: true is 1 in Python, and 128.0 is 128."""
    return type(stored) is type(found) and stored == found


def double(stored: object, what: str) -> float:
    """A stored number; a text of digits, or true, is none."""
    if type(stored) is not float and type(stored) is not int:
        raise Refused(f"{what}: {str(stored)[:40]!r} is no number")
    return float(stored)


def exact(text: object) -> Fraction:
    """A stored rational, written as methods write it: a short 1e999999999 would take a computer's whole memory."""
    if not isinstance(text, str) or not re.fullmatch(r"-?[0-9]{1,4000}(/[0-9]{1,4000})?", text):
        raise Refused(f"{str(text)[:40]!r} is no fraction of whole numbers")
    value = Fraction(text)
    if str(value) != text:
        raise Refused(f"{text[:40]!r} is no fraction in lowest terms, as it is stored")
    return value
