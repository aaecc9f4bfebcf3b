"""Logistic loss l(v) = log(1 + e^{-v}) of the margin v = y f(x) (THEORY §3)."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["loss", "slope"]

Array = np.ndarray[Any, Any]


def loss(margin: Array) -> Array:
    """l(v), any shape; no overflow at any finite margin."""
    return np.logaddexp(0.0, -margin)


def slope(margin: Array) -> Array:
    """l'(v) = -1 / (1 + e^v), any shape, in (-1, 0)."""
    return -np.exp(-np.logaddexp(0.0, margin))
