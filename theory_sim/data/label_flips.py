"""Training labels that are flipped once."""

from __future__ import annotations

from theory_sim.arrays import Array
from theory_sim.experiment import Experiment
from theory_sim.numeric.streams import generator

__all__ = ["flipped_labels"]


def flipped_labels(y: Array, experiment: Experiment) -> Array:
    """Labels (N,) of which the share ``label_flips``, rounded to a number of examples, has the other sign.

    Which ones is drawn by a stream of its own: everything else of the data is as without flips. ``y`` itself if there are none.
    """
    count = round(experiment.label_flips * len(y))
    if count == 0:
        return y
    flipped = y.copy()
    flipped[generator(experiment.seed_of("data"), "label flips").choice(len(y), size=count, replace=False)] *= -1
    return flipped
