"""solve_limit(experiment) -> Trajectory: the dynamics as the widths go to infinity (THEORY §7)."""

from __future__ import annotations

import json
import os
import time as clocks
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from theory_sim.data import draw_data, draw_test_data
from theory_sim.errors import InputError
from theory_sim.experiment import Experiment, require_steps
from theory_sim.experiment.choices import PLACEMENTS, SCHEDULES
from theory_sim.limit.flow import FlowRun, TimeError
from theory_sim.limit.memory import require_memory
from theory_sim.limit.network import LimitNetwork
from theory_sim.limit.observers import LimitDecomposition, LimitSeparation, SpatialError
from theory_sim.loop import Partial, Progress, Run, deferred_interrupt
from theory_sim.memory import memory_errors
from theory_sim.numeric.pool import BlockPool, require_threads
from theory_sim.observe.base import Observer
from theory_sim.observe.builtin import make_observers
from theory_sim.observe.generalisation import PError
from theory_sim.observe.losses import Losses
from theory_sim.train.clock import kernel_of
from theory_sim.train.noise import PreActivationNoise, make_placement
from theory_sim.train.schedules import Schedule
from theory_sim.trajectory import Trajectory, refuse_existing

__all__ = ["run_limit", "solve_limit"]

_CHOICES = {
    "noise": ("vanishing", "sampled"), "kernel": ("moving", "frozen", "independent"), "time": ("steps", "flow"),
    "spatial": ("exact", "mean"),
}


def solve_limit(
    experiment: Experiment,
    *,
    noise: Literal["vanishing", "sampled"] = "vanishing",
    kernel: Literal["moving", "frozen", "independent"] = "moving",
    time: Literal["steps", "flow"] = "steps",
    spatial: Literal["exact", "mean"] = "exact",
    tolerance: float = 1e-8,
    time_tolerance: float = 1e-4,
    observers: Sequence[Observer] = (),
    store: str | os.PathLike[str] | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    force: bool = False,
    checkpoint_seconds: float = 30.0,
) -> Trajectory:
    """Run the infinite-width limit on the data that `simulate` draws from the same seed (THEORY §4-§7).

    Parameters
    ----------
    experiment : Experiment
        Description of the run; ``m_W`` and ``m_V`` are not read.
    noise : {"vanishing", "sampled"}
        Noise output n_t: none (exact for paired neurons), or a path of its Gaussian process.
    kernel : {"moving", "frozen", "independent"}
        Two-time kernel with rho of the accumulated noise, with rho = 1 (NTK), or with rho = 0 at unequal times. The
        experiment's ``patterns``, if they do not move, set it.
    time : {"steps", "flow"}
        The run's own steps, or gradient flow with adaptive steps, in which a tiny rate costs no more than a large one.
    spatial : {"exact", "mean"}
        arcsin term between different patches x_1: every pair, N_P^2 numbers in memory, or its mean over pairs, O(N d) a
        step; the variable ``spatial_error`` says what that leaves out.
    tolerance : float
        Largest error of the compressed factor arcsin(rho cos theta), for any pair at any two times; from 1e-13 to 0.1.
    time_tolerance : float
        Flow only: largest estimated error of an output in one step; the variable ``time_error`` adds them up.
    observers : sequence of Observer
        Observers of your own, beside those that every run has and those of the experiment's ``observe``.
    store : path, optional
        Where to save the Trajectory at the end; must not exist unless ``force``. While the run goes on,
        ``<store>.partial`` holds what `resume` needs.
    threads : int, optional
        Threads to use, all processors by default. The result is bitwise the same for any number.
    progress : callable, optional
        Called with (step, tau, training loss) at each record, and every other second between two.
    force : bool
        Replace a saved run, or an unfinished one, at ``store``.
    checkpoint_seconds : float
        With ``store``: seconds between two checkpoints.

    Returns
    -------
    Trajectory
        With the schema of `simulate`, engine "limit", and no weights.

    Raises
    ------
    InputError
        If an option is unknown or makes no sense with the experiment, or memory lacks; before anything is computed.
    StoreError
        If ``store`` exists; before anything is computed.
    """
    choices = {"noise": noise, "kernel": kernel, "time": time, "spatial": spatial}
    require_threads(threads)
    _require(experiment, choices, tolerance, time_tolerance)
    _require_times(experiment, observers, time)
    options: dict[str, Any] = {**choices, "tolerance": tolerance, "time_tolerance": time_tolerance}
    given: dict[str, Any] = {"observers": observers, "threads": threads, "progress": progress, "seconds": checkpoint_seconds}
    if store is None:
        return run_limit(experiment, None, options, **given)
    refuse_existing(store, force=force)
    if time == "steps":
        require_steps(experiment)
    require_memory(experiment, spatial=spatial, noise=noise, tolerance=tolerance, time=time)
    with Partial(store) as partial:
        partial.create(experiment, {"name": "limit", **options}, observers, force=force)
        return run_limit(experiment, partial, options, **given)


def run_limit(
    experiment: Experiment, partial: Partial | None, options: Mapping[str, Any], *, observers: Sequence[Observer],
    threads: int | None, progress: Progress | None, seconds: float,
) -> Trajectory:
    """Begin a run, or go on with the unfinished one that the folder holds; see `solve_limit` and `resume`."""
    noise, time, spatial = (options[name] for name in ("noise", "time", "spatial"))
    if time == "steps":
        require_steps(experiment)
    require_memory(experiment, spatial=spatial, noise=noise, tolerance=options["tolerance"], time=time)
    with memory_errors("a run of the limit"):
        return _run_limit(experiment, partial, options, observers, threads, progress, seconds)


def _run_limit(
    experiment: Experiment, partial: Partial | None, options: Mapping[str, Any], observers: Sequence[Observer],
    threads: int | None, progress: Progress | None, seconds: float,
) -> Trajectory:
    noise, kernel, time, spatial = (options[name] for name in ("noise", "kernel", "time", "spatial"))
    began = clocks.perf_counter()
    train, test = draw_data(experiment), draw_test_data(experiment)
    layers = ["U"] if experiment.network == "shared" else ["W", "V"]
    error = TimeError()
    if experiment.patterns != "moving":
        kernel = kernel_of(experiment.patterns)
    watching: list[Observer] = [
        Losses(), PError(experiment.g0), LimitDecomposition(), LimitSeparation(experiment.r, len(layers))
    ]
    if spatial == "mean":
        watching.append(SpatialError())
    if time == "flow":
        watching.append(error)
    watching += [*make_observers(experiment), *observers]
    with BlockPool(threads) as pool, np.errstate(over="ignore", invalid="ignore"), deferred_interrupt() as interrupted:
        network = LimitNetwork(
            experiment, train, test, pool, kernel=kernel, spatial=spatial, noise=noise, tolerance=options["tolerance"],
            continuous=time == "flow",
        )
        common: dict[str, Any] = {"engine": "limit", "layers": layers, "progress": progress, "interrupted": interrupted,
                                  "partial": partial, "checkpoint_seconds": seconds}
        run: Run[LimitNetwork]
        if time == "flow":
            tolerance = options["time_tolerance"]
            run = FlowRun(experiment, train, test, network, watching, error=error, tolerance=tolerance, **common)
        else:
            run = Run(experiment, train, test, network, watching, **common)
        shown = {name: value for name, value in options.items() if time == "flow" or name != "time_tolerance"}
        return run.complete(lambda: {
            "limit": json.dumps(shown), "kernel_error": network.compression.error, "seconds": clocks.perf_counter() - began
        })


def _require_times(experiment: Experiment, observers: Sequence[Observer], time: str) -> None:
    if time == "steps":
        return
    own = [(observer.name, observer.recording) for observer in observers if observer.recording is not None]
    for name, recording in [*experiment.observe.items(), *own]:
        if recording.counts_steps:
            raise InputError(f"record times of {name!r} counted in steps with time = 'flow'",
                             "continuous time has no gradient steps", "give every_tau or at_tau, or use time = 'steps'")


def _require(experiment: Experiment, options: Mapping[str, str], tolerance: float, time_tolerance: float) -> None:
    for name, value in options.items():
        if value not in _CHOICES[name]:
            raise InputError(f"{name} = {value!r}", f"one of {', '.join(_CHOICES[name])}", "choose one of these")
    for name, number, low, high in (("tolerance", tolerance, 1e-13, 0.1), ("time_tolerance", time_tolerance, 1e-9, 1.0)):
        if isinstance(number, bool) or not isinstance(number, (int, float)) or not low <= number <= high:
            raise InputError(f"{name} = {number!r}", f"a number from {low:g} to {high:g}", "choose one within")
    _require_placement(experiment, options)
    if "descent" in experiment.observe:
        raise InputError("the observer 'descent' in the limit", "it looks at the weights of neurons, of which there are none",
                         "use simulate (--engine finite), or do not observe descent")
    if options["noise"] == "sampled" and experiment.neurons == "paired":
        raise InputError("noise = 'sampled' with neurons = 'paired'", "paired neurons have no noise output (THEORY §2)",
                         "set neurons = 'independent' or 'balanced', or noise = 'vanishing'")
    if options["noise"] == "sampled" and experiment.network == "shared" and options["spatial"] == "mean":
        raise InputError("noise = 'sampled' with spatial = 'mean' and network = 'shared'",
                         "the mean over pairs holds between patches x_1, not between z and z +- zeta",
                         "use spatial = 'exact'")
    if options["time"] == "steps":
        return
    if options["noise"] == "sampled":
        raise InputError("noise = 'sampled' with time = 'flow'",
                         "paths of the noise are as rough as Brownian motion, on which adaptive steps lose their order",
                         "use time = 'steps'")
    for field in ("batch_size", "max_steps"):
        if getattr(experiment, field) is not None:
            raise InputError(f"{field} = {getattr(experiment, field)} with time = 'flow'",
                             "continuous time has neither mini-batches nor gradient steps", f"leave {field} out")
    if options["kernel"] == "moving" and experiment.tau_0_value == 0:
        raise InputError("tau_0 = 0 with time = 'flow'", "patterns must exist from the start",
                         "give a small tau_0, or use time = 'steps'")
    chosen = SCHEDULES[experiment.schedule]
    if not (issubclass(chosen, Schedule) and chosen.piecewise_constant):
        raise InputError(f"schedule = {experiment.schedule!r} with time = 'flow'", "rates that are piecewise constant",
                         "use time = 'steps', or pieces")


def _require_placement(experiment: Experiment, options: Mapping[str, str]) -> None:
    """Refuse placed noise and patterns that have no equation in the limit, or none under these options."""
    name, patterns = experiment.noise_placement, experiment.patterns
    placement = make_placement(experiment)
    if isinstance(placement, PreActivationNoise):
        if not placement.in_limit:
            other = [each.name for each in PLACEMENTS if issubclass(each, PreActivationNoise) and each.in_limit]
            raise InputError(f"noise_placement = {name!r} in the limit",
                             "noise that each example has of its own has no limit equation in THEORY §7",
                             f"use simulate (--engine finite), or noise_placement = {' or '.join(map(repr, other))}")
        if options["kernel"] != "moving":
            raise InputError(f"noise_placement = {name!r} with kernel = {options['kernel']!r}",
                             "noise on pre-activations acts through patterns that follow them", "use kernel = 'moving'")
        if options["noise"] == "sampled":
            raise InputError(f"noise_placement = {name!r} with noise = 'sampled'",
                             "the sampled noise output is that of the accumulated noise alone", "use noise = 'vanishing'")
    if placement is not None and options["time"] == "flow":
        raise InputError(f"noise_placement = {name!r} with time = 'flow'", "placed noise is drawn anew at each step, and "
                         "continuous time has none", "use time = 'steps'")
    if patterns != "moving" and options["kernel"] != "moving":
        raise InputError(f"patterns = {patterns!r} with kernel = {options['kernel']!r}", "patterns set the kernel of the limit",
                         "leave one of the two out")
    if patterns != "moving" and options["noise"] == "sampled":
        raise InputError(f"patterns = {patterns!r} with noise = 'sampled'",
                         "the sampled noise output is that of patterns that follow the noise", "use noise = 'vanishing'")
