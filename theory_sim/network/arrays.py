"""Rules and digests of arrays that are put into a run."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from theory_sim.errors import InputError, repr_of, shown

__all__ = ["digest_arrays", "require_array", "require_labels"]


def require_labels(name: str, given: object, known: Sequence[str], *, every: bool) -> None:
    """Raise InputError unless a mapping has every known name, or only some of them."""
    if not isinstance(given, Mapping) or not set(given) <= set(known) or not given or (every and set(given) != set(known)):
        if isinstance(given, Mapping) and given:
            found = f"arrays by the names {shown(', '.join(sorted(map(str, given))))}"
        else:
            found = "{}" if isinstance(given, Mapping) else shown(repr_of(given))
        raise InputError(f"{name} = {found}", f"{'arrays' if every else 'one or more arrays'} by name: {', '.join(known)}",
                         "give just these")


def require_array(name: str, array: object, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Raise InputError unless it is an array of this shape and precision with finite entries."""
    if not isinstance(array, np.ndarray) or array.dtype != dtype:
        found = f"an array of {array.dtype}" if isinstance(array, np.ndarray) else shown(repr_of(array))
        raise InputError(f"{name}: {found}", f"a NumPy array of {dtype.name}, the experiment's dtype; it is never rounded",
                         f".astype({dtype.name!r}), or another dtype of the experiment", fields=("dtype",))
    if array.shape != shape:
        raise InputError(f"{name} of shape {array.shape}", f"shape {shape}", "give such an array, or change the experiment")
    if not np.isfinite(array).all():
        raise InputError(f"{name} holds infinities or NaN", "finite numbers", "replace them")


def digest_arrays(parts: Mapping[str, Any]) -> str:
    """Digest of arrays and plain values by name, in the order of the names."""
    found = hashlib.sha256()
    for name in sorted(parts):
        value = parts[name]
        if isinstance(value, np.ndarray):
            found.update(f"{name} {value.dtype.str} {value.shape}\n".encode())
            found.update(np.ascontiguousarray(value).reshape(-1).view(np.uint8).data)  # as it lies there: no copy
        else:
            found.update(f"{name} {value!r}\n".encode())
    return found.hexdigest()
