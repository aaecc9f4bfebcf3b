"""Losses and accuracies of the groups, under the names that every run's have."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from theory_sim.errors import InputError
from theory_sim.observe.base import LOSS_UNIT, Values, Variable
from theory_sim.probe.reference import squared_norm
from theory_sim.probe.watcher import Moment, Watcher

__all__ = ["Learning"]


class Learning(Watcher):
    """Mean loss and share of right labels of each group, and the loss of the reference examples."""

    of_steps = ("rate",)
    variables: Mapping[str, Variable] = {
        "rate": Variable((), "1", "learning rate of the step that leaves the record; the last repeats the one before"),
        "train_loss": Variable((), LOSS_UNIT, "mean loss of the reference examples, as last computed"),
        "loss_train": Variable(("kind",), LOSS_UNIT, "mean loss of each group, the network in evaluation mode"),
        "accuracy_train": Variable(("kind",), "1", "share of each group's labels that are right, in evaluation mode",
                                   counts_signs=True),
    }

    def observe(self, moment: Moment) -> Values:
        losses, right = moment.groups.losses(moment.tracked.model, moment.seed)
        if moment.step == 0:
            _require_numbers({**{f"groups[{name!r}]": loss for name, loss in zip(moment.groups.names, losses, strict=True)},
                              "the reference": moment.estimate.loss + squared_norm(moment.estimate.gradients)})
        return {"train_loss": moment.estimate.loss, "loss_train": np.array(losses),
                "accuracy_train": np.array(right)}


def _require_numbers(found: Mapping[str, float]) -> None:
    """Raise InputError unless all are: records of a training would end where it is itself in order."""
    for name, value in found.items():
        if not math.isfinite(value):
            raise InputError(f"{name} with a loss or gradient of {value} at the start", "finite numbers",
                             "look for NaN in inputs, targets and parameters, and for targets that the loss leaves out")
