"""False statements about definitions and numbers, each beside a true one: integrals, limits, boxes, programs, draws."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import sympy
from sympy import (
    Abs,
    Integer,
    Integral,
    Rational,
    asin,
    atan,
    cos,
    exp,
    log,
    pi,
    sqrt,
)

from proofs_check.problem import (
    All,
    Identity,
    Positive,
    Problem,
    Step,
    WorstCase,
)
from tests.proofs.statement_builders import (
    HALF,
    NEAR_STEEP,
    ONE,
    STEEP,
    TWO,
    ZERO,
    flat,
    identity,
    inequality,
    integral,
    make_root,
    n,
    p,
    positive,
    program,
    q,
    sample,
    x,
    y,
)

# Name, the false statement, the true one.
NUMBERS: Final[dict[str, tuple[Callable[[], Problem], Callable[[], Problem]]]] = {
    # Integrals, derivatives and limits.
    "integral over a pole that moves": (
        lambda: identity(Integral((y - x) ** -2, (y, 0, 1)), -1 / (1 - x) - 1 / x, Rational(1, 4), Rational(3, 4)),
        lambda: identity(Integral((y + x) ** -2, (y, 0, 1)), 1 / x - 1 / (1 + x), Rational(1, 4), Rational(3, 4)),
    ),
    "integral over a pole, with ends that move": (
        lambda: identity(Integral((y - 1) ** -2, (y, 0, x)), -1 / (x - 1) - 1, Rational(3, 2), TWO),
        lambda: identity(Integral((y + 1) ** -2, (y, 0, x)), 1 - 1 / (x + 1), Rational(3, 2), TWO),
    ),
    "integral beyond its variable's assumptions": (
        lambda: identity(x * Integral(sqrt(p**2), (p, -1, 1)), x * (x - x), 1, 2),
        lambda: identity(x * Integral(sqrt(p**2), (p, 0, 1)), x / 2, 1, 2),
    ),
    "positive by an integral over a pole that moves": (
        lambda: Positive({p: (ONE, TWO)}, -Integral((q - p / (1 + p)) ** -2, (q, 0, 1)), (
            Step(1 + p + (1 + p) / p, "antiderivative"),)),
        lambda: Positive({p: (ONE, TWO)}, Integral((q + p) ** -2, (q, 0, 1)), (Step(1 / (p * (p + 1)), "antiderivative"),)),
    ),
    "derivative at a kink": (
        lambda: identity(x * sympy.Derivative(Abs(x), x), Abs(x), -1, 1),
        lambda: identity(x * sympy.Derivative(x**2, x), 2 * x**2, -1, 1),
    ),
    "derivative of a root at 0": (
        lambda: identity(x * sympy.Derivative(sqrt(x), x), sqrt(x) / 2, 0, 1),
        lambda: identity(x * sympy.Derivative(sqrt(x), x), sqrt(x) / 2, HALF, 1),
    ),
    "derivative at a kink, at a point": (
        lambda: identity(x + sympy.Subs(sympy.Derivative(Abs(y), y), y, 0), x * 1 + sympy.sin(0), -1, 1),
        lambda: identity(x + sympy.Subs(sympy.Derivative(y**2, y), y, 0), x, -1, 1),
    ),
    "derivative of a maximum": (
        lambda: identity(x * sympy.Derivative(sympy.Max(x, 0), x), sympy.Max(x, 0), -1, 1),
        lambda: identity(x * sympy.Derivative(x**3, x), 3 * x**3, -1, 1),
    ),
    "derivative at a kink that moves": (
        lambda: Identity({x: (ZERO, ONE), y: (ZERO, ONE)}, (x - y) * sympy.Derivative(Abs(x - y), x), (Step(Abs(x - y), ""),)),
        lambda: Identity({x: (TWO, Integer(3)), y: (ZERO, ONE)}, (x - y) * sympy.Derivative((x - y) ** 2, x), (
            Step(2 * (x - y) ** 2, ""),)),
    ),
    "second derivative at a kink": (
        lambda: identity(x**2 * sympy.Derivative(x * Abs(x), (x, 2)), 2 * x * Abs(x), -1, 1),
        lambda: identity(x**2 * sympy.Derivative(x**4, (x, 2)), 12 * x**4, -1, 1),
    ),
    "derivative of an integral at a kink": (
        lambda: identity(x * sympy.Derivative(Integral(y * Abs(x), (y, 0, 1)), x), Abs(x) / 2, -1, 1),
        lambda: identity(x * sympy.Derivative(Integral(y * x**2, (y, 0, 1)), x), x**2, -1, 1),
    ),
    "derivative of an arcsine at its end": (
        lambda: identity(sqrt(1 - x**2) * sympy.Derivative(asin(x), x), ONE, 0, 1),
        lambda: identity(sqrt(1 - x**2) * sympy.Derivative(asin(x), x), ONE, 0, HALF),
    ),
    "limit from a side that its variable is not on": (
        lambda: identity(x * sympy.Limit(p + 1, p, 0, "-"), x, 1, 2),
        lambda: identity(x * sympy.Limit(p + 1, p, 0, "+"), x, 1, 2),
    ),
    "substitution of what its variable is not": (
        lambda: identity(x + sympy.Subs(p + 1, p, -1), x, -1, 1), lambda: identity(x + sympy.Subs(p + 1, p, 1), x + 2, -1, 1),
    ),
    "substitution of a fraction for a whole number": (
        lambda: identity(x * sympy.Subs(cos(2 * pi * n, evaluate=False), n, HALF), x * 1, -1, 1),
        lambda: identity(x * sympy.Subs(cos(2 * pi * n, evaluate=False), n, 3), x * 1, -1, 1),
    ),
    "value of an integral beyond its variable's assumptions": (
        lambda: integral(Integral(sqrt(p**2), (p, -1, 1)), "-0.1", "0.1"),
        lambda: integral(Integral(sqrt(p**2), (p, 0, 1)), "0.49", "0.51"),
    ),
    "integral over a pole": (
        lambda: Identity({}, Integral(1 / x**2, (x, -1, 1)), (Step(-TWO, "antiderivative"),)),
        lambda: Identity({}, Integral(1 / x**2, (x, 1, 2)), (Step(HALF, "antiderivative"),)),
    ),
    "antiderivative that jumps": (
        lambda: Identity({}, Integral(1 / (2 + cos(x)), (x, 0, 2 * pi)), (Step(ZERO, "antiderivative"),)),
        lambda: Identity({}, Integral(cos(x), (x, 0, pi / 2)), (Step(ONE, "antiderivative"),)),
    ),
    "value of a steep integral": (
        lambda: integral(STEEP, NEAR_STEEP + Rational(1, 10**6), NEAR_STEEP + Rational(2, 10**6)),
        lambda: integral(STEEP, NEAR_STEEP - Rational(1, 10**9), NEAR_STEEP + Rational(1, 10**9)),
    ),
    "value of an integral over a pole": (
        lambda: integral(Integral(1 / x, (x, -1, 2)), "0.69", "0.70"),
        lambda: integral(Integral(1 / x, (x, 1, 2)), "0.69", "0.70"),
    ),
    "value that is not real": (
        lambda: make_root(x - 2, 1, 3, log(1 - x), 0), lambda: make_root(x - 2, 1, 3, log(x - 1), 0),
    ),
    "value of a logarithm of what is negative": (
        lambda: integral(log(-Integral(atan(x), (x, 0, 3))), "0.7", "1.0"),
        lambda: integral(log(Integral(atan(x), (x, 0, 3))), "0.7", "1.0"),
    ),
    "value of a root of what is negative": (
        lambda: integral(sqrt(-Integral(atan(x), (x, 0, 3))), "-0.1", "0.1"),
        lambda: integral(sqrt(Integral(atan(x), (x, 0, 3))), "1.4", "1.7"),
    ),
    "root that is not the only one": (
        lambda: make_root((x - 1) * (x - 2) * (x - 4), 0, 3, x, 1), lambda: make_root((x - 1) * (x - 4), 0, 2, x, 1),
    ),
    "root at a jump": (
        lambda: make_root(atan(1 / (x - 1)), 0, 3, x, 1), lambda: make_root(atan(x - 1), 0, 3, x, 1),
    ),
    # Boxes.
    "pole in a box": (lambda: inequality((x - 1) ** -2, 0, 2), lambda: inequality((x - 3) ** -2, 0, 2)),
    "touches 0": (
        lambda: inequality((x - Rational(1, 3)) ** 2, 0, 1),
        lambda: inequality((x - Rational(1, 3)) ** 2 + Rational(1, 10**6), 0, 1),
    ),
    "narrow dip": (
        lambda: inequality(1 - 2 / (1 + 10**14 * (x - Rational("0.123456789")) ** 2), 0, 1),
        lambda: inequality(1 - HALF / (1 + 10**14 * (x - Rational("0.123456789")) ** 2), 0, 1),
    ),
    "root of what is negative": (lambda: inequality(sqrt(x - 1) + 2, 0, 2), lambda: inequality(sqrt(x - 1) + 2, 2, 3)),
    # Programs, worst cases, samples, parts.
    "optimum off by little": (lambda: program(3 + Rational(1, 10**30)), lambda: program(3)),
    "another point": (lambda: program(3, (ONE, 1 - Rational(1, 10**30))), lambda: program(3, (ONE, ONE))),
    "not the only point": (lambda: flat((ONE, ZERO)), lambda: flat(())),
    "worst case off by little": (
        lambda: WorstCase(6, Rational(3, 2), Rational(1, 10), Rational("0.0933"), Rational("0.0934")),
        lambda: WorstCase(6, Rational(3, 2), Rational(1, 10), Rational("0.0932"), Rational("0.0933")),
    ),
    "mean of other draws": (lambda: sample(HALF), lambda: sample(0)),
    "draws that are no numbers": (lambda: sample(0, spoilt=True), lambda: sample(0)),
    "one part": (
        lambda: All((("a", positive(exp(x))), ("b", positive(x**2)))),
        lambda: All((("a", positive(exp(x))), ("b", positive(x**2, strict=False)))),
    ),
}  # fmt: skip
