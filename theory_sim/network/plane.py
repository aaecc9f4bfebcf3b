"""What the neurons that see x_2 say of Q's plane at one time."""

from __future__ import annotations

from typing import Any, NamedTuple

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
