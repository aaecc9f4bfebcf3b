"""Losses and accuracies of the groups, under the names that every run's have."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from theory_sim.arrays import Array
from theory_sim.observe.base import LOSS_UNIT, Values, Variable
from theory_sim.probe.watcher import Moment, Watcher

__all__ = ["Learning"]


class Learning(Watcher):
    """Mean loss and share of right labels of each group, and the loss of the reference examples."""

    derived = ("rate",)
    variables: Mapping[str, Variable] = {
        "rate": Variable((), "1", "learning rate of the step that leaves the record; the last repeats the one before"),
        "train_loss": Variable((), LOSS_UNIT, "mean loss of the reference examples, as last computed"),
        "loss_train": Variable(("kind",), LOSS_UNIT, "mean loss of each group, the network in evaluation mode"),
        "accuracy_train": Variable(("kind",), "1", "share of each group's labels that are right, in evaluation mode"),
    }

    def observe(self, moment: Moment) -> Values:
        losses, right = moment.groups.losses(moment.tracked.model, moment.seed)
        return {"train_loss": moment.estimate.loss, "loss_train": np.array(losses),
                "accuracy_train": np.array(right)}

    def derive(self, values: Mapping[str, Array], rates: Array) -> Mapping[str, Array]:
        return {"rate": rates}
