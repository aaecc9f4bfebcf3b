"""Random streams that belong to runs, not to workers.

Every number is addressed by (seed, purpose, layer, block, step). The first four give 128 bits by NumPy's SeedSequence,
the step 64 more: together the three seed words of SFC64, the fastest of NumPy's generators at normal draws. Any step's
noise can be drawn again without the steps before it, and neither the number of threads nor their order can change a draw.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

__all__ = ["PURPOSES", "StepStream", "generator"]

# Positions are part of every stored result: append, never reorder.
PURPOSES: Final = {"data": 0, "test data": 1, "signs": 2, "init": 3, "noise": 4, "batch": 5, "plane": 6, "limit noise": 7,
                   "placed noise": 8, "redrawn patterns": 9}


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
        """Fill ``out`` (any shape, float32 or float64) with the N(0, 1) draws of a step."""
        self.at(step).standard_normal(out=out, dtype=out.dtype)
