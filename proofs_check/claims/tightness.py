"""Claims of THEORY §11: the worst average loss itself, exactly or between two rationals, and what the logistic loss reaches.

Lengths count in 1/sqrt(c), c = c_0 B^2, so that c = 1: eta stands for c eta, R^2 for c R^2. As in sharper_average, x is
theta_t - theta*, g the gradient there, D = |x|^2. The worst case is that of all losses that are convex, have |grad L_t|^2 <= c L_t
everywhere and at most epsilon at theta*, another one at each step; it is reached by losses that are c/2-smooth besides.
"""

from __future__ import annotations

import sympy
from sympy import Integer, Rational, exp, log

from proofs_check.claim import claim
from proofs_check.problem import Identity, Positive, Root, Step, Together, Value, WorstCase

k, z = sympy.symbols("k z", positive=True)
y, slack, x_2 = sympy.symbols("y s x_2", nonnegative=True)
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
        "L = <g, x> + epsilon - (|g| - r)_+^2 - s, s >= 0 (claim loss-at-the-common-classifier; convexity, if |g| <= r)",
        "x = ((x_{n+1}/k) |g| + u, x_2) in the directions along and across g; |g| = k + v, or |g| = r/(1 + i)",
    ),
    statement=r"L_t+\alpha_nD_{t+1}\le\alpha_{n+1}D_t+k\sqrt\epsilon,\qquad\alpha_n=\frac{nk}{2(\eta kn+d)}",
    twins={"0.99 k sqrt(epsilon)": {"floor": Rational(99, 100)}, "alpha_n 1 % larger": {"factor": Rational(101, 100)}},
)
def one_step(floor: sympy.Expr = Integer(1), factor: sympy.Expr = Integer(1)) -> Together:  # noqa: B008
    """The potential with which the worst average is shown: a run at the worst case leaves nothing over."""
    i = sympy.Symbol("i", nonnegative=True)
    eta, root, d = 2 / (1 + z), k * z * y / ((1 + z) * (1 + y)), 2 * k * z / ((1 + z) * (1 + y))
    before, after = eta * k * n + d, eta * k * (n + 1) + d
    alpha, alpha_1 = factor * n * k / (2 * before), (n + 1) * k / (2 * after)

    def left(norm: sympy.Expr, bent: sympy.Expr) -> sympy.Expr:
        x_1 = after / k * norm + u
        loss = x_1 * norm + root**2 - bent - slack
        return alpha_1 * (x_1**2 + x_2**2) + floor * k * root - loss - alpha * ((x_1 - eta * norm) ** 2 + x_2**2)

    square = k * d / (2 * before * after) * (u**2 + x_2**2) + slack
    # 1 - r/k, and k - r.
    share, apart = (1 + z + y) / ((1 + z) * (1 + y)), k * (1 + z + y) / ((1 + z) * (1 + y))
    domain = {k: BOX, z: BOX, y: (Integer(1), Integer(3)), n: (Integer(1), Integer(9)), u: NEAR, x_2: (Integer(0), Rational(1, 20)),
              slack: (Integer(0), Rational(1, 20))}  # fmt: skip
    return Together((
        ("|g| >= r", Positive({**domain, v: NEAR}, left(k + v, (k + v - root) ** 2), (
            Step(square + root / k * v**2, "squares completed"),
        ), strict=False)),
        ("|g| <= r", Positive({**domain, i: (Integer(0), Integer(1))}, left(root / (1 + i), Integer(0)), (
            Step(square + share * (root * apart + root**2 * i * (2 + i) / (1 + i) ** 2), "(1 - r/k)(r k - |g|^2) beside the square"),
        ), strict=False)),
    ))  # fmt: skip


R, r = sympy.symbols("R r", positive=True)
floor_root = sympy.Symbol("r", nonnegative=True)


@claim(
    "worst-average-of-few-steps",
    source="THEORY §11 [D], cf. Drori and Teboulle (2014)",
    bound="tight",
    assumptions=(
        f"c = 1, 0 < eta < 2, R >= T eta sqrt(epsilon)/(1 - eta/2), which is d >= 0: {SLOPE}; eta = 2, epsilon = 0 as a limit",
        "above: T inequalities of worst-average-one-step added up, alpha_0 = 0; for d = 0 the claim changing-kernels-average-sharper, mu = 0",
        "reached by one loss, that of a-loss-with-given-gradient with slope k: g is constant, <g, x_t> = k (R - t eta k)",
        "S_t is the sum of the losses before t; the mean is S_T/T by induction",
    ),
    statement=r"\sup\frac1T\sum_{t<T}L_t(\theta_t)=\frac{c\,(R+2\sqrt{\epsilon/c})^2}{4+2c\eta(T-1)};\quad\epsilon=0:\ "
    r"\frac{R^2}{2\eta T+\frac{4-2c\eta}c}",
    twins={"0.99 of it": {"factor": Rational(99, 100)}, "2 eta T below": {"less": 0}},
)
def few_steps(factor: sympy.Expr = Integer(1), less: int = 1) -> Together:  # noqa: B008
    """Over few steps, or from far away, the worst losses are one loss, a parabola and a line, descended at a constant pace."""
    t, eta = sympy.Symbol("t", integer=True, nonnegative=True), sympy.Symbol("eta", positive=True)
    root = floor_root
    slope = (R + 2 * root) / (2 + eta * (T - 1))
    stated = factor * (R + 2 * root) ** 2 / (4 + 2 * eta * (T - less))
    # R = x_T = eta k T + d in alpha_T.
    bound = (T * slope / (2 * R) * R**2 + T * root * slope) / T

    def summed(steps: sympy.Expr) -> sympy.Expr:
        return steps * slope * (R + 2 * root - slope) - eta * slope**2 * steps * (steps - 1) / 2

    value = slope * (R - t * eta * slope) + root**2 - (slope - root) ** 2
    box = {R: BOX, eta: BOX, root: (Integer(0), Integer(1)), T: (Integer(1), Integer(20))}
    return Together((
        ("above", Identity(box, bound, (Step(stated, "alpha_T R^2 + T k sqrt(epsilon) by T"),))),
        ("one loss more", Identity({**box, t: (Integer(0), Integer(9))}, summed(t + 1) - summed(t), (Step(value, "L_t"),))),
        ("from none", Identity(box, summed(Integer(0)), (Step(Integer(0), "no loss"),))),
        ("reached", Identity(box, summed(T) / T, (Step(stated, "S_T by T"),))),
        ("the last loss is still on the line", Identity(box, value.subs(t, T - 1), (Step(slope**2, "k^2 <= L_t, with equality at last"),))),
    ))  # fmt: skip


@claim(
    "worst-average-of-many-steps",
    source="THEORY §11 [D]",
    bound="tight",
    assumptions=(
        "c = 1, 0 < eta < 2, sqrt(T) eta k <= R <= T eta k with k = r/(1 - eta/2), r = sqrt(epsilon); eta = 2/(1 + z)",
        "above: the claim changing-kernels-average-sharper with mu = 0",
        "reached in the plane with |g_t| = k and losses of a-loss-with-given-gradient, from D_T = 0 backwards: by D_t = D_{t+1} + 2 eta p"
        " - eta^2 k^2 every p = <g, x_t> from eta k^2 to k |x_t| is possible",
        "so |x_t| may be anything from sqrt(|x_{t+1}|^2 + eta^2 k^2) to |x_{t+1}| + eta k, and R from sqrt(T) eta k to T eta k",
        "the sum of p is (R^2 + T eta^2 k^2)/(2 eta)",
    ),
    statement=r"\sup\frac1T\sum_{t<T}L_t(\theta_t)=\frac{R^2}{2\eta T}+\frac\epsilon{1-c\eta/2}",
    twins={"R^2/(2 eta T) alone gains the factor": {"power": 0}, "half of R^2": {"twice": 4}},
)
def many_steps(power: int = 1, twice: int = 2) -> Together:
    """Over many steps the sharper bound is reached exactly, by losses that differ from step to step."""
    eta, extra, size = 2 / (1 + z), sympy.Symbol("i", nonnegative=True), sympy.Symbol("D", nonnegative=True)
    slope = r * (1 + z) / z
    domain = {r: BOX, z: BOX}
    mean = (R**2 / T + eta**2 * slope**2) / (2 * eta)
    inner = eta * slope**2 + extra
    most = (size + eta * slope) ** 2 - 2 * eta * slope * (size + eta * slope) + eta**2 * slope**2
    return Together((
        ("mean", Identity({**domain, R: BOX, T: (Integer(1), Integer(20))}, mean + r**2 - (slope - r) ** 2, (
            Step(R**2 / (twice * eta * T) + r**2 / (1 - eta / 2) ** power, "of L_t = p + epsilon - (k - r)^2"),
        ))),
        ("possible losses", Positive({**domain, extra: BOX}, inner + r**2 - (slope - r) ** 2 - slope**2, (
            Step(extra, "p - eta k^2: L_t >= |g_t|^2"),
        ), strict=False)),
        ("least distance before", Identity({**domain, size: BOX}, size**2 + 2 * eta * (eta * slope**2) - eta**2 * slope**2, (
            Step(size**2 + eta**2 * slope**2, "p = eta k^2"),
        ))),
        ("largest distance before", Identity({**domain, size: BOX}, most, (Step(size**2, "p = k |x_t|, straight on"),))),
        ("the least is below the largest", Positive({**domain, size: BOX}, (size + eta * slope) ** 2 - size**2 - eta**2 * slope**2, (
            Step(2 * size * eta * slope, "so there is a p between"),
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
        "the worst case over every sequence of losses of the class, in c R^2, within 10^-7",
        "the losses of the run are those of a-loss-with-given-gradient, in the plane; the bound is by dual multipliers",
        "the stated bound is 0.38667, 0.14500, 0.30667, 0.32667 in the first four: larger by 38 %, 76 %, 192 % and 104 %",
    ),
    statement=r"(T,c\eta,\sqrt{\epsilon/cR^2}):\ (4,\tfrac12,\tfrac15)\ 0.28,\ (8,1,\tfrac1{10})\ 0.0825,\ (5,\tfrac32,\tfrac1{10})\ 0.1051544,"
    r"\ (8,\tfrac32,\tfrac15)\ 0.1602818,\ (4,3,\tfrac1{10})\ 0.2484265",
    twins={"1 % less": {"factor": Rational(99, 100)}, "1 % more": {"factor": Rational(101, 100)}, "one step more": {"more": 1}},
)
def in_numbers(factor: sympy.Expr = Integer(1), more: int = 0) -> Together:  # noqa: B008
    """The worst average where no closed form is at hand, and where one is, as a look from another side."""
    near = Rational(1, 10**7)
    return Together(tuple(
        (f"{steps} steps, c eta = {rate}, root of epsilon {root}",
         WorstCase(steps + more, Rational(rate), Rational(root), factor * (Rational(worst) - near), factor * (Rational(worst) + near)))
        for steps, rate, root, worst in CASES
    ))  # fmt: skip


MARGIN = sympy.Symbol("v_0", real=True)


@claim(
    "logistic-loss-in-turn",
    source="THEORY §11 [D]",
    bound="lower",
    expected="certified",
    assumptions=(
        "L_t(theta) = log(1 + e^{-+theta}) in turn, B = 1, eta = 5/2, so c eta = 1.018; theta* = 0, epsilon = log 2",
        "from |theta_0| = -v_0 with v_0 + (5/4)/(1 + e^{v_0}) = 0: theta_{t+1} = -theta_t, every loss is log(1 + e^{-v_0})",
        "0.40726 and 0.40727 enclose c_0 (claim constant-c-0)",
    ),
    statement=r"L_t(\theta_t)=1.23034\ \text{for every }t,\text{ at least }98.6\,\%\text{ of }\frac\epsilon{(1-c\eta/4)^2}"
    r",\quad87.1\,\%\text{ of }\frac\epsilon{1-c\eta/2}",
    twins={"99 % of the first": {"share": Rational(99, 100)}, "88 % of the second": {"of_stated": Rational(88, 100)}},
)
def logistic_in_turn(share: sympy.Expr = Rational(986, 1000), of_stated: sympy.Expr = Rational(871, 1000)) -> Together:  # noqa: B008
    """The logistic loss does not reach the worst case of its class, but comes near: examples of Q alone, kernels in turn."""
    step = Rational(5, 2)
    root = Root(MARGIN, MARGIN + step / 2 / (1 + exp(MARGIN)), Integer(-2), Integer(0))
    value, c_eta = log(1 + exp(-MARGIN)), Rational("0.40727") * step
    stated = Rational("1.23034")
    return Together((
        ("loss", Value(value, stated - Rational(1, 10**5), stated + Rational(1, 10**5), (root,))),
        ("of the sharper bound's limit", Value(value * (1 - c_eta / 4) ** 2 / log(2), share, Integer(1), (root,))),
        ("of the stated bound's limit", Value(value * (1 - c_eta / 2) / log(2), of_stated, Integer(1), (root,))),
    ))  # fmt: skip


@claim(
    "logistic-loss-from-far",
    source="THEORY §11 [D]",
    bound="lower",
    expected="certified",
    assumptions=(
        "L(theta) = log(1 + e^{-theta}) at all 8 steps, B = 1, eta = 5/2; theta_0 = -20, theta* = 0, epsilon = log 2",
        "the bound with mu = 0, c_0 rounded up to 0.40727; the stated bound with c_0 rounded up too",
    ),
    statement=r"\frac18\sum_{t<8}L(\theta_t)=11.26308,\text{ at least }98.6\,\%\text{ of }\frac{R^2}{2\eta T}+\frac\epsilon{1-c\eta/2}"
    r",\quad\text{less than }52\,\%\text{ of the stated bound}",
    twins={"99.9 %": {"share": Rational(999, 1000)}, "less than half": {"most": Rational(1, 2)}},
)
def logistic_from_far(share: sympy.Expr = Rational(986, 1000), most: sympy.Expr = Rational(52, 100)) -> Together:  # noqa: B008
    """From far away the logistic loss pulls with constant strength, as the worst losses do."""
    step, start, steps = Rational(5, 2), Integer(-20), 8
    roots: list[Root] = []
    at: sympy.Expr = start
    total: sympy.Expr = log(1 + exp(-start))
    for number in range(1, steps):
        after = sympy.Symbol(f"theta_{number}", real=True)
        roots.append(Root(after, after - at - step / (1 + exp(at)), Integer(-21), Integer(4)))
        at = after
        total += log(1 + exp(-at))
    mean, c_eta = total / steps, Rational("0.40727") * step
    distance = start**2 / (2 * step * steps)
    stated = Rational("11.26308")
    return Together((
        ("mean", Value(mean, stated - Rational(1, 10**5), stated + Rational(1, 10**5), tuple(roots))),
        ("of the sharper bound", Value(mean / (distance + log(2) / (1 - c_eta / 2)), share, Integer(1), tuple(roots))),
        ("of the stated bound", Value(mean * (1 - c_eta / 2) / (distance + log(2)), Rational(1, 10), most, tuple(roots))),
    ))  # fmt: skip
