"""Which examples drive the gradients on x_1 and on x_2, and how the margins are spread (THEORY §8)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from theory_sim.data import KINDS
from theory_sim.experiment.choices import OBSERVERS
from theory_sim.experiment.record_times import Recording
from theory_sim.memory import Bytes
from theory_sim.observe.base import Observer, Snapshot, Use, Values, Variable

__all__ = ["LEVELS", "Gradients"]

LEVELS: Final = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)


@OBSERVERS.register
class Gradients(Observer):
    """Shares of the linear part of the gradient on x_1 by kind, and quantiles of the training margins y f.

    That part is sum_i y_i l'(y_i f_i) x_1i / (4 N) in the limit (THEORY §7), up to sign; a kind's share is the projection of
    its own sum on the total, or on w*. Shares add up to 1. Q-only has x_1 = 0, so that its share is 0. On x_2 each direction
    has a residual, which is all of the data that the outputs on the three directions depend on (THEORY §7, §8).

    Parameters
    ----------
    recording : Recording
        Record times.
    """

    needs_theory = True
    name = "gradients"
    summary = ("the share of the gradient on $x_1$ that each kind gives; the residual on each direction of $x_2$; "
               "quantiles of the margins")

    variables: Mapping[str, Variable] = {
        "gradient_share": Variable(("kind",), "1", "share of the gradient on x_1, along the whole of it, by kind"),
        "gradient_share_signal": Variable(("kind",), "1", "share of its component along w*, by kind"),
        "residual_weight": Variable(("kind",), "1", "mean of |l'(y f)|, the residual weight of an example of the kind"),
        "residual_Q": Variable(("direction",), "1", "sum of y alpha |l'(y f)| over the examples along a direction, over N"),
        "margin": Variable(("kind", "quantile"), "1", "quantiles of y f over the kind's training examples"),
    }

    def __init__(self, recording: Recording) -> None:
        self.recording = recording

    def observe(self, snapshot: Snapshot) -> Values:
        train = snapshot.train
        margin = train.y * snapshot.network.f
        residual_weight = -train.y * snapshot.loss.slope(margin)
        kinds = range(len(KINDS))
        sums = np.stack([(residual_weight[train.kind == k].astype(train.x1.dtype) @ train.x1[train.kind == k]) for k in kinds])
        sums = sums.astype(np.float64)
        total = sums.sum(axis=0)
        along = np.bincount(train.direction, weights=residual_weight * train.alpha, minlength=3) / len(train)
        quantiles = np.full((len(KINDS), len(LEVELS)), math.nan)
        for k in kinds:
            if train.counts[k]:
                quantiles[k] = np.quantile(margin[train.kind == k], LEVELS)
        return {
            "gradient_share": _shares(sums @ total), "gradient_share_signal": _shares(sums @ train.w_star),
            "residual_weight": train.mean_by_kind(np.abs(residual_weight)), "residual_Q": along, "margin": quantiles,
        }

    @classmethod
    def memory(cls, use: Use) -> Bytes:
        e = use.experiment
        largest = max(e.p0_value, e.q0, 1.0 - e.p0_value - e.q0) * e.n_examples  # examples of a kind, whose x_1 are copied
        return Bytes(1500 * use.records, use.item * e.d * largest)

    def coordinates(self) -> Mapping[str, Any]:
        return {"quantile": list(LEVELS)}


def _shares(parts: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    whole = float(parts.sum())
    shares: np.ndarray[Any, Any] = parts / whole if whole != 0 else np.full(len(parts), math.nan)
    return shares
