"""Bit-packed activation patterns and what is counted in them (THEORY §6).

A pattern 1(<U_j, x> > 0) over neurons j is packed into 64-bit words, one row of words an input. Two patterns have in common
what `&` and a population count give: Gram matrices of patterns without a product of floating-point matrices.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numba import types
from numba.extending import intrinsic

from theory_sim.arrays import Array
from theory_sim.numeric.kernels import compiled
from theory_sim.numeric.pool import BlockPool

__all__ = ["common_active", "flipped_by_input", "flipped_by_neuron", "pack", "unpack"]

_ROWS: Final = 64
_TILE: Final = 16


def _set_bits(typing_context: Any, word: Any) -> Any:
    """Number of set bits of a uint64: LLVM's ctpop, which has vector forms."""
    signature = types.uint64(types.uint64)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return signature, generate


_popcount: Any = intrinsic(_set_bits)

def pack(z: Array) -> Array:
    """Patterns z > 0 of pre-activations z (m, n) as words (n, ceil(m / 64)); bits beyond m are 0."""
    m, n = z.shape
    words = np.zeros((n, -(-m // 64)), np.uint64)
    _pack(z, words)
    return words


@compiled
def _pack(z: Array, words: Array) -> None:
    zero = z.dtype.type(0)
    for block in range(words.shape[1]):
        stop = min(64, z.shape[0] - 64 * block)
        for j in range(stop):
            for i in range(z.shape[1]):
                bit = np.uint64(1) if z[64 * block + j, i] > zero else np.uint64(0)
                words[i, block] |= bit << np.uint64(j)


def unpack(words: Array, m: int) -> Array:
    """Patterns (n, m) of 0 and 1 from their words, uint8."""
    return np.unpackbits(words.view(np.uint8), axis=1, count=m, bitorder="little")


def common_active(a: Array, b: Array, pool: BlockPool) -> Array:
    """Number of neurons active at both inputs, for words a (n, w) and b (k, w): (n, k) int32."""
    out = np.empty((len(a), len(b)), np.int32)

    def work(block: int, worker: int) -> None:
        rows = slice(block * _ROWS, (block + 1) * _ROWS)
        _common(a[rows], b, out[rows])

    pool.run(work, -(-len(a) // _ROWS))
    return out


@compiled
def _common(a: Array, b: Array, out: Array) -> None:
    words = a.shape[1]
    for start in range(0, b.shape[0], _TILE):  # a tile of b stays in cache while rows of a pass
        stop = min(start + _TILE, b.shape[0])
        for i in range(0, a.shape[0] - a.shape[0] % 2, 2):
            a0, a1 = a[i], a[i + 1]
            for k in range(start, stop):
                row = b[k]
                first, second = np.uint64(0), np.uint64(0)
                for w in range(words):
                    word = row[w]
                    first += _popcount(a0[w] & word)
                    second += _popcount(a1[w] & word)
                out[i, k] = first
                out[i + 1, k] = second
        for i in range(a.shape[0] - a.shape[0] % 2, a.shape[0]):
            last = a[i]
            for k in range(start, stop):
                row = b[k]
                total = np.uint64(0)
                for w in range(words):
                    total += _popcount(last[w] & row[w])
                out[i, k] = total


@compiled
def flipped_by_input(a: Array, b: Array) -> Array:
    """Number of neurons whose patterns differ, for each input: words a and b (n, w), (n,) int64."""
    out = np.zeros(a.shape[0], np.int64)
    for i in range(a.shape[0]):
        total = np.uint64(0)
        for w in range(a.shape[1]):
            total += _popcount(a[i, w] ^ b[i, w])
        out[i] = total
    return out


def flipped_by_neuron(a: Array, b: Array, m: int) -> Array:
    """Number of inputs at which each neuron's pattern differs, (m,) int64."""
    total: Array = unpack(a ^ b, m).sum(axis=0, dtype=np.int64)
    return total


