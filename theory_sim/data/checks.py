"""Whether examples that were put in fit an experiment."""

from __future__ import annotations

from typing import Any

import numpy as np

from theory_sim.data.pq_mixture import BOTH, KINDS, P_ONLY, Q_ONLY, Data
from theory_sim.errors import InputError
from theory_sim.experiment import Experiment

__all__ = ["require_data"]

Array = np.ndarray[Any, Any]


def require_data(name: str, data: Data, experiment: Experiment, n: int | None) -> None:
    """Raise InputError unless examples have the experiment's sizes and precision, and the structure of the P/Q mixture.

    Labels and directions are not compared: flipped labels are data too.

    Parameters
    ----------
    name : str
        What messages call them.
    data : Data
        The examples.
    experiment : Experiment
        Gives d, r and dtype.
    n : int or None
        Number of examples; None for any.
    """
    e = experiment
    count = len(data.y) if n is None else n
    expected: dict[str, tuple[tuple[int, ...], str]] = {
        "x1": ((count, e.d), e.dtype), "alpha": ((count,), "float64"), "direction": ((count,), "int8"),
        "y": ((count,), "float64"), "kind": ((count,), "int8"), "w_star": ((e.d,), "float64"),
    }
    for field, (shape, dtype) in expected.items():
        array = getattr(data, field)
        if not isinstance(array, np.ndarray) or array.shape != shape or array.dtype != np.dtype(dtype):
            found = f"{array.dtype} {array.shape}" if isinstance(array, np.ndarray) else type(array).__name__
            raise InputError(f"{name}.{field}: {found}", f"an array of {dtype} of shape {shape}",
                             "change it, or the experiment's N, d or dtype", fields=("N", "d", "dtype"))
        if not np.isfinite(array).all():
            raise InputError(f"{name}.{field} holds infinities or NaN", "finite numbers", "replace them")
    for holds, fault, rule in (
        (count > 0, "no examples", "at least one"),
        (np.isin(data.y, (-1.0, 1.0)).all(), "other labels", "-1 and +1"),
        (np.isin(data.kind, range(len(KINDS))).all(), "other kinds", f"0, 1, 2 for {', '.join(KINDS)}"),
        (np.isin(data.direction, (0, 1, 2)).all(), "other directions", "0, 1, 2 for z - zeta, z, z + zeta"),
        ((data.alpha >= 0).all() and not data.alpha[data.kind == P_ONLY].any(), "alpha below 0, or above 0 where P-only",
         "alpha of at least 0, and 0 for P-only"),
        (not data.x1[data.kind == Q_ONLY].any(), "x1 of Q-only examples", "zero: they have no first patch"),
        (data.x1[np.isin(data.kind, (P_ONLY, BOTH))].any(axis=1).all(), "x1 = 0 of an example of P", "a first patch"),
        (data.r == e.r, f"r = {data.r:g}", f"the experiment's r = {e.r:g}"),
        (abs(float(np.sum(data.w_star**2)) - 1.0) < 1e-9, "w_star not of length 1", "a unit vector"),
    ):
        if not holds:
            raise InputError(f"{name} with {fault}", rule, "change it, or draw it with theory_sim.draw_data")
