"""Worst cases of gradient descent over changing losses: floating point guesses a run and multipliers, rationals settle both.

The semidefinite program of performance estimation (Drori and Teboulle 2014, Taylor, Hendrickx and Glineur 2017) has one Gram
matrix of theta_0 - theta*, all gradients, and one vector more a step. Here only |theta_t - theta*|^2 passes from one step to
the next, so that a run is two numbers a step, and the dual splits into one small matrix a step: no solver of semidefinite
programs is needed. Units: c = 1, R = 1.

A step at theta = theta* + x with gradient g can have the loss L if and only if, for some vector h, |h|^2 <= epsilon,

    |g|^2 <= L <= <g, x> + epsilon - |g - h|^2

(claims loss-at-the-common-classifier and a-loss-with-given-gradient). Multipliers b, e >= 0 of |g|^2 <= L and |h|^2 <= epsilon,
a = 1 + b of the last, show L + alpha' |x - eta g|^2 <= alpha |x|^2 + epsilon (a + e) if the quadratic form in x, g, h that is
left over is not negative: then alpha_T + epsilon (sum of a + e) bounds the sum of the losses, with alpha 0 after the last step.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import sympy
from flint import fmpq, fmpz
from numpy.typing import NDArray

from proofs_check.problem import WorstCase

__all__ = ["bound_worst_case"]

_DENOMINATOR: Final = 10**12
# Below what a claim's interval resolves, and above the rounding to that denominator.
_NUDGE: Final = fmpq(1, 10**9)
_TRIES: Final = 60
Floats = NDArray[np.float64]


def bound_worst_case(problem: WorstCase) -> tuple[str, dict[str, Any]]:
    """Compare the claimed interval of the largest average loss with a run that is possible and a bound that none exceeds.

    Returns
    -------
    outcome : {"certified", "refuted", "undecided"}
    evidence : dict
        Per step of a run |g_t| (``slopes``) and <g_t, theta_t - theta*> (``inner``), and its average loss (``lower``); per
        step the multipliers b (``gradient``) and e (``floor``), alpha_T (``radius``), and the bound that they give (``upper``).
    """
    inner, slopes, of_gradient = _guess(problem)
    inner_exact, slopes_exact, lower = _run(problem, inner, slopes)
    radius, gradient, floor, upper = _certificate(problem, slopes, of_gradient)
    low, high = _exact(problem.low), _exact(problem.high)
    evidence = {
        "slopes": [str(k) for k in slopes_exact], "inner": [str(p) for p in inner_exact], "lower": str(lower),
        "radius": str(radius), "gradient": [str(b) for b in gradient], "floor": [str(e) for e in floor], "upper": str(upper),
    }  # fmt: skip
    if lower > high or upper < low:
        return "refuted", evidence
    if low <= lower and upper <= high:
        return "certified", evidence
    return "undecided", {"reason": f"between {float(lower.p / lower.q)} and {float(upper.p / upper.q)}", **evidence}


def _exact(value: sympy.Rational) -> Any:
    return fmpq(int(value.p), int(value.q))


def _rounded(value: float) -> Any:
    return fmpq(round(value * _DENOMINATOR), _DENOMINATOR)


def _guess(problem: WorstCase) -> tuple[Floats, Floats, Floats]:
    """The worst run, and its multipliers of |g|^2 <= L, in floating point.

    The unknowns are p_t = <g_t, x_t> and k_t = |g_t|; D_t = |x_t|^2 follows. In the plane every |p| <= k sqrt(D) is possible.
    """
    from scipy.optimize import minimize, nnls

    n, eta, r = problem.steps, float(problem.rate), float(problem.root_floor)
    earlier = np.tril(np.ones((n, n)), -1)

    def squared(z: Floats) -> Floats:
        p, k = z[:n], z[n:]
        return np.maximum(1 - earlier @ (2 * eta * p - eta**2 * k**2), 1e-14)

    def losses(z: Floats) -> Floats:
        return np.asarray(z[:n] + r**2 - np.maximum(z[n:] - r, 0) ** 2)

    def room(z: Floats) -> Floats:
        return np.concatenate([losses(z) - z[n:] ** 2, z[n:] * np.sqrt(squared(z)) - z[:n]])

    def of_losses(z: Floats) -> Floats:
        return np.hstack([np.eye(n), np.diag(-2 * np.maximum(z[n:] - r, 0))])

    def of_room(z: Floats) -> Floats:
        k, root = z[n:], np.sqrt(squared(z))
        change = np.hstack([-2 * eta * earlier, 2 * eta**2 * earlier * k])
        first = of_losses(z) - np.hstack([np.zeros((n, n)), np.diag(2 * k)])
        return np.vstack([first, np.hstack([-np.eye(n), np.diag(root)]) + (k / (2 * root))[:, None] * change])

    # A run with constant gradient, seven tenths of it towards theta*, is possible or nearly so.
    k = np.full(n, max((1 + 2 * r) / (2 + eta * (n - 1)), r))
    p, distance = np.empty(n), 1.0
    for step in range(n):
        p[step] = 0.7 * k[step] * np.sqrt(max(distance, 0.0))
        distance += eta**2 * k[step] ** 2 - 2 * eta * p[step]
    def shortfall(z: Floats) -> float:
        return -float(losses(z).sum())

    def of_shortfall(z: Floats) -> Floats:
        return np.asarray(-of_losses(z).sum(axis=0))

    limits: Any = {"type": "ineq", "fun": room, "jac": of_room}
    found = minimize(
        shortfall, np.concatenate([p, k]), jac=of_shortfall, method="SLSQP",
        constraints=limits, bounds=[(0, None)] * (2 * n),
        options={"maxiter": 1000, "ftol": 1e-15},
    ).x  # fmt: skip
    # Multipliers: the gradient of the sum is a combination of those of the constraints that hold with equality.
    tight = room(found) < 1e-6
    weights = np.zeros(2 * n)
    weights[tight] = nnls(-of_room(found)[tight].T, of_losses(found).sum(axis=0))[0]
    return found[:n], found[n:], weights[:n]


def _run(problem: WorstCase, inner: Floats, slopes: Floats) -> tuple[list[Any], list[Any], Any]:
    """A run in rationals near the guessed one, possible exactly, and its average loss."""
    eta, r = _exact(problem.rate), _exact(problem.root_floor)
    distance, total = fmpq(1), fmpq(0)
    inner_exact, slopes_exact = [], []
    for p_near, k_near in zip(inner, slopes, strict=True):
        k, shrink = _rounded(float(k_near)), _NUDGE
        for _ in range(_TRIES):
            p = min(_rounded(float(p_near)), k * _root_below(distance))
            loss = p + r**2 - max(k - r, fmpq(0)) ** 2
            if loss >= k**2:
                break
            k, shrink = _rounded(float(k.p) / float(k.q)) * (1 - shrink), 2 * shrink
        else:  # no gradient and the loss epsilon are possible anywhere
            k, p, loss = fmpq(0), fmpq(0), r**2
        distance += eta**2 * k**2 - 2 * eta * p
        total += loss
        inner_exact.append(p)
        slopes_exact.append(k)
    return inner_exact, slopes_exact, total / problem.steps


def _root_below(value: Any) -> Any:
    """Rational just below the square root."""
    scaled = value * _DENOMINATOR**2
    return fmpq(fmpz(scaled.p // scaled.q).isqrt(), _DENOMINATOR)


def _certificate(problem: WorstCase, slopes: Floats, of_gradient: Floats) -> tuple[Any, list[Any], list[Any], Any]:
    """alpha_T, b and e in rationals near the guessed ones, for which the form left over is not negative, and their bound."""
    eta, r = _exact(problem.rate), _exact(problem.root_floor)
    alpha, spent = fmpq(0), fmpq(0)
    gradient, floor = [], []
    for k, near in zip(slopes[::-1], of_gradient[::-1], strict=True):
        # From the last step to the first. Where the gradient's direction is free, the form has no product of x and g.
        free = max(2 * alpha * eta - 1, fmpq(0))
        tried = [_stage(alpha, b, float(k), eta, r) for b in (_rounded(max(float(near), 0.0)), free)]
        after, b, e, cost = min(tried, key=lambda stage: stage[0] + stage[3])
        alpha, spent = after, spent + cost
        gradient.append(b)
        floor.append(e)
    return alpha, gradient[::-1], floor[::-1], (alpha + spent) / problem.steps


def _stage(before: Any, b: Any, k: float, eta: Any, r: Any) -> tuple[Any, Any, Any, Any]:
    """The least alpha after a step, its multipliers and their cost epsilon (a + e).

    The form is (alpha - before) |x|^2 + 2 (before eta - a/2) <g, x> + (a + b - before eta^2) |g|^2 - 2 a <g, h>
    + (a + e) |h|^2: not negative if its pivots are not.
    """
    a = 1 + b
    # At the worst case (a + e) h = a g with |h|^2 = epsilon.
    e = max(_rounded(float(a.p) / float(a.q) * (k / (float(r.p) / float(r.q)) - 1)), fmpq(0)) + _NUDGE
    for _ in range(_TRIES):
        pivot = a + b - before * eta**2 - a**2 / (a + e)
        if pivot > 0:
            break
        e = 2 * e
    else:  # a larger b makes room for any e
        return _stage(before, b + before * eta**2 + 1, k, eta, r)
    needed = before + (before * eta - a / 2) ** 2 / pivot
    scaled = needed * _DENOMINATOR
    return fmpq(-((-scaled.p) // scaled.q), _DENOMINATOR), b, e, r**2 * (a + e)
