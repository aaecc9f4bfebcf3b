"""Outputs of which a step with placed noise takes its residuals."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

__all__ = ["Perturbed"]


class Perturbed(NamedTuple):
    """Outputs (N,), and the level of the placed noise with which they were taken."""

    f: np.ndarray[Any, Any]
    level: float
