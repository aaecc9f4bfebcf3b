"""The conditions of the parameter regime with their constants at finite d (THEORY §2, §8, §9)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from theory_sim.theory import learning_times as times
from theory_sim.theory.arc_cosine import RELU, KernelConstants
from theory_sim.theory.separation import J, frozen_weight, pattern_motion
from theory_sim.theory.sharpness import curvature_of_P

Role = Literal["order", "paper", "gap", "numerics"]
ConditionId = Literal[
    "S-learns-Q-first", "S-is-frozen", "L-S-moves", "L-S-cannot-learn-Q", "separation-kept", "decay-spares-Q", "ridge-floor",
    "error-gap", "lazy-deficit", "output-noise", "stable-steps", "noise-resolved",
]
"""What a condition is known by: code selects by it, never by the label."""

# Words of labels and fixes that are others where an optimiser splits the pairs.
NOISE_OF_START: Final = "output noise of the start"
PAIR_NEURONS: Final = "use paired neurons"

Y_FROZEN = 0.03
Y_MOVING = 1.0
LAZY_DEFICIT_MAX = 0.15
OUTPUT_NOISE_MAX = 0.25
ROUNDING_SMALL = 1e-3
"""Rounding error of an output that is small beside every margin at which something counts as learnt."""
ROUNDING_LARGE = 0.1
"""Rounding error of an output at which losses say little any more: such a run is refused."""
LARGEST_TAU_0 = 1e12
OF_ANY_RUN: tuple[ConditionId, ...] = ("output-noise", "stable-steps", "noise-resolved")
"""Conditions that rest on no closed form of the learning times."""


@dataclass(frozen=True)
class Condition:
    """One condition, with by how much it holds.

    Attributes
    ----------
    id : str
        What it is known by.
    label : str
        The condition as a formula, for readers.
    value, threshold : float
        What was found, and the bound it is compared with.
    holds : bool
        Whether it holds.
    margin : float
        Factor to spare: above 1 exactly when the condition holds.
    role : {"order", "paper", "gap", "numerics"}
        What rests on it: the learning order; the paper's asymptotic condition, sufficient but not
        needed; the gap in test error; the soundness of the simulation.
    fix : str
        What to move if it fails.
    of_width : bool
        Whether a finite width alone has to meet it; the limit has no such condition.
    """

    id: ConditionId
    label: str
    value: float
    threshold: float
    holds: bool
    margin: float
    role: Role
    fix: str
    of_width: bool = False


def in_words(number: float, form: str = ".3g") -> str:
    """A number as a text shows it: whole from 1000 to ten million, in words where it is none or has no bound.

    Examples
    --------
    >>> in_words(1234.5), in_words(1e12), in_words(0.00012345), in_words(math.inf)
    ('1234', '1e12', '0.000123', 'infinite')
    """
    if not math.isfinite(number):
        return "not defined" if math.isnan(number) else "infinite" if number > 0 else "minus infinite"
    text = format(number, form)
    if "e+" not in text:
        return text
    return f"{number:.0f}" if abs(number) < 1e7 else text.replace("e+0", "e").replace("e+", "e")


def _row(
    id: ConditionId, label: str, value: float, sense: Literal["<=", ">="], threshold: float, role: Role, fix: str, *,
    of_width: bool = False,
) -> Condition:
    small, large = (value, threshold) if sense == "<=" else (threshold, value)
    margin = math.inf if small == 0.0 else large / small
    return Condition(id, label, value, threshold, margin >= 1.0, margin, role, fix, of_width)


def _gap(*, kappa: float, rd: float, share_both: float) -> Condition:
    """The gap in test error: S stops learning P from the examples that have both patterns, if there are any (THEORY §8, §9)."""
    label = "kappa^-6/(r d) <= 1: gap in test error"
    if share_both <= 1e-9:
        return _row("error-gap", label, math.inf, "<=", 1.0, "gap",
                    "lower p0 or q0: no example has both patterns, so that S loses none")
    return _row("error-gap", label, kappa**-6 / rd, "<=", 1.0, "gap", "raise r, d or kappa")


def _stability(rates: Mapping[str, float], curvature: float, stability: float) -> Iterator[Condition]:
    """Steps at the largest of the rates; nothing for a rule without a stable rate."""
    if math.isnan(stability):
        return
    largest = max(rates, key=lambda name: rates[name])
    unstable = [name for name, rate in rates.items() if rate * curvature > stability]
    steps = "gradient descent is stable" if stability == 2.0 else "steps are stable"
    yield _row("stable-steps", f"largest rate times top curvature: {steps}", rates[largest] * curvature,
               "<=", stability, "numerics", f"lower {' and '.join(unstable) or largest}")


def lazy_ratio(h: float, *, r: float, m_V: int, tau: float) -> float:
    """Return q = pi h/(2 arctan(r) (1 + r^2) sqrt(m_V) r tau) (THEORY §2).

    The distance by which the signal moves a pre-activation of the neurons that learn Q, in units of
    the noise r tau found there; ``h`` is the separation reached, ``m_V`` the number of neurons.
    """
    scale = frozen_weight(r) * 2.0 * math.sqrt(m_V) * r * tau
    return math.inf if scale == 0.0 else h / scale


def lazy_deficit(h: float, *, r: float, m_V: int, tau: float) -> float:
    """Return 0.55 q, the share by which h falls short of its infinite-width limit (THEORY §2).

    Fitted for q < 0.3 with patterns that the signal alone moves; an overestimate beyond, and
    under noise that moves patterns (the study width: about 0.45 q^2 under S's at r = 0.3). It is a
    mean over neurons, so that it is the same function of (m_V, tau) for paired, balanced and
    independent neurons; what pairing removes is the noise output, which is what permits the larger
    tau that makes the deficit small.
    """
    return 0.55 * lazy_ratio(h, r=r, m_V=m_V, tau=tau)


def output_noise(neurons: str, tau: float, alpha: float = 1.0, constants: KernelConstants = RELU) -> float:
    """Return the standard deviation of the noise output on a patch of norm ``alpha`` (THEORY §7).

    tau alpha sqrt(kappa_1(1)) = tau alpha/sqrt(2) for independent signs of ReLUs; exactly balanced signs
    subtract 1/(2 pi) from kappa_1; paired neurons cancel it exactly. With slopes a and b phi(z) = (b - a) relu(z) + a z,
    E phi^2 is (b - a)^2 times ReLU's plus a b, and (E phi)^2 = (b - a)^2/(2 pi): ``constants`` are `kernel_constants` (a, b).
    """
    variance = {"independent": 0.5, "balanced": 0.5 - 0.5 / math.pi, "paired": 0.0}[neurons]
    if neurons != "paired":
        variance = constants.arcsine * variance + constants.direct
    return tau * alpha * math.sqrt(variance)


def output_rounding(neurons: str, tau: float, alpha: float, eps: float) -> float:
    """Return the rounding error of an output in a precision of unit ``eps``, as far as the noise causes it.

    4 eps times the noise output on an input with patches of norms 1 and ``alpha``. Measured root mean squares are 0.8 to 2.3
    times eps times that, from d = 50 to 1000 (tests/test_precision.py). Zero for paired neurons: their noise cancels before
    anything is added to it.
    """
    return 4.0 * eps * output_noise(neurons, tau, math.hypot(1.0, alpha))


def highest_level(neurons: str, dtype: str, alpha: float, *, rounding: float = ROUNDING_SMALL) -> float:
    """Return the noise level up to which an output's rounding error stays below ``rounding``.

    Where no noise is put out (paired neurons) it is the largest level that an experiment can have.
    """
    unit = output_rounding(neurons, 1.0, alpha, float(np.finfo(dtype).eps))
    return rounding / unit if unit > 0.0 else LARGEST_TAU_0


def fix_of_noise(neurons: str, tau_0: float, highest: float) -> str:
    """What to change where noise exceeds the level that the outputs' precision resolves.

    A finer dtype is no fix: noise that float32 does not resolve in an output is thousands of times what the output learns.
    """
    cause = "tau_0 (with tau_xi in proportion)" if tau_0 > highest else "what the noise grows by: tau_xi, or noise_level"
    return f"lower {cause}" if neurons == "paired" else f"{PAIR_NEURONS}, or lower {cause}"


def _tau_0_to_spare(neurons: str, dtype: str, alpha: float, tau_0: float) -> str:
    """How far tau_0 may be raised, in words; empty if not at all."""
    noise = output_noise(neurons, 1.0, alpha)
    highest = min(highest_level(neurons, dtype, alpha), LARGEST_TAU_0, OUTPUT_NOISE_MAX / noise if noise > 0.0 else math.inf)
    return f" or tau_0 (with tau_xi in proportion; up to {in_words(highest, '.2g')} in {dtype})" if highest > tau_0 else ""


def top_curvature(
    *, r: float, p0: float, alpha_min: float, alpha_max: float, curvature: float = 0.25, constants: KernelConstants = RELU
) -> float:
    """Return the top Hessian eigenvalue of the mean loss at f = 0, from Q's linear part.

    ``curvature``, the loss's second derivative at margin 0 (a quarter for the logistic loss), times the equal-time kernel's
    quadratic form along the three directions, weighted by their probabilities (1/2, 1/4, 1/4) and by (1 - p0) E alpha^2;
    gradient descent oscillates once rate times eigenvalue exceeds 2. It is 0.032 at r = 0.5, p0 = 1/8, alpha uniform on
    [0, 1] (THEORY §13). P's own curvature is smaller by a factor of order 1/d and has a function of its own,
    `theory_sim.theory.sharpness.curvature_of_P`. ``constants`` are the kernel's.
    """
    s = r * r
    middle, near, outer = (
        constants.arcsine * of_relu + constants.direct  # the mean inner product is 1 in each of the three
        for of_relu in (0.5, 0.5 - math.atan(r) / (2.0 * math.pi),
                        0.25 * (1.0 + s) + 0.5 * (1.0 - s) * (0.5 - math.atan(r) / math.pi))
    )
    mean_square = (alpha_min**2 + alpha_min * alpha_max + alpha_max**2) / 3.0
    # Top eigenvalue of the 2 x 2 form over {z, z +- zeta}, each class of probability one half.
    half_sum, half_gap = 0.25 * (middle + outer), 0.25 * (middle - outer)
    top = half_sum + math.hypot(half_gap, 0.5 * near)
    return curvature * (1.0 - p0) * mean_square * top


def stable_rate(
    *, r: float, p0: float, alpha_min: float, alpha_max: float, curvature: float = 0.25, constants: KernelConstants = RELU
) -> float:
    """Return the largest stable learning rate near zero output, 2 / `top_curvature`; infinite without Q or curvature."""
    top = top_curvature(r=r, p0=p0, alpha_min=alpha_min, alpha_max=alpha_max, curvature=curvature, constants=constants)
    return 2.0 / top if top > 0.0 else math.inf


def conditions(
    *,
    d: int,
    kappa: float,
    p0: float,
    q0: float,
    g0: float,
    r: float,
    alpha_min: float,
    alpha_max: float,
    m_V: int,
    neurons: str,
    eta_1: float,
    eta_2: float,
    lambda_: float,
    tau_xi: float,
    tau_0: float,
    level: float = 0.45,
    dtype: str = "float64",
    tau_largest: float | None = None,
    rates: Mapping[str, float] | None = None,
    loss_curvature: float = 0.25,
    stability: float = 2.0,
    constants: KernelConstants = RELU,
) -> tuple[Condition, ...]:
    """Return the conditions of THEORY §9 with value, threshold and margin.

    Parameters are those of an experiment (THEORY §1-§3); ``tau_0`` is the noise level of the start, ``tau_largest`` the
    largest one of the run (default tau_0), ``level`` the loss at which a kind counts as learnt, ``rates`` those that steps
    have, by what gives them (default eta_1 and eta_2), ``loss_curvature`` the loss's second derivative at margin 0,
    ``stability`` the largest stable rate times curvature, NaN for an optimiser without one. ``constants`` are those of the
    activation's kernel, of which the rows on steps and on the noise output know; all others are of ReLU.
    """
    highest_tau, spare = tau_0 if tau_largest is None else tau_largest, _tau_0_to_spare(neurons, dtype, alpha_max, tau_0)
    highest = highest_level(neurons, dtype, alpha_max)
    law = {"alpha_min": alpha_min, "alpha_max": alpha_max}
    time_q = times.tau_Q(level, r=r, p0=p0, **law)
    constant = times.c_Q(level, **law) / times.c_P(level, g0)
    needed = constant * (1.0 - q0) / (1.0 - p0) if p0 < 1.0 else math.inf
    floor = times.ridge_floor(d=d, lambda_=lambda_, q0=q0, g0=g0)[1]
    motion = [pattern_motion(eta, tau_xi, tau_0, r, time_q) for eta in (eta_1, eta_2)]
    deficit = lazy_deficit(4.0 * times.g_level(level, **law), r=r, m_V=m_V, tau=tau_0)
    curvature = max(top_curvature(r=r, p0=p0, **law, curvature=loss_curvature, constants=constants),
                    curvature_of_P(d=d, n_examples=d / kappa**2, q0=q0, g0=g0, curvature=loss_curvature, constants=constants))
    over_lambda = 1.0 / lambda_ if lambda_ > 0.0 else math.inf
    rows = [
        _row("S-learns-Q-first", "r d >= (c_Q/c_P)(1-q0)/(1-p0): S learns Q before P", r * d, ">=",
             needed, "order", "raise r or d"),
        _row("S-is-frozen", f"Y(eta_2) <= {Y_FROZEN:g}: S has frozen patterns", motion[1], "<=", Y_FROZEN,
             "paper", f"lower eta_2, or raise r{spare.replace('with tau_xi in proportion; ', '')}"),
        _row("L-S-moves", f"Y(eta_1) >= {Y_MOVING:g}: L-S suppresses Q", motion[0], ">=", Y_MOVING,
             "order", f"raise eta_1 (with tau_0 = {tau_0:.3g}, as it is now) or lambda, or lower r"),
        _row("L-S-cannot-learn-Q", "r^2/lambda <= 1: L-S cannot learn Q", r * r * over_lambda, "<=", 1.0,
             "paper", "lower r or raise lambda"),
        _row("separation-kept", "J(r)/lambda <= 1: separation kept by moving patterns", J(r) * over_lambda, "<=", 1.0,
             "paper", "lower r or raise lambda"),
        _row("decay-spares-Q", "lambda tau_Q <= 1: decay does not stop Q", lambda_ * time_q if lambda_ > 0.0 else 0.0, "<=",
             1.0, "order", "lower lambda or raise r"),
        _row("ridge-floor", "ridge floor of P's loss <= level", floor, "<=", level, "order", "lower lambda or d"),
        _gap(kappa=kappa, rd=r * d, share_both=1.0 - p0 - q0),
        _row("lazy-deficit", "lazy deficit 0.55 q", deficit, "<=", LAZY_DEFICIT_MAX, "numerics",
             f"raise m_V{spare}", of_width=True),
        _row("output-noise", NOISE_OF_START, output_noise(neurons, tau_0, alpha_max, constants), "<=",
             OUTPUT_NOISE_MAX, "numerics", f"{PAIR_NEURONS}, or lower tau_0 (with tau_xi in proportion)", of_width=True),
        *_stability({"eta_1": eta_1, "eta_2": eta_2} if rates is None else rates, curvature, stability),
        _row("noise-resolved", f"noise level resolved in {dtype}", highest_tau, "<=", highest, "numerics",
             fix_of_noise(neurons, tau_0, highest), of_width=True),
    ]
    return tuple(rows)
