"""No law: the examples are arrays that a run is given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from theory_sim.arrays import Array
from theory_sim.data.law import DataLaw, undrawn
from theory_sim.errors import InputError
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import DATA_LAWS

__all__ = ["Arrays"]


@DATA_LAWS.register
class Arrays(DataLaw):
    """Any data set of two patches: ``simulate(experiment, data=(train, test))`` with `Data` made of arrays."""

    name = "arrays"
    summary = "no law: what `simulate(experiment, data=(train, test))` is given"
    fields: ClassVar[Mapping[str, Any]] = {
        "d_2": Annotated[int, Field(0, strict=True, ge=0, le=10**7, description="dimension of x_2; 0: there is none")],
    }

    is_drawn = False

    @classmethod
    def second_dimension(cls, experiment: Any) -> int:
        return int(experiment.own_values["d_2"])

    @classmethod
    def patches(
        cls, experiment: Experiment, kind: Array, y: Array, rng: np.random.Generator, fixed: np.random.Generator
    ) -> tuple[Array, Array]:
        fault = undrawn(experiment)
        assert fault is not None
        raise InputError.of([fault])
