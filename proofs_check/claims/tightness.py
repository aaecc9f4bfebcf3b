"""Claims of THEORY §11: the worst average loss itself, exactly or between two rationals, and what the logistic loss reaches.

The worst case is that of all losses that are convex, have |grad L_t|^2 <= c L_t everywhere, c = c_0 B^2, and are at most
epsilon at theta*, another loss at each step; it is reached by losses that are c/2-smooth besides. Lengths count in 1/sqrt(c),
so that c = 1: eta stands for c eta, R^2 for c R^2. As in sharper_average, x is theta_t - theta*, g the gradient, D = |x|^2.
"""

from __future__ import annotations

import sympy
from sympy import Integer, Rational, exp, log

from proofs_check.claim import claim
from proofs_check.claims.unevaluated import at
from proofs_check.problem import All, Identity, Positive, Root, Step, Value, WorstCase

k, z = sympy.symbols("k z", positive=True)
y = sympy.Symbol("y", nonnegative=True)
u, v = sympy.symbols("u v", real=True)
n = sympy.Symbol("n", integer=True, nonnegative=True)
T = sympy.Symbol("T", integer=True, positive=True)
BOX = (Rational(1, 10), Integer(2))
NEAR = (Rational(-1, 20), Rational(1, 20))
SLOPE = "k = (R + 2 sqrt(epsilon))/(2 + eta (T - 1)), d = R - T eta k >= 0, r = sqrt(epsilon) = k (1 - eta/2) - d/2 >= 0"


@claim(
    "worst-average-one-step",
    source="THEORY §11 [D]",
    bound="upper",
    assumptions=(
        f"c = 1, 0 < eta < 2; {SLOPE}",
        "n steps are left after this one; x_n = eta k n + d, alpha_n = n k/(2 x_n)",
        "eta = 2/(1 + z), d = 2 k z/((1 + z)(1 + y)) with z > 0, y >= 0, so d > 0",
        "A = alpha_{n+1} - alpha_n, m = x_{n+1}/k: 2 alpha_n eta = 1 - 2 A m, alpha_n eta^2 = 1 - r/k - A m^2 (parts 2 and 3)",
        "L is the largest possible, <g, x> + epsilon - (|g| - r)_+^2: claim loss-at-the-common-classifier, or convexity",
        "x = (m |g| + u, x_2) along and across g; |g| = k + v, or |g| = r/(1 + i) (0 by continuity), where k = r + q",
    ),
    assuming=("loss-at-the-common-classifier",),
    statement=r"L_t+\alpha_nD_{t+1}\le\alpha_{n+1}D_t+k\sqrt\epsilon,\qquad\alpha_n=\frac{nk}{2(\eta kn+d)}",
    twins={"0.99 k sqrt(epsilon)": {"floor": Rational(99, 100)}, "alpha_n 1 % larger": {"factor": Rational(101, 100)}},
)
def one_step(floor: sympy.Expr = Integer(1), factor: sympy.Expr = Integer(1)) -> All:  # noqa: B008
    """The potential with which the worst average is shown: a run at the worst case leaves nothing over."""
    eta, root, d = 2 / (1 + z), k * z * y / ((1 + z) * (1 + y)), 2 * k * z / ((1 + z) * (1 + y))
    before, after = eta * k * n + d, eta * k * (n + 1) + d
    alpha, gain, ratio = factor * n * k / (2 * before), k * d / (2 * before * after), after / k
    weight, m, q = sympy.symbols("A m q", positive=True)
    r, i, x_2 = sympy.symbols("r i x_2", nonnegative=True)

    def left(norm: sympy.Expr, slope: sympy.Expr, bent: sympy.Expr) -> sympy.Expr:
        """What stands right of L_t + alpha_n D_{t+1} less that, with A and m in place of alpha_n and eta."""
        x_1 = m * norm + u
        forms = weight * (x_1**2 + x_2**2) - 2 * weight * m * x_1 * norm - (1 - r / slope - weight * m**2) * norm**2
        return forms + floor * r * slope - r**2 + bent

    alone = {k: BOX, z: BOX, y: (Integer(1), Integer(3)), n: (Integer(1), Integer(9))}
    domain = {weight: BOX, m: BOX, r: BOX, u: NEAR, x_2: (Integer(0), Rational(1, 20))}
    square = weight * (u**2 + x_2**2)
    return All((
        ("A", Identity(alone, factor * (n + 1) * k / (2 * after) - alpha, (Step(gain, "over one denominator"),))),
        ("product of x and g", Identity(alone, 1 - 2 * alpha * eta, (Step(2 * gain * ratio, "2 A m"),))),
        ("square of g", Identity(alone, 1 - root / k - alpha * eta**2, (Step(gain * ratio**2, "A m^2"),))),
        ("|g| >= r", Positive({**domain, k: BOX, v: NEAR}, left(k + v, k, (k + v - r) ** 2), (
            Step(square + r / k * v**2, "squares completed"),
        ), strict=False)),
        ("|g| <= r", Positive({**domain, q: BOX, i: (Integer(0), Integer(1))}, left(r / (1 + i), r + q, Integer(0)), (
            Step(square + q / (r + q) * (r * q + r**2 * i * (2 + i) / (1 + i) ** 2), "(1 - r/k)(r k - |g|^2) is left"),
        ), strict=False)),
    ))  # fmt: skip


R, r = sympy.symbols("R r", positive=True)
floor_root = sympy.Symbol("r", nonnegative=True)


@claim(
    "worst-average-of-few-steps",
    source="THEORY §11 [D], cf. Drori and Teboulle (2014)",
    bound="tight",
    assumptions=(
        f"c = 1, 0 < eta < 2, R >= T eta sqrt(epsilon)/(1 - eta/2): {SLOPE}",
        "above: T inequalities of worst-average-one-step added up, alpha_0 = 0, x_T = R",
        "for d = 0 the claim changing-kernels-average-sharper with mu = 0, which agrees there (last part)",
        "reached by one loss, that of a-loss-with-given-gradient with slope k: g is constant, <g, x_t> = k (R - t eta k)",
        "S_t is the sum of the losses before t; the mean is S_T/T by induction",
    ),
    assuming=("worst-average-one-step", "changing-kernels-average-sharper", "a-loss-with-given-gradient"),
    statement=r"\sup\frac1T\sum_{t<T}L_t(\theta_t)=\frac{c\,(R+2\sqrt{\epsilon/c})^2}{4+2c\eta(T-1)};\quad\epsilon=0:\ "
    r"\frac{R^2}{2\eta T+\frac{4-2c\eta}c}",
    twins={"0.99 of it": {"factor": Rational(99, 100)}, "2 eta T below": {"less": 0}},
)
def few_steps(factor: sympy.Expr = Integer(1), less: int = 1) -> All:  # noqa: B008
    """Over few steps, or from far away, the worst losses are one loss, a parabola and a line, descended at a constant pace."""
    t, eta = sympy.Symbol("t", integer=True, nonnegative=True), sympy.Symbol("eta", positive=True)
    root, gap = floor_root, sympy.Symbol("w", positive=True)
    slope = (R + 2 * root) / (2 + eta * (T - 1))
    stated = factor * (R + 2 * root) ** 2 / (4 + 2 * eta * (T - less))
    edge = 2 * (1 - gap)  # eta, if gap is 1 - eta/2
    at_edge = stated.subs({R: T * edge * root / gap, eta: edge})
    # R = x_T = eta k T + d in alpha_T.
    bound = (T * slope / (2 * R) * R**2 + T * root * slope) / T

    def summed(steps: sympy.Expr) -> sympy.Expr:
        return steps * slope * (R + 2 * root - slope) - eta * slope**2 * steps * (steps - 1) / 2

    value = slope * (R - t * eta * slope) + root**2 - (slope - root) ** 2
    box = {R: BOX, eta: BOX, root: (Integer(0), Integer(1)), T: (Integer(1), Integer(20))}
    return All((
        ("above", Identity(box, bound, (Step(stated, "alpha_T R^2 + T k sqrt(epsilon) by T"),))),
        ("one loss more", Identity({**box, t: (Integer(0), Integer(9))}, summed(t + 1) - summed(t), (Step(value, "L_t"),))),
        ("from none", Identity(box, at(summed(t), t, Integer(0)), (Step(Integer(0), "no loss"),))),
        ("reached", Identity(box, summed(T) / T, (Step(stated, "S_T by T"),))),
        ("the last loss is still on the line", Identity(box, at(value, t, T - 1), (
            Step(slope**2, "k^2 <= L_t, with equality at last"),
        ))),
        ("d = 0", Identity({root: box[root], gap: (Rational(1, 10), Rational(9, 10)), T: box[T]}, at_edge, (
            Step((T * edge * root / gap) ** 2 / (2 * edge * T) + root**2 / gap, "R = T eta sqrt(epsilon)/(1 - eta/2)"),
        ))),
    ))  # fmt: skip


@claim(
    "worst-average-of-many-steps",
    source="THEORY §11 [D]",
    bound="tight",
    assumptions=(
        "c = 1, 0 < eta < 2, sqrt(T) eta k <= R <= T eta k with k = r/(1 - eta/2), r = sqrt(epsilon); eta = 2/(1 + z)",
        "above: the claim changing-kernels-average-sharper with mu = 0",
        "reached in the plane with |g_t| = k and losses of a-loss-with-given-gradient, from D_T = 0 backwards:",
        "D_t = D_{t+1} + 2 eta p - eta^2 k^2, and every p = <g, x_t> from eta k^2 to k |x_t| is possible",
        "so |x_t| may be anything from sqrt(|x_{t+1}|^2 + eta^2 k^2) to |x_{t+1}| + eta k, and R from sqrt(T) eta k to T eta k",
        "the sum of p is (R^2 + T eta^2 k^2)/(2 eta)",
    ),
    assuming=("changing-kernels-average-sharper", "a-loss-with-given-gradient"),
    statement=r"\sup\frac1T\sum_{t<T}L_t(\theta_t)=\frac{R^2}{2\eta T}+\frac\epsilon{1-c\eta/2}",
    twins={
        "epsilon without the factor": {"power": 0}, "half of R^2": {"twice": Integer(4)},
        "2 eta T moved by 1 %": {"twice": Rational(202, 100)}, "99 % of it": {"factor": Rational(99, 100)},
    },
)
def many_steps(
    power: int = 1, twice: sympy.Expr = Integer(2), factor: sympy.Expr = Integer(1),  # noqa: B008
) -> All:  # fmt: skip
    """Over many steps the sharper bound is reached exactly, by losses that differ from step to step."""
    eta, extra, size = 2 / (1 + z), sympy.Symbol("i", nonnegative=True), sympy.Symbol("D", nonnegative=True)
    slope = r * (1 + z) / z
    domain = {r: BOX, z: BOX}
    mean = (R**2 / T + eta**2 * slope**2) / (2 * eta)
    inner = eta * slope**2 + extra
    p, before = sympy.symbols("p x_t", positive=True)
    nearer = before**2 - 2 * eta * p + eta**2 * slope**2  # the squared distance after a step
    straight = at(nearer.subs(p, slope * before), before, size + eta * slope)
    return All((
        ("mean", Identity({**domain, R: BOX, T: (Integer(1), Integer(20))}, mean + r**2 - (slope - r) ** 2, (
            Step(factor * (R**2 / (twice * eta * T) + r**2 / (1 - eta / 2) ** power), "of L_t = p + epsilon - (k - r)^2"),
        ))),
        ("possible losses", Positive({**domain, extra: BOX}, inner + r**2 - (slope - r) ** 2 - slope**2, (
            Step(extra, "p - eta k^2: L_t >= |g_t|^2"),
        ), strict=False)),
        ("least distance before", Identity({**domain, before: BOX}, at(nearer, p, eta * slope**2), (
            Step(before**2 - eta**2 * slope**2, "p = eta k^2"),
        ))),
        ("largest distance before", Identity({**domain, size: BOX}, straight, (
            Step(size**2, "p = k |x_t|, straight on"),
        ))),
        ("no gap between", Positive({**domain, size: BOX}, (size + eta * slope) ** 2 - size**2 - eta**2 * slope**2, (
            Step(2 * size * eta * slope, "squares of the two ends"),
        ), strict=False)),
    ))  # fmt: skip


# T, c eta, sqrt(epsilon/(c R^2)), and the worst average in c R^2 with 7 digits.
CASES = (
    (4, "1/2", "1/5", "0.2800000"),  # few steps: 1.96/7
    (8, "1", "1/10", "0.0825000"),  # many steps: 1/16 + 1/50
    (5, "3/2", "1/10", "0.1051544"),
    (8, "3/2", "1/5", "0.1602818"),
    (4, "3", "1/10", "0.2484265"),  # a rate for which Theorem C.2 says nothing
)


@claim(
    "worst-average-in-numbers",
    source="THEORY §11 [D]",
    bound="tight",
    expected="certified",
    assumptions=(
        "the worst case over every sequence of losses of the class, in c R^2, within 10^-6",
        "below: a run with losses of a-loss-with-given-gradient, in the plane; above: dual multipliers, both in rationals",
    ),
    assuming=("a-loss-with-given-gradient",),
    statement=r"\Big(T,c\eta,\sqrt{\tfrac\epsilon{cR^2}}\Big):\ (4,\tfrac12,\tfrac15)\ 0.28,\ (8,1,\tfrac1{10})\ 0.0825,"
    r"\ (5,\tfrac32,\tfrac1{10})\ 0.1051544,\ (8,\tfrac32,\tfrac15)\ 0.1602818,\ (4,3,\tfrac1{10})\ 0.2484265",
    twins={"1 % less": {"factor": Rational(99, 100)}, "1 % more": {"factor": Rational(101, 100)}, "one step more": {"more": 1}},
)
def in_numbers(factor: sympy.Expr = Integer(1), more: int = 0) -> All:  # noqa: B008
    """The worst average where no closed form is at hand, and where one is, as a look from another side."""
    near, parts = Rational(1, 10**6), []
    for steps, rate, root, worst in CASES:
        low, high = (factor * (Rational(worst) + side * near) for side in (-1, 1))
        problem = WorstCase(steps + more, Rational(rate), Rational(root), low, high)
        parts.append((f"{steps} steps, c eta = {rate}, root of epsilon {root}", problem))
    return All(tuple(parts))


MARGIN = sympy.Symbol("v_0", real=True)


@claim(
    "logistic-loss-in-turn",
    source="THEORY §11 [D]",
    bound="lower",
    expected="certified",
    assumptions=(
        "L_t(theta) = log(1 + e^{-+theta}) in turn, B = 1, eta = 5/2, so c eta = 1.018; theta* = 0, epsilon = log 2",
        "from |theta_0| = -v_0 with v_0 + (5/4)/(1 + e^{v_0}) = 0: the margin v_0 of the loss of the moment becomes -v_0,",
        "which is the margin v_0 of the other loss: every loss is log(1 + e^{-v_0})",
        "0.40726 and 0.40727 enclose c_0 (claim constant-c-0)",
    ),
    assuming=("constant-c-0",),
    statement=r"\theta_{t+1}=-\theta_t,\quad L_t(\theta_t)=1.23034\pm10^{-5}\ \text{for every }t,"
    r"\text{ at least }98.6\,\%\text{ of }\frac\epsilon{(1-c\eta/4)^2}"
    r",\quad87.1\,\%\text{ of }\frac\epsilon{1-c\eta/2}",
    twins={"99 % of the first": {"share": Rational(99, 100)}, "88 % of the second": {"of_stated": Rational(88, 100)}},
)
def logistic_in_turn(share: sympy.Expr = Rational(986, 1000), of_stated: sympy.Expr = Rational(871, 1000)) -> All:  # noqa: B008
    """A run with the logistic loss that comes near the worst case of its class: examples of Q alone, kernels in turn."""
    step = Rational(5, 2)
    root = Root(MARGIN, MARGIN + step / 2 / (1 + exp(MARGIN)), Integer(-2), Integer(0))
    value, c_eta = log(1 + exp(-MARGIN)), Rational("0.40727") * step
    stated, near = Rational("1.23034"), Rational(1, 10**5)
    moved = MARGIN + step / (1 + exp(MARGIN))  # minus the slope of log(1 + e^{-v}) is 1/(1 + e^v)
    return All((
        ("to the other side", Value(moved + MARGIN, -Rational(1, 10**12), Rational(1, 10**12), (root,))),
        ("loss", Value(value, stated - near, stated + near, (root,))),
        ("of the sharper bound's limit", Value(value * (1 - c_eta / 4) ** 2 / log(2), share, Integer(1), (root,))),
        ("of the stated bound's limit", Value(value * (1 - c_eta / 2) / log(2), of_stated, Integer(1), (root,))),
    ))  # fmt: skip


@claim(
    "logistic-loss-from-far",
    source="THEORY §11 [D]",
    bound="lower",
    expected="certified",
    assumptions=(
        "L(theta) = log(1 + e^{-theta}) at all 4 steps, B = 1, eta = 5/2; theta_0 = -10, theta* = 0, epsilon = log 2",
        "0.40726 < c_0 < 0.40727, by the claim constant-c-0, each part with the end that makes it harder; "
        "the sharper bound is the one with mu = 0; R = 10",
    ),
    assuming=("constant-c-0",),
    statement=r"\frac14\sum_{t<4}L(\theta_t)=6.27616\pm10^{-5},"
    r"\text{ at least }97.8\,\%\text{ of }\frac{R^2}{2\eta T}+\frac\epsilon{1-c\eta/2},"
    r"\quad\text{less than }55\,\%\text{ of the stated bound}",
    twins={
        "99 %": {"share": Rational(99, 100)}, "less than 54 %": {"most": Rational(54, 100)},
        "1 % larger mean": {"factor": Rational(101, 100)}, "98.6 %": {"share": Rational(986, 1000)},
    },
)
def logistic_from_far(
    share: sympy.Expr = Rational(978, 1000), most: sympy.Expr = Rational(55, 100), factor: sympy.Expr = Integer(1),  # noqa: B008
) -> All:  # fmt: skip
    """From far away the logistic loss has a gradient of constant size, as the worst losses do."""
    step, start, steps = Rational(5, 2), Integer(-10), 4
    roots: list[Root] = []
    at: sympy.Expr = start
    total: sympy.Expr = log(1 + exp(-start))
    for number in range(1, steps):
        after = sympy.Symbol(f"theta_{number}", real=True)
        roots.append(Root(after, after - at - step / (1 + exp(at)), start - 1, Integer(4)))
        at = after
        total += log(1 + exp(-at))
    mean, c_eta, least = factor * total / steps, Rational("0.40727") * step, Rational("0.40726") * step
    distance = start**2 / (2 * step * steps)
    stated, near = Rational("6.27616"), Rational(1, 10**5)
    return All((
        ("mean", Value(mean, stated - near, stated + near, tuple(roots))),
        ("of the sharper bound", Value(mean / (distance + log(2) / (1 - c_eta / 2)), share, Integer(1), tuple(roots))),
        ("of the stated bound", Value(mean * (1 - least / 2) / (distance + log(2)), Rational(1, 10), most, tuple(roots))),
    ))  # fmt: skip
