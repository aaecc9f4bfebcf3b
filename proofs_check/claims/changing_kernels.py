"""Claims of THEORY §11: gradient descent on a sequence of kernels with a common optimal classifier (Theorem C.2)."""

from __future__ import annotations

import sympy
from sympy import Integer, Rational

from proofs_check.claim import claim
from proofs_check.problem import All, Identity, Positive, Step

eta, B, c0, loss, distance, after = sympy.symbols("eta B c_0 L D_t D_T", positive=True)
# What each inequality used leaves over: of convexity, of the gradient bound, of L_t(theta*) <= epsilon.
of_convexity, of_gradient, of_optimum = sympy.symbols("s_1 s_2 s_3", nonnegative=True)
epsilon, decay, star, norm = sympy.symbols("epsilon lambda S W", positive=True)
SLACKS = dict.fromkeys((of_convexity, of_gradient, of_optimum), (Integer(0), Integer(1)))
POSITIVE = dict.fromkeys((eta, B, c0, loss, distance, epsilon), (Rational(1, 10), Rational(1, 2)))


def one_more_step(cost: sympy.Expr, taken: sympy.Expr, domain: dict[sympy.Symbol, tuple[sympy.Expr, sympy.Expr]]) -> Identity:
    """Induction over steps: what T steps leave over, and one step, is what T + 1 leave over.

    Of T steps D_0 - D_T = taken * (sum of L_t) - cost * T + s; of one more, D_T - D = taken * L_T - cost + s_T.
    """
    total, one, left, more = sympy.symbols("S_T L_T s s_T", nonnegative=True)
    T = sympy.Symbol("T", positive=True)
    box = (Integer(0), Integer(1))
    start = (taken * total - cost * T + left) + (taken * one - cost + more)
    return Identity({**domain, **dict.fromkeys((total, one, left, more), box), T: (Integer(1), Integer(9))}, start, (
        Step(taken * (total + one) - cost * (T + 1) + (left + more), "D_0 - D, the distances between cancel"),
    ))  # fmt: skip


def squared_step(name: str) -> tuple[str, Identity]:
    """Part of a claim: |theta - eta g - theta*|^2, a coordinate x of theta - theta* and g of the gradient at a time."""
    at_x, g = sympy.symbols("x g", real=True)
    box = (Integer(-2), Integer(2))
    return name, Identity({eta: (Rational(1, 10), Integer(1)), at_x: box, g: box}, (at_x - eta * g) ** 2, (
        Step(at_x**2 - 2 * eta * g * at_x + eta**2 * g**2, "D - 2 eta <g, x> + eta^2 |g|^2"),
    ))  # fmt: skip


def decayed(name: str) -> tuple[str, Identity]:
    """Part of a claim: 2 <theta, theta - theta*> = |theta|^2 - |theta*|^2 + |theta - theta*|^2, a coordinate at a time."""
    at_theta, at_star = sympy.symbols("theta theta_star", real=True)
    box = (Integer(-2), Integer(2))
    return name, Identity({at_theta: box, at_star: box}, 2 * at_theta * (at_theta - at_star), (
        Step(at_theta**2 - at_star**2 + (at_theta - at_star) ** 2, "W - S + D"),
    ))  # fmt: skip


@claim(
    "changing-kernels-one-step",
    source="THEORY §11 [F 33-36], [D]",
    bound="upper",
    assumptions=(
        "<grad, theta - theta*> = L - L(theta*) + s_1 (claim logistic-loss-is-convex, any offsets)",
        "|grad|^2 = c_0 B^2 L - s_2 (claim gradient-of-the-average-loss)",
        "L(theta*) = epsilon - s_3",
        "s_1, s_2, s_3 >= 0",
        "D_t = |theta_t - theta*|^2",
    ),
    assuming=("logistic-loss-is-convex", "gradient-of-the-average-loss"),
    statement=r"D_t-D_{t+1}\ge2\eta\big(1-\tfrac{c_0\eta B^2}2\big)L_t-2\eta\epsilon",
    twins={
        "without the half": {"half": Rational(1, 4)}, "eta epsilon": {"twice": Integer(1)},
        "1/2 moved by 1 %": {"half": Rational(99, 200)}, "2 eta epsilon moved by 1 %": {"twice": Rational(198, 100)},
    },
)
def one_step(half: sympy.Expr = Rational(1, 2), twice: sympy.Expr = Integer(2)) -> All:  # noqa: B008
    """One step of gradient descent on the loss of the moment, whatever kernel and offsets it has."""
    inner = loss - (epsilon - of_optimum) + of_convexity
    new = distance - 2 * eta * inner + eta**2 * (c0 * B**2 * loss - of_gradient)
    claimed = 2 * eta * (1 - half * c0 * eta * B**2) * loss - twice * eta * epsilon
    return All((
        squared_step("a coordinate's square"),
        ("step", Positive({**POSITIVE, **SLACKS}, distance - new - claimed, (
            Step(2 * eta * (of_convexity + of_optimum) + eta**2 * of_gradient, "|theta - eta grad - theta*|^2 expanded"),
        ), strict=False)),
    ))  # fmt: skip


# Where a run starts far from the common classifier and comes near it, a bound on the average is nearly reached.
FAR_TO_NEAR = {distance: (Integer(1), Integer(5)), after: (Rational(1, 10**6), Rational(1, 5))}


@claim(
    "changing-kernels-average",
    source="THEORY §11 [F 33-36], [D]",
    bound="upper",
    assumptions=(
        "the T inequalities of changing-kernels-one-step added up, by induction, with slack s >= 0",
        "c_0 eta B^2 < 2: k = 1 - c_0 eta B^2 / 2 > 0", "D_T >= 0",
    ),
    assuming=("changing-kernels-one-step",),
    statement=r"\frac1T\sum_{t<T}L_t\le\frac{\|\theta_0-\theta_*\|^2/(2\eta T)+\epsilon}{1-c_0\eta B^2/2}",
    twins={
        "eta T for 2 eta T": {"twice": Integer(4)}, "less twice the last distance": {"last": -1},
        "2 eta T moved by 1 %": {"twice": Rational(202, 100)},
    },
)
def average(twice: sympy.Expr = Integer(2), last: int = 0) -> All:  # noqa: B008
    """The average loss of gradient descent over a sequence of kernels with one common classifier."""
    T, room, slack = sympy.Symbol("T", integer=True, positive=True), sympy.Symbol("k", positive=True), of_convexity
    # D_0 - D_T = 2 eta k (sum of L) - 2 eta epsilon T + s gives the mean of L:
    mean = (distance - after - slack + 2 * eta * epsilon * T) / (2 * eta * room * T)
    bound = ((distance + last * after * 2) / (twice * eta * T) + epsilon) / room
    box = (Rational(1, 10), Integer(1))
    domain = {**dict.fromkeys((eta, epsilon, room), box), **FAR_TO_NEAR, T: (Integer(1), Integer(100)), slack: SLACKS[slack]}
    steps = dict.fromkeys((eta, epsilon, room), box)
    return All((
        ("one more step", one_more_step(2 * eta * epsilon, 2 * eta * room, steps)),
        ("average", Positive(domain, bound - mean, (Step((after + slack) / (2 * eta * room * T), "divided by 2 eta k T"),))),
    ))  # fmt: skip


@claim(
    "changing-kernels-one-step-with-ridge",
    source="THEORY §11 [D]",
    bound="upper",
    assumptions=(
        "as without ridge, by the claims logistic-loss-is-convex and gradient-of-the-average-loss, with grad + lambda theta",
        "|a + b|^2 = 2 |a|^2 + 2 |b|^2 - s_4, s_4 >= 0",
        "lambda <theta, theta - theta*> = (lambda/2)(W - S + s_5), W = |theta|^2, S = |theta*|^2, s_5 = D_t",
        "eta lambda = 1 / (2 (1 + k)), k >= 0",
    ),
    assuming=("logistic-loss-is-convex", "gradient-of-the-average-loss"),
    statement=r"D_t-D_{t+1}\ge2\eta(1-c_0\eta B^2)L_t-2\eta\big(\epsilon+\tfrac\lambda2\|\theta_*\|^2\big)"
    r"\quad(\eta\lambda\le\tfrac12)",
    twins={
        "half of the ridge's floor": {"share": Rational(1, 4)}, "c_0 eta B^2 / 2 as without": {"factor": Rational(1, 2)},
        "lambda/2 moved by 1 %": {"share": Rational(99, 200)}, "99 % of c_0 eta B^2": {"factor": Rational(99, 100)},
    },
)
def one_step_with_ridge(share: sympy.Expr = Rational(1, 2), factor: sympy.Expr = Integer(1)) -> All:  # noqa: B008
    """The same with weight decay, which costs its value at the common classifier."""
    fourth, k = sympy.symbols("s_4 k", nonnegative=True)
    rate = 1 / (2 * (1 + k) * decay)
    inner = loss - (epsilon - of_optimum) + of_convexity + decay / 2 * (norm - star + distance)
    squared = 2 * (c0 * B**2 * loss - of_gradient) + 2 * decay**2 * norm - fourth
    new = distance - 2 * rate * inner + rate**2 * squared
    claimed = 2 * rate * (1 - factor * c0 * rate * B**2) * loss - 2 * rate * (epsilon + share * decay * star)
    # The last term is eta lambda (1 - 2 eta lambda) W.
    left = 2 * rate * (of_convexity + of_optimum) + distance / (2 * (1 + k)) + rate**2 * (2 * of_gradient + fourth)
    box = (Rational(1, 10), Integer(2))
    # A twin is false where theta is next to theta*.
    domain = {**dict.fromkeys((B, c0, loss, epsilon, decay, star, norm), box), **SLACKS, distance: (Rational(1, 10**6), box[1]),
              fourth: (Integer(0), Integer(1)), k: (Integer(0), Integer(3)), star: (Rational(1, 10), Integer(100))}  # fmt: skip
    a, b = sympy.symbols("a b", real=True)
    line = (Integer(-2), Integer(2))
    return All((
        squared_step("a coordinate's square"), decayed("theta and theta - theta*"),
        ("gradient and ridge", Identity({a: line, b: line}, (a + b) ** 2, (
            Step(2 * a**2 + 2 * b**2 - (a - b) ** 2, "s_4 = |a - b|^2"),
        ))),
        ("step", Positive(domain, distance - new - claimed, (
            Step(left + norm * k / (2 * (1 + k) ** 2), "|theta - eta (grad + lambda theta) - theta*|^2 expanded"),
        ), strict=False)),
    ))  # fmt: skip


@claim(
    "young-for-the-step",
    source="THEORY §11 [D]",
    bound="tight",
    assumptions=("0 < t < 1, t = 1 / (1 + k)", "coordinate by coordinate, so for vectors too"),
    statement=r"(a+b)^2\le\frac{a^2}{1-t}+\frac{b^2}t",
    twins={
        "half of the right side": {"times": Rational(1, 2)}, "b^2 for b^2 / t": {"exponent": 0},
        "99 % of the right side": {"times": Rational(99, 100)},
    },
)
def young(times: sympy.Expr = Integer(1), exponent: int = 1) -> Positive:  # noqa: B008
    """What splits the square of gradient and ridge; equality where a / (1 - t) = b / t."""
    a, b = sympy.symbols("a b", real=True)
    k = sympy.Symbol("k", positive=True)
    right = times * (a**2 * (1 + k) / k + b**2 * (1 + k) ** exponent)
    box = (Integer(-2), Integer(2))
    return Positive({a: box, b: box, k: (Rational(1, 10), Integer(1))}, right - (a + b) ** 2, (
        Step((a - k * b) ** 2 / k, "put over one denominator"),
    ), strict=False)  # fmt: skip


@claim(
    "changing-kernels-one-step-with-any-ridge",
    source="THEORY §11 [D]",
    bound="upper",
    assumptions=(
        "as with ridge, by the claims logistic-loss-is-convex and gradient-of-the-average-loss, but "
        "|a + b|^2 = |a|^2 / (1 - eta lambda) + |b|^2 / (eta lambda) - s_4, s_4 >= 0, "
        "by the claim young-for-the-step",
        "eta lambda = 1 / (1 + k), k > 0",
    ),
    assuming=("logistic-loss-is-convex", "gradient-of-the-average-loss", "young-for-the-step"),
    statement=r"D_t-D_{t+1}\ge2\eta\Big(1-\frac{c_0\eta B^2}{2(1-\eta\lambda)}\Big)L_t-2\eta\big(\epsilon+"
    r"\tfrac\lambda2\|\theta_*\|^2\big)\quad(\eta\lambda<1)",
    twins={
        "half of the ridge's floor": {"share": Rational(1, 4)}, "half of the step's cost": {"factor": Rational(1, 4)},
        "lambda/2 moved by 1 %": {"share": Rational(99, 200)}, "99 % of the step's cost": {"factor": Rational(99, 200)},
    },
)
def one_step_with_any_ridge(
    share: sympy.Expr = Rational(1, 2), factor: sympy.Expr = Rational(1, 2),  # noqa: B008
) -> All:  # fmt: skip
    """Sharper: as eta lambda falls to 0 the bound becomes that without ridge; at eta lambda = 1/2 it is the one above."""
    fourth, k = sympy.Symbol("s_4", nonnegative=True), sympy.Symbol("k", positive=True)
    rate = 1 / ((1 + k) * decay)
    kept = k / (1 + k)  # 1 - eta lambda
    inner = loss - (epsilon - of_optimum) + of_convexity + decay / 2 * (norm - star + distance)
    squared = (c0 * B**2 * loss - of_gradient) / kept + decay / rate * norm - fourth
    new = distance - 2 * rate * inner + rate**2 * squared
    claimed = 2 * rate * (1 - factor * c0 * rate * B**2 / kept) * loss - 2 * rate * (epsilon + share * decay * star)
    left = 2 * rate * (of_convexity + of_optimum) + distance / (1 + k) + rate**2 * (of_gradient / kept + fourth)
    box = (Rational(1, 10), Integer(2))
    domain = {**dict.fromkeys((B, c0, loss, epsilon, decay, norm), box), **SLACKS, distance: (Rational(1, 10**6), box[1]),
              fourth: (Integer(0), Integer(1)), k: (Rational(1, 10), Integer(3)),
              star: (Rational(1, 10), Integer(100))}  # fmt: skip
    return All((
        squared_step("a coordinate's square"), decayed("theta and theta - theta*"),
        ("step", Positive(domain, distance - new - claimed, (
            Step(left, "|theta - eta (grad + lambda theta) - theta*|^2 expanded"),
        ), strict=False)),
    ))  # fmt: skip


@claim(
    "changing-kernels-average-with-ridge",
    source="THEORY §11 [D]",
    bound="upper",
    assumptions=(
        "c_0 eta B^2 < 1, eta lambda <= 1/2",
        "T steps of the claim changing-kernels-one-step-with-ridge, added up: s >= 0 is the sum of what they leave out",
        "D_t = |theta_t - theta*|^2, so D_T >= 0",
    ),
    assuming=("changing-kernels-one-step-with-ridge",),
    statement=r"\frac1T\sum_{t<T}L_t(\theta_t)\le\frac{\|\theta_0-\theta_*\|^2/(2\eta T)+\epsilon+\tfrac\lambda2\|\theta_*\|^2}"
    r"{1-c_0\eta B^2}",
    twins={
        "without the 2 under lambda, half of it": {"share": Rational(1, 4)}, "4 eta T below": {"twice": Integer(4)},
        "lambda/2 moved by 1 %": {"share": Rational(99, 200)}, "2 eta T moved by 1 %": {"twice": Rational(202, 100)},
    },
)
def average_with_ridge(share: sympy.Expr = Rational(1, 2), twice: sympy.Expr = Integer(2)) -> All:  # noqa: B008
    """The average loss with weight decay, which costs its value at the common classifier."""
    T, room, slack = sympy.Symbol("T", integer=True, positive=True), sympy.Symbol("k", positive=True), of_convexity
    floor = epsilon + decay * star / 2
    # k = 1 - c_0 eta B^2 > 0. D_0 - D_T = 2 eta k (sum of L) - 2 eta floor T + s gives the mean of L:
    mean = (distance - after - slack + 2 * eta * floor * T) / (2 * eta * room * T)
    bound = (distance / (twice * eta * T) + epsilon + share * decay * star) / room
    box = (Rational(1, 10), Integer(1))
    steps = dict.fromkeys((eta, epsilon, room, decay, star), box)
    domain = {**steps, **FAR_TO_NEAR, T: (Integer(1), Integer(100)), slack: SLACKS[slack]}
    return All((
        ("one more step", one_more_step(2 * eta * floor, 2 * eta * room, steps)),
        ("average", Positive(domain, bound - mean, (
            Step((after + slack) / (2 * eta * room * T), "divided by 2 eta k T"),
        ), strict=False)),
    ))  # fmt: skip
