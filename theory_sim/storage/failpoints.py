"""Points at which a crash could do harm, named, so that tests can crash there."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["failpoint", "set_hook"]

_hook: Callable[[str], None] | None = None


def set_hook(hook: Callable[[str], None] | None) -> None:
    """Have ``hook`` called with the name of each point that is passed; None ends it."""
    global _hook
    _hook = hook


def failpoint(point: str) -> None:
    """Pass a point."""
    if _hook is not None:
        _hook(point)
