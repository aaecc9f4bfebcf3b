"""Random streams that belong to runs, not to workers.

Every number is addressed by (seed, purpose, layer, block, step). The first four give 128 bits by NumPy's SeedSequence,
the step 64 more: together the three seed words of SFC64, the fastest of NumPy's generators at normal draws. Any step's
noise can be drawn again without the steps before it, and neither the number of threads nor their order can change a draw.
A draw is made in float64 and rounded to the precision asked for: the same address gives the same number in either.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

__all__ = ["PURPOSES", "StepStream", "generator", "normal"]

# Positions are part of every stored result: append, never reorder.
PURPOSES: Final = {"data": 0, "test data": 1, "signs": 2, "init": 3, "noise": 4, "batch": 5, "plane": 6, "limit noise": 7,
                   "placed noise": 8, "redrawn patterns": 9, "label noise": 10, "label flips": 11,
                   "fresh examples": 12, "images": 13, "patches": 14, "image batches": 15}


# Small enough to stay in cache between being drawn and being rounded.
_ROUNDED_AT_ONCE: Final = 8192


def generator(seed: int, purpose: str, *address: int) -> np.random.Generator:
    """Generator of one purpose, for draws made once (data, signs).

    Parameters
    ----------
    seed : int
        Seed of the run for this purpose.
    purpose : str
        Key of `PURPOSES`.
    *address : int
        Further address, such as layer and block.
    """
    sequence = np.random.SeedSequence(seed, spawn_key=(PURPOSES[purpose], *address))
    return np.random.Generator(np.random.Philox(sequence))


def normal(generator: np.random.Generator, out: np.ndarray[Any, Any]) -> None:
    """Fill ``out`` (any shape in C order, float32 or float64) with N(0, 1) draws, rounded from float64."""
    if out.dtype == np.float64:
        generator.standard_normal(out=out)
        return
    flat = out.reshape(-1)
    assert np.shares_memory(flat, out) or not out.size, "a copy would be filled in place of the array"
    drawn = np.empty(min(flat.size, _ROUNDED_AT_ONCE))
    for start in range(0, flat.size, _ROUNDED_AT_ONCE):
        part = flat[start : start + _ROUNDED_AT_ONCE]
        generator.standard_normal(out=drawn[: part.size])
        part[:] = drawn[: part.size]


class StepStream:
    """Standard normal draws addressed by step.

    Parameters
    ----------
    seed, purpose, *address
        As for `generator`.

    Notes
    -----
    Not to be shared between threads: a block has a stream of its own.
    """

    def __init__(self, seed: int, purpose: str, *address: int) -> None:
        sequence = np.random.SeedSequence(seed, spawn_key=(PURPOSES[purpose], *address))
        self._key = sequence.generate_state(2, np.uint64)
        self._bits = np.random.SFC64(sequence)
        self._generator = np.random.Generator(self._bits)
        self._start: Any = self._bits.state

    def at(self, step: int) -> np.random.Generator:
        """Generator positioned at the first draw of a step."""
        state = self._start
        # SFC64's own seeding: three words, a counter of one, and twelve rounds that mix them.
        state["state"]["state"][:] = (*self._key, step, 1)
        state["has_uint32"] = 0
        state["uinteger"] = 0
        self._bits.state = state
        self._bits.random_raw(12, output=False)
        return self._generator

    def normal(self, step: int, out: np.ndarray[Any, Any]) -> None:
        """Fill ``out`` (any shape in C order, float32 or float64) with the N(0, 1) draws of a step."""
        normal(self.at(step), out)
