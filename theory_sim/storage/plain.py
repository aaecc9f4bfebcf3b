"""Values as JSON holds them: the one place that turns numbers of NumPy, infinities and tuples into what any reader takes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ["make_plain"]


def make_plain(value: Any) -> Any:
    """Dictionaries with text keys, lists, texts, booleans and finite numbers; None for what is not finite.

    Parameters
    ----------
    value : object
        Numbers and arrays of NumPy or Python, texts and None, in mappings, lists and tuples of any depth.

    Examples
    --------
    >>> make_plain({0.45: (1, float("inf")), "n": np.int64(3)})
    {'0.45': [1, None], 'n': 3}
    """
    if isinstance(value, Mapping):
        return {str(key): make_plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [make_plain(item) for item in value]
    if isinstance(value, (np.generic, np.ndarray)):
        return make_plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
