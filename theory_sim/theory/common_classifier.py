"""How close the common classifier of Theorem C.2 comes to its mean at width m (THEORY §11).

N_A(theta*; x_1) = s <w*, x_1> K/m for K active neurons of m: K is binomial(m, 1/2) for neurons with noise of their own, twice a
binomial(m/2, 1/2) for paired ones. Deviations are those of K/m from 1/2.
"""

from __future__ import annotations

import math
from fractions import Fraction

from theory_sim.errors import InputError

__all__ = ["active_share_bound", "active_share_tail", "width_for_all"]

_LARGEST_DENOMINATOR = 10**12


def active_share_tail(m: int, deviation: float, *, neurons: str = "independent") -> float:
    """Return P[|K/m - 1/2| >= deviation] for one example at one time, exactly.

    Parameters
    ----------
    m : int
        Neurons, >= 1; even if paired.
    deviation : float
        In (0, 1/2]; taken as the simple fraction that it stands for, so that 0.1 counts K = 60 of 100.
    neurons : {"independent", "balanced", "paired"}
        As of an Experiment; the first two have the same law.

    Raises
    ------
    InputError
        If a value lies outside of its range.

    Examples
    --------
    >>> from theory_sim.theory.common_classifier import active_share_tail
    >>> round(active_share_tail(1000, 0.05), 4)
    0.0017
    """
    from scipy.stats import binom

    rows = _rows(m, neurons)
    exact = Fraction(_checked(deviation)).limit_denominator(_LARGEST_DENOMINATOR)
    least = math.ceil(rows * (Fraction(1, 2) + exact))
    return float(2.0 * binom.sf(least - 1, rows, 0.5))


def active_share_bound(m: int, deviation: float, *, neurons: str = "independent") -> float:
    """Return Hoeffding's bound on `active_share_tail`, 2 exp(-2 n deviation^2) with n = m, or m/2 if paired; same arguments.

    Examples
    --------
    >>> from theory_sim.theory.common_classifier import active_share_bound
    >>> round(active_share_bound(1000, 0.05), 4)
    0.0135
    """
    return 2.0 * math.exp(-2.0 * _rows(m, neurons) * _checked(deviation) ** 2)


def width_for_all(N: int, T: int, *, deviation: float, risk: float, neurons: str = "independent") -> int:
    """Return a width at which no example at any step deviates that far, but for a small risk.

    Parameters
    ----------
    N, T : int
        Examples and steps, >= 1.
    deviation : float
        In (0, 1/2].
    risk : float
        Probability allowed, in (0, 1).
    neurons : {"independent", "balanced", "paired"}
        As of an Experiment.

    Returns
    -------
    int
        m >= log(2 N T / risk) / (2 deviation^2), twice that if paired: a union bound over N T events (THEORY §11), so
        sufficient, not necessary.

    Raises
    ------
    InputError
        If a value lies outside of its range.

    Examples
    --------
    >>> from theory_sim.theory.common_classifier import width_for_all
    >>> width_for_all(N=800, T=2000, deviation=0.1, risk=0.01)
    980
    """
    if N < 1 or T < 1:
        raise InputError(f"N = {N}, T = {T}", "at least one example and one step", "raise both to 1 or more")
    if not 0.0 < risk < 1.0:
        raise InputError(f"risk = {risk:g}", "0 < risk < 1", "use 0.01, say")
    rows = math.ceil(math.log(2.0 * N * T / risk) / (2.0 * _checked(deviation) ** 2))
    return rows * (1 if _rows(2, neurons) == 2 else 2)


def _rows(m: int, neurons: str) -> int:
    if neurons not in ("independent", "balanced", "paired"):
        raise InputError(f"neurons = {neurons!r}", "independent, balanced or paired", "choose one")
    if m < 1 or (neurons == "paired" and m % 2):
        raise InputError(f"m = {m}, {neurons} neurons", "m >= 1, even if paired", "change the width")
    return m // 2 if neurons == "paired" else m


def _checked(deviation: float) -> float:
    if not 0.0 < deviation <= 0.5:
        raise InputError(f"deviation = {deviation:g}", "0 < deviation <= 1/2", "a share of neurons deviates by at most 1/2")
    return deviation
