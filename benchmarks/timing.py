"""Interleaved timing: the calls take turns, so that whatever else the machine does falls on all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController

__all__ = ["interleaved", "numpy_products", "report"]

Array = np.ndarray[Any, Any]
# Seconds of untimed calls at each turn. A BLAS or OpenMP thread spins for tens of milliseconds after its last task, and
# a new pair of busy threads needs a few scheduler ticks to be on two processors; a run is past both.
_SETTLE = 0.15


def interleaved(calls: Mapping[str, tuple[int, Callable[[], None]]], rounds: int = 60) -> dict[str, Array]:
    """Time calls in turn.

    Parameters
    ----------
    calls : mapping
        By name: number of BLAS threads to give the call, and the call.
    rounds : int
        Times each is measured; each time right after untimed calls of its own.

    Returns
    -------
    dict
        Seconds of each call in each round, by name: (rounds,).
    """
    times = {name: np.empty(rounds) for name in calls}
    libraries = ThreadpoolController().select(user_api="blas").lib_controllers
    for k in range(-2, rounds):
        for name, (threads, call) in calls.items():
            for library in libraries:
                library.set_num_threads(threads)
            settled = time.perf_counter() + _SETTLE
            while time.perf_counter() < settled:
                call()
            start = time.perf_counter()
            call()
            if k >= 0:
                times[name][k] = time.perf_counter() - start
    return times


def numpy_products(weights: Array, x1: Array) -> Callable[[], None]:
    """Return a call of the two products alone: weights by examples, patterns by weighted examples."""
    z = np.empty((len(weights), len(x1)), weights.dtype)
    gradient = np.empty_like(weights)
    pattern = (weights @ x1.T > 0).astype(weights.dtype)

    def products() -> None:
        np.dot(pattern, x1, out=gradient)
        np.dot(weights, x1.T, out=z)

    return products


def report(times: Mapping[str, Array], ours: str, peer: str, target: float) -> bool:
    """Print both times and their ratio; tell whether the ratio of the medians is above the target."""
    for name in (ours, peer):
        low, median, high = 1e3 * np.quantile(times[name], (0.1, 0.5, 0.9))
        print(f"{name:>16}: median {median:.2f} ms, 10 % to 90 %: {low:.2f} to {high:.2f} ms ({len(times[name])} rounds)")
    ratio = float(np.median(times[ours]) / np.median(times[peer]))
    low, median, high = np.quantile(times[ours] / times[peer], (0.1, 0.5, 0.9))
    missed = ratio > target
    print(f"{ours} / {peer}: {ratio:.3f}, target {target:g}: {'MISSED' if missed else 'met'} "
          f"(round by round: median {median:.3f}, 10 % to 90 %: {low:.3f} to {high:.3f})\n", flush=True)
    return missed
