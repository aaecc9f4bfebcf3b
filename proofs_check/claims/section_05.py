"""Claims of THEORY §5: the law of the noise."""

from __future__ import annotations

import sympy
from sympy import Integer, Mul, Rational, oo

from proofs_check.claim import claim
from proofs_check.claims.unevaluated import independent_mean, quotient, standard_normal_mean
from proofs_check.problem import All, Identity, Step

gamma, decay, noise, level = sympy.symbols("gamma lambda tau_xi tau", positive=True)
# gamma lambda < 2 throughout; gamma below 1/lambda keeps points of counterexamples inside.
DOMAIN = {
    gamma: (Rational(1, 100), Rational(3, 2)),
    decay: (Rational(1, 100), Integer(1)),
    noise: (Rational(1, 10), Integer(4)),
}
ONE = Integer(1)
MORE = Rational(101, 100)


def _stable(rate: sympy.Expr) -> sympy.Expr:
    """tau_infinity^2, by the claim noise-stationary-level."""
    return rate * noise**2 / (decay * (2 - rate * decay))


@claim(
    "noise-stationary-level",
    source="THEORY §5 [D]",
    assumptions=("gamma lambda < 2", "lambda > 0"),
    statement=r"\tau_\infty^2=\frac{\gamma\tau_\xi^2}{\lambda(2-\gamma\lambda)}\ \text{ is kept by }\ "
    r"\tau_{t+1}^2=(1-\gamma\lambda)^2\tau_t^2+\gamma^2\tau_\xi^2",
    twins={"2 - gamma lambda without the second term": {"slope": 0}, "1 % larger": {"factor": MORE}},
)
def stationary(slope: int = 1, factor: sympy.Expr = ONE) -> Identity:
    """The stationary variance is a fixed point of the recursion of the noise."""
    stable = factor * gamma * noise**2 / (decay * (2 - slope * gamma * decay))
    after = (1 - gamma * decay) ** 2 * stable + gamma**2 * noise**2
    return Identity(DOMAIN, after, (Step(stable, "one step of the recursion, put over one denominator"),))


@claim(
    "noise-geometric-approach",
    source="THEORY §5 [D]",
    assumptions=("gamma lambda < 2", "lambda > 0"),
    statement=r"\tau_{t+1}^2-\tau_\infty^2=(1-\gamma\lambda)^2(\tau_t^2-\tau_\infty^2)",
    twins={"1 - gamma lambda to the first power": {"power": 1}, "1 % larger": {"factor": MORE}},
)
def geometric(power: int = 2, factor: sympy.Expr = ONE) -> Identity:
    """The variance approaches its stationary value by the factor (1 - gamma lambda)^2 a step."""
    stable = _stable(gamma)
    after = (1 - gamma * decay) ** 2 * level**2 + gamma**2 * noise**2
    domain = {**DOMAIN, level: (Rational(1, 10), Integer(5))}
    return Identity(domain, after - stable, (
        Step(factor * (1 - gamma * decay) ** power * (level**2 - stable), "the recursion, less its fixed point"),
    ))  # fmt: skip


@claim(
    "noise-random-walk",
    source="THEORY §5 [D]",
    bound="asymptotic",
    assumptions=("constant gamma", "t a whole number of steps", "tau_t^2 by the claim noise-variance-course"),
    assuming=("noise-variance-course",),
    statement=r"\lim_{\lambda\to0}\tau_t^2=\tau_0^2+t\gamma^2\tau_\xi^2",
    twins={"gamma to the first power": {"power": 1}, "one step less": {"lost": 1}, "1 % more noise": {"factor": MORE}},
)
def random_walk(power: int = 2, lost: int = 0, factor: sympy.Expr = ONE) -> Identity:
    """Without weight decay the noise grows without bound, linearly in steps."""
    t = sympy.Symbol("t", integer=True, nonnegative=True)
    domain = {gamma: DOMAIN[gamma], noise: DOMAIN[noise], level: (Rational(1, 10), Integer(5)), t: (Integer(1), oo)}
    course = _stable(gamma) + (1 - gamma * decay) ** (2 * t) * (level**2 - _stable(gamma))
    return Identity(domain, sympy.Limit(sympy.expand(course), decay, 0), (
        Step(level**2 + factor * (t - lost) * gamma**power * noise**2, "limit of the closed course as lambda goes to 0"),
    ))  # fmt: skip


@claim(
    "noise-correlation-of-pieces",
    source="THEORY §5 [D]",
    assumptions=(
        "any rates, s <= t <= u; P is the product over the steps between, P_su = P_st P_tu",
        "E[Utilde_s Utilde_t] = P_st tau_s^2, by the claim noise-covariance-recursion at every step from s to t",
    ),
    assuming=("noise-covariance-recursion",),
    statement=r"\rho(s,t)=\frac{\mathbb E[\tilde U_s\tilde U_t]}{\tau_s\tau_t}=\prod_{s\le i<t}(1-\gamma_i\lambda)\,"
    r"\frac{\tau_s}{\tau_t},\qquad\rho(s,u)=\rho(s,t)\,\rho(t,u)",
    twins={"levels the other way round": {"turned": True}, "1 % larger": {"factor": MORE}},
)
def correlation_of_pieces(turned: bool = False, factor: sympy.Expr = ONE) -> All:
    """Correlation of the noise at two times; correlations multiply over pieces of a schedule."""
    first, second = sympy.symbols("P_st P_tu", positive=True)
    s, t, u = sympy.symbols("tau_s tau_t tau_u", positive=True)
    box = (Rational(1, 10), Integer(3))
    # What came before s decays, and the noise since is independent of it.
    earlier, later = quotient(first * s**2, s * t), quotient(second * t**2, t * u)
    ratio = t / s if turned else s / t
    return All((
        ("from the covariance", Identity(dict.fromkeys((first, s, t), box), earlier, (
            Step(factor * first * ratio, "one tau_s cancels"),
        ))),
        ("pieces", Identity(dict.fromkeys((first, second, s, t, u), box), quotient(first * second * s**2, s * u), (
            Step(Mul(earlier, later, evaluate=False), "the products join, the level between cancels"),
        ))),
    ))  # fmt: skip


@claim(
    "noise-annealing-level",
    source="THEORY §5 [D]",
    assumptions=("eta_1 lambda, eta_2 lambda < 2", "levels by the claim noise-stationary-level"),
    assuming=("noise-stationary-level",),
    statement=r"\frac{\tau_\infty^2(\eta_2)}{\tau_\infty^2(\eta_1)}=\frac{\eta_2}{\eta_1}\cdot\frac{2-\eta_1\lambda}{2-\eta_2\lambda}",
    twins={"without the second factor": {"plain": True}, "1 % larger": {"factor": MORE}},
)
def annealing_level(plain: bool = False, factor: sympy.Expr = ONE) -> Identity:
    """What annealing does to the stable noise level, exactly; for small rates the factor is eta_2 / eta_1."""
    large, small = sympy.symbols("eta_1 eta_2", positive=True)
    domain = {large: (Rational(1, 2), Rational(3, 2)), small: (Rational(1, 100), Rational(1, 3)),
              decay: DOMAIN[decay], noise: DOMAIN[noise]}  # fmt: skip
    right = factor * small / large * (1 if plain else (2 - large * decay) / (2 - small * decay))
    return Identity(domain, quotient(_stable(small), _stable(large)), (Step(right, "tau_xi cancels"),))


@claim(
    "noise-decorrelation-rate",
    source="THEORY §5 [D]",
    bound="asymptotic",
    assumptions=(
        "gamma lambda < 1",
        "rho(t, t+1) = (1 - gamma lambda) tau_t / tau_{t+1}, by the claim noise-correlation-of-pieces",
        "the limit is that of gamma to 0 with gamma tau_xi^2 = D fixed",
    ),
    assuming=("noise-correlation-of-pieces",),
    statement=r"-\frac{\log\rho(t,t+1)}{\gamma}=\frac1{2\gamma}\log\Big(1+\frac{\gamma^2\tau_\xi^2}{(1-\gamma\lambda)^2\tau_t^2}\Big)"
    r"\to\frac{\gamma\tau_\xi^2}{2\tau_t^2}",
    twins={"without the 2": {"half": Integer(1)}, "tau_t to the first power": {"power": 1},
           "1 % more at every rate": {"half": Rational(101, 200)}, "1 % more in the limit": {"factor": MORE}},
)
def decorrelation(half: sympy.Expr = Rational(1, 2), power: int = 2, factor: sympy.Expr = ONE) -> All:  # noqa: B008
    """Rate per unit of learning-rate time at which patterns decorrelate: it drops with the learning rate, and at once."""
    diffusion, kept = sympy.symbols("D k", positive=True)
    levels = {level: (Rational(1, 10), Integer(5)), diffusion: (Rational(1, 10), Integer(3))}
    # k = 1 - gamma lambda.
    rate = -sympy.log(kept * level / sympy.sqrt(kept**2 * level**2 + gamma * diffusion)) / gamma
    exact = half * sympy.log(1 + gamma * diffusion / (kept**2 * level**2)) / gamma
    at_all_rates = Identity({**levels, gamma: DOMAIN[gamma], kept: (Rational(1, 10), Integer(1))}, rate, (
        Step(exact, "no noise, no rate; and the same derivative in D", how="derivative", by=diffusion, at=Integer(0)),
    ))  # fmt: skip
    slow = sympy.Limit(exact.subs(kept, 1 - gamma * decay), gamma, 0)
    return All((
        ("at every rate", at_all_rates),
        ("as gamma goes to 0", Identity({**levels, decay: DOMAIN[decay]}, slow, (
            Step(factor * diffusion / (2 * level**power), "log(1 + x) / x goes to 1, and 1 - gamma lambda to 1"),
        ))),
    ))  # fmt: skip


@claim(
    "noise-annealing-drop",
    source="THEORY §5 [D]",
    bound="asymptotic",
    assumptions=(
        "the level tau_t is the same just before and after annealing",
        "rho(t, t+1) = (1 - gamma lambda) tau_t / tau_{t+1}, as in the claim noise-decorrelation-rate",
        "both rates go to 0 at a fixed ratio: rates e eta_1, e eta_2, e to 0",
    ),
    assuming=("noise-decorrelation-rate",),
    statement=r"\frac{-\log\rho_2(t,t+1)/\eta_2}{-\log\rho_1(t,t+1)/\eta_1}\to\frac{\eta_2}{\eta_1}",
    twins={"square root, as of the stable level": {"power": Rational(1, 2)}, "power 1.01": {"power": MORE}},
)
def annealing_drop(power: sympy.Expr = ONE) -> Identity:
    """What drops at once on annealing, by the ratio of the rates, is the speed of decorrelation in learning-rate time."""
    large, small, e = sympy.symbols("eta_1 eta_2 e", positive=True)
    domain = {large: (Rational(1, 2), Rational(3, 2)), small: (Rational(1, 100), Rational(1, 3)), decay: DOMAIN[decay],
              noise: DOMAIN[noise], level: (Rational(1, 10), Integer(5))}  # fmt: skip

    def rate(gamma: sympy.Expr) -> sympy.Expr:
        kept = 1 - gamma * decay
        return sympy.log(1 + gamma**2 * noise**2 / (kept**2 * level**2)) / (2 * gamma)

    return Identity(domain, sympy.Limit(rate(e * small) / rate(e * large), e, 0), (
        Step((small / large) ** power, "log(1 + x) / x goes to 1 in both; noise and level cancel"),
    ))  # fmt: skip


@claim(
    "noise-variance-recursion",
    source="THEORY §5 [D]",
    assumptions=("an entry of Utilde_t is N(0, tau_t^2)", "xi_t is N(0, tau_xi^2) and independent of it"),
    statement=r"\mathbb E\big[((1-\gamma\lambda)\tilde U_t-\gamma\xi_t)^2\big]=(1-\gamma\lambda)^2\tau_t^2+\gamma^2\tau_\xi^2",
    twins={"gamma to the first power": {"power": 1}, "with a mixed term": {"mixed": 1}, "1 % more noise": {"factor": MORE}},
)
def variance_recursion(power: int = 2, mixed: int = 0, factor: sympy.Expr = ONE) -> Identity:
    """One step of the noise adds variances."""
    g, h = sympy.symbols("g h", real=True)
    kept = 1 - gamma * decay
    start = independent_mean((kept * level * g - gamma * noise * h) ** 2, g, h)
    right = kept**2 * level**2 + factor * gamma**power * noise**2 + mixed * kept * gamma * level * noise
    return Identity({**DOMAIN, level: (Rational(1, 10), Integer(5))}, start, (
        Step(right, "means of the squares are 1, means are 0"),
    ))  # fmt: skip


@claim(
    "noise-variance-course",
    source="THEORY §5 [D]",
    assumptions=("constant gamma", "gamma lambda < 2", "lambda > 0"),
    statement=r"\tau_t^2=\tau_\infty^2+(1-\gamma\lambda)^{2t}(\tau_0^2-\tau_\infty^2)\ \text{ for every } t\ge0",
    twins={"1 - gamma lambda to the power t": {"power": 1}, "the start's level left out": {"kept": Integer(0)},
           "1 % more of the start's level": {"kept": MORE}, "1 % more of the stationary level": {"factor": MORE}},
)
def variance_course(power: int = 2, kept: sympy.Expr = ONE, factor: sympy.Expr = ONE) -> All:
    """The closed course of the variance, by induction: it starts at tau_0^2 and obeys the recursion."""
    # e stands for (1 - gamma lambda)^t, of either sign; the next one is (1 - gamma lambda) e.
    e = sympy.Symbol("e_t", real=True)
    domain = {**DOMAIN, level: (Rational(1, 10), Integer(5))}
    stable = factor * _stable(gamma)

    def course(decayed: sympy.Expr) -> sympy.Expr:
        return stable + decayed**power * (kept * level**2 - stable)

    after = (1 - gamma * decay) ** 2 * course(e) + gamma**2 * noise**2
    return All((
        ("start", Identity(domain, sympy.Subs(course(e), e, 1), (Step(level**2, "no decay yet"),))),
        ("step", Identity({**domain, e: (Integer(-1), Integer(1))}, after, (
            Step(course((1 - gamma * decay) * e), "the recursion of the variance, applied to the course at t"),
        ))),
    ))  # fmt: skip


@claim(
    "noise-covariance-recursion",
    source="THEORY §5 [D]",
    assumptions=("xi_t has mean 0 and is independent of Utilde_s, s <= t",),
    statement=r"\mathbb E[\tilde U_s\tilde U_{t+1}]=(1-\gamma_t\lambda)\,\mathbb E[\tilde U_s\tilde U_t]",
    twins={"the noise kept, not the decay": {"kept": Integer(0)}, "1 % more decay": {"kept": MORE}},
)
def covariance_recursion(kept: sympy.Expr = ONE) -> Identity:
    """New noise leaves the covariance with the past alone; decay shrinks it."""
    h = sympy.Symbol("h", real=True)
    covariance, mean = sympy.symbols("C m", real=True)
    domain = {**DOMAIN, covariance: (Rational(1, 10), Integer(3)), mean: (Integer(-2), Integer(2))}
    start = (1 - gamma * decay) * covariance - gamma * mean * standard_normal_mean(noise * h, h)
    return Identity(domain, start, (
        Step((1 - kept * gamma * decay) * covariance, "by independence the second term is a product of means, one of them 0"),
    ))  # fmt: skip


@claim(
    "noise-annealing-level-slow",
    source="THEORY §5 [D]",
    bound="asymptotic",
    assumptions=("levels by the claim noise-stationary-level; eta_1 and eta_2 fixed",),
    assuming=("noise-stationary-level",),
    statement=r"\lim_{\lambda\to0}\sqrt{\tau_\infty^2(\eta_2)/\tau_\infty^2(\eta_1)}=\sqrt{\eta_2/\eta_1}",
    twins={"without the root": {"power": Integer(1)}, "power 0.505": {"power": Rational(101, 200)}},
)
def annealing_level_slow(power: sympy.Expr = Rational(1, 2)) -> Identity:  # noqa: B008
    """Annealing multiplies the stable standard deviation of the noise by the root of the rates' ratio."""
    large, small = sympy.symbols("eta_1 eta_2", positive=True)
    domain = {large: (Rational(1, 2), Rational(3, 2)), small: (Rational(1, 100), Rational(1, 3)), noise: DOMAIN[noise]}
    return Identity(domain, sympy.Limit(sympy.sqrt(_stable(small) / _stable(large)), decay, 0), (
        Step((small / large) ** power, "2 - eta lambda goes to 2 in both"),
    ))  # fmt: skip
