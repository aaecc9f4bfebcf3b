"""Claims of THEORY §5: the law of the noise."""

from __future__ import annotations

import sympy
from sympy import Integer, Rational, oo

from proofs_check.claim import claim
from proofs_check.problem import Identity, Step

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
    limit = sympy.limit(sympy.expand(course), decay, 0)
    return Identity(domain, limit, (
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
    left = first * (t / s if turned else s / t) * second * t / u
    return Identity(dict.fromkeys((first, second, s, t, u), box), first * second * s / u, (
        Step(left, "the products join, and the level in the middle cancels"),
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
    domain = {large: (Rational(1, 2), Rational(3, 2)), small: (Rational(1, 100), Rational(1, 3)), decay: DOMAIN[decay]}

    def stable(rate: sympy.Expr) -> sympy.Expr:
        return rate / (decay * (2 - rate * decay))

    right = small / large * (1 if plain else (2 - large * decay) / (2 - small * decay))
    return Identity(domain, stable(small) / stable(large), (Step(right, "tau_xi cancels"),))


@claim(
    "noise-decorrelation-rate",
    source="THEORY §5 [D]",
    bound="asymptotic",
    assumptions=("gamma goes to 0 with gamma tau_xi^2 = D fixed", "rho(t, t+1) = (1 - gamma lambda) tau_t / tau_{t+1}"),
    statement=r"-\frac{\log\rho(t,t+1)}{\gamma}=\frac1{2\gamma}\log\Big(1+\frac{\gamma^2\tau_\xi^2}{(1-\gamma\lambda)^2\tau_t^2}\Big)"
    r"\to\frac{\gamma\tau_\xi^2}{2\tau_t^2}",
    twins={"without the 2": {"half": Integer(1)}, "tau_t to the first power": {"power": 1}},
)
def decorrelation(half: sympy.Expr = Rational(1, 2), power: int = 2) -> Identity:  # noqa: B008
    """Rate per unit of learning-rate time at which patterns decorrelate: it drops with the learning rate, and at once."""
    diffusion = sympy.Symbol("D", positive=True)
    after = (1 - gamma * decay) ** 2 * level**2 + gamma * diffusion
    rate = -sympy.log((1 - gamma * decay) * level / sympy.sqrt(after)) / gamma
    domain = {decay: DOMAIN[decay], level: (Rational(1, 10), Integer(5)), diffusion: (Rational(1, 10), Integer(3))}
    exact = sympy.log(1 + gamma * diffusion / ((1 - gamma * decay) ** 2 * level**2)) / (2 * gamma)
    start = sympy.limit(rate.subs(decay, 0), gamma, 0) if _same_rate(rate, exact) else sympy.nan
    return Identity(domain, start, (Step(half * diffusion / level**power, "log(1 + x) / x goes to 1"),))


def _same_rate(rate: sympy.Expr, exact: sympy.Expr) -> bool:
    """The exact rate is the logarithm of one plus the new noise over the old: their exponentials agree."""
    return bool(sympy.simplify(sympy.exp(sympy.expand_log(-2 * gamma * (rate - exact), force=True)) - 1) == 0)


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
    return Identity(domain, after / before, (Step((small / large) ** power, "noise and level cancel"),))
