"""Claims of THEORY §11: the average bound made sharper, by what convexity and the gradient bound say between two points.

c stands for c_0 B^2, x for theta_t - theta*, g for grad L_t(theta_t), D for |x|^2.
"""

from __future__ import annotations

import sympy
from sympy import Derivative, Integer, Rational

from proofs_check.claim import claim
from proofs_check.claims.changing_kernels import decayed, one_more_step, squared_step
from proofs_check.claims.unevaluated import at, derivative_at
from proofs_check.problem import All, Identity, Positive, Step

c, loss, k, room = sympy.symbols("c L k m", positive=True)
# r = sqrt(c epsilon); h is what |g| has more than that.
r, h, s = sympy.symbols("r h s", nonnegative=True)
of_convexity, of_gradient, of_optimum, mu, y = sympy.symbols("s_1 s_2 s_3 mu y", nonnegative=True)
SMALL = (Integer(0), Rational(1, 2))
BOX = (Rational(1, 10), Integer(2))
CLASS = "L_t differentiable and convex, |grad L_t|^2 <= c L_t everywhere, L_t(theta*) <= epsilon"


@claim(
    "loss-at-the-common-classifier",
    source="THEORY §11 [D], cf. Taylor, Hendrickx and Glineur (2017)",
    bound="lower",
    assumptions=(
        CLASS,
        "|grad L| = 2 sqrt(L) |grad sqrt(L)|, so sqrt(L) changes by at most sqrt(c)/2 times the distance",
        "|g| = r + h, r = sqrt(c epsilon); the loss at theta* + (2 h/c) g/|g| is at least L - <g, x> + 2 h |g|/c, by convexity",
        "and at most (sqrt(epsilon) + (sqrt(c)/2) (2 h/c))^2; s_1, s_3 >= 0 are what the two leave over",
    ),
    statement=r"\langle g,x\rangle\ge L_t-\epsilon+\tfrac1c\big(\|g\|-\sqrt{c\epsilon}\big)^2\quad(\|g\|\ge\sqrt{c\epsilon})",
    twins={
        "twice the square": {"times": Integer(2)}, "the root at twice the pace": {"pace": Integer(1)},
        "1 % more of the square": {"times": Rational(101, 100)}, "the root 1 % slower": {"pace": Rational(99, 200)},
    },
)
def at_common_classifier(times: sympy.Expr = Integer(1), pace: sympy.Expr = Rational(1, 2)) -> All:  # noqa: B008
    """A loss that is steep here and small there must have become flat between: more than convexity alone says."""
    norm = r + h
    # sqrt(c) times the root of the loss at the point looked at, squared.
    there = (r + pace * 2 * h) ** 2 / c - of_optimum
    inner = loss + 2 * h * norm / c + of_convexity - there
    domain = {c: BOX, loss: BOX, r: SMALL, h: (Rational(1, 4), Integer(2)), of_convexity: SMALL, of_optimum: SMALL}
    slope = (c * loss - of_gradient) / (4 * loss)
    along, steep = sympy.symbols("a g", real=True)
    line = {steep: (Integer(-1), Integer(1)), loss: BOX}
    return All((
        ("gradient of the root", Identity(line, derivative_at(sympy.sqrt(loss + steep * along), along, Integer(0)), (
            Step(steep / (2 * sympy.sqrt(loss)), "chain rule, in any direction"),
        ))),
        ("slope of the root", Positive({c: BOX, loss: BOX, of_gradient: SMALL}, pace**2 * c - slope, (
            Step((pace**2 - Rational(1, 4)) * c + of_gradient / (4 * loss), "|grad sqrt(L)|^2, |grad L|^2 = c L - s_2"),
        ), strict=False)),
        ("inner product", Positive(domain, inner - (loss - r**2 / c + times * h**2 / c), (
            Step(of_convexity + of_optimum, "the squares cancel"),
        ), strict=False)),
    ))  # fmt: skip


@claim(
    "a-loss-with-given-gradient",
    source="THEORY §11 [D]",
    bound="tight",
    assumptions=(
        "phi(s) = 0 for s <= 0, c s^2/4 up to s = 2 k/c, a line of slope k beyond; L_t(theta) = phi(a + <g, theta>/k), |g| = k",
        "r = sqrt(c epsilon); theta* on the parabola if k >= r, and on the line else; theta_t on the line: L_t >= k^2/c",
    ),
    statement=r"\varphi'^2\le c\varphi,\ \varphi\text{ convex and differentiable};\quad L_t(\theta_*)=\epsilon,"
    r"\ L_t(\theta_t)=\langle g,x\rangle+\epsilon-\tfrac1c(k-\sqrt{c\epsilon})_+^2\text{, if that is at least }\tfrac{k^2}c",
    twins={
        "c s^2/2": {"quarter": Rational(1, 2)}, "a line twice as steep": {"steep": Integer(2)},
        "1/4 moved by 1 %": {"quarter": Rational(101, 400)}, "a line 1 % steeper": {"steep": Rational(101, 100)},
    },
)
def reached(quarter: sympy.Expr = Rational(1, 4), steep: sympy.Expr = Integer(1)) -> All:  # noqa: B008
    """The functions for which the inequality between two points holds with equality: what decides a worst case."""
    parabola = quarter * c * s**2
    end = 2 * k / c
    inner, bend = sympy.symbols("p s", real=True)

    def line(at: sympy.Expr) -> sympy.Expr:
        return k**2 / c + steep * k * (at - end)

    domain = {c: BOX, k: BOX}
    more = {**domain, r: SMALL, inner: (Integer(0), Integer(1))}
    return All((
        ("parabola", Identity({c: BOX, s: BOX}, Derivative(parabola, s) ** 2, (Step(c * parabola, "(c s/2)^2"),))),
        ("curvature", Positive({c: BOX, s: BOX}, Derivative(parabola, (s, 2)), (Step(2 * quarter * c, "c/2"),))),
        ("joined at 0 in value", Identity({c: BOX}, at(parabola, s, Integer(0)), (Step(Integer(0), "phi = 0 before"),))),
        ("joined at 0 in slope", Identity({c: BOX}, derivative_at(quarter * c * bend**2, bend, Integer(0)), (
            Step(Integer(0), "phi' = 0 before"),
        ))),
        ("joined in value", Identity(domain, at(parabola, s, end) - line(end), (Step(Integer(0), "at s = 2 k/c"),))),
        ("joined in slope", Identity(domain, derivative_at(parabola, s, end), (Step(steep * k, "at s = 2 k/c"),))),
        ("slope of the line", Identity({**domain, s: BOX}, Derivative(line(s), s), (Step(k, "of the gradient's size"),))),
        ("line", Positive({**domain, s: BOX}, c * line(end + s) - k**2, (
            Step(c * k * s, "its value grows, its slope does not"),
        ), strict=False)),
        ("theta* on the parabola", Identity({c: BOX, r: SMALL}, at(parabola, s, 2 * r / c), (Step(r**2 / c, "epsilon"),))),
        ("loss beyond it", Identity(more, line(2 * r / c + inner / k), (
            Step(inner + r**2 / c - (k - r) ** 2 / c, "<g, x>/k further"),
        ))),
        ("theta* on the line", Identity({**more, s: BOX}, r**2 / c + line(s + inner / k) - line(s), (
            Step(r**2 / c + inner, "a line"),
        ))),
    ))  # fmt: skip


@claim(
    "changing-kernels-one-step-sharper",
    source="THEORY §11 [D]",
    bound="upper",
    assumptions=(
        f"{CLASS}; j = min(|g|, sqrt(c epsilon)), k = |g|",
        "<g, x> = L - epsilon + (k - j)^2/c + s_1 (claim loss-at-the-common-classifier; convexity, if j = k)",
        "j^2 = c epsilon - s_2, k^2 = c (L - s_3), s_1, s_2, s_3 >= 0",
        "0 <= mu <= c eta/2: 1 - c eta/2 + mu = 1/(1 + y) with y >= 0",
    ),
    assuming=("loss-at-the-common-classifier",),
    statement=r"D_t-D_{t+1}\ge2\eta\Big((1-\mu)L_t-\frac\epsilon{1-\frac{c\eta}2+\mu}\Big)",
    twins={
        "epsilon alone": {"power": 0}, "(1 - mu/2) L": {"share": Rational(1, 2)},
        "(1 - 0.99 mu) L": {"share": Rational(99, 100)},
    },
)
def one_step_sharper(power: int = 1, share: sympy.Expr = Integer(1)) -> All:  # noqa: B008
    """One step of gradient descent: how much of the loss is paid by the distance may be chosen."""
    j = sympy.Symbol("j", nonnegative=True)
    w = 1 / (1 + y)
    eta = 2 * (mu + 1 - w) / c
    floor, value = (j**2 + of_gradient) / c, k**2 / c + of_optimum
    inner = value - floor + (k - j) ** 2 / c + of_convexity
    gained = 2 * eta * inner - eta**2 * k**2
    claimed = 2 * eta * ((1 - share * mu) * value - floor / w**power)
    # A twin is false where the square is 0.
    domain = {c: BOX, k: (Rational(11, 100), Integer(2)), j: BOX, mu: (Rational(1, 10), Rational(1, 2)),
              y: (Rational(1, 10), Integer(1)), **dict.fromkeys((of_convexity, of_gradient, of_optimum), SMALL)}  # fmt: skip
    squares = (k / (1 + y) - j) ** 2 * (1 + y) + y * of_gradient + c * mu * of_optimum + c * of_convexity
    return All((
        squared_step("a coordinate's square"),
        ("step", Positive(domain, gained - claimed, (
            Step(4 * (mu + y / (1 + y)) / c**2 * squares, "the square completed"),
        ), strict=False)),
    ))  # fmt: skip


eta, distance, after, epsilon, w = sympy.symbols("eta D_0 D_T epsilon w", positive=True)
# A twin is false where a run starts far from the common classifier and comes near it.
FAR_TO_NEAR = {distance: (Integer(1), Integer(5)), after: (Rational(1, 10**6), Rational(1, 5))}


@claim(
    "changing-kernels-average-sharper",
    source="THEORY §11 [D]",
    bound="upper",
    assumptions=(
        "0 < c eta < 4, max(0, c eta/2 - 1) < mu <= c eta/2 (mu = 0 too, if c eta < 2), mu < 1",
        "m = 1 - mu, w = 1 - c eta/2 + mu",
        "T steps of the claim changing-kernels-one-step-sharper, added up: s >= 0 is what they leave over",
    ),
    assuming=("changing-kernels-one-step-sharper",),
    statement=r"\frac1T\sum_{t<T}L_t(\theta_t)\le\frac1{1-\mu}\Big(\frac{\|\theta_0-\theta_*\|^2}{2\eta T}"
    r"+\frac\epsilon{1-\frac{c\eta}2+\mu}\Big)",
    twins={
        "eta T for 2 eta T": {"twice": Integer(4)}, "less twice the last distance": {"last": -2},
        "2 eta T moved by 1 %": {"twice": Rational(202, 100)},
    },
)
def average_sharper(twice: sympy.Expr = Integer(2), last: int = 0) -> All:  # noqa: B008
    """A family of bounds, one for each mu; at mu = 0 the distance is not made larger by the step size."""
    T = sympy.Symbol("T", integer=True, positive=True)
    mean = (distance - after - s + 2 * eta * epsilon * T / w) / (2 * eta * room * T)
    bound = ((distance + last * after) / (twice * eta * T) + epsilon / w) / room
    steps = dict.fromkeys((eta, epsilon, room, w), (Rational(1, 10), Integer(1)))
    domain = {**steps, **FAR_TO_NEAR, s: SMALL, T: (Integer(1), Integer(100))}
    return All((
        ("one more step", one_more_step(2 * eta * epsilon / w, 2 * eta * room, steps)),
        ("average", Positive(domain, bound - mean, (Step((after + s) / (2 * eta * room * T), "divided by 2 eta m T"),))),
    ))


theta_star, decay = sympy.symbols("S lambda", positive=True)


@claim(
    "changing-kernels-one-step-sharper-with-ridge",
    source="THEORY §11 [D]",
    bound="upper",
    assumptions=(
        "as changing-kernels-one-step-sharper, with the step eta (g + lambda theta); q = eta lambda = 1/(1 + i) < 1, i > 0",
        "0 <= mu <= c eta/(2 (1 - q)): 1 - c eta/(2 (1 - q)) + mu = 1/(1 + y) with y >= 0",
        "2 <theta, theta - theta*> = W - S + D, W = |theta|^2, S = |theta*|^2",
        "|eta g + q theta|^2 = eta^2 |g|^2/(1 - q) + q W - s_4, s_4 = |q eta g - q (1 - q) theta|^2/(q (1 - q)) >= 0",
    ),
    assuming=("changing-kernels-one-step-sharper",),
    statement=r"D_t-D_{t+1}\ge2\eta\Big((1-\mu)L_t-\frac\epsilon{1-\frac{c\eta}{2(1-\eta\lambda)}+\mu}\Big)-\eta\lambda\|\theta_*\|^2",
    twins={
        "epsilon alone": {"power": 0}, "without theta*": {"paid": Integer(0)},
        "99 % of what theta* costs": {"paid": Rational(99, 100)},
    },
)
def one_step_sharper_with_ridge(power: int = 1, paid: sympy.Expr = Integer(1)) -> All:  # noqa: B008
    """Weight decay costs its value at the common classifier, and makes the step count for a little more."""
    j, of_square = sympy.symbols("j s_4", nonnegative=True)
    i, size, norm = sympy.symbols("i D W", positive=True)
    q, w = 1 / (1 + i), 1 / (1 + y)
    eta = 2 * (mu + 1 - w) * (1 - q) / c
    floor, value = (j**2 + of_gradient) / c, k**2 / c + of_optimum
    inner = value - floor + (k - j) ** 2 / c + of_convexity
    moved = eta**2 * k**2 / (1 - q) + q * norm - of_square
    gained = 2 * eta * inner + q * (norm - theta_star + size) - moved
    claimed = 2 * eta * ((1 - mu) * value - floor / w**power) - paid * q * theta_star
    # A twin is false near theta*, where little is left over.
    slacks = (of_convexity, of_gradient, of_optimum, of_square)
    domain = {**dict.fromkeys((c, j, i, theta_star, norm), BOX), **dict.fromkeys(slacks, SMALL), mu: SMALL,
              k: (Rational(3, 20), Integer(2)), size: (Rational(1, 10**6), Rational(1, 10)),
              y: (Rational(1, 2), Integer(1))}  # fmt: skip
    squares = (k / (1 + y) - j) ** 2 * (1 + y) + y * of_gradient + c * mu * of_optimum + c * of_convexity
    g, at_theta = sympy.symbols("g theta", real=True)
    line, rate = {g: (Integer(-1), Integer(1)), at_theta: (Integer(-1), Integer(1))}, sympy.Symbol("eta", positive=True)
    split = rate**2 * g**2 / (1 - q) + q * at_theta**2 - (q * rate * g - q * (1 - q) * at_theta) ** 2 / (q * (1 - q))
    return All((
        decayed("theta and theta - theta*"),
        ("gradient and ridge", Identity({**line, rate: BOX, i: BOX}, (rate * g + q * at_theta) ** 2, (
            Step(split, "Young's inequality, with what it leaves over"),
        ))),
        ("step", Positive(domain, gained - claimed, (
            Step(4 * (mu + y / (1 + y)) * i / (1 + i) / c**2 * squares + size / (1 + i) + of_square, "the square completed"),
        ), strict=False)),
    ))  # fmt: skip


@claim(
    "changing-kernels-average-sharper-with-ridge",
    source="THEORY §11 [D]",
    bound="upper",
    assumptions=(
        "eta lambda < 1, m = 1 - mu > 0, w = 1 - c eta/(2 (1 - eta lambda)) + mu > 0, 0 <= mu <= c eta/(2 (1 - eta lambda))",
        "T steps of the claim changing-kernels-one-step-sharper-with-ridge, added up: s >= 0 is what they leave over",
    ),
    assuming=("changing-kernels-one-step-sharper-with-ridge",),
    statement=r"\frac1T\sum_{t<T}L_t(\theta_t)\le\frac1{1-\mu}\Big(\frac{\|\theta_0-\theta_*\|^2}{2\eta T}"
    r"+\frac\epsilon{1-\frac{c\eta}{2(1-\eta\lambda)}+\mu}+\frac\lambda2\|\theta_*\|^2\Big)",
    twins={
        "half of the ridge's cost": {"share": Rational(1, 4)}, "eta T for 2 eta T": {"twice": Integer(4)},
        "lambda/2 moved by 1 %": {"share": Rational(99, 200)}, "2 eta T moved by 1 %": {"twice": Rational(202, 100)},
    },
)
def average_sharper_with_ridge(share: sympy.Expr = Rational(1, 2), twice: sympy.Expr = Integer(2)) -> All:  # noqa: B008
    """The average bound with weight decay; the stated one is that of the largest mu."""
    T = sympy.Symbol("T", integer=True, positive=True)
    mean = (distance - after - s + (2 * eta * epsilon / w + eta * decay * theta_star) * T) / (2 * eta * room * T)
    bound = (distance / (twice * eta * T) + epsilon / w + share * decay * theta_star) / room
    steps = dict.fromkeys((eta, epsilon, room, w, decay, theta_star), (Rational(1, 10), Integer(1)))
    domain = {**steps, **FAR_TO_NEAR, s: SMALL, T: (Integer(1), Integer(100))}
    return All((
        ("one more step", one_more_step(2 * eta * epsilon / w + eta * decay * theta_star, 2 * eta * room, steps)),
        ("average", Positive(domain, bound - mean, (Step((after + s) / (2 * eta * room * T), "divided by 2 eta m T"),))),
    ))


A, z = sympy.symbols("A z", positive=True)


@claim(
    "stated-average-is-never-the-best",
    source="THEORY §11 [D]",
    assumptions=(
        "A = |theta_0 - theta*|^2/(2 eta T), c eta/2 = 1/(1 + z) < 1",
        "F is the bound of the claim changing-kernels-average-sharper",
    ),
    assuming=("changing-kernels-average-sharper",),
    statement=r"F(\mu)=\frac{A+\epsilon/(1-\frac{c\eta}2+\mu)}{1-\mu}:\ F(\tfrac{c\eta}2)=\frac{A+\epsilon}{1-c\eta/2},"
    r"\ F'(\tfrac{c\eta}2)>0;"
    r"\quad F(0)=A+\frac\epsilon{1-c\eta/2},\quad F(\tfrac{c\eta}4)=\frac A{1-c\eta/4}+\frac\epsilon{(1-c\eta/4)^2}",
    twins={
        "mu = c eta/4 for the stated one": {"place": Rational(1, 2)}, "epsilon alone at mu = 0": {"power": Integer(0)},
        "mu 1 % smaller for the stated one": {"place": Rational(99, 100)},
        "power 1.01 at mu = 0": {"power": Rational(101, 100)},
    },
)
def never_the_best(place: sympy.Expr = Integer(1), power: sympy.Expr = Integer(1)) -> All:  # noqa: B008
    """The bound of Theorem C.2 is the end of the family, where it falls towards smaller mu: some smaller mu is better."""
    half, chosen = 1 / (1 + z), sympy.Symbol("mu", real=True)
    bound = (A + epsilon / (1 - half + chosen)) / (1 - chosen)
    domain = {A: BOX, epsilon: BOX, z: (Rational(1, 10), Integer(3))}
    stated = (A + epsilon) / (1 - half)
    return All((
        ("stated", Identity(domain, at(bound, chosen, place * half), (Step(stated, "mu = c eta/2"),))),
        ("falls towards smaller mu", Positive(domain, derivative_at(bound, chosen, half), (
            Step((A + epsilon / (1 + z)) * (1 + z) ** 2 / z**2, "the derivative there"),
        ))),
        ("mu = 0", Identity(domain, at(bound, chosen, Integer(0)), (Step(A + epsilon / (1 - half) ** power, "mu = 0"),))),
        ("mu = c eta/4", Identity(domain, at(bound, chosen, half / 2), (
            Step(A / (1 - half / 2) + epsilon / (1 - half / 2) ** 2, "mu = c eta/4"),
        ))),
    ))  # fmt: skip


@claim(
    "sharper-average-up-to-the-last-distance",
    source="THEORY §11 [D]",
    bound="tight",
    assumptions=(
        "losses of a-loss-with-given-gradient in the plane, |g_t| = k = sqrt(c epsilon)/w, w = 1 - c eta/2 + mu",
        "0 <= mu <= c eta/4: c eta/2 = 2 mu + v with v >= 0, w = 1 - mu - v > 0",
        "L_t = k^2/c; if mu = 0, L_t = k^2/c + i with any i >= 0, the same at each step",
        "<g, x> = L - epsilon + (k - sqrt(c epsilon))^2/c, the same at each step; possible in the plane while it is <= k |x_t|",
        "so D_T may be <g, x>^2/k^2, or more, whatever T is",
    ),
    assuming=("a-loss-with-given-gradient",),
    statement=r"\frac1T\sum_{t<T}L_t=\frac1{1-\mu}\Big(\frac{D_0-D_T}{2\eta T}+\frac\epsilon{1-\frac{c\eta}2+\mu}\Big)",
    twins={
        "2 mu": {"twice": Integer(2)}, "epsilon alone": {"power": Integer(0)}, "1.01 mu": {"twice": Rational(101, 100)},
        "power 1.01": {"power": Rational(101, 100)},
    },
)
def up_to_the_last_distance(twice: sympy.Expr = Integer(1), power: sympy.Expr = Integer(1)) -> All:  # noqa: B008
    """The best of the bounds is reached up to D_T/(2 eta T (1 - mu)), a share that goes to 0 with many steps."""
    v, i = sympy.symbols("v i", nonnegative=True)
    domain = {c: BOX, r: BOX, mu: (Integer(0), Rational(1, 4)), v: (Rational(1, 20), Rational(1, 2))}

    def parts(mu: sympy.Expr, more: sympy.Expr) -> tuple[sympy.Expr, sympy.Expr, sympy.Expr]:
        """What a step takes off D/(2 eta), the loss, and the bound from these."""
        rate, w = 2 * (2 * mu + v) / c, 1 - mu - v
        slope = r / w
        value = slope**2 / c + more
        taken = value - r**2 / c + (slope - r) ** 2 / c - rate * slope**2 / 2
        return taken, value, (taken + r**2 / c / w**power) / (1 - twice * mu)

    taken, value, bound = parts(mu, Integer(0))
    _, value_0, bound_0 = parts(Integer(0), i)
    return All((
        ("mu > 0", Identity(domain, bound, (Step(value, "the mean of equal losses"),))),
        ("mu = 0", Identity({c: BOX, r: BOX, v: domain[v], i: SMALL}, bound_0, (Step(value_0, "the mean of equal losses"),))),
        ("the distance falls", Identity(domain, taken, (
            Step(r**2 * v / (c * (1 - mu - v) ** 2), "(D_t - D_{t+1})/(2 eta), not negative"),
        ))),
    ))  # fmt: skip


@claim(
    "two-losses-in-turn",
    source="THEORY §11 [D]",
    bound="tight",
    assumptions=(
        "L_t = phi(2 sqrt(epsilon/c) +- theta) in turn, phi(s) = c s^2/4 for s > 0, 0 else (a squared hinge); theta* = 0",
        "from theta_0 = eta k/2, k = sqrt(c epsilon)/(1 - c eta/4), where the loss of the moment is the larger one",
        "c eta/4 = 1/(1 + z) < 1",
    ),
    statement=r"\theta_{t+1}=-\theta_t,\quad L_t(\theta_t)=\frac\epsilon{(1-c\eta/4)^2}\ \text{ for every }t",
    twins={
        "1 - c eta/2": {"part": Rational(1, 2)}, "half as far": {"start": Rational(1, 4)},
        "1/4 moved by 1 %": {"part": Rational(101, 400)}, "1 % further": {"start": Rational(101, 200)},
    },
)
def in_turn(part: sympy.Expr = Rational(1, 4), start: sympy.Expr = Rational(1, 2)) -> All:  # noqa: B008
    """Two kernels that take turns keep gradient descent above the common classifier's loss for ever, and at the bound."""
    rate = 4 / (c * (1 + z))
    slope = r / (1 - part * c * rate)
    theta = start * rate * slope
    value = c * s**2 / 4
    place = 2 * r / c + theta
    domain = {c: BOX, r: BOX, z: (Integer(2), Integer(5))}
    return All((
        ("at theta*", Identity({c: BOX, r: BOX}, at(value, s, 2 * r / c), (Step(r**2 / c, "epsilon"),))),
        ("step", Identity(domain, theta - rate * derivative_at(value, s, place), (Step(-theta, "to the other side"),))),
        ("loss", Identity(domain, at(value, s, place), (Step(r**2 / c / (1 - part * c * rate) ** 2, "the same each time"),))),
    ))  # fmt: skip
