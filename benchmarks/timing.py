"""Interleaved timing: the calls take turns, so that what else the machine does falls on all of them; and what is recorded."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from threadpoolctl import ThreadpoolController

__all__ = ["RECORDS", "Record", "interleaved", "numpy_products", "record", "report"]

RECORDS = "THEORY_SIM_BENCHMARKS"
"""Variable with the file that `record` adds a line to."""

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


@dataclass(frozen=True)
class Record:
    """One number that was measured.

    Attributes
    ----------
    group : {"peers", "cost", "workers", "start-up", "memory", "time"}
        Its table on the page.
    name : str
        What was measured.
    value : float
        Smaller is better, but for an exponent.
    unit : {"ratio", "s", "GiB", "exponent"}
        Ratios are of two measurements in one run, so that they can be compared between runs.
    target : float, optional
        Above it the benchmark fails.
    low, high : float, optional
        10 % and 90 % quantiles; of an exponent one standard error to each side.
    theory : float, optional
        Exponent of the theory.
    source : str
        Where that stands, or what the two measurements of a ratio are.
    points : list of (int, float)
        Sizes and seconds that an exponent was fitted to.
    """

    group: Literal["peers", "cost", "workers", "start-up", "memory", "time"]
    name: str
    value: float
    unit: Literal["ratio", "s", "GiB", "exponent"]
    target: float | None = None
    low: float | None = None
    high: float | None = None
    theory: float | None = None
    source: str = ""
    points: list[tuple[int, float]] | None = None


def record(measured: Record) -> bool:
    """Print a number, add it to the file that collects them, if there is one, and tell whether its target is missed."""
    missed = measured.target is not None and not measured.value <= measured.target
    words = [f"{measured.name}: {measured.value:.3g} {measured.unit}"]
    if measured.low is not None and measured.high is not None:
        words.append(f"({measured.low:.3g} to {measured.high:.3g})")
    if measured.theory is not None:
        words.append(f"theory {measured.theory:g}")
    if measured.target is not None:
        words.append(f"target {measured.target:g}: {'MISSED' if missed else 'met'}")
    print(", ".join(words), flush=True)
    if path := os.environ.get(RECORDS):
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(measured)) + "\n")
    return missed


def report(times: Mapping[str, Array], ours: str, peer: str, target: float, name: str) -> bool:
    """Print both times and record their ratio; tell whether the ratio of the medians is above the target (infinite: none)."""
    for each in (ours, peer):
        low, median, high = 1e3 * np.quantile(times[each], (0.1, 0.5, 0.9))
        print(f"{each:>16}: median {median:.2f} ms, 10 % to 90 %: {low:.2f} to {high:.2f} ms ({len(times[each])} rounds)")
    ratio = float(np.median(times[ours]) / np.median(times[peer]))
    low, high = (float(value) for value in np.quantile(times[ours] / times[peer], (0.1, 0.9)))
    return record(Record("peers", name, ratio, "ratio", None if math.isinf(target) else target, low, high, source=peer))
