"""What the lists of registered things on the pages hold; without Sphinx, so that a test can look."""

from __future__ import annotations

from importlib import import_module


def get_rows(place: str) -> list[tuple[str, str]]:
    """Names and summaries of a registry, given as ``module:NAME``."""
    module, _, name = place.partition(":")
    rows: list[tuple[str, str]] = getattr(import_module(module), name).rows()
    return rows
