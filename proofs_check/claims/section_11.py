"""Claims of THEORY §11: a sequence of kernels with a common optimal classifier (Theorem C.2), and the logistic loss."""

from __future__ import annotations

import sympy
from sympy import Derivative, Integer, Rational, exp, log, sqrt

from proofs_check.claim import claim
from proofs_check.claims.unevaluated import at, derivative_at, power, product, quotient
from proofs_check.problem import Corner, Identity, Inequality, Positive, Root, Step, Together, Value

v, m, other = sympy.symbols("v m m_star", real=True)
# x = l(v) is the loss itself: l = log(1 + e^{-v}) gives |l'| = 1 - e^{-x}.
x = sympy.Symbol("x", positive=True)
LINE = (Integer(-20), Integer(20))


@claim(
    "logistic-gradient-vanishes",
    source="THEORY §8 [F 38-42]",
    bound="upper",
    assumptions=("l(v) = log(1 + e^{-v}), any margin v",),
    statement=r"|\ell'(v)|=-\ell'(v)=\frac1{1+e^v}<e^{-v}",
    twins={
        "e^{-v} / 2": {"factor": Rational(1, 2)}, "e^{-2 v}": {"times": 2}, "99 % of e^{-v}": {"factor": Rational(99, 100)},
    },
)
def gradient_vanishes(factor: sympy.Expr = Integer(1), times: int = 1) -> Together:  # noqa: B008
    """Examples that are fitted stop pulling, exponentially in their margin."""
    slope = Derivative(log(1 + exp(-v)), v)
    return Together((
        ("slope", Identity({v: LINE}, -slope, (Step(1 / (1 + exp(v)), "chain rule"),))),
        ("bound", Positive({v: LINE}, factor * exp(-times * v) + slope, (
            Step(1 / (exp(v) * (1 + exp(v))), "put over one denominator"),
        ))),
    ))  # fmt: skip


@claim(
    "logistic-gradient-by-loss",
    source="THEORY §11 [D]",
    assumptions=("any margin v",),
    statement=r"|\ell'(v)|=1-e^{-\ell(v)}",
    twins={"1 - e^{-2 l}": {"times": Integer(2)}, "1 - e^{-1.01 l}": {"times": Rational(101, 100)}},
)
def gradient_by_loss(times: sympy.Expr = Integer(1)) -> Identity:  # noqa: B008
    """The gradient of the logistic loss as a function of the loss."""
    loss = log(1 + exp(-v))
    return Identity({v: (Integer(-10), Integer(10))}, -Derivative(loss, v), (
        Step(1 - 1 / (1 + exp(-v)) ** times, "e^{-l} = 1 / (1 + e^{-v})"),
        Step(1 - exp(-times * loss, evaluate=False), "the exponential of a logarithm"),
    ))  # fmt: skip


@claim(
    "logistic-loss-is-convex",
    source="THEORY §11 [D]",
    bound="lower",
    assumptions=("any margins m, m*",),
    statement=r"\ell(m_*)>\ell(m)+\ell'(m)(m_*-m)\quad(m_*\ne m)",
    twins={
        "twice the slope": {"slope": Integer(2)}, "the other way": {"sign": -1},
        "1 % more slope": {"slope": Rational(101, 100)},
    },
)
def convex(slope: sympy.Expr = Integer(1), sign: int = 1) -> Positive:  # noqa: B008
    """What the bound needs of the loss, whatever offset a margin holds."""
    loss = log(1 + exp(-m))
    gap = log(1 + exp(-other)) - loss - slope * Derivative(loss, m) * (other - m)
    box = {m: (Integer(-3), Integer(3)), other: (Rational(-33, 10), Integer(4))}
    return Positive(box, sign * gap, (
        Step(exp(-other) / (1 + exp(-other)) ** 2, "the second derivative of the loss"),
    ), by=other, at=m, order=2)  # fmt: skip


ROOT = sympy.Symbol("x_0", positive=True)


@claim(
    "gradient-loss-ratio-peaks-once",
    source="THEORY §11 [D]",
    assumptions=("x > 0",),
    statement=r"\frac d{dx}\frac{(1-e^{-x})^2}x=\frac{(1-e^{-x})e^{-x}}{x^2}(1+2x-e^x),\quad1-e^{-x}>0,"
    r"\quad 1+2x-e^x\text{ strictly concave, }0\text{ and rising at }0",
    twins={"1 + x": {"slope": Integer(1)}, "1 + 2.02 x": {"slope": Rational(202, 100)}},
)
def peaks_once(slope: sympy.Expr = Integer(2)) -> Together:  # noqa: B008
    """The ratio rises up to the only positive zero of 1 + 2 x - e^x and falls beyond: its value there is the supremum."""
    ratio, factor = (1 - exp(-x)) ** 2 / x, 1 + slope * x - exp(x)
    at_x, domain = sympy.Symbol("x", real=True), {x: (Rational(1, 10), Integer(5))}
    from_0 = factor.subs(x, at_x)
    return Together((
        ("derivative", Identity(domain, Derivative(ratio, x), (
            Step((1 - exp(-x)) * exp(-x) / x**2 * factor, "put over one denominator"),
        ))),
        ("the factor is concave", Positive(domain, -Derivative(factor, (x, 2)), (Step(exp(x), "differentiated twice"),))),
        ("and 0 at 0", Identity({}, at(from_0, at_x, Integer(0)), (Step(Integer(0), "1 - 1"),))),
        ("where it rises", Positive({}, derivative_at(from_0, at_x, Integer(0)), (Step(slope - 1, "2 - 1"),))),
        ("the other factor is positive", Positive(domain, 1 - exp(-x), (
            Step(exp(-x), "derivative of 1 - e^{-x}"),
        ), by=x, at=Integer(0), order=1)),
    ))  # fmt: skip


@claim(
    "constant-c-0",
    source="THEORY §11 [D]",
    expected="certified",
    assumptions=(
        "x = l(v) takes every positive value, and |l'| = 1 - e^{-x} by the claim logistic-gradient-by-loss",
        "the supremum is where 1 + 2 x = e^x, by the claim gradient-loss-ratio-peaks-once",
    ),
    assuming=("logistic-gradient-by-loss", "gradient-loss-ratio-peaks-once"),
    statement=r"c_0=\sup_v\frac{\ell'(v)^2}{\ell(v)}=\sup_{x>0}\frac{(1-e^{-x})^2}x=0.407264377589\pm10^{-10}",
    twins={"1 % larger": {"factor": Rational(101, 100)}, "where 1 + 1.99 x = e^x": {"slope": Rational(199, 100)}},
)
def c_0(factor: sympy.Expr = Integer(1), slope: sympy.Expr = Integer(2)) -> Value:  # noqa: B008
    """The constant by which the loss bounds its squared gradient."""
    root = Root(ROOT, exp(ROOT) - 1 - slope * ROOT, Integer(1), Integer(2))
    stated = Rational("0.407264377589")
    tenth = Rational(1, 10**10)
    return Value(factor * (1 - exp(-ROOT)) ** 2 / ROOT, stated - tenth, stated + tenth, (root,))


@claim(
    "squared-gradient-below-loss",
    source="THEORY §11 [F 38-42], [D]",
    bound="tight",
    expected="certified",
    assumptions=("x = l(v), any v", "0.40727 is c_0 rounded up"),
    statement=r"\ell'(v)^2<0.40727\,\ell(v)",
    twins={"0.4072": {"constant": Rational(4072, 10000)}},
)
def squared_gradient(constant: sympy.Rational = Rational(40727, 100000)) -> Together:  # noqa: B008
    """The squared gradient is below c_0 times the loss, for every margin, tails included."""
    small = {x: (Integer(0), Rational(1, 2))}
    return Together((
        ("0 < x <= 1/2, by expansion", Inequality(small, constant * x - (1 - exp(-x)) ** 2, Corner(x, 1))),
        ("1/2 <= x <= 3", Inequality({x: (Rational(1, 2), Integer(3))}, constant * x - (1 - exp(-x)) ** 2)),
        # (1 - e^{-x})^2 < 1 < 3 c <= c x beyond.
        ("x >= 3", Inequality({x: (Integer(0), Integer(1))}, 3 * constant - x**2)),
    ))  # fmt: skip


@claim(
    "gradient-of-the-average-loss",
    source="THEORY §11 [D]",
    bound="upper",
    assumptions=(
        "|phi_i| <= B, any number N of examples; grad L is the mean of l'_i phi_i, up to signs",
        "the triangle inequality, a vector at a time: <a, b> = |a||b| - s by Cauchy and Schwarz, s >= 0; "
        "so |grad L| = t B m_1, m_1 the mean of |l'_i| and t = 1/(1 + k) <= 1 (or grad L = 0)",
        "m_2, the mean of l'_i^2, is c_0 L - s_3, s_3 >= 0, by the claims constant-c-0 and squared-gradient-below-loss",
        "one more example: D = N sum of l'_i^2 - (sum of |l'_i|)^2 >= 0 stays so; D = 0 for one example",
    ),
    assuming=("constant-c-0", "squared-gradient-below-loss"),
    statement=r"\Big(\frac1N\sum_i|\ell'_i|\Big)^2\le\frac1N\sum_i\ell_i'^2,\ \text{ so }\ \|\nabla L\|^2\le c_0B^2L",
    twins={
        "the square of the sum": {"share": Integer(2)}, "1 % more on the left": {"share": Rational(101, 100)},
        "99 % of c_0 B^2 L": {"of_bound": Rational(99, 100)},
    },
)
def average_gradient(share: sympy.Expr = Integer(1), of_bound: sympy.Expr = Integer(1)) -> Together:  # noqa: B008
    """Jensen's inequality for the square, by induction over examples; then what the loss bounds."""
    N = sympy.Symbol("N", integer=True, positive=True)
    a, b, total, L, c_0 = sympy.symbols("a b S_1 L c_0", positive=True)
    left_over, k, s, third = sympy.symbols("D k s s_3", nonnegative=True)
    squares = (left_over + total**2) / N  # of what N examples have
    m_2 = c_0 * L - third
    m_1_squared = m_2 - s
    steep = sympy.Symbol("B", positive=True)
    box, none = (Rational(1, 10), Integer(2)), (Integer(0), Rational(1, 10))
    domain = {a: box, total: box, left_over: none, N: (Integer(1), Integer(9))}
    whole = {c_0: box, L: box, steep: box, third: none, s: none, k: none}
    return Together((
        ("of two vectors", Positive({a: box, b: box, s: none}, (a + b) ** 2 - (a**2 + 2 * (a * b - s) + b**2), (
            Step(2 * s, "expanded"),
        ), strict=False)),
        ("one example", Identity({a: box}, at(a**2 - share * total**2, total, a), (Step(Integer(0), "D = 0"),))),
        ("one more example", Positive(domain, (N + 1) * (squares + a**2) - (total + a) ** 2, (
            Step(left_over * (N + 1) / N + (total - N * a) ** 2 / N, "a square besides"),
        ), strict=False)),
        ("the gradient", Positive(whole, of_bound * c_0 * steep**2 * L - steep**2 * m_1_squared / (1 + k) ** 2, (
            Step(steep**2 * (c_0 * L * k * (2 + k) + third + s) / (1 + k) ** 2, "1 - t^2 of it, and what is left over"),
        ), strict=False)),
    ))  # fmt: skip


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
def one_step(half: sympy.Expr = Rational(1, 2), twice: sympy.Expr = Integer(2)) -> Together:  # noqa: B008
    """One step of gradient descent on the loss of the moment, whatever kernel and offsets it has."""
    inner = loss - (epsilon - of_optimum) + of_convexity
    new = distance - 2 * eta * inner + eta**2 * (c0 * B**2 * loss - of_gradient)
    claimed = 2 * eta * (1 - half * c0 * eta * B**2) * loss - twice * eta * epsilon
    return Together((
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
def average(twice: sympy.Expr = Integer(2), last: int = 0) -> Together:  # noqa: B008
    """The average loss of gradient descent over a sequence of kernels with one common classifier."""
    T, room, slack = sympy.Symbol("T", integer=True, positive=True), sympy.Symbol("k", positive=True), of_convexity
    # D_0 - D_T = 2 eta k (sum of L) - 2 eta epsilon T + s gives the mean of L:
    mean = (distance - after - slack + 2 * eta * epsilon * T) / (2 * eta * room * T)
    bound = ((distance + last * after * 2) / (twice * eta * T) + epsilon) / room
    box = (Rational(1, 10), Integer(1))
    domain = {**dict.fromkeys((eta, epsilon, room), box), **FAR_TO_NEAR, T: (Integer(1), Integer(100)), slack: SLACKS[slack]}
    steps = dict.fromkeys((eta, epsilon, room), box)
    return Together((
        ("one more step", one_more_step(2 * eta * epsilon, 2 * eta * room, steps)),
        ("average", Positive(domain, bound - mean, (Step((after + slack) / (2 * eta * room * T), "divided by 2 eta k T"),))),
    ))  # fmt: skip


@claim(
    "changing-kernels-one-step-with-ridge",
    source="THEORY §11 [D]",
    bound="upper",
    assumptions=(
        "as without ridge, with grad + lambda theta",
        "|a + b|^2 = 2 |a|^2 + 2 |b|^2 - s_4, s_4 >= 0",
        "lambda <theta, theta - theta*> = (lambda/2)(W - S + s_5), W = |theta|^2, S = |theta*|^2, s_5 = D_t",
        "eta lambda = 1 / (2 (1 + k)), k >= 0",
    ),
    statement=r"D_t-D_{t+1}\ge2\eta(1-c_0\eta B^2)L_t-2\eta\big(\epsilon+\tfrac\lambda2\|\theta_*\|^2\big)"
    r"\quad(\eta\lambda\le\tfrac12)",
    twins={
        "half of the ridge's floor": {"share": Rational(1, 4)}, "c_0 eta B^2 / 2 as without": {"factor": Rational(1, 2)},
        "lambda/2 moved by 1 %": {"share": Rational(99, 200)}, "99 % of c_0 eta B^2": {"factor": Rational(99, 100)},
    },
)
def one_step_with_ridge(share: sympy.Expr = Rational(1, 2), factor: sympy.Expr = Integer(1)) -> Together:  # noqa: B008
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
    return Together((
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
        "as with ridge, but |a + b|^2 = |a|^2 / (1 - eta lambda) + |b|^2 / (eta lambda) - s_4, s_4 >= 0, "
        "by the claim young-for-the-step",
        "eta lambda = 1 / (1 + k), k > 0",
    ),
    assuming=("young-for-the-step",),
    statement=r"D_t-D_{t+1}\ge2\eta\Big(1-\frac{c_0\eta B^2}{2(1-\eta\lambda)}\Big)L_t-2\eta\big(\epsilon+"
    r"\tfrac\lambda2\|\theta_*\|^2\big)\quad(\eta\lambda<1)",
    twins={
        "half of the ridge's floor": {"share": Rational(1, 4)}, "half of the step's cost": {"factor": Rational(1, 4)},
        "lambda/2 moved by 1 %": {"share": Rational(99, 200)}, "99 % of the step's cost": {"factor": Rational(99, 200)},
    },
)
def one_step_with_any_ridge(
    share: sympy.Expr = Rational(1, 2), factor: sympy.Expr = Rational(1, 2),  # noqa: B008
) -> Together:  # fmt: skip
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
    return Together((
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
def average_with_ridge(share: sympy.Expr = Rational(1, 2), twice: sympy.Expr = Integer(2)) -> Together:  # noqa: B008
    """The average loss with weight decay, which costs its value at the common classifier."""
    T, room, slack = sympy.Symbol("T", integer=True, positive=True), sympy.Symbol("k", positive=True), of_convexity
    floor = epsilon + decay * star / 2
    # k = 1 - c_0 eta B^2 > 0. D_0 - D_T = 2 eta k (sum of L) - 2 eta floor T + s gives the mean of L:
    mean = (distance - after - slack + 2 * eta * floor * T) / (2 * eta * room * T)
    bound = (distance / (twice * eta * T) + epsilon + share * decay * star) / room
    box = (Rational(1, 10), Integer(1))
    steps = dict.fromkeys((eta, epsilon, room, decay, star), box)
    domain = {**steps, **FAR_TO_NEAR, T: (Integer(1), Integer(100)), slack: SLACKS[slack]}
    return Together((
        ("one more step", one_more_step(2 * eta * floor, 2 * eta * room, steps)),
        ("average", Positive(domain, bound - mean, (
            Step((after + slack) / (2 * eta * room * T), "divided by 2 eta k T"),
        ), strict=False)),
    ))  # fmt: skip


@claim(
    "common-classifier",
    source="THEORY §11 [F 33-36], [D]",
    assumptions=(
        "theta* = s u w*^T: row j is s u_j w*; |w*| = 1, p = <w*, x_1>; N_A is the sum of u_j 1(A_j x_1) <theta*_j, x_1>",
        "any activation pattern a_j in {0, 1}; induction over neurons: n is the sum so far, of none 0",
    ),
    statement=r"N_A(\theta_*;x_1)=s\langle w^*,x_1\rangle\sum_ju_j^21(A_jx_1),\qquad\|\theta_*\|_F^2=s^2\|u\|^2",
    twins={
        "u_j for u_j^2": {"exponent": Integer(1)}, "s for s^2": {"norm": Integer(1)},
        "1 % more s": {"times": Rational(101, 100)},
    },
)
def common_classifier(
    exponent: sympy.Expr = Integer(2), norm: sympy.Expr = Integer(2), times: sympy.Expr = Integer(1),  # noqa: B008
) -> Together:  # fmt: skip
    """One set of weights classifies P for every activation pattern: each active neuron adds with the same sign."""
    s, inner, before = sympy.symbols("s p n", positive=True)
    u, active = sympy.Symbol("u_j", real=True), sympy.Symbol("a_j", nonnegative=True)
    box = (Rational(1, 10), Integer(2))
    domain = {**dict.fromkeys((s, inner, before, u), box), active: (Integer(0), Integer(1))}
    row = s * u  # of w*
    return Together((
        ("one more neuron", Identity(domain, s * inner * before + u * active * product(row, inner), (
            Step(times * s * inner * (before + u**exponent * active), "u_j a_j <theta*_j, x>, theta*_j = s u_j w*"),
        ))),
        ("norm, one more row", Identity(domain, s**2 * before + power(row, Integer(2)), (
            Step(s**norm * (before + u**2), "|s u_j w*|^2"),
        ))),
    ))  # fmt: skip


@claim(
    "common-classifier-size",
    source="THEORY §11 [D]",
    bound="upper",
    assumptions=(
        "half of the neurons active: sum of u_j^2 a_j = 1/2, |u| = 1, in the claim common-classifier",
        "margin at least gamma_0 = g_0 / sqrt(d)",
        "0 < epsilon < 1: log(1/epsilon) = h > 0",
    ),
    assuming=("common-classifier",),
    statement=r"s=\frac{2\sqrt d\log(1/\epsilon)}{g_0}:\ \ \ell\big(\tfrac s2\gamma_0\big)=\log(1+\epsilon)<\epsilon,"
    r"\qquad\|\theta_*\|^2=\frac{4d\log^2(1/\epsilon)}{g_0^2}",
    twins={
        "half of s": {"times": Integer(1)}, "2 d": {"norm": Integer(2)}, "s moved by 1 %": {"times": Rational(198, 100)},
        "4 d moved by 1 %": {"norm": Rational(404, 100)},
    },
)
def classifier_size(times: sympy.Expr = Integer(2), norm: sympy.Expr = Integer(4)) -> Together:  # noqa: B008
    """How large the common classifier is that reaches loss epsilon on every example that holds P."""
    d, g_0, h = sympy.symbols("d g_0 h", positive=True)
    box = (Rational(1, 10), Integer(3))
    domain = {d: (Integer(1), Integer(100)), g_0: box, h: box}
    s = times * sqrt(d) * h / g_0
    margin = product(s / 2, quotient(g_0, sqrt(d)))
    # log(1 + epsilon) < epsilon: vanishes at 0, with the derivative epsilon / (1 + epsilon).
    small = sympy.Symbol("epsilon", positive=True)
    return Together((
        ("loss at the margin", Identity(domain, log(1 + exp(-margin)), (
            Step(log(1 + exp(-h)), "gamma_0 = g_0 / sqrt(d), epsilon = e^{-h}"),
        ))),
        ("loss below epsilon", Positive({small: (Rational(1, 100), Integer(1))}, small - log(1 + small), (
            Step(small / (1 + small), "derivative"),
        ), by=small, at=Integer(0), order=1)),
        ("norm", Identity(domain, power(s, Integer(2)), (Step(norm * d * h**2 / g_0**2, "s^2 |u|^2"),))),
    ))  # fmt: skip
