"""One pass over endless data: each step has examples that no other step has seen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from theory_sim.arrays import Array
from theory_sim.errors import Fault
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import DATA_LAWS, SAMPLINGS
from theory_sim.numeric.streams import StepStream
from theory_sim.train.sampling.base import Sampling

__all__ = ["OnePass"]


@SAMPLINGS.register
class OnePass(Sampling):
    """B examples of the law of the data, drawn anew at each step; the training set's are none of them.

    The gradient's mean is that of the population. Examples are not kept: the same step draws them again.
    """

    name = "one-pass"
    summary = "`batch_size` fresh examples of the data's law each step; none is seen twice, and those of the training set never"
    in_theory = False
    fresh: ClassVar[bool] = True

    def __init__(self, experiment: Experiment) -> None:
        super().__init__(experiment)
        self._examples = StepStream(experiment.seed_of("batch"), "fresh examples")

    def at(self, step: int) -> Array | None:
        """None of the training set."""
        return np.zeros(0, np.int64)

    def draws(self, step: int) -> np.random.Generator:
        """Random numbers of which a step's examples are made, the same whenever they are asked for."""
        return self._examples.at(step)

    @classmethod
    def faults(cls, experiment: Any) -> Iterator[Fault]:
        yield from super().faults(experiment)
        e = experiment
        if not DATA_LAWS[e.data_law].is_drawn:
            yield Fault(f"sampling = {cls.name!r} with data_law = {e.data_law!r}", "a law from which each step draws examples",
                        "choose another data_law, or sampling = 'epochs', which passes over the arrays",
                        ("sampling", "data_law"))
        if e.label_flips > 0:
            yield Fault(f"label_flips = {e.label_flips:g} with sampling = {cls.name!r}",
                        "labels flipped once are those of examples that are seen again",
                        "set noise_placement = 'labels' and noise_level to the share: each fresh label is flipped with that "
                        "probability", ("label_flips", "sampling"))
