"""What a sampling is: the examples over which a step's gradient averages, addressed by step."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar

from theory_sim.arrays import Array
from theory_sim.errors import Fault
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import SAMPLINGS, SamplingChoice
from theory_sim.numeric.streams import StepStream

__all__ = ["Sampling", "make_sampling"]


class Sampling(SamplingChoice, ABC):
    """Law of the mini-batches; a subclass declares `SamplingChoice`'s attributes and registers itself.

    Parameters
    ----------
    experiment : Experiment
        Gives N, ``batch_size`` and the seed of the batches.

    Attributes
    ----------
    needs_batch : bool
        Whether it makes no sense without ``batch_size``.
    """

    reads: ClassVar[tuple[str, ...]] = ("batch_size",)
    needs_batch: ClassVar[bool] = True

    def __init__(self, experiment: Experiment) -> None:
        self._n = experiment.n_examples
        self._size = experiment.batch_size
        self._stream = StepStream(experiment.seed_of("batch"), "batch")

    @abstractmethod
    def at(self, step: int) -> Array | None:
        """Indices of the step's examples, sorted, repeated where one counts more than once; None for all examples.

        The same whenever it is asked, in any order of the steps.
        """

    @classmethod
    def faults(cls, experiment: Experiment) -> Iterator[Fault]:
        if cls.needs_batch and experiment.batch_size is None:
            yield Fault(f"sampling = {cls.name!r} without batch_size", "it says how mini-batches are drawn", "give batch_size",
                        ("sampling", "batch_size"))


def make_sampling(experiment: Experiment) -> Sampling:
    """Sampling of an experiment."""
    chosen = SAMPLINGS[experiment.sampling]
    assert issubclass(chosen, Sampling), f"{chosen} is a Sampling"
    return chosen(experiment)
