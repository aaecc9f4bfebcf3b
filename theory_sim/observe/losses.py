"""Losses and accuracies of each kind, on training and on fresh examples (THEORY §3, §13)."""

from __future__ import annotations

from collections.abc import Mapping

from theory_sim.observe.base import LOSS_UNIT, Observer, Snapshot, Values, Variable

__all__ = ["Losses"]


class Losses(Observer):
    """Mean loss and share of right signs of each kind; the signal part's accuracy beside the whole's."""

    variables: Mapping[str, Variable] = {
        "rate": Variable((), "1", "learning rate of the step that leaves the record"),
        "train_loss": Variable((), LOSS_UNIT, "mean {loss} over the whole training set, without the ridge"),
        "loss_train": Variable(("kind",), LOSS_UNIT, "mean training loss of each kind"),
        "accuracy_train": Variable(("kind",), "1", "share of right signs on each kind's training examples", counts_signs=True),
        "loss_test": Variable(("kind",), LOSS_UNIT, "mean loss of each kind on fresh examples"),
        "accuracy_test": Variable(("kind",), "1", "share of right signs on each kind's fresh examples", counts_signs=True),
        "accuracy_signal_test": Variable(("kind",), "1", "the same for the signal part alone, N_U(signal)", counts_signs=True),
    }

    def observe(self, snapshot: Snapshot) -> Values:
        train, test = snapshot.train, snapshot.test
        margin = train.y * snapshot.network.f
        losses = snapshot.loss.value(margin)
        f, f_signal = snapshot.network.outputs(test)
        return {
            "rate": snapshot.rate,
            "train_loss": float(losses.mean()),
            "loss_train": train.mean_by_kind(losses),
            "accuracy_train": train.mean_by_kind(margin > 0),
            "loss_test": test.mean_by_kind(snapshot.loss.value(test.y * f)),
            "accuracy_test": test.mean_by_kind(test.y * f > 0),
            "accuracy_signal_test": test.mean_by_kind(test.y * f_signal > 0),
        }
