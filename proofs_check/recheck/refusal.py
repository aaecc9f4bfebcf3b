"""What every second look needs: the word for no, and that a file says nothing that goes unchecked."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

__all__ = ["Refused", "only_keys"]


class Refused(Exception):
    """Evidence that does not show what it is to show."""


def only_keys(evidence: Mapping[str, Any], known: Set[str]) -> None:
    """Refuse evidence with other entries than these: nobody would look at them."""
    if set(evidence) != set(known):
        raise Refused(f"entries {sorted(evidence)} where {sorted(known)} are due")
