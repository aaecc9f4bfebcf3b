"""PyTorch, which only the probe needs."""

from __future__ import annotations

from typing import Final

from theory_sim.errors import InputError, installing

__all__ = ["EXTRA", "require_torch"]

EXTRA: Final = "torch"
"""Name of the extra in setup.cfg."""


def require_torch() -> None:
    """Raise InputError unless PyTorch is installed."""
    try:
        import torch  # noqa: F401
    except ImportError as error:
        raise InputError(f"a probe without PyTorch ({error})", f"the library of the extra {EXTRA!r}",
                         installing(EXTRA)) from error
