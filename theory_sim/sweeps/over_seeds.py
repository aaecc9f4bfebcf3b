"""Statistics over seeds of finished runs: means with Student intervals, counts with exact ones."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from theory_sim.engines import Engine
from theory_sim.engines.solver import Purpose
from theory_sim.errors import InputError, repr_of
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import SCHEDULES
from theory_sim.observe.learning_order import LevelOrder, has_patterns, learning_order, times_by_kind
from theory_sim.statistics.intervals import Interval, mean_interval, positive_mean_interval, share_interval
from theory_sim.storage.plain import make_plain
from theory_sim.theory.crossings import LEVELS
from theory_sim.train.losses import make_loss
from theory_sim.trajectory import Trajectory

__all__ = ["ScheduleSummary", "by_experiment", "drawn_alike", "make_table", "summarise", "summarise_each"]


@dataclass(frozen=True)
class ScheduleSummary:
    """What the runs of one schedule by one engine have in common, over seeds.

    ``engine`` names the engine and its options; ``levels`` maps a level of the run's own loss to intervals of tau_P, tau_Q, the
    other kind's loss and accuracy at the first learning time; ``orders`` counts orders at the first level; ``robust`` counts
    runs where three levels agree; ``per_seed`` has of each run its order at the first level and, for both kinds, when and for
    how long they were above the level again after they were learnt. ``note`` is what the engine says of its accuracy;
    ``averages`` tells that its numbers are means over data sets already, the same for every seed. ``loss`` names what is
    minimised, ``kinds`` the groups of examples, ``experiment`` the experiment where there are several. Of data without P and Q
    ``levels`` and ``per_seed`` have a time "tau <kind>" of each kind instead, and there are no orders.
    """

    schedule: str
    engine: str
    seeds: tuple[int, ...]
    levels: dict[float, dict[str, Interval]]
    orders: dict[str, int]
    robust: int
    end: dict[str, Interval]
    per_seed: tuple[dict[str, Any], ...]
    outcomes: dict[str, int]
    warnings: tuple[str, ...]
    note: str
    averages: bool
    loss: str
    kinds: tuple[str, ...]
    experiment: str = ""

    @property
    def label(self) -> str:
        """Schedule, and the engine unless it is finite width; before them the experiment, if it has to be told."""
        return " ".join(filter(None, [self.experiment, self.way]))

    @property
    def way(self) -> str:
        """Schedule, and the engine unless it is finite width."""
        return self.schedule if self.engine == Engine().label else f"{self.schedule}, {self.engine}"

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionaries and numbers, for JSON (not-a-number and infinities become null)."""
        plain: dict[str, Any] = make_plain(asdict(self))
        return {name: value for name, value in plain.items() if name not in ("note", "averages", "loss", "kinds")
                and (name, value) != ("experiment", "")}


def summarise(trajectories: Sequence[Trajectory]) -> list[ScheduleSummary]:
    """Summary of each schedule and engine among the trajectories, in order of first appearance.

    Raises
    ------
    InputError
        If there is none, if the runs differ in more than schedule, engine, seeds and what they observe, or if one is given
        twice: a mean and its interval need independent runs of one experiment.
    """
    if not trajectories:
        raise InputError("no runs", "at least one Trajectory", "give the folder of a saved run")
    _require_replicates(trajectories)
    groups: dict[tuple[str, str], list[Trajectory]] = {}
    for run in trajectories:
        groups.setdefault((run.experiment.schedule, Engine.of(run).label), []).append(run)
    return [_summary(schedule, Engine.of(runs[0]), runs) for (schedule, _), runs in groups.items()]


def summarise_each(trajectories: Sequence[Trajectory]) -> list[ScheduleSummary]:
    """As `summarise`, for runs of any experiments: each by itself, with its name if there are several.

    Raises
    ------
    InputError
        As `summarise`, and if two different experiments have one name, or they have different losses or kinds of examples.
    """
    groups = by_experiment(trajectories)
    if len(groups) < 2:
        return summarise(trajectories)
    names = [group[0].experiment.name for group in groups]
    alike = {(group[0].experiment.loss, tuple(group[0].dataset["kind"].values.tolist())) for group in groups}
    if len(set(names)) < len(names) or len(alike) > 1:
        _require_replicates(trajectories)
    return [replace(each, experiment=name) for name, group in zip(names, groups, strict=True) for each in summarise(group)]


def by_experiment(trajectories: Sequence[Trajectory]) -> list[list[Trajectory]]:
    """Runs of one experiment each, which differ in schedule, engine, seeds and what they observe alone."""
    groups: list[list[Trajectory]] = []
    for run in trajectories:
        for group in groups:
            if not _what_differs([group[0], run]):
                group.append(run)
                break
        else:
            groups.append([run])
    return groups


def drawn_alike(run: Trajectory) -> tuple[str, str, tuple[int, ...]]:
    """What runs of one experiment have in common if they must have the same numbers: schedule, engine, seeds that are used."""
    engine = Engine.of(run)
    return run.experiment.schedule, engine.label, tuple(run.experiment.seed_of(each) for each in _drawn(engine, run.experiment))


def make_table(summaries: Sequence[ScheduleSummary]) -> list[dict[str, Any]]:
    """A row a run: schedule, engine, seed and what it learnt when, times in tau; as `ScheduleSummary.per_seed`."""
    rows = []
    for summary in summaries:
        for seed in summary.per_seed:
            above = {f"above_{kind}_{name}": value for kind in "PQ" if f"above_{kind}" in seed
                     for name, value in seed[f"above_{kind}"].items()}
            plain = {name: value for name, value in seed.items() if not name.startswith("above_")}
            named = {"experiment": summary.experiment} if summary.experiment else {}
            rows.append({**named, "schedule": summary.schedule, "engine": summary.engine, **plain, **above})
    return rows


def _what_differs(trajectories: Sequence[Trajectory]) -> dict[str, list[str]]:
    """Values of the fields by which runs are not of one experiment."""
    varied = {"schedule", "seed", "seed_data", "seed_init", "seed_noise", "seed_batch", "observe"}
    of_schedules = {*Experiment.fields_of_one_schedule(), *(name for each in SCHEDULES for name in each.fields)}
    fields = [run.experiment.fields() for run in trajectories]
    differ = _differences(fields, varied | of_schedules)
    for name in dict.fromkeys(each["schedule"] for each in fields):  # what one schedule reads, another need not have
        differ |= _differences([each for each in fields if each["schedule"] == name], varied)
    return differ


def _require_replicates(trajectories: Sequence[Trajectory]) -> None:
    differ = _what_differs(trajectories)
    if differ:
        told = "; ".join(f"{key} = {', '.join(values[:4])}{', ...' if len(values) > 4 else ''}"
                         for key, values in differ.items())
        raise InputError(f"runs that differ in {told}", "one experiment, but for schedule, engine and seed",
                         "summarise them apart: name the runs of one experiment at a time")
    given = set()
    for run in trajectories:
        if drawn_alike(run) in given:
            raise InputError(f"{Engine.of(run).run_name(run.experiment)} repeats another run's data, U_0 and noise",
                             "independent runs", "give each run once, with seeds of its own")
        given.add(drawn_alike(run))


def _differences(fields: Sequence[Mapping[str, Any]], varied: Collection[str]) -> dict[str, list[str]]:
    """Values of the fields that are not the same in all, but for some that may vary."""
    return {key: values for key in sorted(set().union(*fields) - set(varied))
            if len(values := list(dict.fromkeys(repr_of(each.get(key, "not given")) for each in fields))) > 1}


def _drawn(engine: Engine, e: Experiment) -> list[Purpose]:
    """Purposes for which a run draws: of the start, and of its steps, which draw batches and placed noise if it has them."""
    at_steps: dict[Purpose, bool] = {"batch": e.batch_size is not None, "noise": e.has_placed_noise}
    drawn = set(engine.draws)
    return sorted(drawn | {purpose for purpose, used in at_steps.items() if used} if drawn else drawn)


def _summary(schedule: str, engine: Engine, runs: Sequence[Trajectory]) -> ScheduleSummary:
    if not has_patterns(runs[0]):
        return _summary_by_kind(schedule, engine, runs)
    learned = [learning_order(run) for run in runs]
    levels = {
        each.level: {
            name: mean_interval([getattr(order.levels[i], name) for order in learned], least=0.0, most=most)
            for name, most in (("tau_P", math.inf), ("tau_Q", math.inf), ("other_loss", math.inf), ("other_accuracy", 1.0))
        }
        for i, each in enumerate(learned[0].levels)
    }
    orders: dict[str, int] = {}
    for order in learned:
        orders[order.order] = orders.get(order.order, 0) + 1
    rows = [_seed_row(run, order.levels[0], order.robust) for run, order in zip(runs, learned, strict=True)]
    return _gathered(schedule, engine, runs, levels, orders, sum(order.robust for order in learned), rows)


def _summary_by_kind(schedule: str, engine: Engine, runs: Sequence[Trajectory]) -> ScheduleSummary:
    """Of data without P and Q: a learning time of each kind."""
    loss, levels = make_loss(runs[0].experiment), {}
    times = [[times_by_kind(run, level=level) for run in runs] for level in LEVELS]
    for level, of_runs in zip(LEVELS, times, strict=True):
        levels[loss.at_level(level)] = {
            f"tau {kind}": mean_interval([each.get(kind, math.nan) for each in of_runs], least=0.0) for kind in of_runs[0]}
    rows = [{"seed": run.experiment.seed, **{f"tau {kind}": time for kind, time in each.items()}, **_end_row(run)}
            for run, each in zip(runs, times[0], strict=True)]
    return _gathered(schedule, engine, runs, levels, {}, 0, rows)


def _gathered(
    schedule: str, engine: Engine, runs: Sequence[Trajectory], levels: dict[float, dict[str, Interval]],
    orders: dict[str, int], robust: int, rows: Sequence[dict[str, Any]],
) -> ScheduleSummary:
    outcomes: dict[str, int] = {}
    for run in runs:
        outcomes[run.outcome] = outcomes.get(run.outcome, 0) + 1
    return ScheduleSummary(
        schedule, engine.label, tuple(run.experiment.seed for run in runs), levels, orders, robust,
        _end_of(runs, engine), tuple(rows),
        outcomes, tuple(f"seed {run.experiment.seed}: {run.message}" for run in runs if run.outcome == "diverged"),
        _note_of(engine, runs), not engine.knows_seeds, runs[0].experiment.loss, tuple(runs[0].dataset["kind"].values.tolist()),
    )


def _note_of(engine: Engine, runs: Sequence[Trajectory]) -> str:
    """What the engine says of its runs, and of these."""
    cautions = dict.fromkeys(engine.solver.caution(run.experiment) for run in runs)
    return "; ".join(each for each in (engine.solver.note(), *cautions) if each)


def _end_of(runs: Sequence[Trajectory], engine: Engine) -> dict[str, Interval]:
    rows: dict[str, list[float]] = {}
    for run in runs:
        last = run.dataset.isel(record=-1)
        for kind in last["kind"].values:
            at = last.sel(kind=kind)
            for name in ("loss_train", "loss_test"):
                rows.setdefault(f"{name} {kind}", []).append(float(at[name]))
        rows.setdefault("P_error", []).append(float(last["P_error"]))
        rows.setdefault("train_loss", []).append(float(last["train_loss"]))
        rows.setdefault("tau", []).append(float(last["tau"]))
        exact = float(last["tau_noise_exact"])
        for layer in last["layer"].values:
            measured = float(last["tau_noise"].sel(layer=layer))
            rows.setdefault(f"tau_noise {layer}", []).append(measured)
            # Layers of a network of the user's have recursions of their own; those of the two-layer network share one.
            own = float(last["tau_noise_recursion"].sel(layer=layer)) if "tau_noise_recursion" in last else exact
            rows.setdefault(f"tau_noise / recursion {layer}", []).append(measured / own if own > 0 else math.nan)
            rows.setdefault(f"pattern_shift {layer}", []).append(float(last["pattern_shift"].sel(layer=layer)))
        rows.setdefault("tau_noise recursion", []).append(exact)
        rows.setdefault("annealed_tau", []).append(run.annealed_tau if math.isfinite(run.annealed_tau) else math.inf)
        for name in ("spatial_error", "time_error"):
            if name in last:
                rows.setdefault(name, []).append(float(last[name]))
        for name in ("kernel_error", "seconds"):
            if name in run.dataset.attrs:
                rows.setdefault(name, []).append(float(run.dataset.attrs[name]))
    # None is negative, but of a user's own loss; some are so near to 0 that their values are skewed.
    ends = {name: positive_mean_interval(values, most=1.0 if name == "P_error" else math.inf) for name, values in rows.items()}
    tested = sum(run.experiment.n_test for run in runs)
    for kind in runs[0].dataset["kind"].values:
        if any(np.isnan(run.dataset["accuracy_test"].sel(kind=kind)[-1]) for run in runs):
            continue  # the closure has no fresh examples
        if not engine.knows_seeds:  # a probability, not a count
            wrong = [1.0 - float(run.dataset["accuracy_test"].sel(kind=kind)[-1]) for run in runs]
            ends[f"error_test {kind}"] = positive_mean_interval(wrong, most=1.0)
            continue
        right = sum(round(float(run.dataset["accuracy_test"].sel(kind=kind)[-1]) * run.experiment.n_test) for run in runs)
        # Given the trained networks, fresh examples are independent: an exact interval of the pooled share.
        ends[f"error_test {kind}"] = share_interval(tested - right, tested)
    return ends


def _seed_row(run: Trajectory, level: LevelOrder, robust: bool) -> dict[str, Any]:
    return {
        "seed": run.experiment.seed, "tau_P": level.tau_P, "tau_Q": level.tau_Q, "order": level.order, "robust": robust,
        "other_loss": level.other_loss, "other_accuracy": level.other_accuracy, **_end_row(run),
        "above_P": asdict(level.above_P), "above_Q": asdict(level.above_Q),
    }


def _end_row(run: Trajectory) -> dict[str, Any]:
    return {"outcome": run.outcome, "final_tau": run.dataset.attrs["final_tau"], "annealed_tau": run.annealed_tau}
