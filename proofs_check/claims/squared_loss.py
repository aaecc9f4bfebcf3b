"""Claims on other losses [F 37-42]: the residual weight on x_1 of examples that hold both patterns once Q is fitted."""

from __future__ import annotations

import sympy
from sympy import Derivative, Integer, Rational, exp, log, oo

from proofs_check.claim import claim
from proofs_check.claims.unevaluated import at, derivative_at
from proofs_check.problem import All, Identity, Positive, Step, Value

g, alpha = sympy.symbols("g alpha", positive=True)
M, u = sympy.symbols("M u", real=True)
# An example that holds both patterns: y f = M + u, M of Q (fitted), u = y f_W(x_1) of P. Its residual weight on x_1 is
# -d loss/du.
BOX = {M: (Integer(-1), Integer(6)), u: (Integer(-1), Integer(2))}  # where counterexamples are sought


def _logistic(margin: sympy.Expr) -> sympy.Expr:
    return log(1 + exp(-margin))


def _squared(margin: sympy.Expr) -> sympy.Expr:
    return (1 - margin) ** 2 / 2  # (y - f)^2 / 2 with y = +-1


@claim(
    "fitted-logistic-residual-weight",
    source="[F 37-42]",
    bound="upper",
    assumptions=("y f = M + u: margin M of Q, u of P; the gradient by W is the residual weight times -y grad f_W(x_1)",),
    statement=r"0<-\frac\partial{\partial u}\ell(M+u)<e^{-M-u},\qquad 0<\frac{\partial^2}{\partial u^2}\ell(M+u)<e^{-M-u}",
    twins={
        "e^{-2 (M + u)}": {"power": 2}, "half of it": {"factor": Rational(1, 2)}, "99 % of it": {"factor": Rational(99, 100)},
    },
)
def logistic_pull(power: int = 1, factor: sympy.Expr = Integer(1)) -> All:  # noqa: B008
    """With the logistic loss an example that Q alone fits leaves x_1 in peace, exponentially in its margin."""
    loss, bound = _logistic(M + u), factor * exp(-power * (M + u))
    grown = exp(M + u)
    residual_weight, curvature = -Derivative(loss, u), Derivative(loss, (u, 2))
    return All((
        ("residual weight > 0", Positive(BOX, residual_weight, (Step(1 / (1 + grown), "differentiated"),))),
        ("residual weight", Positive(BOX, bound - residual_weight, (Step(1 / (grown * (1 + grown)), "over one denominator"),))),
        ("curvature > 0", Positive(BOX, curvature, (Step(grown / (1 + grown) ** 2, "differentiated twice"),))),
        ("curvature", Positive(BOX, bound - curvature, (
            Step((1 + 2 * grown) / (grown * (1 + grown) ** 2), "over one denominator"),
        ))),
    ))  # fmt: skip


@claim(
    "fitted-squared-residual-weight",
    source="[F 37-42]",
    assumptions=("squared loss (y - f)^2/2, y = +-1; y f = M + u: margin M of Q, u of P",),
    statement=r"-\frac\partial{\partial u}\tfrac12(1-M-u)^2=1-M-u,\qquad\frac{\partial^2}{\partial u^2}\tfrac12(1-M-u)^2=1\ "
    r"\text{ at every }M;\quad M=1:\ -u",
    twins={
        "vanishes beyond M = 1, as a hinge": {"hinge": True}, "curvature e^{-M}": {"flat": True},
        "1 moved by 1 %": {"one": Rational(101, 100)},
    },
)
def squared_pull(hinge: bool = False, flat: bool = False, one: sympy.Expr = Integer(1)) -> All:  # noqa: B008
    """With the squared loss a fitted example acts against x_1, as strongly at every margin; beyond M = 1 the wrong way."""
    loss = _squared(M + u)
    y, f = sympy.symbols("y f", real=True)
    line = (Integer(-2), Integer(2))

    def of_label(label: int) -> tuple[str, Identity]:
        return f"y = {label}", Identity({f: line}, at((y - f) ** 2 / 2, y, Integer(label)), (
            Step(_squared(label * f), "the loss by the margin y f"),
        ))  # fmt: skip

    return All((
        of_label(1), of_label(-1),
        ("residual weight", Identity(BOX, -Derivative(loss, u), (
            Step(Integer(0) if hinge else one - M - u, "a residual, linear in the margin"),
        ))),
        ("curvature", Identity(BOX, Derivative(loss, (u, 2)), (Step(exp(-M) if flat else Integer(1), "whatever M"),))),
        ("exactly fitted", Identity({u: BOX[u]}, -Derivative(_squared(1 + u), u), (Step(-u, "M = 1"),))),
    ))  # fmt: skip


@claim(
    "mean-residual-weight-left-by-both-losses",
    source="[F 37-42], THEORY §8 [D]",
    assumptions=("Q fitted with the output g on its directions: M = alpha g, alpha uniform on [0, 1]; u = 0; g > 0",),
    statement=r"\int_0^1-\ell'(\alpha g)\,d\alpha=\int_0^1\frac{d\alpha}{1+e^{\alpha g}}=\frac{\log2-\log(1+e^{-g})}g=M(g),"
    r"\qquad\int_0^1(1-\alpha g)\,d\alpha=1-\frac g2",
    twins={
        "log 2/g": {"tail": Integer(0)}, "1 - g": {"half": Integer(1)}, "1/2 moved by 1 %": {"half": Rational(101, 200)},
        "log 2 moved by 1 %": {"of_2": Rational(101, 100)}, "0.99 log(1 + e^-g)": {"tail": Rational(99, 100)},
    },
)
def mean_residual_weight(
    tail: sympy.Expr = Integer(1), half: sympy.Expr = Rational(1, 2), of_2: sympy.Expr = Integer(1),  # noqa: B008
) -> All:  # fmt: skip
    """Mean residual weight on x_1 of the examples that hold both: over their strengths alpha, by each loss itself."""
    box, at_u = {g: (Rational(1, 2), Integer(8))}, sympy.Symbol("u", real=True)
    both = {**box, alpha: (Rational(1, 20), Integer(1))}
    logistic, squared = (-derivative_at(loss(alpha * g + at_u), at_u, Integer(0)) for loss in (_logistic, _squared))
    weight = 1 / (1 + exp(alpha * g))
    return All((
        ("logistic weight", Identity(both, logistic, (Step(weight, "slope of the loss"),))),
        ("squared weight", Identity(both, squared, (Step(1 - alpha * g, "slope of the loss"),))),
        ("logistic", Identity(box, sympy.Integral(weight, (alpha, 0, 1)), (
            Step((of_2 * log(2) - tail * log(1 + exp(-g))) / g, "-log(1 + e^{-a g})/g has the integrand as its derivative"),
        ))),
        ("squared", Identity(box, sympy.Integral(1 - alpha * g, (alpha, 0, 1)), (Step(1 - half * g, "integrated"),))),
    ))  # fmt: skip


@claim(
    "mean-residual-weight-left-bounds",
    source="[F 37-42], THEORY §8 [D]",
    bound="tight",
    assumptions=("g > 0; M(g) by the claim mean-residual-weight-left-by-both-losses",),
    assuming=("mean-residual-weight-left-by-both-losses",),
    statement=r"\frac{\log2-e^{-g}}g<M(g)<\frac{\log2}g,\qquad g\,M(g)\to\log2\ (g\to\infty)",
    twins={
        "1/2 for log 2": {"constant": Rational(1, 2)}, "log 2 - e^{-g}/2": {"tail": Rational(1, 2)},
        "log 2 moved by 1 %": {"constant": Rational(99, 100) * log(2)}, "log 2 - 0.99 e^{-g}": {"tail": Rational(99, 100)},
    },
)
def mean_residual_weight_bounds(constant: sympy.Expr = log(2), tail: sympy.Expr = Integer(1)) -> All:  # noqa: B008
    """With the logistic loss the mean residual weight vanishes, but only like log 2/g, because alpha may be small."""
    box, e = {g: (Rational(1, 2), Integer(8))}, sympy.Symbol("e", positive=True)  # e = e^{-g}
    weight = (log(2) - log(1 + exp(-g))) / g
    small = {e: (Rational(1, 100), Integer(1))}
    return All((
        ("above", Positive(box, constant / g - weight, (Step(log(1 + exp(-g)) / g, "log 2 cancels"),))),
        ("below", Identity(box, g * (weight - (log(2) - tail * exp(-g)) / g), (
            Step(tail * exp(-g) - log(1 + exp(-g)), "times g, a function of e = e^{-g}"),
        ))),
        ("below, in e", Positive(small, tail * e - log(1 + e), (
            Step(e / (1 + e), "derivative; 0 at e = 0"),
        ), by=e, at=Integer(0), order=1)),
        ("limit", Identity({}, sympy.Limit(g * weight, g, oo), (Step(constant, "e^{-g} goes to 0"),))),
    ))  # fmt: skip


@claim(
    "squared-loss-best-fit-of-q",
    source="[F 37-42]",
    assumptions=("V fits Q alone by squared loss: output g on its directions, alpha uniform on [0, 1]",),
    statement=r"R(g)=\int_0^1\tfrac12(1-\alpha g)^2d\alpha:\ R'(g)=\tfrac13\big(g-\tfrac32\big)=0\iff g=\tfrac32;\quad "
    r"R(\tfrac32)=\tfrac18,\quad\text{mean residual weight }1-\tfrac g2=\tfrac14",
    twins={
        "g = 2": {"best": Integer(2)}, "the fit is exact": {"left": Integer(0)},
        "3/2 moved by 1 %": {"best": Rational(303, 200)}, "1/8 moved by 1 %": {"left": Rational(101, 800)},
        "1/4 moved by 1 %": {"residual_weight": Rational(101, 400)},
    },
)
def squared_fit(
    best: sympy.Expr = Rational(3, 2), left: sympy.Expr = Rational(1, 8), residual_weight: sympy.Expr = Rational(1, 4),  # noqa: B008
) -> All:  # fmt: skip
    """However well Q is fitted by squared loss, a quarter of the first residual weight on x_1 is left: it does not vanish."""
    box, there = {g: (Rational(1, 2), Integer(3))}, Rational(3, 2)

    def risk(output: sympy.Expr) -> sympy.Expr:
        return sympy.Integral(_squared(alpha * output), (alpha, 0, 1))

    return All((
        ("slope", Identity(box, Derivative(risk(g), g), (Step((g - best) / 3, "differentiated within, then integrated"),))),
        ("value", Identity({}, risk(there), (Step(left, "at g = 3/2"),))),
        ("mean residual weight", Identity({}, sympy.Integral(1 - alpha * there, (alpha, 0, 1)), (
            Step(residual_weight, "at g = 3/2"),
        ))),
    ))  # fmt: skip


@claim(
    "logistic-weight-falls-below-squared",
    source="[F 37-42]",
    expected="certified",
    assumptions=(
        "M(g) = E sigma(-alpha g), alpha uniform on [0, 1]: it falls in g, as sigma does for every alpha",
        "1/4 by the claim squared-loss-best-fit-of-q",
    ),
    assuming=("squared-loss-best-fit-of-q",),
    statement=r"M(g)<\tfrac14\ \text{ from }g=2.44\text{ on},\ M(2.43)>\tfrac14;\qquad M(10)=0.0693101782\pm10^{-9}",
    twins={
        "at g = 2.4": {"at": Rational(24, 10)}, "at g = 2.43": {"at": Rational(243, 100)},
        "not at 2.44": {"not_at": Rational(244, 100)}, "1 % larger at 10": {"factor": Rational(101, 100)},
    },
)
def falls_below(
    at: sympy.Expr = Rational(244, 100), not_at: sympy.Expr = Rational(243, 100), factor: sympy.Expr = Integer(1),  # noqa: B008
) -> All:  # fmt: skip
    """From a modest fit on, the logistic loss leaves less on x_1 than the squared loss at its best."""

    def weight(where: sympy.Expr) -> sympy.Expr:
        return sympy.Integral(1 / (1 + exp(alpha * where)), (alpha, 0, 1))

    stated, room, quarter = Rational("0.0693101782"), Rational(1, 10**9), Rational(1, 4)
    return All((
        ("falls", Positive({g: (Rational(1, 2), Integer(8)), alpha: (Rational(1, 10), Integer(1))},
                           -Derivative(1 / (1 + exp(alpha * g)), g), (
            Step(alpha * exp(alpha * g) / (1 + exp(alpha * g)) ** 2, "for every alpha"),
        ))),
        ("below a quarter", Value(weight(at), Integer(0), quarter)),
        ("not before", Value(weight(not_at), quarter, Integer(1))),
        ("at 10", Value(factor * weight(Integer(10)), stated - room, stated + room)),
    ))  # fmt: skip
