"""The type of arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["Array"]

Array = np.ndarray[Any, Any]
"""Of any shape and dtype: which they are is said where an array is described."""
