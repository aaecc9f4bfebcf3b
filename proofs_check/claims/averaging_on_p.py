"""Claims of THEORY §10: how many examples are enough for P, by averaging, at every dimension."""

from __future__ import annotations

import sympy
from sympy import Integer, Rational, exp, log, oo, pi, sqrt

from proofs_check.claim import claim
from proofs_check.claims.information_on_p import information
from proofs_check.claims.unevaluated import product
from proofs_check.problem import All, Identity, Positive, Step, Value

a, b, m, r, d, n, g_0, mu, h = sympy.symbols("a b m r d n g_0 mu h", positive=True)
x = sympy.Symbol("x", real=True)
BOX = (Rational(1, 10), Integer(3))
DIMENSIONS = (Integer(2), Integer(50))
DENSITY = sqrt(d / (2 * pi)) * exp(-d * x**2 / 2)  # of one coordinate of N(0, I/d)
# Largest value of 3 x/(1 + x^2)^{5/2}, at x = 1/2.
CURVATURE = 48 / (25 * sqrt(5))



def moments_of_sum(n: sympy.Expr, d: sympy.Expr, mu: sympy.Expr) -> tuple[sympy.Expr, sympy.Expr, sympy.Expr]:
    """E A, Var A and E R^2 of the sum of n examples, as the claim averaging-sums derives them."""
    return n * mu / sqrt(d), n / d * (1 - 2 / pi), n * (d - 1) / d


@claim(
    "averaging-sums",
    source="THEORY §10 [D]",
    assumptions=(
        "n independent examples; sum of y x_1: A along w*, R across",
        "n times the mean and variance of one summand; R^2 adds d - 1 coordinates N(0, n/d), independent, of A too",
        "gamma_0 = g_0/sqrt(d), mu = g_0 + sqrt(2/pi)",
    ),
    statement=r"E\,A=\frac{n\mu}{\sqrt d},\qquad\mathrm{Var}\,A=\frac nd\Big(1-\frac2\pi\Big),\qquad E\,R^2=\frac{n(d-1)}d,"
    r"\qquad\mathrm{Var}\,R^2=\frac{2n^2(d-1)}{d^2}",
    twins={
        "variance n/d": {"lost": Integer(0)}, "d coordinates": {"across": 0},
        "2/pi moved by 1 %": {"lost": Rational(101, 50) / pi}, "mean moved by 1 %": {"times": Rational(101, 100)},
    },
)
def sums(lost: sympy.Expr = 2 / pi, across: int = 1, times: sympy.Expr = Integer(1)) -> All:  # noqa: B008
    """Signal and noise in the sum of n examples, from the densities."""
    half = 2 * DENSITY
    mean = sympy.Integral((g_0 / sqrt(d) + x) * half, (x, 0, oo))
    spread = sympy.Integral(x**2 * half, (x, 0, oo)) - sympy.Integral(x * half, (x, 0, oo)) ** 2
    of_sum = sqrt(d / (2 * pi * n)) * exp(-d * x**2 / (2 * n))  # a coordinate across, added up over the examples
    square, fourth = (sympy.Integral(x**power * of_sum, (x, -oo, oo)) for power in (2, 4))
    domain = {n: (Integer(1), Integer(40)), d: DIMENSIONS}
    signal, variance, noise = moments_of_sum(n, d, g_0 + sqrt(2 / pi))
    return All((
        ("mean along", Identity({**domain, g_0: BOX}, n * mean, (Step(times * signal, "mean of a half-normal"),))),
        ("variance along", Identity(domain, n * spread, (
            Step(variance * (1 - lost) / (1 - 2 / pi), "variance of a half-normal"),
        ))),
        ("across", Identity(domain, (d - 1) * square, (Step(noise * (d - across) / (d - 1), "d - 1 variances n/d"),))),
        ("variance of the square across", Identity(domain, (d - 1) * (fourth - square**2), (
            Step(2 * n**2 * (d - 1) / d**2, "E x^4 = 3 (n/d)^2"),
        ))),
    ))  # fmt: skip


@claim(
    "p-averaging-overlap",
    source="THEORY §10 [D]",
    assumptions=(
        "n = delta d examples, d to infinity; moments by the claim averaging-sums",
        "c = A/sqrt(A^2 + R^2); A/E A and R^2/E R^2 go to 1 in mean square, as their relative variances go to 0",
    ),
    assuming=("averaging-sums",),
    bound="asymptotic",
    statement=r"\frac{\mathrm{Var}\,A}{(E\,A)^2}\to0,\quad\frac{\mathrm{Var}\,R^2}{(E\,R^2)^2}\to0,\quad"
    r"\frac{(E\,A)^2}{(E\,A)^2+E\,R^2}\to\frac{\delta\mu^2}{1+\delta\mu^2},\ \text{ so }\ "
    r"c^2\to\frac{\delta\mu^2}{1+\delta\mu^2}\ \text{ in probability}",
    twins={"mu for mu^2": {"power": 1}, "1 % more examples": {"more": Rational(101, 100)}},
)
def averaging(power: int = 2, more: sympy.Expr = Integer(1)) -> All:  # noqa: B008
    """Overlap of the mean of y x_1 with w*: signal mu / sqrt(d) each, noise of norm 1 in d directions."""
    delta = sympy.Symbol("delta", positive=True)
    signal, variance, noise = moments_of_sum(delta * d, d, mu)
    domain = {delta: (Rational(1, 10), Integer(5)), mu: (Rational(3, 2), Integer(3))}
    of_square = 2 * delta**2 * (d - 1)

    def limit(name: str, of: sympy.Expr, end: sympy.Expr, reason: str) -> tuple[str, Identity]:
        return name, Identity(domain, sympy.Limit(of, d, oo), (Step(end, reason),))

    right = more * delta * mu**power / (1 + more * delta * mu**power)
    return All((
        limit("relative variance along", variance / signal**2, Integer(0), "of order 1/d"),
        limit("relative variance across", of_square / noise**2, Integer(0), "2/(d - 1)"),
        limit("overlap of the means", signal**2 / (signal**2 + noise), right, "divided by d"),
    ))  # fmt: skip


@claim(
    "averaging-over-noise-across",
    source="THEORY §10 [D]",
    bound="lower",
    assumptions=("a > 0; r = R^2, b = E R^2", "the mean of the right side is its first term"),
    statement=r"\frac a{\sqrt{a^2+r}}\ge\frac a{\sqrt{a^2+b}}-\frac{a(r-b)}{2(a^2+b)^{3/2}}"
    r",\ \text{ so }\ E\frac A{\sqrt{A^2+R^2}}\ge E\frac A{\sqrt{A^2+E R^2}}",
    twins={
        "the other slope": {"sign": -1}, "twice the slope": {"half": Integer(1)},
        "1/2 moved by 1 %": {"half": Rational(99, 200)},
    },
)
def over_noise(sign: int = 1, half: sympy.Expr = Rational(1, 2)) -> Positive:  # noqa: B008
    """Jensen's inequality for the noise: the overlap is convex in its square."""
    line = a / sqrt(a**2 + b) - sign * half * a * (r - b) / (a**2 + b) ** Rational(3, 2)
    return Positive({a: BOX, r: BOX, b: BOX}, a / sqrt(a**2 + r) - line, (
        Step(Rational(3, 4) * a * (a**2 + r) ** Rational(-5, 2), "second derivative in r; the line is the tangent at b"),
    ), by=r, at=b, order=2, strict=False)  # fmt: skip


@claim(
    "averaging-over-signal",
    source="THEORY §10 [D]",
    bound="lower",
    assumptions=("a = A > 0, m = E A > 0, b > 0", "the mean of (a - m) is 0, that of its square the variance"),
    statement=r"\frac a{\sqrt{a^2+b}}\ge\frac m{\sqrt{m^2+b}}+\frac{b(a-m)}{(m^2+b)^{3/2}}"
    r"-\frac{48}{25\sqrt5}\frac{(a-m)^2}{2b},\ \text{ so }\ "
    r"E\frac A{\sqrt{A^2+b}}\ge\frac m{\sqrt{m^2+b}}-\frac{48}{25\sqrt5}\frac{\mathrm{Var}A}{2b}",
    twins={
        "curvature 0.8": {"curvature": Rational(4, 5)}, "without the last term": {"curvature": Integer(0)},
        "curvature 1 % smaller": {"curvature": Rational(99, 100) * CURVATURE},
    },
)
def over_signal(curvature: sympy.Expr = CURVATURE) -> Positive:
    """The overlap lies above a parabola through its value at the mean signal: what its spread can cost."""
    parabola = m / sqrt(m**2 + b) + b * (a - m) / (m**2 + b) ** Rational(3, 2) - curvature * (a - m) ** 2 / (2 * b)
    square, total = a**2 / b, 1 + a**2 / b  # in x = a/sqrt(b)
    # 2304/3125 (1 + y)^5 - 9 y = (4 y - 1)^2 (144/3125) (y^3 + 11 y^2/2 + 203 y/16 + 16), y = x^2: a double zero at x = 1/2.
    rest = Rational(144, 3125) * (square**3 + Rational(11, 2) * square**2 + Rational(203, 16) * square + 16)
    left = (4 * a**2 / b - 1) ** 2 * rest / total**5 / b / (CURVATURE + 3 * a / sqrt(b) / total ** Rational(5, 2))
    # Twins are false beside a = m = sqrt(b)/2, where the curvature is largest.
    domain = {a: (Rational(1, 20), Rational(1, 2)), m: (Rational(1, 10), Rational(11, 20)), b: (Rational(1, 10), Integer(1))}
    return Positive(domain, a / sqrt(a**2 + b) - parabola, (
        Step((curvature - 3 * a / sqrt(b) / total ** Rational(5, 2)) / b, "second derivative in a; tangent at m"),
        Step(left, "k - v = (k^2 - v^2)/(k + v), with k^2 = 2304/3125"),
    ), by=a, at=m, order=2, strict=False)  # fmt: skip


@claim(
    "averaging-overlap-at-every-d",
    source="THEORY §10 [D]",
    bound="lower",
    assumptions=(
        "d = 1 + e >= 2, n >= 1",
        "sums by the claim averaging-sums; Jensen's inequality by averaging-over-noise-across, then averaging-over-signal",
    ),
    assuming=("averaging-sums", "averaging-over-noise-across", "averaging-over-signal"),
    statement=r"E\langle\hat w,w^*\rangle\ge\sqrt{\frac{n\mu^2}{n\mu^2+d-1}}-\frac{12}{25\sqrt5}\cdot\frac{2-4/\pi}{d-1}",
    twins={
        "d for d - 1 in the root": {"across": 0}, "half the shortfall": {"share": Rational(1, 2)},
        "99 % of the shortfall": {"share": Rational(99, 100)},
    },
)
def overlap_at_every_d(across: int = 1, share: sympy.Expr = Integer(1)) -> Identity:  # noqa: B008
    """Mean overlap of averaging at finite dimension: the asymptotic formula less a constant over d - 1."""
    e = sympy.Symbol("e", positive=True)
    d = 1 + e
    signal, variance, noise = moments_of_sum(n, d, mu)
    domain = {n: (Integer(1), Integer(40)), e: (Integer(1), Integer(50)), mu: BOX}
    right = sqrt(n * mu**2 / (n * mu**2 + d - across)) - share * 12 / (25 * sqrt(5)) * (2 - 4 / pi) / (d - 1)
    return Identity(domain, signal / sqrt(signal**2 + noise) - CURVATURE * variance / (2 * noise), (
        Step(n * mu / sqrt(d) / sqrt(n / d * (n * mu**2 + d - 1)) - CURVATURE * (1 - 2 / pi) / (2 * (d - 1)),
             "n/d taken out; n/d cancels"),
        Step(right, "under one root"),
    ))  # fmt: skip


@claim(
    "averaging-needs-order-d-examples",
    source="THEORY §10 [D]",
    bound="upper",
    assumptions=(
        "c_d = c + (12/(25 sqrt 5)) (2 - 4/pi)/(d - 1) < 1; c_d^2 = h/(1 + h)",
        "d = 1 + e, e > 0; n = (1 + s) d times the bound, s >= 0, a whole number",
        "the last step by the claim averaging-overlap-at-every-d: what it takes off the root is what c_d adds to c",
    ),
    assuming=("averaging-overlap-at-every-d",),
    statement=r"\frac nd\ge\Big(1-\frac1d\Big)\frac{c_d^2}{(1-c_d^2)\mu^2}\ \Rightarrow\ "
    r"\frac{n\mu^2}{n\mu^2+d-1}\ge c_d^2,\ \text{ so }\ E\langle\hat w,w^*\rangle\ge c",
    twins={
        "mu for mu^2": {"power": 1}, "half as many": {"times": Rational(1, 2)}, "99 % as many": {"times": Rational(99, 100)},
    },
)
def enough(power: int = 2, times: sympy.Expr = Integer(1)) -> Positive:  # noqa: B008
    """Proportional to d examples are enough for P."""
    e, s = sympy.Symbol("e", positive=True), sympy.Symbol("s", nonnegative=True)
    dimension, square = 1 + e, h / (1 + h)
    count = times * (1 + s) * dimension * (1 - 1 / dimension) * square / ((1 - square) * mu**power)
    domain = {e: (Integer(1), Integer(50)), h: BOX, mu: BOX, s: (Integer(0), Integer(1))}
    return Positive(domain, count * mu**2 / (count * mu**2 + dimension - 1) - square, (
        Step(h * s / ((1 + h * (1 + s)) * (1 + h)), "n mu^2 = (d - 1) h (1 + s)"),
    ), strict=False)  # fmt: skip


@claim(
    "p-takes-theta-d-examples",
    source="THEORY §10 [D]",
    bound="asymptotic",
    expected="certified",
    assumptions=(
        "d to infinity: 2 I_1(d) goes to S = mu^2 + D; both bounds are then n/d, with 1 - 1/d at 1",
        "lower constant by the claim p-needs-order-d-examples, upper by averaging-needs-order-d-examples",
        "0 < c < 1, c^2 = h/(1 + h), g_0 > 0; D = 2 log 2 - 2/pi > 0",
    ),
    assuming=("p-needs-order-d-examples", "averaging-needs-order-d-examples"),
    statement=r"S=\lim2I_1(d)=g_0^2+2g_0\sqrt{2/\pi}+2\log2:\quad"
    r"\frac{-\log(1-c^2)}S<\frac{c^2}{(1-c^2)\mu^2},\qquad"
    r"\frac{\text{upper}}{\text{lower}}\to1+\frac{2\log2-2/\pi}{\mu^2}\quad(c\to0)",
    twins={
        "a quarter of the upper": {"share": Rational(1, 4)}, "1/pi": {"second": Integer(1)},
        "2/pi moved by 1 %": {"second": Rational(101, 50)}, "99 % of the ratio": {"of_ratio": Rational(99, 100)},
    },
)
def theta(
    share: sympy.Expr = Integer(1), second: sympy.Expr = Integer(2), of_ratio: sympy.Expr = Integer(1),  # noqa: B008
) -> All:  # fmt: skip
    """Both bounds are proportional to d, in order, and within a constant of each other for small overlaps."""
    signal, more = g_0**2 + 2 * g_0 * sqrt(2 / pi), sympy.Symbol("D", positive=True)
    mean = (g_0 + sqrt(2 / pi)) ** 2
    doubled = mean + more
    upper, lower = h / mean, log(1 + h) / doubled
    small = {h: BOX, g_0: BOX, more: BOX}
    return All((
        ("2 I_1 in the limit", Identity({g_0: BOX}, 2 * sympy.Limit(information(d, signal), d, oo), (
            Step(signal + 2 * log(2), "log(1 + s/d) d goes to s"),
            Step(mean + (2 * log(2) - second / pi), "mu^2 = g_0^2 + 2 g_0 sqrt(2/pi) + 2/pi"),
        ))),
        ("D > 0", Value(2 * log(2) - 2 / pi, Rational(7496, 10000), Rational(7498, 10000))),
        ("in c", Identity({h: BOX}, -log(1 - h / (1 + h)), (Step(log(1 + h), "1 - c^2 = 1/(1 + h)"),))),
        ("in c, upper", Identity({h: BOX}, product(h / (1 + h), 1 / (1 - h / (1 + h))), (Step(h, "c^2/(1 - c^2)"),))),
        ("in order", Positive(small, share * upper - lower, (
            Step((h * mean + (1 + h) * more) / (mean * doubled * (1 + h)), "derivative in h; 0 at h = 0"),
        ), by=h, at=Integer(0), order=1)),
        ("ratio", Identity({g_0: BOX, more: BOX}, sympy.Limit(upper / lower, h, 0), (
            Step(of_ratio * (1 + more / mean), "h/log(1 + h) goes to 1"),
        ))),
    ))  # fmt: skip
