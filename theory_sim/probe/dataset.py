"""A probe's records as a Trajectory, with the schema that every run has."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray

from theory_sim.experiment.recorded import RecordedRun
from theory_sim.probe.records import Table
from theory_sim.storage.formats import RUN
from theory_sim.train.losses import make_loss
from theory_sim.trajectory import REQUIRED, Trajectory

__all__ = ["make_trajectory"]

_UNKNOWN = {"units": "1", "long_name": "not known of a network of the user's"}


def make_trajectory(
    experiment: RecordedRun, tables: Sequence[Table], kinds: Mapping[str, int], layers: Sequence[str],
    of_steps: Mapping[str, Sequence[float]], attributes: Mapping[str, Any],
) -> Trajectory:
    """Trajectory of the records so far.

    Parameters
    ----------
    experiment : RecordedRun
    tables : sequence of Table
        Those of the run's own times first.
    kinds : mapping
        Number of examples of each group.
    layers : sequence of str
        Names of the trained parameters.
    of_steps : mapping
        What is known of each step: its "rate" and "stable_sharpness".
    attributes : mapping
        Of the dataset, besides those that follow from the rest.
    """
    variables: dict[str, Any] = {}
    coordinates: dict[str, Any] = {"kind": list(kinds), "layer": list(layers), "direction": ["z-zeta", "z", "z+zeta"],
                                   "part": ["total", "signal"]}
    loss = make_loss(experiment)
    for table in tables:
        found, labels = table.dataset(loss, of_steps)
        # What every run has along its own records has another name along others.
        variables |= {f"{name}{table.suffix}" if name in REQUIRED else name: value for name, value in found.items()}
        coordinates |= labels
    sizes = {"record": len(coordinates["step"][1]), **{name: len(coordinates[name]) for name in ("kind", "layer")},
             "direction": 3, "part": 2}
    for name, dims in REQUIRED.items():
        if name not in variables and name not in coordinates:
            # What only the P/Q mixture and its two-layer network have, and examples that were not given.
            whole = ("record", *dims)
            variables[name] = whole, np.full([sizes[dim] for dim in whole], math.nan), _UNKNOWN
    dataset = xarray.Dataset(variables, coordinates, {
        **RUN.attributes, "engine": "finite", "n_examples": sum(kinds.values()), "n_kind": list(kinds.values()),
        "experiment": json.dumps(experiment.fields()), **attributes,
    })
    return Trajectory(dataset, experiment)

