"""Claims of THEORY §10: sample complexity."""

from __future__ import annotations

from itertools import combinations
from itertools import product as every

import numpy as np
import sympy
from numpy.typing import NDArray
from sympy import Integer, Rational, exp, oo, pi, sqrt

from proofs_check.claim import claim
from proofs_check.claims.unevaluated import at, product, quotient
from proofs_check.claims.unevaluated import power as taken
from proofs_check.problem import All, Identity, LinearProgram, Positive, Problem, Sampled, Step, Value

HALF = Rational(1, 2)
# Of z, z + zeta and z - zeta: the label is +1 with probability 1/2; if it is -1, b is +1 with probability 1/2.
WEIGHTS = (HALF, HALF * HALF, HALF * HALF)


@claim(
    "q-unseen-direction",
    source="THEORY §10 [D]",
    assumptions=(
        "n >= 1 independent Q-holding examples, labels and b uniform: z, z + zeta, z - zeta with probability 1/2, 1/4, 1/4",
        "only a direction of probability a is seen with probability a^n; just the two of a and b: induction over n",
    ),
    statement=r"P[\text{some of }z,z\pm\zeta\text{ is unseen}]=2(\tfrac34)^n-2(\tfrac14)^n",
    twins={
        "plus": {"sign": 1}, "4/5": {"share": Rational(4, 5)}, "3/4 moved by 1 %": {"share": Rational(303, 400)},
        "2 moved by 1 %": {"times": Rational(101, 50)},
    },
)
def unseen(sign: int = -1, share: sympy.Expr = Rational(3, 4), times: sympy.Expr = Integer(2)) -> All:  # noqa: B008
    """Coupon collector: what is seen is one direction or just two, one more example at a time."""
    n = sympy.Symbol("n", integer=True, positive=True)
    a, b = sympy.symbols("a b", positive=True)
    weights = (Rational(1, 10), Rational(9, 20))
    domain = {n: (Integer(1), oo), a: weights, b: weights}

    def just_two(first: sympy.Expr, second: sympy.Expr, examples: sympy.Expr) -> sympy.Expr:
        return (first + second) ** examples - first**examples - second**examples

    one = sum(w**n for w in WEIGHTS)
    two = sum(just_two(first, second, n) for first, second in combinations(WEIGHTS, 2))
    return All((
        ("one example shows one", Identity({a: weights, b: weights}, at(just_two(a, b, n), n, Integer(1)), (
            Step(Integer(0), "a + b - a - b"),
        ))),
        ("just two after one more", Identity(domain, (a + b) * just_two(a, b, n) + b * a**n + a * b**n, (
            Step(just_two(a, b, n + 1), "both were seen and no third is shown, or one was and the other is shown"),
        ))),
        ("one or just two", Identity({n: domain[n]}, one + two, (
            Step(times * share**n + sign * 2 * Rational(1, 4) ** n, "sum over the directions and the pairs"),
        ))),
    ))  # fmt: skip


@claim(
    "q-not-linearly-separable",
    source="THEORY §10 [D]",
    expected="certified",
    assumptions=("any r > 0: w enters by p = <w, z>, q = <w, zeta>, both in [-1, 1]",),
    statement=r"\max_{p,q}\min\{\langle w,z\rangle,-\langle w,z+\zeta\rangle,-\langle w,z-\zeta\rangle\}=0",
    twins={"with another label for z - zeta": {"label": 1}, "an optimum of 1/100": {"optimum": Rational(1, 100)}},
)
def not_separable(label: int = -1, optimum: sympy.Rational = Integer(0)) -> LinearProgram:  # noqa: B008
    """No linear classifier has a margin on Q, since z is the midpoint of z +- zeta: the multipliers are 1/2, 1/4, 1/4."""
    one, none = Integer(1), Integer(0)
    rows = ((-one, none, one), (one, one, one), (-label * one, label * one, one))
    box = ((one, none, none), (-one, none, none), (none, one, none), (none, -one, none))
    return LinearProgram(
        objective=(none, none, one), matrix=(*rows, *box), bounds=(none, none, none, one, one, one, one), optimum=optimum
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
    twins={"with another label for z - zeta": {"label": 1}, "alpha 1 % larger for z": {"length": Rational(101, 100)}},
)
def not_separable_with_intercept(label: int = -1, length: sympy.Rational = Integer(1)) -> LinearProgram:  # noqa: B008
    """An intercept does not help at one alpha: the same multipliers cancel it, 1/2 against 1/4 and 1/4."""
    one, none = Integer(1), Integer(0)
    rows = ((-length, none, -one, one), (one, one, one, one), (-label * one, label * one, -label * one, one))
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
def not_two(labels: tuple[int, ...] = (1, -1, -1)) -> All:
    """No two bias-free ReLUs realise Q: in each activation region the largest margin is 0."""
    patterns = list(every((0, 1), repeat=3))
    return All(tuple(
        (f"signs {signs}, patterns {first} and {second}", _two_neurons(signs, (first, second), labels))
        for signs in every((1, -1), repeat=2) for first in patterns for second in patterns
    ))  # fmt: skip


def _on_plane(along: sympy.Expr, across: sympy.Expr, point: tuple[int, int, int]) -> sympy.Expr:
    """<w, x> of the point z, z - zeta or z + zeta, from along = <w, z> and across = <w, zeta>."""
    return along * point[0] + across * point[1]


def _rectified(inner: sympy.Expr) -> sympy.Expr:
    """(inner)_+, with the sign not looked at yet."""
    return (inner + sympy.Abs(inner, evaluate=False)) / 2


def _output(w: tuple[sympy.Expr, sympy.Expr], v: tuple[sympy.Expr, sympy.Expr], rho_0: sympy.Expr,
            point: tuple[int, int, int]) -> sympy.Expr:  # fmt: skip
    """f at one of the points, by its definition; <z, z> = 1 and <z, zeta> = 0."""
    on_z = _on_plane(Integer(1), Integer(0), point)
    return rho_0 * _rectified(on_z) - _rectified(_on_plane(*w, point)) - _rectified(_on_plane(*v, point))


@claim(
    "q-two-relus-and-z",
    source="THEORY §10 [D]",
    assumptions=(
        "<w, z> = -a < 0 and <w, z - zeta> = rho_0 + b, so <w, zeta> = -(a + rho_0 + b); a, b > 0",
        "<v, z> = -c < 0 and <v, z + zeta> = rho_0 + e, so <v, zeta> = c + rho_0 + e; c, e > 0",
        "rho_0 > 0; <z, z> = 1, <z, zeta> = 0",
    ),
    statement=r"f(x)=-(\langle w,x\rangle)_+-(\langle v,x\rangle)_++\rho_0(\langle z,x\rangle)_+:\quad "
    r"f(z)=\rho_0>0,\ f(z-\zeta)=-b<0,\ f(z+\zeta)=-e<0",
    twins={"with twice rho_0 on z": {"weight": Integer(2)}, "with 1 % more on z": {"weight": Rational(101, 100)}},
)
def two_and_z(weight: sympy.Expr = Integer(1)) -> All:  # noqa: B008
    """Two ReLUs and the direction z realise Q, whatever the weights within these inequalities."""
    rho_0, a, b, c, e = sympy.symbols("rho_0 a b c e", positive=True)
    box = (Rational(1, 1000), HALF)
    domain = {rho_0: (Rational(1, 10), Integer(9)), **dict.fromkeys((a, b, c, e), box)}
    w, v = (-a, -(a + rho_0 + b)), (-c, c + rho_0 + e)
    parts: list[tuple[str, Problem]] = []
    for name, point, value in zip(("z", "z - zeta", "z + zeta"), DIRECTIONS, (rho_0, b, e), strict=True):
        output = point[2] * _output(w, v, weight * rho_0, point)
        parts.append((f"y f at {name}", Identity(domain, output, (Step(value, "each ReLU is on or off"),))))
        parts.append((f"sign at {name}", Positive(domain, output, (Step(value, "each ReLU is on or off"),))))
    return All(tuple(parts))


@claim(
    "q-two-relus-and-z-exist",
    source="THEORY §10 [D]",
    assumptions=("any r > 0", "<z, z> = 1, <z, zeta> = 0, <zeta, zeta> = r^2"),
    statement=r"w=-z-3\zeta/r^2,\ v=-z+3\zeta/r^2,\ \rho_0=1:\quad\langle w,z\rangle=\langle v,z\rangle=-1,\quad"
    r"\langle w,z-\zeta\rangle=\langle v,z+\zeta\rangle=2,\quad f(z)=1,\ f(z\pm\zeta)=-1",
    twins={
        "zeta for 3 zeta": {"times": Integer(1)}, "3 moved by 1 %": {"times": Rational(303, 100)},
        "-z moved by 1 %": {"along": Rational(-101, 100)},
    },
)
def two_and_z_exist(times: sympy.Expr = Integer(3), along: sympy.Expr = Integer(-1)) -> All:  # noqa: B008
    """Such weights exist at every r: an example, with its values on Q."""
    length = sympy.Symbol("r", positive=True)
    domain = {length: (Rational(1, 100), Integer(2))}
    # Products of -z -+ (times / r^2) zeta with z and with zeta, of squared length r^2.
    across = product(quotient(times, length**2), length**2)
    w, v = (along, -across), (along, across)
    on_z, on_minus, on_plus = DIRECTIONS

    def part(name: str, start: sympy.Expr, value: int) -> tuple[str, Identity]:
        return name, Identity(domain, start, (Step(Integer(value), "r^2 cancels"),))

    return All((
        part("<w, z - zeta>", _on_plane(*w, on_minus), 2), part("<v, z + zeta>", _on_plane(*v, on_plus), 2),
        part("<w, z>", _on_plane(*w, on_z) + product(Integer(0), across), -1),
        part("<v, z>", _on_plane(*v, on_z) + product(Integer(0), across), -1),
        part("f(z)", _output(w, v, Integer(1), on_z), 1),
        part("f(z - zeta)", _output(w, v, Integer(1), on_minus), -1),
        part("f(z + zeta)", _output(w, v, Integer(1), on_plus), -1),
    ))  # fmt: skip


v, overlap, g_0 = sympy.symbols("v c g_0", positive=True)


@claim(
    "p-margin",
    source="THEORY §1, §10 [L19]",
    assumptions=(
        "x_1 = y (g_0 / sqrt(d)) w* + z, |w*| = 1, so y <w*, x_1> = g_0 / sqrt(d) + y <w*, z>",
        "<w*, z> is N(0, 1/d) conditioned on y <w*, z> >= 0; g ~ N(0, 1)",
        "the law is looked at for y = 1; that of y = -1 mirrors it",
    ),
    statement=r"P[y\langle w^*,z\rangle\le t]=P[|g|/\sqrt d\le t],\ \text{ so }\ "
    r"y\langle w^*,x_1\rangle=\frac{g_0+|g|}{\sqrt d}\ge\gamma_0=\frac{g_0}{\sqrt d}\ \text{ in law}",
    twins={"noise of size 1 along w*": {"spread": Integer(0)}, "1 % more noise": {"spread": Rational(101, 200)}},
)
def margin(spread: sympy.Expr = HALF) -> All:
    """Every P example lies on its side of w*, by at least gamma_0."""
    d, size, t = sympy.symbols("d |g| t", positive=True)
    s, y = sympy.Symbol("s", real=True), sympy.Symbol("y", real=True)
    domain = {d: (Integer(2), Integer(100)), g_0: (Rational(1, 10), Integer(2)), size: (Rational(1, 100), Integer(3))}
    coordinate, standard = sqrt(d / (2 * pi)) * exp(-d * s**2 / 2), exp(-(s**2) / 2) / sqrt(2 * pi)
    reach = t * d**spread
    side = quotient(sympy.Integral(coordinate, (s, 0, t)), sympy.Integral(coordinate, (s, 0, oo)))
    along = y * (y * g_0 / sqrt(d)) + size / sqrt(d)
    parts: list[tuple[str, Problem]] = [
        ("law of the noise along w*", Identity({d: domain[d], t: (Rational(1, 20), Integer(1))}, side, (
            Step(sympy.Integral(standard, (s, -reach, reach)), "both are erf(t sqrt(d/2))"),
        ))),
    ]  # fmt: skip
    for label in (1, -1):
        here = at(along, y, Integer(label))
        parts.append((f"margin, y = {label}", Identity(domain, here, (Step((g_0 + size) / sqrt(d), "y^2 = 1"),))))
        parts.append((f"at least gamma_0, y = {label}", Positive(domain, here - g_0 / sqrt(d), (
            Step(size / sqrt(d), "y^2 = 1"),
        ))))  # fmt: skip
    return All(tuple(parts))


@claim(
    "p-mean",
    source="THEORY §10 [D]",
    assumptions=("g ~ N(0, 1)",),
    statement=r"\mu=E[g_0+|g|]=g_0+\sqrt{2/\pi},\qquad E[(g_0+|g|)^2]=1+g_0^2+2g_0\sqrt{2/\pi}",
    twins={"sqrt(1/pi)": {"inside": Integer(1)}, "2 moved by 1 %": {"inside": Rational(202, 100)}},
)
def mean(inside: sympy.Expr = Integer(2)) -> All:  # noqa: B008
    """Mean and second moment of the scaled margin."""
    size = sympy.Symbol("x", positive=True)
    density = 2 * sympy.exp(-(size**2) / 2) / sympy.sqrt(2 * sympy.pi)
    domain, root = {g_0: (Rational(1, 10), Integer(2))}, sympy.sqrt(inside / sympy.pi)

    def expected(what: sympy.Expr) -> sympy.Expr:
        return sympy.Integral(sympy.expand(what * density), (size, 0, oo))

    return All((
        ("mean", Identity(domain, expected(g_0 + size), (Step(g_0 + root, "E|g| = sqrt(2 / pi)"),))),
        ("second moment", Identity(domain, expected((g_0 + size) ** 2), (Step(1 + g_0**2 + 2 * g_0 * root, "E g^2 = 1"),))),
    ))  # fmt: skip


@claim(
    "p-error-at-a-margin",
    source="THEORY §10 [D]",
    assumptions=(
        "w-hat = c w* + sqrt(1 - c^2) e with unit vectors w* and e at right angles, 0 < c < 1",
        "y <w*, x_1> = v / sqrt(d), v = g_0 + |g|; s = y <e, x_1> is N(0, 1/d) and independent of v",
        "then the average over v is the error",
    ),
    statement=r"o(s)=\frac{cv}{\sqrt d}+\sqrt{1-c^2}\,s<0\iff s<s_0,\quad "
    r"P[y\langle\hat w,x_1\rangle<0\mid v]=\int_{-\infty}^{s_0}\varphi_d(s)\,ds"
    r"=\Phi\Big(\frac{-cv}{\sqrt{1-c^2}}\Big)\ \text{ for every }d",
    twins={
        "1 - c for 1 - c^2": {"power": 1}, "without c": {"alone": True}, "1 % larger c in front": {"times": Rational(101, 100)},
    },
)
def error(power: int = 2, alone: bool = False, times: sympy.Expr = Integer(1)) -> All:  # noqa: B008
    """Error of a direction on fresh P examples of scaled margin v: how often the noise across outweighs it."""
    s, d = sympy.Symbol("s", real=True), sympy.Symbol("d", positive=True)
    h = sympy.Symbol("h", positive=True)  # c = 1/sqrt(1 + h^2), which lies between 0 and 1
    domain = {overlap: (Rational(1, 10), Rational(9, 10)), v: (HALF, Integer(3)), d: (Integer(2), Integer(50))}
    across, line = sqrt(1 - overlap**2), (Integer(-2), Integer(2))
    output = overlap * v / sqrt(d) + across * s
    end = -overlap * v / sqrt(d) / across
    wrong = -(1 if alone else times * overlap) * v / sqrt(1 - overlap**power)
    slope = sympy.Derivative(output, s).subs(overlap, 1 / sqrt(1 + h**2))
    return All((
        ("length of w-hat", Identity({overlap: domain[overlap]}, overlap**2 + taken(across, Integer(2)), (
            Step(Integer(1), "at right angles"),
        ))),
        ("the output is 0 at s_0", Identity(domain, at(output, s, end), (Step(Integer(0), "put in"),))),
        ("and increases", Positive({s: line, h: domain[v], v: domain[v], d: domain[d]}, slope, (
            Step(h / sqrt(1 + h**2), "sqrt(1 - c^2)"),
        ))),
        ("probability", Identity(domain, sympy.Integral(sqrt(d / (2 * pi)) * exp(-d * s**2 / 2), (s, -oo, end)), (
            Step((1 + sympy.erf(wrong / sqrt(2))) / 2, "Phi by the error function"),
        ))),
    ))  # fmt: skip


# E Phi(-k (g_0 + |g|)) at c = 1/2, by g_0.
ERRORS = {1: Rational("0.163319521309"), 0: Rational(1, 3)}


@claim(
    "p-error-of-fresh-examples",
    source="THEORY §10 [D]",
    expected="supported",
    assumptions=("d = 20, g_0 = 1, c = 1/2", "99.9 % interval",
                 "the tail |g| > 12, below 1e-31 by the reader's estimate, enclosed"),
    statement=r"P[y\langle\hat w,x_1\rangle<0]=E_g\,\Phi\Big(\frac{-c(g_0+|g|)}{\sqrt{1-c^2}}\Big)=0.163319521309\pm10^{-12}"
    r"\ \text{ for drawn examples}",
    twins={
        "g_0 = 0 in the formula": {"g_0": 0}, "mean margin for its law": {"averaged": False},
        "1 % larger c in the formula": {"c": Rational(101, 200)},
    },
    full={"size": 2_000_000},
)
def fresh_error(size: int = 200_000, g_0: int = 1, averaged: bool = True, c: sympy.Expr = HALF) -> All:
    """Errors counted on examples drawn by their definition, against the formula."""
    d, near = 20, Rational(1, 10**12)

    def draw(rng: np.random.Generator, size: int) -> NDArray[np.bool_]:
        y, noise = rng.choice([-1.0, 1.0], size), rng.standard_normal((size, d)) / np.sqrt(d)
        noise[:, 0] = y * np.abs(noise[:, 0])  # conditioned on y <w*, z> >= 0: the half-normal, by symmetry
        x_1 = noise
        x_1[:, 0] += y / np.sqrt(d)
        guess = 0.5 * x_1[:, 0] + np.sqrt(0.75) * x_1[:, 1]
        return np.asarray(y * guess < 0)

    x, tail = sympy.Symbol("x", positive=True), sympy.Symbol("tail", nonnegative=True)

    def phi(margin: sympy.Expr) -> sympy.Expr:
        return (1 + sympy.erf(-c / sqrt(1 - c**2) * margin / sqrt(2))) / 2

    density = 2 * exp(-(x**2) / 2) / sqrt(2 * pi)
    formula = sympy.Integral(density * phi(g_0 + x), (x, 0, 12)) + tail
    known = ERRORS[g_0]
    return All((
        ("formula", Value(formula, known - near, known + near, within={tail: (Integer(0), Rational(1, 10**31))})),
        ("drawn", Sampled(draw, known if averaged else phi(g_0 + sqrt(2 / pi)), size)),
    ))  # fmt: skip


@claim(
    "q-unseen-direction-drawn",
    source="THEORY §10 [D]",
    expected="supported",
    assumptions=("n = 8 examples, each of a label y and a sign b, both uniform on -1, 1", "99.9 % interval"),
    statement=r"P[\text{some of }z,z\pm\zeta\text{ is unseen in 8}]=2(\tfrac34)^8-2(\tfrac14)^8\ \text{ for drawn examples}",
    twins={"n = 9 in the formula": {"shown": 9}, "3/4 moved by 1 %": {"share": Rational(303, 400)}},
    full={"size": 1_000_000},
)
def unseen_drawn(size: int = 100_000, shown: int = 8, share: sympy.Expr = Rational(3, 4)) -> Sampled:  # noqa: B008
    """Coupon collector, counted."""

    def draw(rng: np.random.Generator, size: int) -> NDArray[np.bool_]:
        y, b = rng.choice([-1, 1], (2, size, 8))
        directions = np.where(y == 1, 0, b)  # the multiple of zeta in x_2 / alpha
        return np.asarray(~np.all([(directions == k).any(axis=1) for k in (-1, 0, 1)], axis=0))

    return Sampled(draw, 2 * share**shown - 2 * Rational(1, 4) ** shown, size)
