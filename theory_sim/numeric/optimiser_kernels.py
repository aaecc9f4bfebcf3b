"""Compiled inner loops of the optimisers (THEORY §15).

``kept``, ``taken``, ``along_velocity`` and ``along_gradient`` are a `theory_sim.theory.linear_rules.Move`: a gradient G makes
b' = kept b + taken G and the direction along_velocity b' + along_gradient G. G is ``size`` times the given gradient plus
``decay`` times the weight; the weight is multiplied by ``keep`` beside. A ``velocity`` without rows stands for no buffer.
"""

from __future__ import annotations

import numpy as np

from theory_sim.arrays import Array
from theory_sim.numeric.kernels import compiled

__all__ = ["adaptive_part", "advance_squares", "linear_part"]


@compiled
def linear_part(
    weight: Array, velocity: Array, gradient: Array, size: float, decay: float, keep: float, rate: float, kept: float,
    taken: float, along_velocity: float, along_gradient: float,
) -> None:
    """A step of one part; weight, velocity and gradient are (b, k)."""
    cast = weight.dtype.type
    c_size, c_decay, c_keep, c_kept, c_taken = cast(size), cast(decay), cast(keep), cast(kept), cast(taken)
    by_velocity, by_gradient = cast(rate * along_velocity), cast(rate * along_gradient)
    w, g = weight.reshape(-1), gradient.reshape(-1)
    if velocity.shape[0] == 0:
        for i in range(w.size):
            w[i] = c_keep * w[i] - by_gradient * (c_size * g[i] + c_decay * w[i])
        return
    v = velocity.reshape(-1)
    for i in range(w.size):
        whole = c_size * g[i] + c_decay * w[i]
        v[i] = c_kept * v[i] + c_taken * whole
        w[i] = c_keep * w[i] - (by_velocity * v[i] + by_gradient * whole)


@compiled
def advance_squares(
    signal: Array, noise: Array, gradient: Array, xi: Array, tau_xi: float, decay: float, kept: float, squares: Array
) -> None:
    """Advance the mean square of the whole gradient, (b / share, k), shaped as the noise: a pair has the mean of its neurons'.

    signal and gradient are (b, k), noise (b / share, k), xi (b / drawn, k).
    """
    cast = signal.dtype.type
    c_xi, c_decay, c_kept = cast(tau_xi), cast(decay), cast(kept)
    share, repeated = signal.shape[0] // noise.shape[0], noise.shape[0] // xi.shape[0]
    fresh = cast((1.0 - kept) / share)
    for row in range(noise.shape[0]):
        for k in range(noise.shape[1]):
            common = c_xi * xi[row // repeated, k] + c_decay * noise[row, k]
            total = cast(0.0)
            for j in range(row * share, (row + 1) * share):
                whole = common + gradient[j, k] + c_decay * signal[j, k]
                total += whole * whole
            squares[row, k] = c_kept * squares[row, k] + fresh * total


@compiled
def adaptive_part(
    weight: Array, velocity: Array, gradient: Array, squares: Array, size: float, decay: float, keep: float, rate: float,
    kept: float, taken: float, along_velocity: float, along_gradient: float, correction: float, epsilon: float,
) -> None:
    """A step of one part, its direction divided by sqrt(squares / correction) + epsilon.

    weight and velocity are (b, k); a row of gradient and of squares may stand for several neighbouring rows of them.
    """
    cast = weight.dtype.type
    c_size, c_decay, c_keep, c_kept, c_taken = cast(size), cast(decay), cast(keep), cast(kept), cast(taken)
    by_velocity, by_gradient = cast(rate * along_velocity), cast(rate * along_gradient)
    root, c_epsilon = cast(1.0 / np.sqrt(correction)), cast(epsilon)
    repeated, share = weight.shape[0] // gradient.shape[0], weight.shape[0] // squares.shape[0]
    buffered = velocity.shape[0] > 0
    for j in range(weight.shape[0]):
        for k in range(weight.shape[1]):
            w = weight[j, k]
            whole = c_size * gradient[j // repeated, k] + c_decay * w
            move = by_gradient * whole
            if buffered:
                v = c_kept * velocity[j, k] + c_taken * whole
                velocity[j, k] = v
                move += by_velocity * v
            weight[j, k] = c_keep * w - move / (np.sqrt(squares[j // share, k]) * root + c_epsilon)
