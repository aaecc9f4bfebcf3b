"""Claims of THEORY §4: the split of the iterate."""

from __future__ import annotations

from collections.abc import Sequence

import sympy
from sympy import Integer, Rational

from proofs_check.claim import claim
from proofs_check.problem import All, Identity, Step

gamma, decay = sympy.symbols("gamma_t lambda", positive=True)
BOX = (Rational(-2), Integer(3))
RATE = (Rational(1, 100), Integer(2))
RATES = {gamma: RATE, decay: (Rational(1, 100), Integer(1))}
STEPS = 4
"""Of the longest run that is written out: D(s, t) then has 0 to 3 factors."""

Form = tuple[sympy.Expr, sympy.Expr]


def _descent(iterate: sympy.Expr, gradient: sympy.Expr, xi: sympy.Expr) -> sympy.Expr:
    """U_{t+1} = U_t - gamma_t (grad L_lambda(U_t) + xi_t), the ridge's gradient as the derivative of (lambda/2) U^2."""
    weight = sympy.Symbol("U", real=True)
    ridge = sympy.Subs(sympy.Derivative(decay / 2 * weight**2, weight), weight, iterate)
    return iterate - gamma * (gradient + ridge + xi)


@claim(
    "decomposition-recursion", source="THEORY §4 [F 45]",
    assumptions=("any schedule, any gradient, any noise", "Ubar_0 = 0, Utilde_0 = U_0"),
    statement=r"\bar U_{t+1}+\tilde U_{t+1}=U_{t+1}\ \text{ if }\ \bar U_t+\tilde U_t=U_t",
    twins={"the noise's sign in one part only": {"sign": -1}, "no decay of the signal": {"kept": Integer(0)},
           "1 % more decay of the signal": {"kept": Rational(101, 100)}},
)
def recursion(sign: int = 1, kept: sympy.Expr = Integer(1)) -> Identity:  # noqa: B008
    """Signal and accumulated noise, each by its own recursion, add up to the iterate at every step (induction over t)."""
    signal, noise, gradient, xi = sympy.symbols("Ubar Utilde g xi", real=True)
    new_signal = (1 - kept * gamma * decay) * signal - gamma * gradient
    new_noise = (1 - gamma * decay) * noise - sign * gamma * xi
    return Identity({**RATES, **dict.fromkeys((signal, noise, gradient, xi), BOX)}, new_signal + new_noise, (
        Step(_descent(signal + noise, gradient, xi), "a step of the noisy descent is linear in iterate, gradient and noise"),
    ))  # fmt: skip


def _run(terms: Sequence[sympy.Expr], rates: Sequence[sympy.Expr], start: sympy.Expr) -> sympy.Expr:
    """The recursion X_{t+1} = (1 - gamma_t lambda) X_t - gamma_t term_t, step after step."""
    value = start
    for rate, term in zip(rates, terms, strict=True):
        value = (1 - rate * decay) * value - rate * term
    return value


def _closed(
    terms: Sequence[sympy.Expr], rates: Sequence[sympy.Expr], start: sympy.Expr, early: bool, kept: sympy.Expr
) -> sympy.Expr:
    """[prod over i < t of (1 - gamma_i lambda)] start - sum over s < t of gamma_s D(s, t) term_s, as it is written."""

    def product(indices: range) -> sympy.Expr:
        return sympy.prod(1 - kept * rates[i] * decay for i in indices)

    t = len(rates)
    past = sum(rates[s] * product(range(s if early else s + 1, t)) * terms[s] for s in range(t))
    return product(range(t)) * start - past


def _runs(name: str, start: sympy.Expr, early: bool, kept: sympy.Expr, sign: int) -> tuple[tuple[str, Identity], ...]:
    """The closed form beside the recursion, after 2 to `STEPS` steps, all rates and terms symbols."""
    parts = []
    for t in range(2, STEPS + 1):
        rates = sympy.symbols(f"gamma_:{t}", positive=True)
        terms = sympy.symbols(f"{name}_:{t}", real=True)
        domain = {**dict.fromkeys(rates, RATE), decay: RATES[decay], **dict.fromkeys((*terms, *start.free_symbols), BOX)}
        closed = _closed([-sign * term for term in terms], rates, start, early, kept)
        parts.append((f"written out, t = {t}", Identity(domain, closed, (
            Step(sympy.expand(_run(terms, rates, start)), "the recursion, from the start, multiplied out"),
        ))))  # fmt: skip
    return tuple(parts)


@claim(
    "decomposition-closed-form", source="THEORY §4 [D]",
    assumptions=(
        "any schedule",
        "at t = 0 the product is empty, 1, and so is the sum, 0: Utilde_0 = U_0",
        "step of the induction: D(s, t + 1) = D(s, t) (1 - gamma_t lambda), and D(t, t + 1) = 1, the empty product",
    ),
    statement=r"\tilde U_t=\Big[\prod_{i<t}(1-\gamma_i\lambda)\Big]U_0-\sum_{s<t}\gamma_sD(s,t)\xi_s,\quad"
    r" D(s,t)=\prod_{s<i<t}(1-\gamma_i\lambda)",
    twins={"D one factor earlier": {"early": True}, "1 % more decay": {"kept": Rational(101, 100)}},
)
def closed_form(early: bool = False, kept: sympy.Expr = Integer(1)) -> All:  # noqa: B008
    """Induction step of the closed form for every t, and the form written out beside the recursion for t = 2 to 4."""
    product, start, total, xi = sympy.symbols("P_t U_0 S_t xi_t", real=True)
    shrunk = 1 - kept * gamma * decay
    # S_t = sum over s < t of gamma_s D(s, t) xi_s.
    new_total = shrunk * total + gamma * (shrunk if early else 1) * xi
    return All((
        ("step", Identity({**RATES, **dict.fromkeys((product, start, total, xi), BOX)}, shrunk * product * start - new_total, (
            Step(_run([xi], [gamma], product * start - total), "the recursion of the noise, applied to the form at t"),
        ))),
        *_runs("xi", start, early, kept, -1),
    ))  # fmt: skip


@claim(
    "decomposition-signal-closed-form", source="THEORY §4 [L19]",
    assumptions=("any schedule, any gradient", "at t = 0 the sum is empty: Ubar_0 = 0"),
    statement=r"\bar U_t=-\sum_{s<t}\gamma_sD(s,t)\nabla\hat L(U_s)",
    twins={"D one factor earlier": {"early": True}, "plus the gradients": {"sign": 1},
           "1 % more decay": {"kept": Rational(101, 100)}},
)
def signal_closed_form(early: bool = False, sign: int = -1, kept: sympy.Expr = Integer(1)) -> All:  # noqa: B008
    """Induction step of the signal's closed form, as of the noise's but without a start of its own; written out to t = 4."""
    total, gradient = sympy.symbols("S_t g_t", real=True)
    shrunk = 1 - kept * gamma * decay
    # S_t = sum over s < t of gamma_s D(s, t) g_s.
    new_total = shrunk * total + gamma * (shrunk if early else 1) * gradient
    # Left as it is written: the sum up to t + 1, with its sign before it.
    form = sympy.Mul(sign, new_total, evaluate=False)
    return All((
        ("step", Identity({**RATES, total: BOX, gradient: BOX}, form, (
            Step(_run([gradient], [gamma], -total), "the recursion of the signal, applied to the form at t"),
        ))),
        *_runs("g", Integer(0), early, kept, sign),
    ))  # fmt: skip
