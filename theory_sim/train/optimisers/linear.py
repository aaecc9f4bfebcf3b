"""Rules that are linear in the gradients: the noise has a law of its own, whatever the run (THEORY §5, §15)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import ClassVar

from theory_sim.arrays import Array
from theory_sim.errors import Fault
from theory_sim.experiment import Experiment
from theory_sim.numeric.kernels import scale_rows
from theory_sim.numeric.optimiser_kernels import linear_part
from theory_sim.theory.linear_rules import stability_factor, stationary_covariance, step_matrices
from theory_sim.train.optimisers.base import Block, Optimiser

__all__ = ["LinearOptimiser"]


class LinearOptimiser(Optimiser):
    """A rule whose `move` is the same at every step and divides by nothing."""

    in_limit: ClassVar[bool] = True

    def matrices(self, rate: float) -> tuple[Array, Array]:
        """A (2, 2) and B (2,) of a step (U, b) <- A (U, b) + B g of either part."""
        return step_matrices(self.move(0), rate, self.lambda_, coupled=self.coupled)

    @property
    def stability(self) -> float:
        return stability_factor(self.move(0))

    @classmethod
    def stationary_level(cls, experiment: Experiment, rate: float) -> float:
        rule = cls(experiment)
        return rule.tau_xi * math.sqrt(stationary_covariance(*rule.matrices(rate))[0, 0])

    @classmethod
    def faults(cls, experiment: Experiment) -> Iterator[Fault]:
        yield from super().faults(experiment)
        e, rule = experiment, cls(experiment)
        for field, rate in e.rates().items() if rule.coupled and rule.stability < 2.0 else ():
            if rate * e.lambda_ >= rule.stability:
                yield Fault(f"rate x lambda = {rate:g} x {e.lambda_:g} = {rate * e.lambda_:g} with optimiser = {cls.name!r}",
                            f"rate x lambda < {rule.stability:.3g}, or coupled weight decay itself diverges",
                            f"lower {field} or lambda, or set decay = 'decoupled'", (field.partition("[")[0], "lambda"))

    def update(self, block: Block, rate: float, step: int) -> None:
        scale_rows(block.gradient, block.u)
        decay = self.lambda_ if self.coupled else 0.0
        keep = 1.0 if self.coupled else 1.0 - rate * self.lambda_
        move = self.move(step)
        for part, gradient, size in (("signal", block.gradient, 1.0), ("noise", block.xi, self.tau_xi)):
            weight = getattr(block, part)
            velocity = block.buffers.get(f"{part} velocity", weight[:0])
            linear_part(weight, velocity, gradient, size, decay, keep, rate, *move)
