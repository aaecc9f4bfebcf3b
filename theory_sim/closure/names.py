"""What sentences call the engines of means over data sets; light, so that a list of the engines costs nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["IN_WORDS"]

IN_WORDS: Final[Mapping[str, str]] = {"mean-field": "mean field", "closure": "closure"}
"""Engines that predict, by name, in words."""
