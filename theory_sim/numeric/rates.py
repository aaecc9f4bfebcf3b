"""How fast this machine is at what runs consist of, measured once a process: for estimates of time."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from typing import Final, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

__all__ = ["LARGE", "Rates", "get_rates", "memory_seconds", "seconds_of"]

_SIZE: Final = 256
_NUMBERS: Final = 2**17
_REPEATED: Final = 5
_FEW: Final = 16
_CALLS: Final = 1000
LARGE: Final = 2**18
"""Numbers of float64 from which on an array has its pages from the system each time that it is made."""
_MADE: Final = 2**22 + 1


class Rates(NamedTuple):
    """What one thread does a second.

    Attributes
    ----------
    products : float
        Multiplications, each with its addition, of a product of matrices.
    normals : float
        Normal random numbers.
    elements : float
        Elements of one pass over arrays: read two, written one.
    calls : float
        Calls of NumPy's for a few numbers each, in which nothing counts but that they are made.
    """

    products: float
    normals: float
    elements: float
    calls: float


@cache
def get_rates(dtype: str) -> Rates:
    """Rates in a precision; takes some 20 ms the first time."""
    a, b = np.ones((_SIZE, _SIZE), dtype), np.ones((_SIZE, 4 * _SIZE), dtype)
    out, numbers = np.empty((_SIZE, 4 * _SIZE), dtype), np.ones((2, _NUMBERS), dtype)
    generator, drawn, passed = np.random.Generator(np.random.SFC64(0)), np.empty(_NUMBERS), np.empty(_NUMBERS, dtype)
    with threadpool_limits(1, user_api="blas"):
        product = seconds_of(lambda: np.dot(a, b, out=out))
    normal = seconds_of(lambda: generator.standard_normal(out=drawn))
    element = seconds_of(lambda: np.multiply(numbers[0], numbers[1], out=passed))
    few = np.ones(_FEW)

    def call() -> None:
        for _ in range(_CALLS):
            np.exp(few)

    return Rates(out.size * _SIZE / product, _NUMBERS / normal, _NUMBERS / element, _CALLS / seconds_of(call))


@cache
def memory_seconds() -> float:
    """Processor time for each byte of a large array that is made and filled."""
    return seconds_of(lambda: np.ones(_MADE)) / (8 * _MADE)


def seconds_of(work: Callable[[], object]) -> float:
    """Processor time of this thread for a call, the least of a few."""
    found = []
    for _ in range(_REPEATED):
        began = time.thread_time()
        work()
        found.append(time.thread_time() - began)
    return max(min(found), 1e-9)
