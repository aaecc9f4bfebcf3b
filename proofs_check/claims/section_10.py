"""Claims of THEORY §10: sample complexity."""

from __future__ import annotations

import sympy
from sympy import Integer, Rational, oo

from proofs_check.claim import claim
from proofs_check.problem import Identity, Inequality, LinearProgram, Step


@claim(
    "q-unseen-direction", source="THEORY §10 [D]",
    assumptions=("n >= 1 independent Q-holding examples", "labels and b uniform"),
    statement=r"P[\text{some of }z,z\pm\zeta\text{ is unseen}]=2(\tfrac34)^n-2(\tfrac14)^n",
    twins={"plus": {"sign": 1}, "4/5": {"share": Rational(4, 5)}},
)
def unseen(sign: int = -1, share: sympy.Expr = Rational(3, 4)) -> Identity:  # noqa: B008
    """Coupon collector with the probabilities 1/2, 1/4, 1/4, by inclusion and exclusion."""
    n = sympy.Symbol("n", integer=True, positive=True)
    weights = (Rational(1, 2), Rational(1, 4), Rational(1, 4))
    one = sum((1 - w) ** n for w in weights)
    two = sum((1 - a - b) ** n for a, b in ((weights[0], weights[1]), (weights[0], weights[2]), (weights[1], weights[2])))
    return Identity({n: (Integer(1), oo)}, one - two, (
        Step(2 * share**n + 2 * sign * Rational(1, 4) ** n, "all three are unseen with probability 0"),
    ))  # fmt: skip


@claim(
    "p-averaging-overlap", source="THEORY §10 [D]", assumptions=("n = delta d examples, d to infinity",), bound="asymptotic",
    statement=r"c^2=\frac{\delta\mu^2}{1+\delta\mu^2}",
    twins={"mu for mu^2": {"power": 1}},
)
def averaging(power: int = 2) -> Identity:
    """Overlap of the mean of y x_1 with w*: signal mu / sqrt(d) each, noise of norm 1 in d directions."""
    d, delta, mu = sympy.symbols("d delta mu", positive=True)
    n = delta * d
    signal, noise = (n * mu / sympy.sqrt(d)) ** 2, n
    domain = {d: (Integer(2), Integer(50)), delta: (Rational(1, 10), Integer(5)), mu: (Rational(3, 2), Integer(3))}
    return Identity(domain, signal / (signal + noise), (
        Step(delta * mu**power / (1 + delta * mu**power), "divided by n"),
    ))  # fmt: skip


@claim(
    "q-not-linearly-separable", source="THEORY §10 [D]", expected="certified",
    assumptions=("z = (1, 0), zeta = (0, r), r = 1/2",),
    statement=r"\max_{|w|_\infty\le1}\min\{\langle w,z\rangle,-\langle w,z+\zeta\rangle,-\langle w,z-\zeta\rangle\}=0",
    twins={"with another label for z - zeta": {"label": 1}},
)
def not_separable(label: int = -1) -> LinearProgram:
    """No linear classifier has a margin on Q, since z is the midpoint of z +- zeta: the multipliers are 1/2, 1/4, 1/4."""
    r, one, none = Rational(1, 2), Integer(1), Integer(0)
    rows = ((-one, none, one), (one, r, one), (-label * one, label * r, one))
    box = ((one, none, none), (-one, none, none), (none, one, none), (none, -one, none))
    return LinearProgram(
        objective=(none, none, one), matrix=(*rows, *box), bounds=(none, none, none, one, one, one, one), optimum=none
    )


@claim(
    "logistic-gradient-vanishes", source="THEORY §8 [F 38-42]", bound="upper", expected="certified",
    assumptions=("-20 <= v <= 20",),
    statement=r"|\ell'(v)|=\frac1{1+e^v}<e^{-v}\quad(|v|\le20)",
    twins={"e^{-v} / 2": {"factor": Rational(1, 2)}},
)
def logistic_gradient(factor: sympy.Expr = Integer(1)) -> Inequality:  # noqa: B008
    """Examples that are fitted stop pulling, exponentially in their margin; scaled by e^v, so that tails are decided."""
    v = sympy.Symbol("v", real=True)
    return Inequality({v: (Integer(-20), Integer(20))}, factor - 1 / (1 + sympy.exp(-v)))
