"""Claims of THEORY §16: the limit as d goes to infinity at fixed N / d, and what the closure drops of it."""

from __future__ import annotations

import sympy
from sympy import Derivative, Integer, Limit, Rational, exp, oo, sqrt

from proofs_check.claim import claim
from proofs_check.claims.unevaluated import independent_mean, power, quotient
from proofs_check.problem import All, Identity, Positive, Step

ONE, ZERO = Integer(1), Integer(0)
MORE = Rational(101, 100)
BOX = (Rational(-2), Integer(3))
SHARE = (Rational(1, 100), Rational(99, 100))
POSITIVE = (Rational(1, 10), Integer(4))

FIELDS = sympy.symbols("h_0 h_1 h_2", real=True)
MEMORY = sympy.symbols("K_10 K_20 K_21", real=True)


def _weights() -> tuple[sympy.Expr, ...]:
    """Residual weights sigma(-M_t), M_t = h_t + the sum of K_ts a_s over s < t, of three steps."""
    (h0, h1, h2), (k10, k20, k21) = FIELDS, MEMORY
    first = 1 / (1 + exp(h0))
    second = 1 / (1 + exp(h1 + k10 * first))
    return first, second, 1 / (1 + exp(h2 + k20 * first + k21 * second))


@claim(
    "mean-field-response",
    source="THEORY §16 [D]",
    assumptions=(
        "logistic loss: the residual weight is a = sigma(-M), its slope chi = a (1 - a)",
        "margins in discrete time: M_t = h_t + sum over s < t of K_ts a_s, a field h and a memory K that are given",
        "three steps, from which longer runs follow by induction over the last one",
    ),
    statement=r"X_{ts}=\frac{\partial a_t}{\partial h_s}=-\chi_t\Big[\delta_{ts}+\sum_{s\le u<t}K_{tu}X_{us}\Big]",
    twins={
        "without the memory of earlier answers": {"kept": ZERO}, "1 % more of it": {"kept": MORE},
        "one slope for all times": {"one_slope": True},
    },
)
def response(kept: sympy.Expr = ONE, one_slope: bool = False) -> All:
    """The response of the discretised dynamics is the derivative of its map, times and memory included."""
    a = _weights()
    slope = [each * (1 - each) for each in a]
    if one_slope:
        slope = [slope[0], slope[0], slope[2]]
    k10, k20, k21 = MEMORY
    answer = {(t, t): -slope[t] for t in range(3)}
    answer[1, 0] = -slope[1] * kept * k10 * answer[0, 0]
    answer[2, 1] = -slope[2] * kept * k21 * answer[1, 1]
    answer[2, 0] = -slope[2] * kept * (k20 * answer[0, 0] + k21 * answer[1, 0])
    box = dict.fromkeys((*FIELDS, *MEMORY), BOX)
    return All(tuple(
        (f"a_{t} by h_{s}", Identity(box, Derivative(a[t], FIELDS[s]), (Step(found, "chain rule"),)))
        for (t, s), found in answer.items()
    ))  # fmt: skip


CHI = sympy.symbols("chi_0:4", positive=True)


@claim(
    "mean-field-response-as-a-matrix",
    source="THEORY §16 [D]",
    assumptions=(
        "four steps; chi a diagonal matrix, K strictly lower triangular; X by the recursion of mean-field-response",
        "entries less than two steps apart agree as they are written",
    ),
    assuming=("mean-field-response",),
    statement=r"(1+\chi K)X=-\chi,\ \text{ that is }\ X=-(1+\chi K)^{-1}\chi",
    twins={"1 + K chi": {"swapped": True}, "K 1 % larger": {"factor": MORE}},
)
def as_a_matrix(swapped: bool = False, factor: sympy.Expr = ONE) -> All:
    """The recursion solves the matrix equation, entry by entry."""
    chi = sympy.diag(*CHI)
    memory = sympy.Matrix(4, 4, lambda t, s: sympy.Symbol(f"K_{t}{s}", real=True) if s < t else 0)
    found = sympy.zeros(4, 4)
    for s in range(4):
        for t in range(s, 4):
            found[t, s] = -CHI[t] * (int(t == s) + sum(memory[t, u] * found[u, s] for u in range(s, t)))
    product = (sympy.eye(4) + factor * (memory * chi if swapped else chi * memory)) * found
    box = {**dict.fromkeys(CHI, SHARE), **dict.fromkeys(sorted(memory.free_symbols, key=str), BOX)}
    return All(tuple(
        (f"row {t}, column {s}", Identity(box, product[t, s], (Step(ZERO, "multiplied out"),)))
        for t, s in ((2, 0), (3, 1), (3, 0))
    ))  # fmt: skip


KEPT, STRENGTH = sympy.symbols("k delta", positive=True)
REACTION = sympy.symbols("R_00 R_10 R_11", real=True)


@claim(
    "mean-field-field-that-is-left",
    source="THEORY §16 [D]",
    assumptions=(
        "steps of one rate: k = 1 - gamma lambda, delta with the rate in it; R lower triangular: a step reacts at once",
        "two steps; a unit is added before step 0, and F_t is left of it before step t",
        "F_{t+1} = k F_t + delta sum over u <= t of R_tu F_u",
    ),
    statement=r"F=(1-\delta DR)^{-1}D,\qquad F_t=k^t+\delta\sum_{u\le s<t}k^{t-1-s}R_{su}F_u",
    twins={"an answer that does not decay": {"decays": False}, "1 % more reaction": {"factor": MORE}},
)
def left(decays: bool = True, factor: sympy.Expr = ONE) -> Identity:
    """What is left of a unit, step by step, solves the Volterra equation of the whole operator."""
    r00, r10, r11 = REACTION
    fields = [ONE, KEPT + STRENGTH * r00]
    fields.append(KEPT * fields[1] + STRENGTH * (r10 * fields[0] + r11 * fields[1]))
    answers = [r00 * fields[0], r10 * fields[0] + r11 * fields[1]]
    age = KEPT if decays else ONE
    box = {KEPT: SHARE, STRENGTH: POSITIVE, **dict.fromkeys(REACTION, (Rational(-1), ZERO))}
    return Identity(box, fields[2], (
        Step(KEPT**2 + factor * STRENGTH * (age * answers[0] + answers[1]), "what reacted before decays as well"),
    ))  # fmt: skip


NOW, THEN = sympy.symbols("m_1 m_2", real=True), sympy.symbols("n_1 n_2", real=True)


@claim(
    "mean-field-interference",
    source="THEORY §16 [D]",
    assumptions=(
        "two examples x_j in two dimensions, with independent entries N(0, 1/2), labels in their sign",
        "their memories m_j at T and n_j at T' are given: the test input x is independent of them",
        "more examples and dimensions add terms of the same kind",
    ),
    statement=r"E\,\Omega(T)\Omega(T')=\frac{|x|^2}d\sum_jm_jn_j,\qquad\Omega=\langle x,\sum_jx_jm_j\rangle",
    twins={
        "a covariance over the examples": {"centred": ONE}, "one input for all examples": {"alike": True},
        "1 % larger": {"factor": MORE},
    },
)
def interference(centred: sympy.Expr = ZERO, alike: bool = False, factor: sympy.Expr = ONE) -> Identity:
    """The interference has the second moment of the memories over time, not their covariance."""
    x, y = sympy.symbols("x y", real=True)
    g = sympy.symbols("g_11 g_12 g_21 g_22", real=True)
    (m1, m2), (n1, n2) = NOW, THEN
    rows = ((g[0], g[1]), (g[0], g[1]) if alike else (g[2], g[3]))
    along = [(x * first + y * second) / sqrt(2) for first, second in rows]
    moment = independent_mean((m1 * along[0] + m2 * along[1]) * (n1 * along[0] + n2 * along[1]), *g)
    claimed = m1 * n1 + m2 * n2 - centred * (m1 + m2) * (n1 + n2) / 2
    return Identity(dict.fromkeys((x, y, *NOW, *THEN), BOX), moment, (
        Step(factor * (x**2 + y**2) / 2 * claimed, "independent entries of mean 0"),
    ))  # fmt: skip


d, delta, rho, size = sympy.symbols("d delta rho |x|", positive=True)


@claim(
    "mean-field-powers-of-the-arc-sine",
    source="THEORY §16 [D]",
    assumptions=(
        "delta d other examples; across w* the inner product with each is |x| |x'| c, |x'| = 1, c = g / sqrt d, g normal",
        "the kernel's |x| c arcsin(rho c) / 2 pi by its series: arcsin z = z + z^3 / 6 + ..., of positive terms",
    ),
    statement=r"\delta d\,E\frac{|x|\rho c^2}{2\pi}=\frac{\delta\rho|x|}{2\pi},\qquad"
    r"\delta d\,E\frac{|x|\rho^3c^4}{12\pi}\to0\ (d\to\infty)",
    twins={"inner products of order 1": {"root": 0}, "1 % larger": {"factor": MORE}},
)
def powers(root: int = 1, factor: sympy.Expr = ONE) -> All:
    """Off the diagonal the arc sine's first power adds a number of order 1, the bias b; the next vanishes."""
    g = sympy.Symbol("g", real=True)
    cosine = g / sqrt(d) if root else g
    first = delta * d * independent_mean(size * rho * cosine**2, g) / (2 * sympy.pi)
    third = delta * d * independent_mean(size * rho**3 * cosine**4, g) / (12 * sympy.pi)
    fourth = delta * rho**3 * size / (4 * sympy.pi * d)
    box = {delta: POSITIVE, rho: SHARE, size: POSITIVE}
    return All((
        ("first power", Identity({**box, d: (Integer(2), Integer(100))}, first, (
            Step(factor * delta * rho * size / (2 * sympy.pi), "E g^2 = 1"),
        ))),
        ("third power", Identity({**box, d: (Integer(2), Integer(100))}, third, (Step(fourth, "E g^4 = 3"),))),
        ("its limit", Identity(box, Limit(fourth, d, oo), (Step(ZERO, "of the order of 1 / d"),))),
    ))  # fmt: skip


signal, scatter, v = sympy.symbols("A C v", positive=True)


@claim(
    "mean-field-odds-of-the-overlap",
    source="THEORY §16 [D]",
    assumptions=("A, C > 0", "an output A v + N(0, C) has the sign of v unless a normal draw is below -A v / sqrt C"),
    statement=r"c=\frac A{\sqrt{A^2+C}}\ \text{ has }\ \frac{c^2}{1-c^2}=\frac{A^2}C,\quad"
    r"\frac{cv}{\sqrt{1-c^2}}=\frac{Av}{\sqrt C}",
    twins={"C for its root": {"root": ONE}, "1 % larger": {"factor": MORE}},
)
def odds(root: sympy.Expr = Rational(1, 2), factor: sympy.Expr = ONE) -> All:  # noqa: B008
    """P's error by the overlap is that of the order parameters: both are the mean of Phi(-A v / sqrt C)."""
    overlap = quotient(signal, sqrt(signal**2 + scatter))
    box = {signal: POSITIVE, scatter: POSITIVE, v: POSITIVE}
    return All((
        ("odds", Identity({signal: POSITIVE, scatter: POSITIVE}, quotient(power(overlap, Integer(2)), 1 - overlap**2), (
            Step(factor * signal**2 / scatter ** (2 * root), "over one denominator"),
        ))),
        ("argument of Phi", Identity(box, quotient(overlap * v, sqrt(1 - overlap**2)), (
            Step(factor * signal * v / scatter**root, "1 - c^2 = C / (A^2 + C)"),
        ))),
    ))  # fmt: skip


share, N, gamma, mean_v = sympy.symbols("p N gamma mu", positive=True)


@claim(
    "mean-field-first-step",
    source="THEORY §16 [D]",
    assumptions=(
        "before the first step all outputs are 0: the residual weight of every example is 1/2; p = 1 - q_0, mu = E v",
        "A = gamma p mu / 8 d; each of p N examples adds a draw of variance (gamma / 8 N)^2 / d to the output across w*",
    ),
    statement=r"\frac{A^2}C=\frac{(1-q_0)N}d\mu^2:\ \text{ that of the average of the examples (§10)}",
    twins={"N examples in place of p N": {"holding": ONE}, "1 % larger": {"factor": MORE}},
)
def first_step(holding: sympy.Expr = share, factor: sympy.Expr = ONE) -> Identity:
    """After one step the overlap is that of the average of all examples with P."""
    along = gamma * share * mean_v / (8 * d)
    across = holding * N * (gamma / (8 * N)) ** 2 / d
    box = {share: SHARE, N: (Integer(10), Integer(1000)), d: (Integer(10), Integer(1000)), gamma: POSITIVE, mean_v: POSITIVE}
    return Identity(box, quotient(along**2, across), (Step(factor * share * N * mean_v**2 / d, "gamma and 8 cancel"),))


@claim(
    "closure-drops-the-spread-of-slopes",
    source="THEORY §16 [D]",
    assumptions=(
        "two times; slopes (chi_0, chi_1) of an example are (a_0, a_1) with probability p, otherwise (b_0, b_1)",
        "X_10 = chi_1 K chi_0 (mean-field-response); the closure takes mean slopes for chi",
    ),
    assuming=("mean-field-response",),
    statement=r"E\,\chi_1K\chi_0-\bar\chi_1K\bar\chi_0=K\operatorname{Cov}(\chi_0,\chi_1)=K\,p(1-p)(a_0-b_0)(a_1-b_1)",
    twins={"nothing is dropped": {"dropped": ZERO}, "1 % more": {"dropped": MORE}, "p for p (1 - p)": {"other": ONE}},
)
def spread_of_slopes(dropped: sympy.Expr = ONE, other: sympy.Expr | None = None) -> Identity:
    """The mean slope of a kind is wrong in the second order of an example's memory, by the covariance of its slopes."""
    p, memory = share, MEMORY[0]
    a0, a1, b0, b1 = sympy.symbols("a_0 a_1 b_0 b_1", positive=True)
    rest = 1 - p if other is None else other
    whole = p * a1 * memory * a0 + (1 - p) * b1 * memory * b0
    alike = (p * a1 + (1 - p) * b1) * memory * (p * a0 + (1 - p) * b0)
    return Identity({p: SHARE, memory: BOX, **dict.fromkeys((a0, a1, b0, b1), SHARE)}, whole - alike, (
        Step(dropped * memory * p * rest * (a0 - b0) * (a1 - b1), "expand"),
    ))  # fmt: skip


@claim(
    "closure-moves-the-interference-together",
    source="THEORY §16 [D]",
    bound="upper",
    assumptions=(
        "memories m at T and n at T' of three examples of equal weight; their second moment has the mean part and a rest",
        "the closure has two draws: one for the mean, one for the rest, so that the rest's correlation is 1",
    ),
    statement=r"\operatorname{Cov}(m,n)^2\le\operatorname{Var}m\operatorname{Var}n",
    twins={"the mean taken off twice": {"centred": Integer(2)}, "1 % less": {"factor": Rational(99, 100)}},
)
def together(centred: sympy.Expr = ONE, factor: sympy.Expr = ONE) -> Positive:
    """The closure's covariance over time is too large, by what Cauchy's inequality leaves over."""
    m, n = sympy.symbols("m_1 m_2 m_3", real=True), sympy.symbols("n_1 n_2 n_3", real=True)

    def moment(a: tuple[sympy.Symbol, ...], b: tuple[sympy.Symbol, ...], taken: sympy.Expr) -> sympy.Expr:
        return sum(x * y for x, y in zip(a, b, strict=True)) / 3 - taken * sum(a) * sum(b) / 9

    left_over = factor * moment(m, m, ONE) * moment(n, n, centred) - moment(m, n, ONE) ** 2
    # Three deviations that add up to 0 span a plane, in which one determinant is left.
    plane = (m[0] * (n[1] - n[2]) + m[1] * (n[2] - n[0]) + m[2] * (n[0] - n[1])) ** 2 / 27
    box = dict.fromkeys((*m, *n), BOX)
    return Positive(box, left_over, (Step(plane, "Lagrange's identity"),), strict=False)
