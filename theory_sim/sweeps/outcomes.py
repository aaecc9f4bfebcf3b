"""What a summary holds of each run: learning times and order, and the state at the end."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np

from theory_sim.observe.base import LOSS_UNIT, Variable
from theory_sim.observe.learning_order import order_of_patterns, times_by_kind
from theory_sim.theory.crossings import LEVELS
from theory_sim.trajectory import Trajectory

__all__ = ["FLAGS", "KINDS", "OUTCOME_VARIABLES", "TIMES_BY_KIND", "get_outcomes", "outcome_variables"]

KINDS: Final = ("P-only", "Q-only", "both")
"""Of the P/Q mixture."""
TIMES_BY_KIND: Final = "tau_kind"
"""Variable that only sweeps with other kinds than those of the P/Q mixture have."""

# Dimensions are those beyond the sweep's.
OUTCOME_VARIABLES: Final[Mapping[str, Variable]] = {
    "tau_P": Variable(("level",), "1",
                      "learning time of P-only examples, infinite if not learnt by censored_at, NaN without examples or order"),
    "tau_Q": Variable(("level",), "1",
                      "learning time of Q-only examples, infinite if not learnt by censored_at, NaN without examples or order"),
    "above_again_P": Variable(("level",), "1",
                              "tau from which P, once learnt, was above the level again; infinite if it was not"),
    "above_again_Q": Variable(("level",), "1",
                              "tau from which Q, once learnt, was above the level again; infinite if it was not"),
    "above_for_P": Variable(("level",), "1", "for how long P was above the level again, in all, by the end"),
    "above_for_Q": Variable(("level",), "1", "for how long Q was above the level again, in all, by the end"),
    "above_at_end_P": Variable(("level",), "", "whether P, once learnt, is above the level at the end"),
    "above_at_end_Q": Variable(("level",), "", "whether Q, once learnt, is above the level at the end"),
    "order": Variable(("level",), "",
                      "which is learnt first: P first, Q first, tie, neither learnt, no examples; diverged, oscillated: "
                      "no order"),
    "robust": Variable((), "", "whether the order is the same at every level"),
    "censored_at": Variable((), "1", "last tau recorded"),
    "annealed_tau": Variable((), "1", "tau at which the rate first fell, NaN if it did not"),
    "outcome": Variable((), "", "how the run ended"),
    "train_loss": Variable((), LOSS_UNIT, "mean training loss at the end"),
    "loss_train": Variable(("kind",), LOSS_UNIT, "training loss of each kind at the end"),
    "loss_test": Variable(("kind",), LOSS_UNIT, "loss on fresh examples of each kind at the end"),
    "error_test": Variable(("kind",), "1", "share of wrong signs on fresh examples of each kind at the end"),
    "P_error": Variable((), "1", "exact error of the linear part's direction on P at the end"),
    "h": Variable((), "1", "separation h = g(z + zeta) + g(z - zeta) - 2 g(z) at the end"),
    "h_at_tau_P": Variable((), "1",
                           "separation h when P is learnt (level 0.45), at the end if it is not, NaN without an order"),
    "Q_loss_at_tau_P": Variable((), LOSS_UNIT, "training loss of Q-only examples at the same time as h_at_tau_P"),
    "tau_noise": Variable((), "1", "exact standard deviation of the accumulated noise at the end"),
}


FLAGS: Final = ("robust", "above_at_end_P", "above_at_end_Q")
"""Variables that are true or false."""
_ABOVE: Final = {"above_again": "tau", "above_for": "duration", "above_at_end": "at_end"}


def outcome_variables(kinds: Sequence[str]) -> dict[str, Variable]:
    """Variables of a summary of runs whose data have these kinds: with others than P and Q, a learning time of each."""
    if tuple(kinds) == KINDS:
        return dict(OUTCOME_VARIABLES)
    meaning = "learning time of each kind, infinite if not learnt by censored_at, NaN without examples, or where steps overshot"
    return {TIMES_BY_KIND: Variable(("level", "kind"), "1", meaning), **OUTCOME_VARIABLES}


def get_outcomes(
    trajectory: Trajectory, metrics: Mapping[str, Callable[[Trajectory], float]] | None = None, kinds: Sequence[str] = KINDS
) -> dict[str, object]:
    """Values of `outcome_variables` of these kinds, arrays along their dimensions, and those of your own functions."""
    order = order_of_patterns(trajectory)
    levels = {level.logistic_level: level for level in order.levels}
    data = trajectory.dataset
    last = data.isel(record=-1)
    tau = data["tau"].values
    when = min(order.tau_P, float(tau[-1]))  # NaN stays
    h = data["h"].sel(part="total").values
    by_kind = {name: last[name].reindex(kind=list(kinds)).values for name in ("loss_train", "loss_test", "accuracy_test")}
    values: dict[str, object] = {
        "tau_P": np.array([levels[level].tau_P for level in LEVELS]),
        "tau_Q": np.array([levels[level].tau_Q for level in LEVELS]),
        **{f"{name}_{kind}": np.array([getattr(getattr(levels[level], f"above_{kind}"), field) for level in LEVELS])
           for kind in "PQ" for name, field in _ABOVE.items()},
        "order": np.array([levels[level].order for level in LEVELS]),
        "robust": order.robust,
        "censored_at": order.censored_at,
        "annealed_tau": trajectory.annealed_tau,
        "outcome": trajectory.outcome,
        "train_loss": float(last["train_loss"]),
        "loss_train": by_kind["loss_train"],
        "loss_test": by_kind["loss_test"],
        "error_test": 1.0 - by_kind["accuracy_test"],
        "P_error": float(last["P_error"]),
        "h": float(h[-1]),
        "h_at_tau_P": float(np.interp(when, tau, h)),
        "Q_loss_at_tau_P": float(np.interp(when, tau, data["loss_train"].reindex(kind=list(KINDS)).sel(kind="Q-only").values)),
        "tau_noise": float(last["tau_noise_exact"]),
    }
    if TIMES_BY_KIND in outcome_variables(kinds):
        times = [times_by_kind(trajectory, level=level) for level in LEVELS]
        values[TIMES_BY_KIND] = np.array([[each.get(kind, math.nan) for kind in kinds] for each in times])
    for name, function in (metrics or {}).items():
        value = float(function(trajectory))
        values[name] = value if not math.isnan(value) else math.nan
    return values
