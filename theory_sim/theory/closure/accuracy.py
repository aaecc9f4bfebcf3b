"""How near the closure is to the limit, on fresh random experiments (docs/explanation/closure.md holds the numbers)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["ACCURACY", "EXPERIMENTS", "RANGE", "Accuracy", "briefly", "out_of_range", "stated", "within"]


@dataclass(frozen=True)
class Accuracy:
    """Error of one quantity against the limit's mean over data sets.

    Attributes
    ----------
    worst, median : float
        Largest and median error: relative (0.02 is 2 %), in nats for losses.
    standard_error : float
        Median standard error of the limit's means: a part of the two.
    count : int
        Predictions compared.
    """

    worst: float
    median: float
    standard_error: float
    count: int


EXPERIMENTS: Final = 16
"""Number of experiments, each under S and L-S on 8 data sets."""

ACCURACY: Final = {
    "tau_P": Accuracy(0.07, 0.03, 0.03, 31),
    "tau_Q": Accuracy(0.07, 0.02, 0.02, 26),
    "P_error": Accuracy(1.88, 0.15, 0.19, 128),
    "loss": Accuracy(0.012, 0.002, 0.003, 384),
}
"""Learning times at 0.45; P errors (geometric means over data sets) and training losses at tau = d, 2 d, 4 d and 8 d."""

RANGE: Final = {
    "d": (60.0, 300.0), "kappa": (0.35, 0.75), "q0": (0.1, 0.55), "g0": (0.5, 1.5), "r": (0.2, 1.0), "lambda": (3e-5, 2e-3),
    "eta_1": (8.0, 20.0), "max_tau / d": (0.0, 8.0),
}
"""Law of the experiments: the ranges from which they were drawn."""


def within(quantity: str) -> str:
    """Accuracy of one quantity in words, as "within 7 % on 31 of 31, median 3 %"."""
    found = ACCURACY[quantity]
    median = f"{found.median:g}" if quantity == "loss" else f"{100 * found.median:.2g} %"
    return f"within {_worst(quantity)} on {found.count} of {found.count}, median {median}"


def _worst(quantity: str) -> str:
    worst = ACCURACY[quantity].worst
    if quantity == "loss":
        return f"{worst:g} nats"
    return f"a factor {1.0 + worst:.2g}" if worst > 0.5 else f"{100 * worst:.2g} %"


def briefly() -> str:
    """The largest errors alone, and what states more."""
    times = " and ".join(dict.fromkeys(_worst(name) for name in ("tau_P", "tau_Q")))
    return (f"closure: in {EXPERIMENTS} experiments within {times} of the limit's mean learning times, {_worst('loss')} of its "
            f"losses and {_worst('P_error')} of its errors on P; single data sets scatter more. The documentation's page on "
            "the closure has the law of these experiments")


def stated() -> str:
    """Accuracy of all quantities in one paragraph, with the law of the experiments."""
    ranges = ", ".join(f"{name} {low:g} to {high:g}" for name, (low, high) in RANGE.items() if low > 0.0)
    last = f"{RANGE['max_tau / d'][1]:g} d"
    return (
        f"accuracy of the closure against the infinite-width limit's means over data sets, on {EXPERIMENTS} fresh experiments "
        f"of ReLU under both schedules: learning times of P {within('tau_P')}, of Q {within('tau_Q')}; errors on fresh P "
        f"examples, up to tau = {last}, {within('P_error')}; training losses {within('loss')}. The range: {ranges}. Most of "
        "the errors are "
        "the scatter of the means themselves, of 8 data sets each (P errors: "
        f"{100 * ACCURACY['P_error'].standard_error:.2g} % in the median); single data sets scatter more"
    )


def out_of_range(
    *, d: float, kappa: float, q0: float, g0: float, r: float, lambda_: float, eta_1: float, max_tau: float
) -> list[str]:
    """Parameters outside the range of the experiments that the accuracy was measured on, each with its value."""
    values = {
        "d": d, "kappa": kappa, "q0": q0, "g0": g0, "r": r, "lambda": lambda_, "eta_1": eta_1, "max_tau / d": max_tau / d,
    }
    slack = 1e-9
    return [f"{name} = {value:g}" for name, value in values.items()
            if not RANGE[name][0] * (1 - slack) <= value <= RANGE[name][1] * (1 + slack)]  # fmt: skip
