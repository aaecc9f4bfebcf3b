"""run_limit(experiment, options) -> Trajectory: the dynamics as the widths go to infinity (THEORY §7)."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import ACTIVATIONS
from theory_sim.limit.error_function import ErrorFunctionNetwork
from theory_sim.limit.flow import FlowRun, TimeError
from theory_sim.limit.network import LimitNetwork
from theory_sim.limit.observers import LimitDecomposition, LimitSeparation, SpatialError
from theory_sim.limit.options import LimitOptions
from theory_sim.loop import Progress, Run, UnfinishedRun, deferred_interrupt
from theory_sim.network.given import NOTHING, Given
from theory_sim.numeric.pool import BlockPool
from theory_sim.observe.base import Observer
from theory_sim.observe.builtin import make_observers
from theory_sim.observe.generalisation import PError
from theory_sim.observe.losses import Losses
from theory_sim.train.clock import get_kernel
from theory_sim.trajectory import Trajectory

__all__ = ["run_limit"]


def run_limit(
    experiment: Experiment, options: Mapping[str, Any], unfinished: UnfinishedRun | None, *, engine: str,
    observers: Sequence[Observer], threads: int | None, progress: Progress | None, seconds: float,
    given: Given | None = None,
) -> Trajectory:
    """Begin a run, or continue the unfinished one that the folder holds.

    Parameters
    ----------
    experiment : Experiment
        Description of the run; widths are not read.
    options : mapping
        noise, kernel, time, spatial, tolerance and time_tolerance, as for `theory_sim.simulate`.
    unfinished : UnfinishedRun or None
        Open folder of the run.
    engine : str
        Name that the result carries.
    observers, threads, progress, seconds
        As for `theory_sim.simulate`; ``seconds`` lie between two checkpoints.
    given : Given, optional
        Data that are put in.
    """
    began = time.perf_counter()
    chosen = LimitOptions(**options)
    parts = given or NOTHING
    train, test = parts.data(experiment)
    layers = ["U"] if experiment.shared_filters else ["W", "V"]
    error = TimeError()
    kernel = chosen.kernel if experiment.moving_patterns else get_kernel(experiment.patterns)
    watching: list[Observer] = [
        Losses(), PError(experiment.g0), LimitDecomposition(), LimitSeparation(experiment.r, len(layers)),
        *([] if chosen.every_pair else [SpatialError()]), *([error] if chosen.flow else []), *make_observers(experiment),
        *observers,
    ]
    with BlockPool(threads) as pool, np.errstate(over="ignore", invalid="ignore"), deferred_interrupt() as interrupted:
        tolerance = chosen.tolerance
        network: LimitNetwork | ErrorFunctionNetwork
        if ACTIVATIONS[experiment.activation].error_function:
            network = ErrorFunctionNetwork(experiment, train, test, pool, tolerance=tolerance)
        else:
            network = LimitNetwork(experiment, train, test, pool, kernel=kernel, spatial=chosen.spatial, noise=chosen.noise,
                                   tolerance=tolerance, continuous=chosen.flow)
        common: dict[str, Any] = {"engine": engine, "layers": layers, "progress": progress, "interrupted": interrupted,
                                  "unfinished": unfinished, "checkpoint_seconds": seconds}
        run: Run[Any]
        if chosen.flow:
            assert isinstance(network, LimitNetwork), "a rule of the engine"
            tolerance = chosen.time_tolerance
            run = FlowRun(experiment, train, test, network, watching, error=error, tolerance=tolerance, **common)
        else:
            run = Run(experiment, train, test, network, watching, **common)
        told = ("noise", "kernel", "time", "spatial", "tolerance", *(["time_tolerance"] if chosen.flow else []))
        return run.complete(lambda: {
            engine: json.dumps({name: options[name] for name in told}), "kernel_error": network.kernel_error,
            "seconds": time.perf_counter() - began, **parts.attributes(),
        })
