"""simulate(experiment) and resume(store): a run by any engine, and a run that was killed or interrupted."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, overload

from theory_sim.engines.engine import Engine
from theory_sim.errors import InputError
from theory_sim.reading.arguments import accepts

if TYPE_CHECKING:
    from theory_sim.arrays import Array
    from theory_sim.data import Data
    from theory_sim.experiment import Experiment
    from theory_sim.loop import Progress
    from theory_sim.network.given_noise import NoiseSource
    from theory_sim.observe.base import Observer
    from theory_sim.trajectory import Trajectory

__all__ = ["resume", "simulate"]


@overload
def simulate(
    experiment: Experiment, engine: Literal["finite", "closure", "mean-field"] | Engine = "finite", *,
    data: Data | tuple[Data, Data] | None = None, initial: Mapping[str, Array] | None = None,
    noise: NoiseSource | None = None, observers: Sequence[Observer] = (),
    store: str | os.PathLike[str] | None = None, threads: int | None = None, progress: Progress | None = None,
    force: bool = False, checkpoint_seconds: float = 30.0,
) -> Trajectory: ...


@overload
def simulate(
    experiment: Experiment, engine: Literal["limit"], *, data: Data | tuple[Data, Data] | None = None,
    noise: Literal["vanishing", "sampled"] = "vanishing", kernel: Literal["moving", "frozen", "independent"] = "moving",
    time: Literal["steps", "flow"] = "steps", spatial: Literal["exact", "mean"] = "exact", tolerance: float = 1e-8,
    time_tolerance: float = 1e-4, observers: Sequence[Observer] = (), store: str | os.PathLike[str] | None = None,
    threads: int | None = None, progress: Progress | None = None, force: bool = False, checkpoint_seconds: float = 30.0,
) -> Trajectory: ...


@accepts(experiment="Experiment", engine="a text or Engine", data="Data or a list", initial="a table",
         noise="a table or a function or a text", observers="a list", store="a path", threads="a whole number",
         progress="a function", force="True or False", checkpoint_seconds="a number")
def simulate(
    experiment: Experiment,
    engine: str | Engine = "finite",
    *,
    data: Data | tuple[Data, Data] | None = None,
    initial: Mapping[str, Array] | None = None,
    noise: NoiseSource | str | None = None,
    observers: Sequence[Observer] = (),
    store: str | os.PathLike[str] | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    force: bool = False,
    checkpoint_seconds: float = 30.0,
    **options: Any,
) -> Trajectory:
    """Compute one run and record what happens (THEORY §2-§8).

    Parameters
    ----------
    experiment : Experiment
        Description of the run.
    engine : {"finite", "limit", "closure", "mean-field"} or Engine
        Finite width: noisy gradient descent on the network. The limit: infinite width, on the same data. The closure: means
        over data sets in about 0.1 s. An `Engine` holds its options already; so one of your own is used.
    data : Data, or pair of Data, optional
        Training set, or training set and fresh examples, in place of those that `draw_data` and `draw_test_data` draw; finite
        width and the limit. A training set alone must have the experiment's w*, that of the fresh examples.
    initial : mapping, optional
        U_0 and second layers in place of what `draw_initial` draws, by the same names; one that is left out is drawn. Finite
        width.
    noise : mapping or callable, optional
        Noise on the gradient in units of ``tau_xi``, in place of what `draw_noise` draws: arrays (T, m, k) by the layer's
        label, or a function of the step that gives arrays (m, k) and gives the same whenever it is asked. Finite width. Of the
        limit ``noise`` is an option, below.
    observers : sequence of Observer
        Observers of your own, beside those that every run has and those of the experiment's ``observe``.
    store : path, optional
        Where to save the Trajectory at the end; must not exist unless ``force``. While the run continues,
        ``<store>.partial`` holds what `resume` needs.
    threads : int, optional
        Threads to use, all processors by default. The result is bitwise the same for any number.
    progress : callable, optional
        Called with (step, tau, training loss) at each record, and every other second between two.
    force : bool
        Replace a saved run, or an unfinished one, at ``store``.
    checkpoint_seconds : float
        With ``store``: seconds between two checkpoints.
    **options
        Options of the engine. Those of the limit:

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

    Returns
    -------
    Trajectory
        Its ``outcome`` says how the run ended, its attribute ``given`` has a digest of each part that was put in. Ctrl-C ends
        it as ``interrupted``, with what was recorded; it is then not saved at ``store``, but `resume` continues it. Of a
        finite width it holds the final weights; what an engine says nothing of is NaN.

    Raises
    ------
    InputError
        If ``threads`` is below 1, an option is unknown, the engine cannot compute the experiment or take what is put in, that
        does not fit the experiment, or memory lacks; before anything is computed. Noise that a function gives is checked at
        its step.
    StoreError
        If ``store`` exists; before anything is computed.
    ExperimentError
        If the drawn data leave L-S no room between annealing and stopping.

    Examples
    --------
    One run at finite width, and the same experiment in the limit of infinite width:

    >>> from theory_sim import Experiment, simulate
    >>> e = Experiment(d=20, N=80, m_W=20, m_V=200, max_tau=100.0)
    >>> run, limit = simulate(e), simulate(e, "limit")
    >>> run.outcome, limit.dataset.attrs["engine"], float(run.dataset.tau[-1])
    ('budget_spent', 'limit', 100.0)
    """
    if isinstance(noise, str):
        options, noise = {"noise": noise, **options}, None
    if isinstance(engine, Engine):
        if options:
            raise InputError(f"{', '.join(options)} beside an Engine", "an Engine holds its options", "give them to the Engine")
        chosen = engine
    else:
        chosen = Engine(engine, options)
    return chosen.run(experiment, observers=observers, store=store, threads=threads, progress=progress, force=force,
                      checkpoint_seconds=checkpoint_seconds, data=data, initial=initial, noise=noise)


@accepts(store="a path", data="Data or a list", initial="a table", noise="a table or a function", observers="a list",
         threads="a whole number", progress="a function", any_version="True or False", checkpoint_seconds="a number")
def resume(
    store: str | os.PathLike[str],
    *,
    data: Data | tuple[Data, Data] | None = None,
    initial: Mapping[str, Array] | None = None,
    noise: NoiseSource | None = None,
    observers: Sequence[Observer] = (),
    threads: int | None = None,
    progress: Progress | None = None,
    any_version: bool = False,
    checkpoint_seconds: float = 30.0,
) -> Trajectory:
    """Continue an unfinished run from its last checkpoint, and save it.

    The result is bitwise what the run would have been without the interruption, times of day and durations apart.

    Parameters
    ----------
    store : path
        Where the finished run goes, as it was given to `simulate`; ``<store>.partial`` lies beside it.
    data, initial, noise
        What the run was begun with, again: the folder keeps only digests. A function of noise is compared at the last step
        that was taken.
    observers : sequence of Observer
        The observers of your own that the run was begun with, made anew with the same arguments.
    threads : int, optional
        Threads to use, all processors by default.
    progress : callable, optional
        Called with (step, tau, training loss) at each record, and every other second between two.
    any_version : bool
        Continue even with other libraries or another processor than those that began the run. The last digits may differ.
    checkpoint_seconds : float
        Seconds between two checkpoints.

    Raises
    ------
    StoreError
        If there is no unfinished run, another process is at it, it is damaged, or libraries or processor have changed.
    InputError
        If the observers, data, initial weights or noise are not those that the run was begun with.

    Examples
    --------
    A run that was stored at ``runs/mine`` and interrupted:

    >>> from theory_sim import resume
    >>> run = resume("runs/mine")  # doctest: +SKIP
    """
    from theory_sim.experiment import Experiment
    from theory_sim.loop import UnfinishedRun
    from theory_sim.network.given import Given
    from theory_sim.numeric.pool import require_threads
    from theory_sim.observe.base import require_observers

    target = str(store)
    with UnfinishedRun(target.removesuffix("/").removesuffix(".partial")) as unfinished:
        manifest = unfinished.manifest()
        if not any_version:
            unfinished.require_same_environment(manifest)
        require_observers(observers)
        names = [type(observer).__name__ for observer in observers]
        if names != manifest["observers"]:
            raise InputError(f"observers {names}", f"those that the run was begun with: {manifest['observers']}",
                             "give the same ones in the same order")
        experiment, engine = Experiment(**manifest["experiment"]), Engine.from_manifest(manifest["engine"])
        given = Given.of(experiment, data, initial, noise)
        _require_same_parts(manifest.get("given", {}), given.parts)
        require_threads(threads)
        options = engine.all_options
        engine.solver.require_resources(experiment, options, threads, observers)
        return engine.solver.run(experiment, options, unfinished, observers=observers, threads=threads, progress=progress,
                                 seconds=checkpoint_seconds, **({"given": given} if given.parts else {}))


def _require_same_parts(begun: Mapping[str, str], now: Mapping[str, str]) -> None:
    """Raise InputError unless a run is resumed with the parts that it was begun with, by their digests."""
    for part in sorted({*begun, *now}):
        if begun.get(part) != now.get(part):
            found = f"{part} not given" if part not in now else f"{part} given" if part not in begun else f"other {part}"
            raise InputError(found, f"the run was begun {'with' if part in begun else 'without'} {part} put in",
                             f"{'give the same' if part in begun else 'leave out'} {part}: resume(store, {part}=...) in Python")
