"""Whether examples that were put in fit an experiment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from theory_sim.data.examples import BOTH, KINDS, P_ONLY, Q_ONLY, Data, PQStructure
from theory_sim.errors import InputError, repr_of, shown
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import DATA_LAWS

__all__ = ["require_data"]


def require_data(name: str, data: Data, experiment: Experiment, n: int | None) -> None:
    """Raise InputError unless examples have the experiment's sizes and precision, and the P/Q mixture's structure if it has.

    Labels and directions are not compared: flipped labels are data too.

    Parameters
    ----------
    name : str
        What messages call them.
    data : Data
        The examples.
    experiment : Experiment
        Gives d, r, dtype and the law of the data.
    n : int or None
        Number of examples; None for any.
    """
    e, count = experiment, np.size(data.y) if n is None else n
    k = DATA_LAWS[e.data_law].second_dimension(e)
    if e.has_pq and data.pq is None:
        raise InputError(f"{name} without directions", f"data_law = {e.data_law!r} has those of the P/Q mixture (THEORY §1)",
                         "set data_law = 'arrays', with d_2 the dimension of x2", fields=("data_law",))
    expected: dict[str, tuple[tuple[int, ...], str]] = {
        "x1": ((count, e.d), e.dtype), "x2": ((count, k), "float64" if e.has_pq else e.dtype), "y": ((count,), "float64"),
        "kind": ((count,), "int8"),
    }
    if e.has_pq:
        expected |= {"alpha": ((count,), "float64"), "direction": ((count,), "int8"), "w_star": ((e.d,), "float64")}
    for field, (shape, dtype) in expected.items():
        array = getattr(data, field)
        if not isinstance(array, np.ndarray) or array.shape != shape or array.dtype != np.dtype(dtype):
            found = f"{array.dtype} {array.shape}" if isinstance(array, np.ndarray) else type(array).__name__
            raise InputError(f"{name}.{field}: {found}", f"an array of {dtype} of shape {shape}",
                             "change it, or the experiment's N, d or dtype", fields=("N", "d", "dtype"))
        if not np.isfinite(array).all():
            raise InputError(f"{name}.{field} holds infinities or NaN", "finite numbers", "replace them")
    for holds, fault, rule in (*_rules(data), *(_pq_rules(data, data.structure, e) if e.has_pq else ())):
        if not holds:
            raise InputError(f"{name} with {fault}", rule, "change it, or draw it with theory_sim.draw_data")


def _rules(data: Data) -> Iterator[tuple[Any, str, str]]:
    """What holds of any data: whether it does, the fault, and the rule."""
    yield len(data) > 0, "no examples", "at least one"
    yield np.isin(data.y, (-1.0, 1.0)).all(), "other labels", "-1 and +1"
    named = all(isinstance(kind, str) and kind and kind.isprintable() for kind in data.kinds)
    yield named and 0 < len(set(data.kinds)) == len(data.kinds), f"kinds = {shown(repr_of(data.kinds))}", "different names"
    yield np.isin(data.kind, range(len(data.kinds))).all(), "other kinds", f"indices of {', '.join(map(str, data.kinds))}"


def _pq_rules(data: Data, pq: PQStructure, e: Experiment) -> Iterator[tuple[Any, str, str]]:
    """What holds of the P/Q mixture besides."""
    yield data.kinds == KINDS, f"kinds = {shown(repr_of(data.kinds))}", f"the kinds {', '.join(KINDS)}"
    yield np.isin(pq.direction, (0, 1, 2)).all(), "other directions", "0, 1, 2 for z - zeta, z, z + zeta"
    lengths = (pq.alpha >= 0).all() and not pq.alpha[data.kind == P_ONLY].any()
    yield lengths, "alpha below 0, or above 0 where P-only", "alpha of at least 0, and 0 for P-only"
    yield not data.x1[data.kind == Q_ONLY].any(), "x1 of Q-only examples", "zero: they have no first patch"
    yield data.x1[np.isin(data.kind, (P_ONLY, BOTH))].any(axis=1).all(), "x1 = 0 of an example of P", "a first patch"
    yield pq.r == e.r, f"r = {pq.r:g}", f"the experiment's r = {e.r:g}"
    yield abs(float(np.sum(pq.w_star**2)) - 1.0) < 1e-9, "w_star not of length 1", "a unit vector"
    yield np.array_equal(data.x2, pq.x2), "x2 that does not follow from its directions", "alpha (1, r b), b the direction"
