"""Worst cases: the losses of a run as functions, and one matrix of all steps, in fractions."""

from __future__ import annotations

from fractions import Fraction

from proofs_check.problem import WorstCase
from proofs_check.problem.base import Evidence
from proofs_check.recheck.intervals import fraction
from proofs_check.recheck.refusal import Refused, exact, only_keys
from proofs_check.recheck.registry import rechecks

__all__ = ["check_worst_case"]

Row = list[Fraction]


@rechecks(WorstCase, "certified", "refuted")
def check_worst_case(problem: WorstCase, outcome: str, evidence: Evidence) -> str:
    """Look at the run, at the multipliers, and at what both say of the claimed interval."""
    only_keys(evidence, {"slopes", "inner", "lower", "radius", "gradient", "floor", "upper"})
    lists = {name: [exact(text) for text in evidence[name]] for name in ("slopes", "inner", "gradient", "floor")}
    if any(len(each) != problem.horizon for each in lists.values()):
        raise Refused("another number of steps than the claim's")
    lower, upper, radius = (exact(evidence[name]) for name in ("lower", "upper", "radius"))
    if lower != _average(problem, lists["slopes"], lists["inner"]):
        raise Refused("the run has another average loss than the one stored")
    multipliers = list(zip(lists["gradient"], lists["floor"], strict=True))
    epsilon = fraction(problem.root_floor) ** 2
    if upper != (radius + epsilon * sum(1 + b + e for b, e in multipliers)) / problem.horizon:
        raise Refused("the multipliers give another bound than the one stored")
    if radius < 0 or min(map(min, multipliers)) < 0:
        raise Refused("a negative multiplier")
    _require_not_negative(_form_left_over(problem, radius, multipliers))
    low, high = fraction(problem.low), fraction(problem.high)
    if outcome == "certified" and not low <= lower <= upper <= high:
        raise Refused("the interval claimed is not shown")
    if outcome == "refuted" and not (lower > high or upper < low):
        raise Refused("the interval claimed is not excluded")
    return f"a run of {problem.horizon} steps is possible, and the form of its bound has no negative pivot"


def _average(problem: WorstCase, slopes: Row, inner: Row) -> Fraction:
    """Average loss of a run whose losses are rays: a parabola (s/2)^2 from its zero on, and a line from slope k on.

    Such a loss depends on the coordinate s along its gradient alone. It is convex and its squared slope is at most itself.
    With slope k at theta_t its largest value there is the one that goes with epsilon at theta*, a way <g, x>/k down.
    """
    eta, epsilon = fraction(problem.rate), fraction(problem.root_floor) ** 2
    squared, total = Fraction(1), Fraction(0)
    for k, p in zip(slopes, inner, strict=True):
        if k < 0 or p**2 > k**2 * squared:
            raise Refused("a gradient shorter than its part towards theta*")
        loss = _largest_loss(k, p, fraction(problem.root_floor))
        if loss < k**2 or _at_common_point(k, p, loss) > epsilon:
            raise Refused("no such loss is at most epsilon at theta*")
        total += loss
        # |x - eta g|^2
        squared = squared - 2 * eta * p + eta**2 * k**2
    return total / problem.horizon


def _largest_loss(k: Fraction, p: Fraction, root: Fraction) -> Fraction:
    """Value of the ray of slope k, a way p/k from the point where it is epsilon; epsilon itself for a flat loss."""
    if k <= root:  # theta* on the line
        return root**2 + p
    # theta* on the parabola at s = 2 root; from s = 2 k on the line has the slope k.
    return k**2 + (p / k + 2 * root - 2 * k) * k


def _at_common_point(k: Fraction, p: Fraction, loss: Fraction) -> Fraction:
    """Value at theta* of the ray of slope k that has this loss at theta_t."""
    if k == 0:
        return loss
    s = 2 * k + (loss - k**2) / k - p / k
    return k**2 + (s - 2 * k) * k if s >= 2 * k else max(s, Fraction(0)) ** 2 / 4


def _form_left_over(problem: WorstCase, radius: Fraction, multipliers: list[tuple[Fraction, Fraction]]) -> list[Row]:
    """What the sum of all inequalities with their multipliers leaves between the losses and the bound, as a quadratic form.

    Its vectors are theta_0 - theta*, then g_t and h_t of each step. The inequalities of a step, whose sum has the loss once,
    are L <= <g, x> + epsilon - |g - h|^2 (a = 1 + b times), |g|^2 <= L (b times) and |h|^2 <= epsilon (e times).
    """
    eta, size = fraction(problem.rate), 1 + 2 * problem.horizon
    form = [[Fraction(0)] * size for _ in range(size)]

    def add(weight: Fraction, left: dict[int, Fraction], right: dict[int, Fraction]) -> None:
        for i, u in left.items():
            for j, v in right.items():
                form[i][j] += weight * u * v / 2
                form[j][i] += weight * u * v / 2

    one = Fraction(1)
    x = {0: one}
    add(radius, x, x)
    for step, (b, e) in enumerate(multipliers):
        g, h = {1 + 2 * step: one}, {2 + 2 * step: one}
        apart = {1 + 2 * step: one, 2 + 2 * step: -one}
        add(-(1 + b), g, x)
        add(1 + b, apart, apart)
        add(b, g, g)
        add(e, h, h)
        x = {**x, 1 + 2 * step: -eta}
    return form


def _require_not_negative(form: list[Row]) -> None:
    """Refuse a quadratic form with a negative pivot, or with a pivot 0 whose row is not."""
    left = [row[:] for row in form]
    # The first vector last: its pivot is what the radius pays for.
    for index in reversed(range(len(left))):
        pivot, row = left[index][index], left[index][:]
        if pivot < 0 or (pivot == 0 and any(row[:index])):
            raise Refused("the form left over by the multipliers can be negative")
        if pivot > 0:
            for i in range(index):
                share = row[i] / pivot
                for j in range(index):
                    left[i][j] -= share * row[j]
