"""Worst cases of gradient descent over changing losses: floating point guesses a run and multipliers, rationals settle both.

The semidefinite program of performance estimation (Drori and Teboulle 2014, Taylor, Hendrickx and Glineur 2017) has one Gram
matrix of theta_0 - theta*, all gradients, and one vector more a step. Here only |theta_t - theta*|^2 passes from one step to
the next, so that a run is two numbers a step, and the dual has one 3 x 3 matrix a step, small enough for Newton's method here.
Units: c = 1, R = 1.

A step at theta = theta* + x with gradient g can have the loss L if and only if, for some vector h, |h|^2 <= epsilon,

    |g|^2 <= L <= <g, x> + epsilon - |g - h|^2

(claims loss-at-the-common-classifier and a-loss-with-given-gradient). Multipliers b, e >= 0 of |g|^2 <= L and |h|^2 <= epsilon,
a = 1 + b of the last, show L + alpha' |x - eta g|^2 <= alpha |x|^2 + epsilon (a + e) if the quadratic form in x, g, h that is
left over is not negative: then alpha_T + epsilon (sum of a + e) bounds the sum of the losses, with alpha 0 after the last step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import sympy
from flint import fmpq, fmpz
from numpy.typing import NDArray

from proofs_check.problem import WorstCase
from proofs_check.problem.base import Solution, solves

__all__ = ["bound_worst_case"]

_DENOMINATOR: Final = 10**12
# Of the barrier: 5 T times it is the gap between a run's sum of losses and the bound.
_LAST_WEIGHT: Final = 1e-10
_MOST_NEWTON_STEPS: Final = 60
_STRAIGHT: Final = 1e-5
Floats = NDArray[np.float64]


@solves(WorstCase)
def bound_worst_case(problem: WorstCase) -> Solution:
    """Compare the claimed interval of the largest average loss with a run that is possible and a bound that none exceeds.

    Returns
    -------
    outcome : {"certified", "refuted", "undecided"}
    evidence : dict
        Per step of a run |g_t| (``slopes``) and <g_t, theta_t - theta*> (``inner``), and its average loss (``lower``); per
        step the multipliers b (``gradient``) and e (``floor``), alpha_T (``radius``), and the bound that they give (``upper``).
    """
    try:
        inner, slopes, *multipliers = _guess(problem)
        inner_exact, slopes_exact, lower = _run(problem, inner, slopes)
        radius, gradient, floor, upper = _certificate(problem, multipliers)
    except (ArithmeticError, ValueError) as error:  # a matrix that is singular to rounding, or a number that is none
        return "undecided", {"reason": f"no guess near enough: {error}"}
    low, high = _exact(problem.low), _exact(problem.high)
    evidence = {
        "slopes": [str(k) for k in slopes_exact], "inner": [str(p) for p in inner_exact], "lower": str(lower),
        "radius": str(radius), "gradient": [str(b) for b in gradient], "floor": [str(e) for e in floor], "upper": str(upper),
    }  # fmt: skip
    if lower > high or upper < low:
        return "refuted", evidence
    if low <= lower and upper <= high:
        return "certified", evidence
    return "undecided", {"reason": f"between {_float(lower)} and {_float(upper)}", **evidence}


def _exact(value: sympy.Rational) -> fmpq:
    return fmpq(int(value.p), int(value.q))


def _float(value: fmpq) -> float:
    return int(value.p) / int(value.q)


def _rounded(value: float) -> fmpq:
    return fmpq(round(value * _DENOMINATOR), _DENOMINATOR)


def _guess(problem: WorstCase) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """<g, x> and |g| of the worst run, from the first step; alpha, b and e of the best bound, from the last step: as floats.

    The dual is followed along its central path (log det barrier of each step's matrix, Newton's method); the inverse of a
    step's matrix, times the barrier's weight, is the Gram matrix of x, g, h there.
    """
    n, eta, r = problem.horizon, float(problem.rate), float(problem.root_floor)
    constant, linear = _matrices(n, eta)
    cost = np.concatenate([np.eye(n)[-1], np.full(2 * n, r**2)])
    # Inside: 2 alpha eta = 1 + b from the second step on makes the product of x and g vanish, and alpha and e are large.
    alpha = max(1.0, 8 / (eta * (4 - eta))) * (1 + 0.1 * np.arange(n))
    b = np.concatenate([[1.0], 2 * eta * alpha[:-1] - 1])
    point = np.concatenate([alpha, b, (1 + b) * 8 / (4 - eta)])
    weight = 1.0
    while True:
        point = _centre(point, cost / weight, constant, linear, n)
        if weight <= _LAST_WEIGHT:
            break
        weight *= 0.2
    gram: Floats = np.asarray(weight * np.linalg.inv(constant + linear @ point)[::-1], dtype=np.float64)
    alpha, b, e = point.reshape(3, n)
    return gram[:, 0, 1], np.asarray(np.sqrt(gram[:, 1, 1])), alpha, b, e


def _matrices(n: int, eta: float) -> tuple[Floats, Floats]:
    """Each step's matrix in x, g, h, shape (n, 3, 3), as a constant and its part linear in alpha, b, e, (n, 3, 3, 3 n).

    Steps are counted from the last one; entry s of alpha is that after which s steps are left, alpha_{s+1}.
    """
    constant = np.tile([[0.0, -0.5, 0.0], [-0.5, 1.0, -1.0], [0.0, -1.0, 1.0]], (n, 1, 1))
    linear = np.zeros((n, 3, 3, 3 * n))
    for step in range(n):
        linear[step, 0, 0, step] = 1
        if step:
            linear[step, :, :, step - 1] = np.array([[-1.0, eta, 0.0], [eta, -(eta**2), 0.0], [0.0, 0.0, 0.0]])
        linear[step, :, :, n + step] = np.array([[0.0, -0.5, 0.0], [-0.5, 2.0, -1.0], [0.0, -1.0, 1.0]])
        linear[step, 2, 2, 2 * n + step] = 1
    return constant, linear


def _centre(point: Floats, cost: Floats, constant: Floats, linear: Floats, n: int) -> Floats:
    """Minimum of cost . point - sum of log det - sum of log b and log e, by damped Newton steps."""
    for _ in range(_MOST_NEWTON_STEPS):
        inverse = np.linalg.inv(constant + linear @ point)
        moved = np.einsum("sij,sjkv->sikv", inverse, linear)
        gradient = cost - np.einsum("siiv->v", moved)
        hessian = np.einsum("sijv,sjiw->vw", moved, moved)
        gradient[n:] -= 1 / point[n:]
        hessian[np.arange(n, 3 * n), np.arange(n, 3 * n)] += 1 / point[n:] ** 2
        change = np.linalg.lstsq(hessian, -gradient, rcond=None)[0]
        decrement = float(np.sqrt(max(-gradient @ change, 0.0)))
        if decrement < 1e-6:
            break
        # A step of this length stays inside (Nesterov and Nemirovskii 1994).
        point = point + change / (1 + decrement)
    return point


def _run(problem: WorstCase, inner: Floats, slopes: Floats) -> tuple[list[fmpq], list[fmpq], fmpq]:
    """A run in rationals near the guessed one, possible exactly, and its average loss."""
    eta, r = _exact(problem.rate), _exact(problem.root_floor)
    squared, total = fmpq(1), fmpq(0)
    inner_exact, slopes_exact = [], []
    for p_near, k_near in zip(inner, slopes, strict=True):
        root = _root_below(squared)
        # The largest gradient with which |g|^2 <= L is possible, straight towards theta*; then <g, x> between its two ends.
        k = min(_rounded(float(k_near)), root / 2 + r)
        bent = max(k - r, fmpq(0)) ** 2 - r**2
        # What is straight towards theta*, but for the guess's error, is made so.
        guessed = k * root if p_near >= (1 - _STRAIGHT) * float(k_near) * _float(root) else _rounded(float(p_near))
        p = min(max(guessed, k**2 + bent), k * root)
        loss = p - bent
        squared += eta**2 * k**2 - 2 * eta * p
        total += loss
        inner_exact.append(p)
        slopes_exact.append(k)
    return inner_exact, slopes_exact, total / problem.horizon


def _root_below(value: fmpq) -> fmpq:
    """Rational just below the square root."""
    scaled = value * _DENOMINATOR**2
    return fmpq(fmpz(scaled.p // scaled.q).isqrt(), _DENOMINATOR)


def _certificate(problem: WorstCase, guess: Sequence[Floats]) -> tuple[fmpq, list[fmpq], list[fmpq], fmpq]:
    """alpha_T, b and e in rationals near the guessed ones, for which the form left over is not negative, and their bound."""
    eta, r = _exact(problem.rate), _exact(problem.root_floor)
    before, spent = fmpq(0), fmpq(0)
    gradient, floor = [], []
    # From the last step to the first.
    for near, b_near, e_near in zip(*guess, strict=True):
        b, e = (max(_rounded(float(value)), fmpq(0)) for value in (b_near, e_near))
        before = max(_rounded(float(near)), _least(before, b, e, eta))
        spent += r**2 * (1 + b + e)
        gradient.append(b)
        floor.append(e)
    return before, gradient[::-1], floor[::-1], (before + spent) / problem.horizon


def _least(before: fmpq, b: fmpq, e: fmpq, eta: fmpq) -> fmpq:
    """The least alpha of a step, given that of the steps after it and the multipliers of |g|^2 <= L and |h|^2 <= epsilon.

    The form is (alpha - before) |x|^2 + 2 (before eta - a/2) <g, x> + (a + b - before eta^2) |g|^2 - 2 a <g, h>
    + (a + e) |h|^2, a = 1 + b: not negative if its pivots are not.
    """
    a = 1 + b
    pivot = a + b - before * eta**2 - a**2 / (a + e)
    if pivot <= 0:
        raise ArithmeticError("the guessed multipliers are not inside")
    needed = (before + (before * eta - a / 2) ** 2 / pivot) * _DENOMINATOR
    return fmpq(-((-needed.p) // needed.q), _DENOMINATOR)
