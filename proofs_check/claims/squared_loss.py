"""Claims on other losses [F 37-42]: what examples that hold both patterns still pull on x_1 once Q is fitted."""

from __future__ import annotations

import sympy
from sympy import Integer, Rational, exp, log, oo

from proofs_check.claim import claim
from proofs_check.problem import Identity, Positive, Step, Together, Value

g, alpha = sympy.symbols("g alpha", positive=True)
M, u = sympy.symbols("M u", real=True)
# An example that holds both patterns: y f = M + u, M of Q (fitted), u = y f_W(x_1) of P. Its pull on x_1 is -d loss/du.
BOX = {M: (Integer(-1), Integer(6)), u: (Integer(-1), Integer(2))}


def _logistic(margin: sympy.Expr) -> sympy.Expr:
    return log(1 + exp(-margin))


def _squared(margin: sympy.Expr) -> sympy.Expr:
    return (1 - margin) ** 2 / 2  # (y - f)^2 / 2 with y = +-1


@claim(
    "fitted-logistic-pull",
    source="[F 37-42]",
    bound="upper",
    assumptions=("y f = M + u: margin M of Q, u of P; the gradient by the weights on x_1 is the pull times -y grad f_W(x_1)",),
    statement=r"0<-\frac\partial{\partial u}\ell(M+u)<e^{-M-u},\qquad 0<\frac{\partial^2}{\partial u^2}\ell(M+u)<e^{-M-u}",
    twins={"e^{-2 (M + u)}": {"power": 2}, "half of it": {"factor": Rational(1, 2)}},
)
def logistic_pull(power: int = 1, factor: sympy.Expr = Integer(1)) -> Together:  # noqa: B008
    """With the logistic loss an example that Q alone fits leaves x_1 in peace, exponentially in its margin."""
    loss, bound = _logistic(M + u), factor * exp(-power * (M + u))
    grown = exp(M + u)
    return Together((
        ("pull > 0", Positive(BOX, -sympy.diff(loss, u), (Step(1 / (1 + grown), "differentiated"),))),
        ("pull", Positive(BOX, bound + sympy.diff(loss, u), (Step(1 / (grown * (1 + grown)), "over one denominator"),))),
        ("curvature > 0", Positive(BOX, sympy.diff(loss, u, 2), (Step(grown / (1 + grown) ** 2, "differentiated twice"),))),
        ("curvature", Positive(BOX, bound - sympy.diff(loss, u, 2), (
            Step((1 + 2 * grown) / (grown * (1 + grown) ** 2), "over one denominator"),
        ))),
    ))  # fmt: skip


@claim(
    "fitted-squared-pull",
    source="[F 37-42]",
    assumptions=("squared loss (y - f)^2/2, y = +-1; y f = M + u: margin M of Q, u of P",),
    statement=r"-\frac\partial{\partial u}\tfrac12(1-M-u)^2=1-M-u,\qquad\frac{\partial^2}{\partial u^2}\tfrac12(1-M-u)^2=1\ "
    r"\text{ at every }M;\quad M=1:\ -u",
    twins={"vanishes beyond M = 1, as a hinge": {"hinge": True}, "curvature e^{-M}": {"flat": True}},
)
def squared_pull(hinge: bool = False, flat: bool = False) -> Together:
    """With the squared loss a fitted example pulls x_1 back, as hard at every margin; beyond M = 1 the wrong way."""
    loss = _squared(M + u)
    return Together((
        ("pull", Identity(BOX, -sympy.Derivative(loss, u), (
            Step(Integer(0) if hinge else 1 - M - u, "a residual, linear in the margin"),
        ))),
        ("curvature", Identity(BOX, sympy.Derivative(loss, (u, 2)), (Step(exp(-M) if flat else Integer(1), "whatever M"),))),
        ("exactly fitted", Identity({u: BOX[u]}, -sympy.Derivative(loss.subs(M, 1), u), (Step(-u, "M = 1"),))),
    ))  # fmt: skip


@claim(
    "mean-pull-left-by-both-losses",
    source="[F 37-42], THEORY §8 [D]",
    assumptions=("Q fitted with the output g on its directions: M = alpha g, alpha uniform on [0, 1]; u = 0; g > 0",),
    statement=r"\int_0^1\frac{d\alpha}{1+e^{\alpha g}}=\frac{\log2-\log(1+e^{-g})}g=M(g),"
    r"\qquad\int_0^1(1-\alpha g)\,d\alpha=1-\frac g2",
    twins={"log 2/g": {"tail": 0}, "1 - g": {"half": Integer(1)}},
)
def mean_pull(tail: int = 1, half: sympy.Expr = Rational(1, 2)) -> Together:  # noqa: B008
    """Mean pull on x_1 of the examples that hold both: over their strengths alpha, by the definition of each loss."""
    box, at = {g: (Rational(1, 2), Integer(8))}, sympy.Symbol("a", positive=True)
    logistic, squared = (-sympy.diff(loss(at), at).subs(at, alpha * g) for loss in (_logistic, _squared))
    whole = sympy.Integral(squared, (alpha, 0, 1))
    return Together((
        ("logistic", Identity(box, sympy.Integral(sympy.simplify(logistic), (alpha, 0, 1)), (
            Step((log(2) - log(1 + exp(-g))) / g, "-log(1 + e^{-a g})/g has the integrand as its derivative"),
            Step((log(2) - tail * log(1 + exp(-g))) / g, "between 0 and 1"),
        ))),
        ("squared", Identity(box, whole, (Step(1 - half * g, "integrated"),))),
    ))  # fmt: skip


@claim(
    "mean-pull-left-bounds",
    source="[F 37-42], THEORY §8 [D]",
    bound="tight",
    assumptions=("g > 0; M(g) by the claim mean-pull-left-by-both-losses",),
    statement=r"\frac{\log2-e^{-g}}g<M(g)<\frac{\log2}g,\qquad g\,M(g)\to\log2\ (g\to\infty)",
    twins={"1/2 for log 2": {"constant": Rational(1, 2)}, "log 2 - e^{-g}/2": {"tail": Rational(1, 2)}},
)
def mean_pull_bounds(constant: sympy.Expr = log(2), tail: sympy.Expr = Integer(1)) -> Together:  # noqa: B008
    """With the logistic loss the mean pull vanishes, but only like log 2/g, because alpha may be small."""
    box, e = {g: (Rational(1, 2), Integer(8))}, sympy.Symbol("e", positive=True)  # e = e^{-g}
    weight = (log(2) - log(1 + exp(-g))) / g
    return Together((
        ("above", Positive(box, constant / g - weight, (Step(log(1 + exp(-g)) / g, "log 2 cancels"),))),
        ("below, times g, in e = e^{-g}", Positive({e: (Rational(1, 100), Integer(1))}, tail * e - log(1 + e), (
            Step(e / (1 + e), "derivative; 0 at e = 0"),
        ), by=e, at=Integer(0), order=1)),
        ("limit", Identity({}, sympy.limit(g * weight, g, oo), (Step(constant, "e^{-g} goes to 0"),))),
    ))  # fmt: skip


@claim(
    "squared-loss-best-fit-of-q",
    source="[F 37-42]",
    assumptions=("V fits Q alone by squared loss: output g on its directions, alpha uniform on [0, 1]",),
    statement=r"R(g)=\int_0^1\tfrac12(1-\alpha g)^2d\alpha:\ R'(g)=0\iff g=\tfrac32;\quad R(\tfrac32)=\tfrac18,\quad"
    r"\text{mean pull }1-\tfrac g2=\tfrac14",
    twins={"g = 2": {"best": Integer(2)}, "the fit is exact": {"left": Integer(0)}},
)
def squared_fit(best: sympy.Expr = Rational(3, 2), left: sympy.Expr = Rational(1, 8)) -> Together:  # noqa: B008
    """However well Q is fitted by squared loss, a quarter of the first pull on x_1 is left: it does not vanish."""
    risk, box = sympy.Integral(_squared(alpha * g), (alpha, 0, 1)), {g: (Rational(1, 2), Integer(3))}
    slope = sympy.Integral(sympy.diff(_squared(alpha * g), g), (alpha, 0, 1))
    start = sympy.Integral(1 - alpha * g, (alpha, 0, 1)).subs(g, Rational(3, 2))
    return Together((
        ("slope", Identity(box, slope, (Step((g - best) / 3, "differentiated within, then integrated"),))),
        ("value", Identity({}, risk.subs(g, Rational(3, 2)), (Step(left, "at g = 3/2"),))),
        ("mean pull", Identity({}, start, (Step(Rational(1, 4), "at g = 3/2"),))),
    ))  # fmt: skip


@claim(
    "logistic-pull-falls-below-squared",
    source="[F 37-42]",
    expected="certified",
    assumptions=("M(g) = E sigma(-alpha g), alpha uniform on [0, 1]; 1/4 by the claim squared-loss-best-fit-of-q",),
    statement=r"M(g)<\tfrac14\ \text{ from }g=2.44\text{ on};\qquad M(10)=0.0693101782\pm10^{-9}",
    twins={"at g = 2.4": {"at": Rational(24, 10)}, "1 % larger at 10": {"factor": Rational(101, 100)}},
)
def falls_below(at: sympy.Expr = Rational(244, 100), factor: sympy.Expr = Integer(1)) -> Together:  # noqa: B008
    """From a modest fit on, the logistic loss leaves less on x_1 than the squared loss at its best."""

    def weight(where: sympy.Expr) -> sympy.Expr:
        return sympy.Integral(1 / (1 + exp(alpha * where)), (alpha, 0, 1))

    stated, room = Rational("0.0693101782"), Rational(1, 10**9)
    return Together((
        ("falls", Positive({g: (Rational(1, 2), Integer(8)), alpha: (Rational(1, 10), Integer(1))},
                           -sympy.diff(1 / (1 + exp(alpha * g)), g), (
            Step(alpha * exp(alpha * g) / (1 + exp(alpha * g)) ** 2, "for every alpha"),
        ))),
        ("below a quarter", Value(weight(at), Rational(0), Rational(1, 4))),
        ("at 10", Value(factor * weight(Integer(10)), stated - room, stated + room)),
    ))  # fmt: skip
