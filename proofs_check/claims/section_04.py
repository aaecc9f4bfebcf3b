"""Claims of THEORY §4: the split of the iterate."""

from __future__ import annotations

import sympy
from sympy import Integer, Rational

from proofs_check.claim import claim
from proofs_check.problem import Identity, Step

gamma, decay = sympy.symbols("gamma_t lambda", positive=True)
BOX = (Rational(-2), Integer(3))
RATES = {gamma: (Rational(1, 100), Integer(2)), decay: (Rational(1, 100), Integer(1))}


@claim(
    "decomposition-recursion", source="THEORY §4 [F 45]", assumptions=("any schedule, any gradient, any noise",),
    statement=r"\bar U_{t+1}+\tilde U_{t+1}=U_{t+1}\ \text{ if }\ \bar U_t+\tilde U_t=U_t",
    twins={"the noise's sign in one part only": {"sign": -1}, "no decay of the signal": {"kept": 0}},
)
def recursion(sign: int = 1, kept: int = 1) -> Identity:
    """Signal and accumulated noise, each by its own recursion, add up to the iterate at every step (induction over t)."""
    signal, noise, gradient, xi = sympy.symbols("Ubar Utilde g xi", real=True)
    new_signal = (1 - kept * gamma * decay) * signal - gamma * gradient
    new_noise = (1 - gamma * decay) * noise - sign * gamma * xi
    iterate = (1 - gamma * decay) * (signal + noise) - gamma * (gradient + xi)
    return Identity({**RATES, **dict.fromkeys((signal, noise, gradient, xi), BOX)}, new_signal + new_noise, (
        Step(iterate, "a step of the noisy descent is linear in the iterate, the gradient and the noise"),
    ))  # fmt: skip


@claim(
    "decomposition-closed-form", source="THEORY §4 [D]",
    assumptions=("any schedule", "at t = 0 the product is empty, 1, and so is the sum, 0: Utilde_0 = U_0"),
    statement=r"\tilde U_t=\Big[\prod_{i<t}(1-\gamma_i\lambda)\Big]U_0-\sum_{s<t}\gamma_sD(s,t)\xi_s,\quad"
    r" D(s,t)=\prod_{s<i<t}(1-\gamma_i\lambda)",
    twins={"D one factor earlier": {"early": True}},
)
def closed_form(early: bool = False) -> Identity:
    """Induction step of the closed form: D(s, t + 1) = D(s, t) (1 - gamma_t lambda), and D(t, t + 1) = 1."""
    product, start, total, xi = sympy.symbols("P_t U_0 S_t xi_t", real=True)
    kept = 1 - gamma * decay
    # S_t = sum over s < t of gamma_s D(s, t) xi_s.
    new_total = kept * total + gamma * (kept if early else 1) * xi
    return Identity({**RATES, **dict.fromkeys((product, start, total, xi), BOX)}, kept * product * start - new_total, (
        Step(kept * (product * start - total) - gamma * xi, "the recursion of the noise, applied to the form at t"),
    ))  # fmt: skip


@claim(
    "decomposition-signal-closed-form", source="THEORY §4 [L19]",
    assumptions=("any schedule, any gradient", "at t = 0 the sum is empty: Ubar_0 = 0"),
    statement=r"\bar U_t=-\sum_{s<t}\gamma_sD(s,t)\nabla\hat L(U_s)",
    twins={"D one factor earlier": {"early": True}, "plus the gradients": {"sign": 1}},
)
def signal_closed_form(early: bool = False, sign: int = -1) -> Identity:
    """Induction step of the signal's closed form, as of the noise's but without a start of its own."""
    total, gradient = sympy.symbols("S_t g_t", real=True)
    kept = 1 - gamma * decay
    # S_t = sum over s < t of gamma_s D(s, t) g_s.
    new_total = kept * total + gamma * (kept if early else 1) * gradient
    # Left as it is written: the sum up to t + 1, with its sign before it.
    form = sympy.Mul(sign, new_total, evaluate=False)
    return Identity({**RATES, total: BOX, gradient: BOX}, form, (
        Step(kept * (-total) - gamma * gradient, "the recursion of the signal, applied to the form at t"),
    ))  # fmt: skip
