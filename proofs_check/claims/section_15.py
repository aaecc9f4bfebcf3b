"""Claims of THEORY §15: the split and the noise of rules that are linear in the gradients."""

from __future__ import annotations

import sympy
from sympy import Integer, Rational

from proofs_check.claim import claim
from proofs_check.claims.unevaluated import independent_mean
from proofs_check.problem import All, Identity, Step

gamma, decay, beta, noise = sympy.symbols("gamma lambda beta tau_xi", positive=True)
ONE = Integer(1)
MORE = Rational(101, 100)
BOX = (Rational(-2), Integer(3))
RATES = {gamma: (Rational(1, 100), Integer(2)), decay: (Rational(1, 100), Integer(1))}
KEPT, TAKEN, VELOCITY, DIRECT = sympy.symbols("kept taken velocity direct", real=True)
SHARES = dict.fromkeys((KEPT, TAKEN, VELOCITY, DIRECT), (Rational(-1), Integer(2)))

State = tuple[sympy.Expr, sympy.Expr]


def _step(state: State, gradient: sympy.Expr, coupled: sympy.Expr, decoupled: sympy.Expr) -> State:
    """(U, b) after b <- kept b + taken G, U <- (1 - gamma decoupled) U - gamma (velocity b + direct G), G = g + coupled U."""
    weight, buffer = state
    whole = gradient + coupled * weight
    buffer = KEPT * buffer + TAKEN * whole
    return (1 - gamma * decoupled) * weight - gamma * (VELOCITY * buffer + DIRECT * whole), buffer


def _split(coupled: sympy.Expr, decoupled: sympy.Expr, sign: int, kept: sympy.Expr, lost: bool) -> All:
    """Weight and buffer of both parts, after a step of each, add up to those of the whole."""
    signal, signal_buffer, weight_noise, noise_buffer, gradient, xi = sympy.symbols("Ubar bbar Utilde btilde g xi", real=True)
    of_signal = _step((signal, signal_buffer), gradient, kept * coupled, kept * decoupled)
    of_noise = _step((weight_noise, 0 if lost else noise_buffer), sign * xi, coupled, decoupled)
    whole = _step((signal + weight_noise, signal_buffer + noise_buffer), gradient + xi, coupled, decoupled)
    box = {**RATES, **SHARES, **dict.fromkeys((signal, signal_buffer, weight_noise, noise_buffer, gradient, xi), BOX)}
    return All(tuple(
        (name, Identity(box, a + b, (Step(c, "a step is linear in weight, buffer and gradient"),)))
        for name, a, b, c in zip(("weight", "buffer"), of_signal, of_noise, whole, strict=True)
    ))  # fmt: skip


_BUFFERED = (
    "any rates, gradients g and noise xi; a rule with one buffer b: b <- kept b + taken G, direction velocity b + direct G",
    "heavy ball: taken = velocity = 1, direct = 0; Nesterov's: velocity = kept, taken = direct = 1; dampening lowers taken",
    "both parts start with the buffer 0; Ubar_0 = 0, Utilde_0 = U_0",
)  # fmt: skip


@claim(
    "split-with-momentum",
    source="THEORY §15 [D]",
    assumptions=(*_BUFFERED, "weight decay in the gradient: G = g + lambda U"),
    statement=r"\bar U_{t+1}+\tilde U_{t+1}=U_{t+1},\ \bar b_{t+1}+\tilde b_{t+1}=b_{t+1}\ \text{ if so at }t",
    twins={
        "the noise's sign in one part only": {"sign": -1},
        "1 % more decay of the signal": {"kept": MORE},
        "one buffer for both parts": {"lost": True},
    },
)
def with_momentum(sign: int = 1, kept: sympy.Expr = ONE, lost: bool = False) -> All:
    """Signal and accumulated noise, each by the rule of the optimiser, add up under momentum with coupled decay."""
    return _split(decay, Integer(0), sign, kept, lost)


@claim(
    "split-with-decoupled-decay",
    source="THEORY §15 [D]",
    assumptions=(*_BUFFERED, "decoupled weight decay: G = g, and the weight shrinks by 1 - gamma lambda"),
    statement=r"\bar U_{t+1}+\tilde U_{t+1}=U_{t+1},\ \bar b_{t+1}+\tilde b_{t+1}=b_{t+1}\ \text{ if so at }t",
    twins={
        "the noise's sign in one part only": {"sign": -1},
        "1 % more decay of the signal": {"kept": MORE},
        "one buffer for both parts": {"lost": True},
    },
)
def with_decoupled_decay(sign: int = 1, kept: sympy.Expr = ONE, lost: bool = False) -> All:
    """Signal and accumulated noise add up to the weight under momentum with decoupled decay."""
    return _split(Integer(0), decay, sign, kept, lost)


@claim(
    "split-given-the-divisor",
    source="THEORY §15 [D]",
    assumptions=(
        "G = g + lambda_c U; b <- kept b + taken G / D_b, U <- (1 - gamma lambda_d) U - gamma b / D_U; the divisors are the "
        "run's own, the same for both parts",
        "Adam: kept = beta_1, taken = 1 - beta_1, D_b = 1, lambda_d = 0; AdamW: lambda_c = 0; RMSprop: taken = D_U = 1, kept "
        "its momentum or 0",
        "bias corrections are numbers that depend on t alone: they are part of gamma and D_U",
    ),
    statement=r"\bar U_{t+1}+\tilde U_{t+1}=U_{t+1},\ \bar b_{t+1}+\tilde b_{t+1}=b_{t+1}\ \text{ if so at }t,\quad "
    r"D_t=\sqrt{s_t}+\epsilon\ \text{ of the run}",
    twins={
        "each part divided by its own mean square": {"own_square": True},
        "1 % larger for the noise": {"factor": MORE},
        "1 % larger in the noise's buffer": {"inside": MORE},
    },
)
def given_the_divisor(own_square: bool = False, factor: sympy.Expr = ONE, inside: sympy.Expr = ONE) -> All:
    """Signal and accumulated noise add up to the weight under adaptive rules, with the divisor of the run for both."""
    signal, signal_buffer, weight_noise, noise_buffer = sympy.symbols("Ubar bbar Utilde btilde", real=True)
    gradient, xi, of_weight, of_buffer, epsilon, share = sympy.symbols("g xi D_U D_b epsilon c", positive=True)
    coupled, decoupled = sympy.symbols("lambda_c lambda_d", nonnegative=True)

    def after(state: State, slope: sympy.Expr, in_buffer: sympy.Expr, by: sympy.Expr) -> State:
        weight, buffer = state
        buffer = KEPT * buffer + TAKEN * (slope + coupled * weight) / in_buffer
        return (1 - gamma * decoupled) * weight - gamma * buffer / by, buffer

    # After the first step from s = 0 the divisor is sqrt(1 - beta_2) |g + xi| + epsilon.
    run, of_g, of_xi = (share * slope + epsilon for slope in (gradient + xi, gradient, xi)) if own_square else [of_weight] * 3
    of_signal = after((signal, signal_buffer), gradient, of_buffer, of_g)
    of_noise = after((weight_noise, noise_buffer), xi, inside * of_buffer, factor * of_xi)
    whole = after((signal + weight_noise, signal_buffer + noise_buffer), gradient + xi, of_buffer, run)
    positive = (Rational(1, 100), Integer(3))
    box = {
        gamma: RATES[gamma], KEPT: SHARES[KEPT], TAKEN: SHARES[TAKEN],
        **dict.fromkeys((coupled, decoupled), (Integer(0), Integer(1))),
        **dict.fromkeys((signal, signal_buffer, weight_noise, noise_buffer), BOX),
        **dict.fromkeys((gradient, xi, of_weight, of_buffer, epsilon, share), positive),
    }
    return All(tuple(
        (name, Identity(box, first + second, (Step(summed, "linear, given the divisors"),)))
        for name, first, second, summed in zip(("weight", "buffer"), of_signal, of_noise, whole, strict=True)
    ))  # fmt: skip


@claim(
    "noise-of-linear-rules",
    source="THEORY §15 [D]",
    assumptions=(
        "(U, b) <- A (U, b) + B xi; entries of (Utilde, btilde) are Gaussian of mean 0; xi is N(0, tau_xi^2), independent",
        "the state is written by two independent normal variables: Utilde = x g, btilde = y g + z h",
    ),
    statement=r"S_{t+1}=A S_tA^\top+\tau_\xi^2BB^\top",
    twins={"without what weight and buffer share": {"shared": Integer(0)}, "1 % more noise": {"factor": MORE}},
)
def of_linear_rules(shared: sympy.Expr = ONE, factor: sympy.Expr = ONE) -> Identity:
    """A step of a linear rule takes the noise's covariance of weight and buffer to A S A^T plus that of the fresh noise."""
    g, h, xi = sympy.symbols("g h xi_1", real=True)
    x, y, z = sympy.symbols("x y z", real=True)
    a, b, c, d, p, q = sympy.symbols("a b c d p q", real=True)
    first = a * x * g + b * (y * g + z * h) + p * noise * xi
    second = c * x * g + d * (y * g + z * h) + q * noise * xi
    weight, both, buffer = x**2, shared * x * y, y**2 + z**2
    covariance = a * c * weight + (a * d + b * c) * both + b * d * buffer + factor * noise**2 * p * q
    box = {**dict.fromkeys((x, y, z, a, b, c, d, p, q), BOX), noise: (Rational(1, 10), Integer(4))}
    # With c, d, q = a, b, p it is the variance of either.
    return Identity(box, independent_mean(first * second, g, h, xi), (
        Step(sympy.expand(covariance), "moments of normal variables"),
    ))  # fmt: skip


STABLE = {
    gamma: (Rational(1, 100), Integer(1)), decay: (Rational(1, 100), Integer(1)), beta: (Rational(1, 100), Rational(9, 10)),
    noise: (Rational(1, 10), Integer(4)),
}  # fmt: skip


def _kept(weight: sympy.Expr, both: sympy.Expr, buffer: sympy.Expr, velocity: sympy.Expr, direct: sympy.Expr) -> All:
    """The covariance is as before after b <- beta b + G, U <- U - gamma (velocity b + direct G), G = lambda U + xi."""
    slope = velocity + direct
    a, b, p = 1 - gamma * decay * slope, -gamma * velocity * beta, -gamma * slope
    c, d, q = decay, beta, ONE
    entries = (
        ("weight", a**2 * weight + 2 * a * b * both + b**2 * buffer + noise**2 * p**2, weight),
        ("both", a * c * weight + (a * d + b * c) * both + b * d * buffer + noise**2 * p * q, both),
        ("buffer", c**2 * weight + 2 * c * d * both + d**2 * buffer + noise**2 * q**2, buffer),
    )
    return All(
        tuple((name, Identity(STABLE, after, (Step(before, "over one denominator"),))) for name, after, before in entries)
    )


@claim(
    "noise-of-heavy-ball",
    source="THEORY §15 [D]",
    assumptions=("constant gamma; gamma lambda < 2 (1 + beta), 0 < beta < 1, lambda > 0", "weight decay in the gradient"),
    assuming=("noise-of-linear-rules",),
    statement=r"\tau_\infty^2=\frac{\gamma\tau_\xi^2(1+\beta)}{\lambda(1-\beta)\,(2(1+\beta)-\gamma\lambda)}",
    twins={
        "1 + beta left out": {"above": 0},
        "1 % larger": {"factor": MORE},
        "as if gamma were gamma / (1 - beta)": {"plain": True},
    },
)
def of_heavy_ball(above: int = 1, factor: sympy.Expr = ONE, plain: bool = False) -> All:
    """Level of the noise that heavy ball keeps: that of descent with gamma / (1 - beta) to first order only."""
    below = (1 - beta) * (2 * (1 + beta) - gamma * decay)
    weight = factor * gamma * noise**2 * (1 + above * beta) / (decay * below)
    if plain:
        weight = gamma * noise**2 / (decay * (2 * (1 - beta) - gamma * decay))
    return _kept(weight, -gamma * noise**2 / below, 2 * noise**2 / below, ONE, Integer(0))


@claim(
    "noise-of-nesterov",
    source="THEORY §15 [D]",
    assumptions=(
        "constant gamma; gamma lambda < 2 (1 + beta) / (1 + 2 beta), 0 < beta < 1, lambda > 0",
        "weight decay in the gradient",
    ),
    assuming=("noise-of-linear-rules",),
    statement=r"\tau_\infty^2=\frac{\gamma\tau_\xi^2\,(1+\beta+\beta(1+2\beta)\gamma\lambda)}"
    r"{\lambda(1-\beta+\beta\gamma\lambda)\,(2(1+\beta)-(1+2\beta)\gamma\lambda)}",
    twins={"1 + beta left out": {"above": 0}, "1 % larger": {"factor": MORE}, "that of heavy ball": {"plain": True}},
)
def of_nesterov(above: int = 1, factor: sympy.Expr = ONE, plain: bool = False) -> All:
    """Level of the noise that Nesterov's rule keeps."""
    below = (1 - beta + beta * gamma * decay) * (2 * (1 + beta) - (1 + 2 * beta) * gamma * decay)
    weight = factor * gamma * noise**2 * (1 + above * beta + beta * (1 + 2 * beta) * gamma * decay) / (decay * below)
    if plain:
        weight = gamma * noise**2 * (1 + beta) / (decay * (1 - beta) * (2 * (1 + beta) - gamma * decay))
    return _kept(weight, -gamma * noise**2 * (1 + 2 * beta) / below, 2 * noise**2 / below, beta, ONE)
