"""PyTorch and Pillow, which only this package needs."""

from __future__ import annotations

from typing import Any, Final

from theory_sim.errors import InputError, installing

__all__ = ["EXTRA", "require_pillow", "require_torch"]

EXTRA: Final = "vision"
"""Name of the extra in setup.cfg."""


def require_torch() -> None:
    """Raise InputError unless PyTorch is installed."""
    try:
        import torch  # noqa: F401
    except ImportError as error:
        raise _lacking("training on images", "PyTorch", error) from error


def require_pillow() -> Any:
    """Pillow's module of images; InputError unless it is installed."""
    try:
        from PIL import Image
    except ImportError as error:
        raise _lacking("image files", "Pillow", error) from error
    return Image


def _lacking(what: str, library: str, error: ImportError) -> InputError:
    return InputError(f"{what} without {library} ({error})", f"the libraries of the extra {EXTRA!r}",
                      installing(EXTRA))
