"""What the neurons that see x_2 say of Q's plane at one time."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np

__all__ = ["Plane"]


class Plane(NamedTuple):
    """The signal on z - zeta, z, z + zeta, and how far it has moved patterns there.

    Attributes
    ----------
    g_signal : (3,) float64 array
        Signal part of the output.
    shifted : (3,) float64 array
        Neurons whose pattern differs from that of the accumulated noise alone.
    near_kink : float
        Neurons whose kink lies between z and z - zeta or z + zeta.
    """

    g_signal: np.ndarray[Any, Any]
    shifted: np.ndarray[Any, Any]
    near_kink: float

    @classmethod
    def of_patterns(cls, g_signal: np.ndarray[Any, Any], active: np.ndarray[Any, Any], noise: np.ndarray[Any, Any]) -> Self:
        """From the patterns of the neurons at the three points, and from those of the accumulated noise alone: (m, 3) each."""
        near = (active != active[:, 1:2]).any(axis=1)
        return cls(g_signal, (active != noise).sum(axis=0).astype(np.float64), float(near.sum()))
