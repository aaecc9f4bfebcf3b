"""Claims of THEORY §10: sample complexity."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import sympy
from numpy.typing import NDArray
from sympy import Integer, Rational, oo

from proofs_check.claim import claim
from proofs_check.claims.unevaluated import quotient
from proofs_check.problem import Identity, LinearProgram, Positive, Sampled, Step, Together


@claim(
    "q-unseen-direction",
    source="THEORY §10 [D]",
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
    "p-averaging-overlap",
    source="THEORY §10 [D]",
    assumptions=("n = delta d examples, d to infinity",),
    bound="asymptotic",
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
    "q-not-linearly-separable",
    source="THEORY §10 [D]",
    expected="certified",
    assumptions=("any r > 0: w enters by p = <w, z>, q = <w, zeta>, both in [-1, 1]",),
    statement=r"\max_{p,q}\min\{\langle w,z\rangle,-\langle w,z+\zeta\rangle,-\langle w,z-\zeta\rangle\}=0",
    twins={"with another label for z - zeta": {"label": 1}},
)
def not_separable(label: int = -1) -> LinearProgram:
    """No linear classifier has a margin on Q, since z is the midpoint of z +- zeta: the multipliers are 1/2, 1/4, 1/4."""
    one, none = Integer(1), Integer(0)
    rows = ((-one, none, one), (one, one, one), (-label * one, label * one, one))
    box = ((one, none, none), (-one, none, none), (none, one, none), (none, -one, none))
    return LinearProgram(
        objective=(none, none, one), matrix=(*rows, *box), bounds=(none, none, none, one, one, one, one), optimum=none
    )


@claim(
    "q-not-separable-with-intercept",
    source="THEORY §10 [D]",
    expected="certified",
    assumptions=(
        "any r > 0, the three points at one alpha > 0, scaled to 1",
        "p = <w, z>, q = <w, zeta> and the intercept b in [-1, 1]",
    ),
    statement=r"\max_{p,q,b}\min\{\langle w,z\rangle+b,-\langle w,z+\zeta\rangle-b,-\langle w,z-\zeta\rangle-b\}=0",
    twins={"with another label for z - zeta": {"label": 1}},
)
def not_separable_with_intercept(label: int = -1) -> LinearProgram:
    """An intercept does not help: the same multipliers cancel it, 1/2 against 1/4 and 1/4."""
    one, none = Integer(1), Integer(0)
    rows = ((-one, none, -one, one), (one, one, one, one), (-label * one, label * one, -label * one, one))
    box = tuple(tuple(sign if k == place else none for k in range(4)) for place in range(3) for sign in (one, -one))
    return LinearProgram(
        objective=(none, none, none, one), matrix=(*rows, *box), bounds=(*(none,) * 3, *(one,) * 6), optimum=none
    )


# Q's three directions by their coefficients of p = <w, z> and q = <w, zeta>, with their labels.
DIRECTIONS = ((1, 0, 1), (1, -1, -1), (1, 1, -1))


def _two_neurons(signs: tuple[int, ...], patterns: tuple[tuple[int, ...], ...], labels: tuple[int, ...]) -> LinearProgram:
    """Largest margin on Q of bias-free ReLUs with these output signs and activation patterns, |p|, |q| <= 1 for each."""
    count = len(signs)
    rows, bounds = [], []
    for pattern, place in zip(patterns, range(count), strict=True):
        for active, (p, q, _) in zip(pattern, DIRECTIONS, strict=True):
            row = [0] * (2 * count + 1)
            row[2 * place : 2 * place + 2] = [-p, -q] if active else [p, q]
            rows.append(row)  # active: <w, x> >= 0; not: <= 0
            bounds.append(0)
        for axis in (2 * place, 2 * place + 1):
            for side in (1, -1):
                row = [0] * (2 * count + 1)
                row[axis] = side
                rows.append(row)
                bounds.append(1)
    for which, label in enumerate(labels):
        if not label:
            continue
        row = [0] * (2 * count) + [1]
        p, q, _ = DIRECTIONS[which]
        for place, (sign, pattern) in enumerate(zip(signs, patterns, strict=True)):
            if pattern[which]:
                row[2 * place : 2 * place + 2] = [-label * sign * p, -label * sign * q]
        rows.append(row)  # t - y f(x) <= 0
        bounds.append(0)
    exact = tuple(tuple(map(Integer, row)) for row in rows)
    return LinearProgram((*[Integer(0)] * (2 * count), Integer(1)), exact, tuple(map(Integer, bounds)), Integer(0))


@claim(
    "q-not-two-relus",
    source="THEORY §10 [D]",
    expected="certified",
    assumptions=(
        "any r > 0: neurons enter by p = <w, z>, q = <w, zeta>",
        "output weights +-1: their size goes into w",
        "every pair of output signs and of activation patterns on the three directions, 256 linear programs",
    ),
    statement=r"f(x)=a_1(\langle w,x\rangle)_++a_2(\langle v,x\rangle)_+"
    r"\ \text{ never has the signs }(+,-,-)\text{ on }z,z\pm\zeta",
    twins={"z - zeta relabelled": {"labels": (1, 1, -1)}, "without z + zeta": {"labels": (1, -1, 0)}},
)
def not_two(labels: tuple[int, ...] = (1, -1, -1)) -> Together:
    """No two bias-free ReLUs realise Q: in each activation region the largest margin is 0."""
    patterns = list(product((0, 1), repeat=3))
    return Together(tuple(
        (f"signs {signs}, patterns {first} and {second}", _two_neurons(signs, (first, second), labels))
        for signs in product((1, -1), repeat=2) for first in patterns for second in patterns
    ))  # fmt: skip


@claim(
    "q-two-relus-and-z",
    source="THEORY §10 [D]",
    assumptions=(
        "<w, z> = -a < 0 < <w, z - zeta> = rho_0 + b",
        "<v, z> = -c < 0 < <v, z + zeta> = rho_0 + e",
        "0 < rho_0, b, e; the other neuron's output n >= 0 only helps",
        "<z, z +- zeta> = <z, z> = 1",
    ),
    statement=r"-(\langle w,x\rangle)_+-(\langle v,x\rangle)_++\rho_0(\langle z,x\rangle)_+\ \text{ has the signs }(+,-,-)",
    twins={"with twice rho_0 on z": {"weight": 2}},
)
def two_and_z(weight: int = 1) -> Together:
    """Two ReLUs and the direction z realise Q."""
    rho_0, b, e = sympy.symbols("rho_0 b e", positive=True)
    other = sympy.Symbol("n", nonnegative=True)
    box = (Rational(1, 100), Integer(2))
    domain = {rho_0: box, b: box, e: box, other: (Integer(0), Integer(1))}
    on_z = Integer(0) + Integer(0) + weight * rho_0  # both ReLUs are off on z
    on_minus = -(rho_0 + b) - other + weight * rho_0
    on_plus = -(rho_0 + e) - other + weight * rho_0
    return Together((
        ("z", Positive(domain, on_z)), ("z - zeta", Positive(domain, -on_minus)), ("z + zeta", Positive(domain, -on_plus)),
    ))  # fmt: skip


@claim(
    "q-two-relus-and-z-exist",
    source="THEORY §10 [D]",
    assumptions=("any r > 0", "<z, z> = 1, <z, zeta> = 0, <zeta, zeta> = r^2", "signs then by the claim q-two-relus-and-z"),
    statement=r"w=-z-3\zeta/r^2,\ v=-z+3\zeta/r^2,\ \rho_0=1:\quad\langle w,z\rangle=\langle v,z\rangle=-1,\quad"
    r"\langle w,z-\zeta\rangle=\langle v,z+\zeta\rangle=2>\rho_0",
    twins={"zeta for 3 zeta": {"times": 1}},
)
def two_and_z_exist(times: int = 3) -> Together:
    """Such weights exist at every r: an example."""
    length = sympy.Symbol("r", positive=True)
    domain = {length: (Rational(1, 100), Integer(2))}
    # Minus the products with z, and the rest of w (of v) times r^2 / r^2 along zeta.
    along, across = Integer(-1), quotient(times * length**2, length**2)
    crossed = quotient(Integer(0), length**2)
    return Together((
        ("on z", Identity(domain, along + times * crossed, (Step(Integer(-1), "zeta is orthogonal to z"),))),
        ("on z - zeta, of w", Identity(domain, along + across, (Step(Integer(2), "-(3 / r^2) <zeta, -zeta> = 3"),))),
        ("on z + zeta, of v", Identity(domain, along + across, (Step(Integer(2), "(3 / r^2) <zeta, zeta> = 3"),))),
    ))  # fmt: skip


v, overlap, g_0 = sympy.symbols("v c g_0", positive=True)


@claim(
    "p-margin",
    source="THEORY §1, §10 [L19]",
    assumptions=("x_1 = y (g_0 / sqrt(d)) w* + z", "z along w*: y |g| / sqrt(d), g ~ N(0, 1); |w*| = 1"),
    statement=r"y\langle w^*,x_1\rangle=\frac{g_0+|g|}{\sqrt d}\ge\gamma_0=\frac{g_0}{\sqrt d}",
    twins={"noise of size 1 along w*": {"spread": 0}},
)
def margin(spread: int = 1) -> Together:
    """Every P example lies on its side of w*, by at least gamma_0."""
    d, size = sympy.symbols("d |g|", positive=True)
    domain = {d: (Integer(2), Integer(100)), g_0: (Rational(1, 10), Integer(2)), size: (Rational(1, 100), Integer(3))}
    along = g_0 / sympy.sqrt(d) + size / sympy.sqrt(d) ** spread
    return Together((
        ("margin", Identity(domain, along, (Step((g_0 + size) / sympy.sqrt(d), "y^2 = 1"),))),
        ("at least gamma_0", Positive(domain, along - g_0 / sympy.sqrt(d))),
    ))  # fmt: skip


@claim(
    "p-mean",
    source="THEORY §10 [D]",
    assumptions=("g ~ N(0, 1)",),
    statement=r"\mu=E[g_0+|g|]=g_0+\sqrt{2/\pi},\qquad E[(g_0+|g|)^2]=1+g_0^2+2g_0\sqrt{2/\pi}",
    twins={"sqrt(1/pi)": {"inside": 1}},
)
def mean(inside: int = 2) -> Together:
    """Mean and second moment of the scaled margin."""
    size = sympy.Symbol("x", positive=True)
    density = 2 * sympy.exp(-(size**2) / 2) / sympy.sqrt(2 * sympy.pi)
    domain, root = {g_0: (Rational(1, 10), Integer(2))}, sympy.sqrt(inside / sympy.pi)

    def expected(what: sympy.Expr) -> sympy.Expr:
        return sympy.Integral(sympy.expand(what * density), (size, 0, oo))

    return Together((
        ("mean", Identity(domain, expected(g_0 + size), (Step(g_0 + root, "E|g| = sqrt(2 / pi)"),))),
        ("second moment", Identity(domain, expected((g_0 + size) ** 2), (Step(1 + g_0**2 + 2 * g_0 * root, "E g^2 = 1"),))),
    ))  # fmt: skip


@claim(
    "p-error-at-a-margin",
    source="THEORY §10 [D]",
    assumptions=(
        "|w-hat| = 1, overlap 0 < c < 1",
        "x_1 across w* is N(0, 1/d) in every direction",
        "then the average over v = g_0 + |g| is the error",
    ),
    statement=r"P[y\langle\hat w,x_1\rangle<0\mid v]=\Phi\Big(\frac{-cv}{\sqrt{1-c^2}}\Big)",
    twins={"1 - c for 1 - c^2": {"power": 1}, "without c": {"alone": True}},
)
def error(power: int = 2, alone: bool = False) -> Identity:
    """Error of a direction on fresh P examples of scaled margin v: sqrt(d) y <w-hat, x_1> = c v + sqrt(1 - c^2) n."""
    n = sympy.Symbol("n", real=True)
    domain = {overlap: (Rational(1, 10), Rational(9, 10)), v: (Rational(1, 2), Integer(3))}
    density = sympy.exp(-(n**2) / 2) / sympy.sqrt(2 * sympy.pi)
    end = -overlap * v / sympy.sqrt(1 - overlap**2)
    wrong = -(1 if alone else overlap) * v / sympy.sqrt(1 - overlap**power)
    return Identity(domain, sympy.Integral(density, (n, -oo, end)), (
        Step((1 + sympy.erf(wrong / sympy.sqrt(2))) / 2, "Phi by the error function"),
    ))  # fmt: skip


@claim(
    "p-error-of-fresh-examples",
    source="THEORY §10 [D]",
    expected="supported",
    assumptions=("d = 20, g_0 = 1, c = 1/2", "99.9 % interval"),
    statement=r"P[y\langle\hat w,x_1\rangle<0]=E_g\,\Phi\Big(\frac{-c(g_0+|g|)}{\sqrt{1-c^2}}\Big)\ \text{ for drawn examples}",
    twins={"g_0 = 0 in the formula": {"g_0": 0}, "mean margin for its law": {"averaged": False}},
    full={"size": 2_000_000},
)
def fresh_error(size: int = 200_000, g_0: int = 1, averaged: bool = True) -> Sampled:
    """Errors counted on examples drawn by their definition, against the formula."""
    d, c = 20, 0.5

    def draw(rng: np.random.Generator, size: int) -> NDArray[Any]:
        y, noise = rng.choice([-1.0, 1.0], size), rng.standard_normal((size, d)) / np.sqrt(d)
        noise[:, 0] = y * np.abs(noise[:, 0])  # conditioned on y <w*, z> >= 0: the half-normal, by symmetry
        x_1 = noise
        x_1[:, 0] += y / np.sqrt(d)
        guess = c * x_1[:, 0] + np.sqrt(1 - c * c) * x_1[:, 1]
        return np.asarray(y * guess < 0)

    slope = Rational(1, 2) / sympy.sqrt(Rational(3, 4))
    x = sympy.Symbol("x", positive=True)

    def phi(margin: sympy.Expr) -> sympy.Expr:
        return (1 + sympy.erf(-slope * margin / sympy.sqrt(2))) / 2

    density = 2 * sympy.exp(-(x**2) / 2) / sympy.sqrt(2 * sympy.pi)
    formula = sympy.Integral(density * phi(g_0 + x), (x, 0, 12))
    return Sampled(draw, formula if averaged else phi(g_0 + sympy.sqrt(2 / sympy.pi)), size)


@claim(
    "q-unseen-direction-drawn",
    source="THEORY §10 [D]",
    expected="supported",
    assumptions=("n = 8", "99.9 % interval"),
    statement=r"P[\text{some of }z,z\pm\zeta\text{ is unseen in 8}]=2(\tfrac34)^8-2(\tfrac14)^8\ \text{ for drawn examples}",
    twins={"n = 9 in the formula": {"shown": 9}},
    full={"size": 1_000_000},
)
def unseen_drawn(size: int = 100_000, shown: int = 8) -> Sampled:
    """Coupon collector, counted."""

    def draw(rng: np.random.Generator, size: int) -> NDArray[Any]:
        directions = rng.choice(3, (size, 8), p=[0.5, 0.25, 0.25])
        return np.asarray(~np.all([(directions == k).any(axis=1) for k in range(3)], axis=0))

    return Sampled(draw, 2 * Rational(3, 4) ** shown - 2 * Rational(1, 4) ** shown, size)
