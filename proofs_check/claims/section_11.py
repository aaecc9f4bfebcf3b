"""Claims of THEORY §11: the logistic loss, and a classifier that all kernels have in common."""

from __future__ import annotations

import sympy
from sympy import Derivative, Integer, Rational, exp, log, sqrt

from proofs_check.claim import claim
from proofs_check.claims.unevaluated import at, derivative_at, power, product, quotient
from proofs_check.problem import All, Corner, Identity, Inequality, Positive, Root, Step, Value

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
def gradient_vanishes(factor: sympy.Expr = Integer(1), times: int = 1) -> All:  # noqa: B008
    """The residual weight of fitted examples vanishes, exponentially in their margin."""
    slope = Derivative(log(1 + exp(-v)), v)
    return All((
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
def peaks_once(slope: sympy.Expr = Integer(2)) -> All:  # noqa: B008
    """The ratio rises up to the only positive zero of 1 + 2 x - e^x and falls beyond: its value there is the supremum."""
    ratio, factor = (1 - exp(-x)) ** 2 / x, 1 + slope * x - exp(x)
    at_x, domain = sympy.Symbol("x", real=True), {x: (Rational(1, 10), Integer(5))}
    from_0 = factor.subs(x, at_x)
    return All((
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
    assumptions=(
        "x = l(v), any v, and |l'| = 1 - e^{-x} by the claim logistic-gradient-by-loss",
        "0.40727 is c_0 rounded up, by the claim constant-c-0",
    ),
    assuming=("logistic-gradient-by-loss", "constant-c-0"),
    statement=r"\ell'(v)^2<0.40727\,\ell(v)",
    twins={"0.4072": {"constant": Rational(4072, 10000)}},
)
def squared_gradient(constant: sympy.Rational = Rational(40727, 100000)) -> All:  # noqa: B008
    """The squared gradient is below c_0 times the loss, for every margin, tails included."""
    small, share = {x: (Integer(0), Rational(1, 2))}, sympy.Symbol("p", nonnegative=True)
    return All((
        ("0 < x <= 1/2, by expansion", Inequality(small, constant * x - (1 - exp(-x)) ** 2, Corner(x, 1))),
        ("1/2 <= x <= 3", Inequality({x: (Rational(1, 2), Integer(3))}, constant * x - (1 - exp(-x)) ** 2)),
        # c x >= 3 c beyond, above the square of p = 1 - e^{-x} < 1.
        ("x >= 3, p = 1 - e^(-x)", Inequality({share: (Integer(0), Integer(1))}, 3 * constant - share**2)),
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
def average_gradient(share: sympy.Expr = Integer(1), of_bound: sympy.Expr = Integer(1)) -> All:  # noqa: B008
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
    return All((
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
) -> All:  # fmt: skip
    """One set of weights classifies P for every activation pattern: each active neuron adds with the same sign."""
    s, inner, before = sympy.symbols("s p n", positive=True)
    u, active = sympy.Symbol("u_j", real=True), sympy.Symbol("a_j", nonnegative=True)
    box = (Rational(1, 10), Integer(2))
    domain = {**dict.fromkeys((s, inner, before, u), box), active: (Integer(0), Integer(1))}
    row = s * u  # of w*
    return All((
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
def classifier_size(times: sympy.Expr = Integer(2), norm: sympy.Expr = Integer(4)) -> All:  # noqa: B008
    """How large the common classifier is that reaches loss epsilon on every example that holds P."""
    d, g_0, h = sympy.symbols("d g_0 h", positive=True)
    box = (Rational(1, 10), Integer(3))
    domain = {d: (Integer(1), Integer(100)), g_0: box, h: box}
    s = times * sqrt(d) * h / g_0
    margin = product(s / 2, quotient(g_0, sqrt(d)))
    # log(1 + epsilon) < epsilon: vanishes at 0, with the derivative epsilon / (1 + epsilon).
    small = sympy.Symbol("epsilon", positive=True)
    return All((
        ("loss at the margin", Identity(domain, log(1 + exp(-margin)), (
            Step(log(1 + exp(-h)), "gamma_0 = g_0 / sqrt(d), epsilon = e^{-h}"),
        ))),
        ("loss below epsilon", Positive({small: (Rational(1, 100), Integer(1))}, small - log(1 + small), (
            Step(small / (1 + small), "derivative"),
        ), by=small, at=Integer(0), order=1)),
        ("norm", Identity(domain, power(s, Integer(2)), (Step(norm * d * h**2 / g_0**2, "s^2 |u|^2"),))),
    ))  # fmt: skip
