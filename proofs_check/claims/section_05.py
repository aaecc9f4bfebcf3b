"""Claims of THEORY §5: the law of the noise."""

from __future__ import annotations

import sympy
from sympy import Integer, Mul, Rational, oo

from proofs_check.claim import claim
from proofs_check.claims.unevaluated import quotient, standard_normal_mean
from proofs_check.problem import Identity, Step, Together

gamma, decay, noise, level = sympy.symbols("gamma lambda tau_xi tau", positive=True)
# gamma lambda < 2 throughout; gamma below 1/lambda keeps points of counterexamples inside.
DOMAIN = {
    gamma: (Rational(1, 100), Rational(3, 2)),
    decay: (Rational(1, 100), Integer(1)),
    noise: (Rational(1, 10), Integer(4)),
}


@claim(
    "noise-stationary-level",
    source="THEORY §5 [D]",
    assumptions=("gamma lambda < 2", "lambda > 0"),
    statement=r"\tau_\infty^2=\frac{\gamma\tau_\xi^2}{\lambda(2-\gamma\lambda)}\ \text{ is kept by }\ "
    r"\tau_{t+1}^2=(1-\gamma\lambda)^2\tau_t^2+\gamma^2\tau_\xi^2",
    twins={"2 - gamma lambda without the second term": {"slope": 0}, "1 % larger": {"factor": Rational(101, 100)}},
)
def stationary(slope: int = 1, factor: sympy.Rational = Integer(1)) -> Identity:  # noqa: B008
    """The stationary variance is a fixed point of the recursion of the noise."""
    stable = factor * gamma * noise**2 / (decay * (2 - slope * gamma * decay))
    after = (1 - gamma * decay) ** 2 * stable + gamma**2 * noise**2
    return Identity(DOMAIN, after, (Step(stable, "one step of the recursion, put over one denominator"),))


@claim(
    "noise-geometric-approach",
    source="THEORY §5 [D]",
    assumptions=("gamma lambda < 2", "lambda > 0"),
    statement=r"\tau_{t+1}^2-\tau_\infty^2=(1-\gamma\lambda)^2(\tau_t^2-\tau_\infty^2)",
    twins={"1 - gamma lambda to the first power": {"power": 1}},
)
def geometric(power: int = 2) -> Identity:
    """The variance approaches its stationary value by the factor (1 - gamma lambda)^2 a step."""
    stable = gamma * noise**2 / (decay * (2 - gamma * decay))
    after = (1 - gamma * decay) ** 2 * level**2 + gamma**2 * noise**2
    domain = {**DOMAIN, level: (Rational(1, 10), Integer(5))}
    return Identity(domain, after - stable, (
        Step((1 - gamma * decay) ** power * (level**2 - stable), "the recursion, less its fixed point"),
    ))  # fmt: skip


@claim(
    "noise-random-walk",
    source="THEORY §5 [D]",
    bound="asymptotic",
    assumptions=("constant gamma", "t a whole number of steps"),
    statement=r"\lim_{\lambda\to0}\tau_t^2=\tau_0^2+t\gamma^2\tau_\xi^2",
    twins={"gamma to the first power": {"power": 1}, "one step less": {"lost": 1}},
)
def random_walk(power: int = 2, lost: int = 0) -> Identity:
    """Without weight decay the noise grows without bound, linearly in steps."""
    t = sympy.Symbol("t", integer=True, nonnegative=True)
    domain = {gamma: DOMAIN[gamma], noise: DOMAIN[noise], level: (Rational(1, 10), Integer(5)), t: (Integer(1), oo)}
    stable = gamma * noise**2 / (decay * (2 - gamma * decay))
    course = stable + (1 - gamma * decay) ** (2 * t) * (level**2 - stable)
    return Identity(domain, sympy.Limit(sympy.expand(course), decay, 0), (
        Step(level**2 + (t - lost) * gamma**power * noise**2, "limit of the closed course as lambda goes to 0"),
    ))  # fmt: skip


@claim(
    "noise-correlation-of-pieces",
    source="THEORY §5 [D]",
    assumptions=("any rates", "s <= t <= u"),
    statement=r"\rho(s,u)=\rho(s,t)\,\rho(t,u),\qquad \rho(s,t)=\prod_{s\le i<t}(1-\gamma_i\lambda)\,\frac{\tau_s}{\tau_t}",
    twins={"levels the other way round": {"turned": True}},
)
def correlation_of_pieces(turned: bool = False) -> Identity:
    """Correlations of the noise multiply over pieces of a schedule."""
    first, second = sympy.symbols("P_st P_tu", positive=True)
    s, t, u = sympy.symbols("tau_s tau_t tau_u", positive=True)
    box = (Rational(1, 10), Integer(3))
    # Cov(Utilde_s, Utilde_t) = P_st tau_s^2: what came before s decays, and the noise since is independent of it.
    earlier = quotient(first * (t if turned else s) ** 2, s * t)
    whole, later = quotient(first * second * s**2, s * u), quotient(second * t**2, t * u)
    return Identity(dict.fromkeys((first, second, s, t, u), box), whole, (
        Step(Mul(earlier, later, evaluate=False), "covariance over both levels; the products join, the level between cancels"),
    ))  # fmt: skip


@claim(
    "noise-annealing-level",
    source="THEORY §5 [D]",
    assumptions=("eta_1 lambda, eta_2 lambda < 2",),
    statement=r"\frac{\tau_\infty^2(\eta_2)}{\tau_\infty^2(\eta_1)}=\frac{\eta_2}{\eta_1}\cdot\frac{2-\eta_1\lambda}{2-\eta_2\lambda}",
    twins={"without the second factor": {"plain": True}},
)
def annealing_level(plain: bool = False) -> Identity:
    """What annealing does to the stable noise level, exactly; for small rates the factor is eta_2 / eta_1."""
    large, small = sympy.symbols("eta_1 eta_2", positive=True)
    domain = {large: (Rational(1, 2), Rational(3, 2)), small: (Rational(1, 100), Rational(1, 3)),
              decay: DOMAIN[decay], noise: DOMAIN[noise]}  # fmt: skip

    def stable(rate: sympy.Expr) -> sympy.Expr:
        return rate * noise**2 / (decay * (2 - rate * decay))

    right = small / large * (1 if plain else (2 - large * decay) / (2 - small * decay))
    return Identity(domain, quotient(stable(small), stable(large)), (Step(right, "tau_xi cancels"),))


@claim(
    "noise-decorrelation-rate",
    source="THEORY §5 [D]",
    bound="asymptotic",
    assumptions=("gamma goes to 0 with gamma tau_xi^2 = D fixed", "rho(t, t+1) = (1 - gamma lambda) tau_t / tau_{t+1}"),
    statement=r"-\frac{\log\rho(t,t+1)}{\gamma}=\frac1{2\gamma}\log\Big(1+\frac{\gamma^2\tau_\xi^2}{(1-\gamma\lambda)^2\tau_t^2}\Big)"
    r"\to\frac{\gamma\tau_\xi^2}{2\tau_t^2}",
    twins={"without the 2": {"half": Integer(1)}, "tau_t to the first power": {"power": 1}},
)
def decorrelation(half: sympy.Expr = Rational(1, 2), power: int = 2) -> Together:  # noqa: B008
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
    return Together((
        ("at every rate", at_all_rates),
        ("as gamma goes to 0", Identity({**levels, decay: DOMAIN[decay]}, slow, (
            Step(diffusion / (2 * level**power), "log(1 + x) / x goes to 1, and 1 - gamma lambda to 1"),
        ))),
    ))  # fmt: skip


@claim(
    "noise-annealing-drop",
    source="THEORY §5 [D]",
    assumptions=("the level tau_t is the same just before and after annealing",),
    statement=r"\frac{\eta_2\tau_\xi^2/(2\tau_t^2)}{\eta_1\tau_\xi^2/(2\tau_t^2)}=\frac{\eta_2}{\eta_1}",
    twins={"square root, as of the stable level": {"power": Rational(1, 2)}},
)
def annealing_drop(power: sympy.Expr = Integer(1)) -> Identity:  # noqa: B008
    """What drops at once on annealing is the rate of decorrelation, by the ratio of the rates."""
    large, small = sympy.symbols("eta_1 eta_2", positive=True)
    domain = {large: (Rational(1, 2), Rational(3, 2)), small: (Rational(1, 100), Rational(1, 3)),
              noise: DOMAIN[noise], level: (Rational(1, 10), Integer(5))}  # fmt: skip
    before, after = (rate * noise**2 / (2 * level**2) for rate in (large, small))
    return Identity(domain, quotient(after, before), (Step((small / large) ** power, "noise and level cancel"),))


@claim(
    "noise-variance-recursion",
    source="THEORY §5 [D]",
    assumptions=("an entry of Utilde_t is N(0, tau_t^2)", "xi_t is N(0, tau_xi^2) and independent of it"),
    statement=r"\mathbb E\big[((1-\gamma\lambda)\tilde U_t-\gamma\xi_t)^2\big]=(1-\gamma\lambda)^2\tau_t^2+\gamma^2\tau_\xi^2",
    twins={"gamma to the first power": {"power": 1}, "with a mixed term": {"mixed": 1}},
)
def variance_recursion(power: int = 2, mixed: int = 0) -> Identity:
    """One step of the noise adds variances."""
    g, h = sympy.symbols("g h", real=True)
    kept = 1 - gamma * decay
    square = (kept * level * g) ** 2 - 2 * kept * gamma * level * noise * g * h + (gamma * noise * h) ** 2
    # Term by term, and the mixed one by independence: the mean of a product is the product of the means.
    means = standard_normal_mean(g, g) * standard_normal_mean(h, h)
    terms = [standard_normal_mean(square.coeff(h, 0), g), -2 * kept * gamma * level * noise * means,
             standard_normal_mean((gamma * noise * h) ** 2, h)]  # fmt: skip
    right = kept**2 * level**2 + gamma**power * noise**2 + mixed * kept * gamma * level * noise
    return Identity({**DOMAIN, level: (Rational(1, 10), Integer(5))}, sympy.Add(*terms), (
        Step(right, "means of the squares are 1, means are 0"),
    ))  # fmt: skip


@claim(
    "noise-variance-course",
    source="THEORY §5 [D]",
    assumptions=("constant gamma", "gamma lambda < 2", "lambda > 0"),
    statement=r"\tau_t^2=\tau_\infty^2+(1-\gamma\lambda)^{2t}(\tau_0^2-\tau_\infty^2)\ \text{ for every } t\ge0",
    twins={"1 - gamma lambda to the power t": {"power": 1}, "the start's level left out": {"kept": 0}},
)
def variance_course(power: int = 2, kept: int = 1) -> Together:
    """The closed course of the variance, by induction: it starts at tau_0^2 and obeys the recursion."""
    # e stands for (1 - gamma lambda)^t, of either sign; the next one is (1 - gamma lambda) e.
    e = sympy.Symbol("e_t", real=True)
    domain = {**DOMAIN, level: (Rational(1, 10), Integer(5))}
    stable = gamma * noise**2 / (decay * (2 - gamma * decay))

    def course(decayed: sympy.Expr) -> sympy.Expr:
        return stable + decayed**power * (kept * level**2 - stable)

    after = (1 - gamma * decay) ** 2 * course(e) + gamma**2 * noise**2
    return Together((
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
    twins={"the noise kept, not the decay": {"kept": 0}},
)
def covariance_recursion(kept: int = 1) -> Identity:
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
    assumptions=("eta_1 lambda goes to 0", "eta_2 / eta_1 fixed"),
    statement=r"\lim_{\lambda\to0}\sqrt{\tau_\infty^2(\eta_2)/\tau_\infty^2(\eta_1)}=\sqrt{\eta_2/\eta_1}",
    twins={"without the root": {"power": Integer(1)}},
)
def annealing_level_slow(power: sympy.Expr = Rational(1, 2)) -> Identity:  # noqa: B008
    """Annealing multiplies the stable standard deviation of the noise by the root of the rates' ratio."""
    large, small = sympy.symbols("eta_1 eta_2", positive=True)
    domain = {large: (Rational(1, 2), Rational(3, 2)), small: (Rational(1, 100), Rational(1, 3)), noise: DOMAIN[noise]}
    after, before = (rate * noise**2 / (decay * (2 - rate * decay)) for rate in (small, large))
    return Identity(domain, sympy.Limit(sympy.sqrt(after / before), decay, 0), (
        Step((small / large) ** power, "2 - eta lambda goes to 2 in both"),
    ))  # fmt: skip
