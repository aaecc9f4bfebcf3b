"""Compiled inner loops of the infinite-width limit (THEORY §7)."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from theory_sim.arrays import Array
from theory_sim.numeric.kernels import compiled

__all__ = ["advance_memory", "own_terms", "pair_series", "strong_terms", "weak_terms"]

_CHUNK = 512


@cache
def _horner(powers: int) -> Any:
    """Inner loop of `weak_terms` for a constant number of powers, which the compiler unrolls.

    Four rows at a time share each memory that is read; without either the loop is ten times slower.
    """

    @compiled
    def loop(squares: Array, memories: Array, still: Array, out: Array, out_still: Array) -> None:
        b, n = squares.shape
        zero = squares.dtype.type(0)
        m, r = np.empty((powers, _CHUNK), squares.dtype), np.empty((powers, _CHUNK), squares.dtype)
        out[:] = 0.0
        out_still[:] = 0.0
        for start in range(0, n, _CHUNK):
            stop = min(start + _CHUNK, n)
            # Copies of constant shape: indices that the compiler knows to be within, which it needs for vector units.
            m[:, : stop - start] = memories[:, start:stop]
            r[:, : stop - start] = still[:, start:stop]
            for j in range(0, b - b % 4, 4):
                t0, t1, t2, t3 = (
                    squares[j, start:stop], squares[j + 1, start:stop], squares[j + 2, start:stop], squares[j + 3, start:stop]
                )
                p0, p1, p2, p3 = zero, zero, zero, zero
                q0, q1, q2, q3 = zero, zero, zero, zero
                for i in range(stop - start):
                    a0, a1, a2, a3 = t0[i], t1[i], t2[i], t3[i]
                    c = m[powers - 1, i]
                    s0, s1, s2, s3 = c, c, c, c
                    for k in range(powers - 2, -1, -1):
                        c = m[k, i]
                        s0, s1, s2, s3 = s0 * a0 + c, s1 * a1 + c, s2 * a2 + c, s3 * a3 + c
                    p0 += s0 * a0
                    p1 += s1 * a1
                    p2 += s2 * a2
                    p3 += s3 * a3
                    c = r[powers - 1, i]
                    s0, s1, s2, s3 = c, c, c, c
                    for k in range(powers - 2, -1, -1):
                        c = r[k, i]
                        s0, s1, s2, s3 = s0 * a0 + c, s1 * a1 + c, s2 * a2 + c, s3 * a3 + c
                    q0 += s0 * a0
                    q1 += s1 * a1
                    q2 += s2 * a2
                    q3 += s3 * a3
                out[j] += p0
                out[j + 1] += p1
                out[j + 2] += p2
                out[j + 3] += p3
                out_still[j] += q0
                out_still[j + 1] += q1
                out_still[j + 2] += q2
                out_still[j + 3] += q3
            for j in range(b - b % 4, b):
                t = squares[j, start:stop]
                p, q = zero, zero
                for i in range(stop - start):
                    a = t[i]
                    s, u = m[powers - 1, i], r[powers - 1, i]
                    for k in range(powers - 2, -1, -1):
                        s, u = s * a + m[k, i], u * a + r[k, i]
                    p += s * a
                    q += u * a
                out[j] += p
                out_still[j] += q

    return loop


def weak_terms(squares: Array, memories: Array, still: Array, out: Array, out_still: Array) -> None:
    """Sum over sites i of t_ji sum_k t_ji^k m_k(i), by Horner, for moving memories and for one set beside.

    squares t (b, n), memories and still (K, n), out and out_still (b,) float64, overwritten. Sums of a chunk of sites are in
    the arrays' precision, of chunks in float64.
    """
    _horner(len(memories))(squares, memories, still, out, out_still)


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
def advance_memory(memory: Array, keep: Array, old: Array, new: Array, first: Array, second: Array, out: Array) -> None:
    """keep_e M_ei - old_e a_i - new_e b_i into ``out``; memory and out (E, n), factors (E,), a and b (n,)."""
    for e in range(memory.shape[0]):
        for i in range(memory.shape[1]):
            out[e, i] = keep[e] * memory[e, i] - old[e] * first[i] - new[e] * second[i]


@compiled
def pair_series(cosines: Array, seen: Array, memory: Array, out: Array) -> None:
    """sum_i c_ji sum_k (s_j c_ji^2)^k m_ki for each row j, by Horner.

    cosines c (b, n), seen s (b,), memory m (K, n), out (b,), overwritten.
    """
    powers = memory.shape[0]
    for j in range(cosines.shape[0]):
        total = 0.0
        for i in range(cosines.shape[1]):
            z = seen[j] * cosines[j, i] * cosines[j, i]
            value = memory[powers - 1, i]
            for k in range(powers - 2, -1, -1):
                value = value * z + memory[k, i]
            total += cosines[j, i] * value
        out[j] = total
