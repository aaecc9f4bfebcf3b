"""Compiled inner loops of the infinite-width limit (THEORY §7)."""

from __future__ import annotations

from typing import Any

import numpy as np

from theory_sim.numeric.kernels import compiled

__all__ = ["advance_memory", "own_terms", "strong_terms", "weak_terms"]

Array = np.ndarray[Any, Any]
_CHUNK = 512


@compiled
def weak_terms(squares: Array, memories: Array, still: Array, out: Array, out_still: Array) -> None:
    """Sum over sites i of t_ji sum_k t_ji^k m_k(i), by Horner, for moving memories and for one set beside.

    squares t (b, n), memories and still (K, n), out and out_still (b,), overwritten. Sums of a chunk in the
    arrays' precision, of chunks in float64.
    """
    powers, n = memories.shape
    term = np.empty(_CHUNK, squares.dtype)
    beside = np.empty(_CHUNK, squares.dtype)
    for j in range(squares.shape[0]):
        total = 0.0
        total_still = 0.0
        for start in range(0, n, _CHUNK):
            stop = min(start + _CHUNK, n)
            size = stop - start
            t = squares[j, start:stop]
            for i in range(size):
                term[i] = memories[powers - 1, start + i]
                beside[i] = still[powers - 1, start + i]
            for k in range(powers - 2, -1, -1):
                for i in range(size):
                    term[i] = term[i] * t[i] + memories[k, start + i]
                    beside[i] = beside[i] * t[i] + still[k, start + i]
            part = squares.dtype.type(0)
            part_still = squares.dtype.type(0)
            for i in range(size):
                part += term[i] * t[i]
                part_still += beside[i] * t[i]
            total += part
            total_still += part_still
        out[j] = total
        out_still[j] = total_still


@compiled
def own_terms(memory: Array, weights: Array, start: int, out: Array) -> None:
    """sum_e w_e M_ei for sites start, ..., start + len(out) - 1; memory (E, n), weights (E,)."""
    for i in range(len(out)):
        out[i] = 0.0
    for e in range(memory.shape[0]):
        for i in range(len(out)):
            out[i] += weights[e] * memory[e, start + i]


@compiled
def strong_terms(rows: Array, columns: Array, weights: Array, memory: Array, out: Array) -> None:
    """Add sum over pairs (row, column) of sum_e w_pe M_e,column to out at row; weights (pairs, E), memory (E, n)."""
    for p in range(len(rows)):
        total = 0.0
        for e in range(memory.shape[0]):
            total += weights[p, e] * memory[e, columns[p]]
        out[rows[p]] += total


@compiled
def advance_memory(memory: Array, keep: Array, old: Array, new: Array, first: Array, second: Array) -> None:
    """M_ei <- keep_e M_ei - old_e a_i - new_e b_i; memory (E, n), factors (E,), a and b (n,)."""
    for e in range(memory.shape[0]):
        for i in range(memory.shape[1]):
            memory[e, i] = keep[e] * memory[e, i] - old[e] * first[i] - new[e] * second[i]
