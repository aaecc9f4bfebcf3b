"""How the equations of infinite width are solved: the values of the engine's options, and what they say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["LimitOptions"]


@dataclass(frozen=True)
class LimitOptions:
    """Options as for `theory_sim.simulate`, where they are explained."""

    kernel: Literal["moving", "frozen", "independent"] = "moving"
    noise: Literal["vanishing", "sampled"] = "vanishing"
    time: Literal["steps", "flow"] = "steps"
    spatial: Literal["exact", "mean"] = "exact"
    tolerance: float = 1e-8
    time_tolerance: float = 1e-4

    @property
    def moving_kernel(self) -> bool:
        """Whether patterns are those that the experiment describes."""
        return self.kernel == "moving"

    @property
    def sampled_noise(self) -> bool:
        """Whether the noise output is a path of its Gaussian process; if not, it vanishes."""
        return self.noise == "sampled"

    @property
    def flow(self) -> bool:
        """Whether time is continuous."""
        return self.time == "flow"

    @property
    def every_pair(self) -> bool:
        """Whether every pair of patches counts by itself, not their mean."""
        return self.spatial == "exact"
