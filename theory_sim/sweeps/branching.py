"""Continuations of one run that share what they have in common: computed once, to the bitwise result of whole runs.

A continuation is a whole run whose rates, placed noise and end are the run's own up to the branching point. So only fields that
act through these can be changed, and each step before the point is looked at for every continuation: one that would have
taken another rate is refused, with the time at which it would. What they share is computed up to there, and its checkpoint is
where each continuation begins.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from theory_sim.data import draw_q_hat
from theory_sim.engines import Engine, resume
from theory_sim.errors import Fault, InputError, StoreError
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import SCHEDULES
from theory_sim.loop import Progress, UnfinishedRun, stopped, unfinished_listing, unfinished_path
from theory_sim.numeric.pool import require_threads
from theory_sim.plugins import LONGEST_NAME
from theory_sim.reading.arguments import accepts
from theory_sim.storage.writing import discard
from theory_sim.train.noise import make_placement
from theory_sim.train.schedules import make_schedule
from theory_sim.trajectory import Trajectory, refuse_existing

__all__ = ["Branches", "branch", "combinations"]

_SECONDS: Final = 30.0  # between two checkpoints of what they share
# Beside the schedule and what schedules read: fields that act through the end of a run, or its placed noise.
_LATER: Final = frozenset({"name", "epsilon_2", "max_tau", "max_steps", "noise_annealing", "noise_factor"})


def combinations(fixed: Mapping[str, Any], varied: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Changes of every continuation: each combination of the varied fields' values, with the fixed ones.

    Examples
    --------
    >>> combinations({"max_tau": 500.0}, {"eta_2": [0.5, 0.25]})
    [{'max_tau': 500.0, 'eta_2': 0.5}, {'max_tau': 500.0, 'eta_2': 0.25}]
    """
    return [{**fixed, **dict(zip(varied, values, strict=True))} for values in itertools.product(*varied.values())]


@accepts(store="a path", at_tau="a number", changes="a list", out="a path", threads="a whole number", progress="a function")
def branch(
    store: str | os.PathLike[str], at_tau: float, changes: Sequence[Mapping[str, Any]], *, out: str | os.PathLike[str],
    threads: int | None = None, progress: Callable[[Experiment], Progress] | None = None,
) -> list[tuple[Path, Trajectory]]:
    """Continue one run in several ways from a time on.

    Parameters
    ----------
    store : path
        A saved run, which gives the experiment and the engine; it is only read.
    at_tau : float
        Learning-rate time up to which the continuations are one run, in (0, max_tau).
    changes : sequence of mapping
        Fields that each continuation changes: those of the schedule, ``epsilon_2``, ``max_tau``, ``max_steps``,
        ``noise_annealing`` and ``noise_factor``. Without a ``name`` of its own it is called after them.
    out : path
        Folder of the continuations. Those that are there are kept, and unfinished ones resumed.
    threads, progress
        As for `theory_sim.sweeps.run_plan.run_plan`.

    Returns
    -------
    list of (path, Trajectory)
        Each bitwise what `theory_sim.simulate` gives for its experiment; up to and with an interrupted one.

    Raises
    ------
    InputError
        If a change acts before ``at_tau``, or the engine cannot share a beginning.
    StoreError
        If another run is in the way.

    Examples
    --------
    >>> import tempfile, theory_sim
    >>> e = theory_sim.Experiment(d=8, N=32, m_W=16, m_V=16, schedule="pieces", pieces=[[4, 2.0], [8, 1.0]], max_tau=8)
    >>> folder = tempfile.mkdtemp()
    >>> _ = theory_sim.simulate(e, store=f"{folder}/whole")
    >>> runs = branch(f"{folder}/whole", 4.0, [{"pieces": [[4, 2.0], [8, rate]]} for rate in (0.5, 0.25)], out=folder)
    >>> [float(run.dataset["rate"][-1]) for _, run in runs]
    [0.5, 0.25]
    """
    prepared = Branches.prepare(Trajectory.load(store), at_tau, changes, Path(out), threads=threads)
    return prepared.run(progress)


@dataclass(frozen=True)
class Branches:
    """Continuations of which all has been looked at that can be refused before anything is computed.

    Attributes
    ----------
    base : Experiment
        That of the run that is branched.
    engine : Engine
    at_tau : float
    paths : mapping of Experiment to Path
        Where each goes.
    found : mapping of Path to Trajectory
        Those that are there.
    unfinished : list of Path
        Those that have begun.
    """

    base: Experiment
    engine: Engine
    at_tau: float
    paths: Mapping[Experiment, Path]
    found: Mapping[Path, Trajectory]
    unfinished: Sequence[Path]
    anew: Set[Path]
    threads: int | None

    @classmethod
    def prepare(
        cls, run: Trajectory, at_tau: float, changes: Sequence[Mapping[str, Any]], out: Path, *, threads: int | None = None
    ) -> Branches:
        """Look at the changes, and at what lies in their places; arguments as for `branch`."""
        require_threads(threads)
        engine, base = Engine.of(run), run.experiment
        _require_branchable(run, engine)
        if not changes:
            raise InputError("no changes", "one mapping of fields for each continuation", "give at least one")
        experiments = [_changed(base, each) for each in changes]
        if isinstance(at_tau, bool) or not isinstance(at_tau, (int, float)) or not 0 < at_tau < min(
                e.max_tau for e in [base, *experiments]):
            raise InputError(f"at_tau = {at_tau!r}", f"a time in (0, max_tau), here {base.max_tau:g}", "choose one within")
        for e in experiments:
            engine.require(e)
        names = [engine.run_name(e) for e in experiments]
        for name in names:
            if names.count(name) > 1:
                raise InputError(f"two continuations with the name {name}", "names of their own", "give each a name field")
        paths = {e: out / name for e, name in zip(experiments, names, strict=True)}
        found, unfinished, anew = {}, [], set()
        for e, path in paths.items():
            if unfinished_path(path).exists():
                begun = UnfinishedRun(path)
                manifest = begun.manifest()
                if Experiment(**manifest["experiment"]) != e or Engine.from_manifest(manifest["engine"]) != engine:
                    raise StoreError(f"{unfinished_path(path)} holds another experiment", "only the same run is resumed",
                                     "choose another output folder")
                # One that stopped before the branching point was the shared beginning, of which each step is to be compared.
                if begun.tau() < at_tau * (1 - 1e-12):
                    anew.add(path)
                else:
                    unfinished.append(path)
            elif path.exists():
                stored = Trajectory.load(path)
                if stored.experiment != e or Engine.of(stored) != engine:
                    refuse_existing(path, force=False)
                found[path] = stored
            else:
                engine.solver.require_resources(e, engine.all_options, threads)
        return cls(base, engine, float(at_tau), paths, found, unfinished, anew, threads)

    def run(self, progress: Callable[[Experiment], Progress] | None = None) -> list[tuple[Path, Trajectory]]:
        """Compute what they share and then each; arguments and result as for `branch`."""
        fresh = {e: path for e, path in self.paths.items() if path not in self.found and path not in self.unfinished}
        for alike in self._alike(fresh):
            ended = self._begin(alike, progress)
            if ended is not None:
                return ended
        results = []
        for e, path in self.paths.items():
            run = self.found.get(path)
            if run is None:
                run = resume(path, threads=self.threads, progress=progress(e) if progress else None)
            results.append((path, run))
            if run.outcome == "interrupted":
                break
        return results

    def _alike(self, fresh: Mapping[Experiment, Path]) -> list[dict[Experiment, Path]]:
        """Continuations in groups, each of which can share a checkpoint."""
        groups: dict[object, dict[Experiment, Path]] = {}
        for e, path in fresh.items():
            groups.setdefault(self.engine.solver.prepared_for(e, self.engine.all_options), {})[e] = path
        return list(groups.values())

    def _begin(
        self, alike: Mapping[Experiment, Path], progress: Callable[[Experiment], Progress] | None
    ) -> list[tuple[Path, Trajectory]] | None:
        """Compute the first of them up to the branching point, where the others begin; the run if it was interrupted."""
        (first, path), *others = alike.items()
        beginning = _Beginning([self.base, *alike], self.at_tau)
        options = {"name": self.engine.name, **self.engine.all_options}
        with UnfinishedRun(path) as unfinished:
            unfinished.create(first, options, (), force=path in self.anew)
            unfinished.pause = beginning.pauses
            run = self.engine.solver.run(
                first, self.engine.all_options, unfinished, observers=(), threads=self.threads,
                progress=progress(first) if progress else None, seconds=_SECONDS,
            )
            if beginning.differs is not None:
                discard(unfinished.folder, unfinished_listing(unfinished.folder), of="an unfinished run")
                raise InputError.of([beginning.differs])
            if not beginning.reached:
                if run.outcome == "interrupted":
                    return [(path, run)]
                ended = run.dataset.attrs["final_tau"]
                raise InputError(f"at_tau = {self.at_tau:g} of a run that ended at tau = {ended:g}: {run.outcome}",
                                 "a time before its end", f"choose an earlier one; {path} holds the whole run")
            segments, state = unfinished.load()
            assert state is not None, "a run that pauses keeps a checkpoint"
            counts = dict(unfinished.counts)
        joined = {name: np.concatenate([segment[name] for segment in segments]) for name in segments[0]} if segments else {}
        for (e, other), schedule in zip(others, beginning.schedules[2:], strict=True):
            with UnfinishedRun(other) as own:
                own.create(e, options, (), force=other in self.anew)
                own.checkpoint(joined, counts, {**state, "schedule": np.array(schedule.state())})
        return None


@dataclass
class _Beginning:
    """What the run that is branched, the first of these, and its continuations have in common, step by step."""

    experiments: Sequence[Experiment]
    at_tau: float
    reached: bool = False
    differs: Fault | None = None
    schedules: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        q_hat = draw_q_hat(self.experiments[0])
        self.schedules = [make_schedule(e, q_hat) for e in self.experiments]
        self._placements = [make_placement(e) for e in self.experiments]

    def pauses(self, step: int, tau: float, training_loss: float) -> bool:
        """Whether the branching point is reached, or one of them would not take the step that the first takes."""
        if tau >= self.at_tau * (1 - 1e-12):
            self.reached = True
            return True
        taken = [self._step(index, step, tau, training_loss) for index in range(len(self.experiments))]
        for e, other in zip(self.experiments, taken, strict=True):
            if other != taken[0]:
                self.differs = Fault(
                    f"at_tau = {self.at_tau:g}, but {e.name} leaves {self.experiments[0].name} at tau = {tau:g}",
                    "continuations that are one run up to at_tau",
                    f"choose at_tau at most {tau:g}, or another change" if tau > 0 else "choose another change", ("at_tau",))
                return True
        return False

    def _step(self, index: int, step: int, tau: float, training_loss: float) -> tuple[object, ...]:
        schedule, placement = self.schedules[index], self._placements[index]
        end = stopped(self.experiments[index], step, tau, training_loss)
        schedule.step = step
        rate = schedule.rate(tau, training_loss)
        annealed = repr(schedule.annealed_tau)  # not a number equals itself so
        return end is None, rate, annealed, placement and placement.level(tau, schedule.annealed_tau)


def _require_branchable(run: Trajectory, engine: Engine) -> None:
    why = engine.solver.unbranchable(engine.all_options)
    if why:
        raise InputError(f"a run of the engine {engine.label!r}", f"one whose runs can share their beginning; {why}",
                         "compute whole runs: theory-sim run")
    if run.dataset.attrs.get("given"):
        raise InputError("a run that was given data, initial weights or noise", "one that its experiment describes",
                         "compute whole runs with simulate")


def _changed(base: Experiment, changes: Mapping[str, Any]) -> Experiment:
    """Experiment of a continuation; InputError if a change acts from the first step on."""
    later = _LATER | {"schedule"} | {name for each in SCHEDULES for name in (*each.reads, *each.fields)}
    early = [name for name in changes if name not in later]
    if early:
        raise InputError(f"{', '.join(early)} changed at a branch", "fields of the schedule, the end and placed noise's "
                         "annealing: others act from the first step on", "compute a whole run with it: theory-sim run")
    e = base.replace(**{"name": _name(base, changes), **changes})
    if e.tau_0_value != base.tau_0_value:
        raise InputError(f"tau_0 = {e.tau_0_value:g} after the change, {base.tau_0_value:g} before",
                         "the same start: tau_0 is stationary at eta_1", "set tau_0_rate or tau_0 in the run that is branched")
    return e


def _name(base: Experiment, changes: Mapping[str, Any]) -> str:
    """Name after the changes: default-eta_2-0.25, default-pieces-300-0.5-500-16; of what makes no name, default-branch."""
    parts = [f"{key}-{_words(value)}" for key, value in changes.items() if isinstance(value, (int, float, str, list, tuple))]
    name = "-".join([base.name, *parts])
    return name if parts and len(name) <= LONGEST_NAME else f"{base.name}-branch"


def _words(value: object) -> str:
    """A value, or the values of a list one after the other."""
    return "-".join(map(_words, value)) if isinstance(value, (list, tuple)) else str(value)
