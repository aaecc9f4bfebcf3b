"""AdamW: Adam with decoupled weight decay (Loshchilov and Hutter 2019)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import OPTIMISERS
from theory_sim.train.optimisers.adam import AVERAGES, Adam

__all__ = ["AdamW"]


@OPTIMISERS.register
class AdamW(Adam):
    """Adam with ``decay = "decoupled"``: PyTorch's ``AdamW``."""

    name = "adamw"
    summary = r"Adam with decoupled decay: $U\leftarrow(1-\gamma\lambda)U-\gamma\hat m/(\sqrt{\hat s}+\epsilon)$"
    fields: ClassVar[Mapping[str, Any]] = AVERAGES

    def __init__(self, experiment: Experiment) -> None:
        super().__init__(experiment)
        self.coupled = False
