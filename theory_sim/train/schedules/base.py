"""What a schedule is."""

from __future__ import annotations

from abc import ABC, abstractmethod

__all__ = ["Schedule"]


class Schedule(ABC):
    """Law of the learning rate. ``annealed_tau`` is the tau at which the rate first fell, NaN before."""

    annealed_tau: float = float("nan")

    @abstractmethod
    def rate(self, tau: float, training_loss: float) -> float:
        """Learning rate gamma_t of the step that leaves ``tau``; called once a step, tau increasing.

        ``training_loss`` is the unregularised mean over the whole training set, mini-batches or not.
        """

    def state(self) -> tuple[float, ...]:
        """What the schedule remembers, for `restore`."""
        return (self.annealed_tau,)

    def restore(self, state: tuple[float, ...]) -> None:
        """Take back what `state` gave."""
        (self.annealed_tau,) = state
