"""Summaries of a study's own sweeps with outcomes written by hand: what its table makes of runs, without any run."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Set
from typing import Any, Final

import numpy as np

from theory_sim.studies.study import Study
from theory_sim.sweeps.collect import Summary
from theory_sim.sweeps.declaration import Sweep
from theory_sim.sweeps.dense import empty_columns, make_dataset
from theory_sim.sweeps.sweep_run import SweepRun

Outcome = Callable[[str, SweepRun], Mapping[str, Any]]
"""Of a sweep's name and a run of it: tau_P, tau_Q, P_error, or any variable of a summary, the study's own included."""
NONE: Final = frozenset[int]()


def shown_on(part: str, count: int) -> Callable[[str, int], bool]:
    """Of a part and the number of a data set, whether it is shown there: this one on the first ``count``, any other on all."""
    return lambda what, k: what != part or k < count


def require_each_way(study: Study, table: Callable[[str, int], Any], part: str, place: int, n: int, *, below: bool = False,
                     free: Callable[[list[Any]], Set[int]] = lambda found: NONE) -> None:
    """Assert that a part is supported, refuted and open, by the data sets on which it is shown, and that no other part moves.

    Parameters
    ----------
    study : Study
    table : callable
        The study's table, of a part that is shown on so many data sets, and all other parts on all.
    part, place : str, int
        Name of the part in ``table``, and the number of its finding.
    n : int
        Data sets.
    below : bool
        Whether the finding counts those on which the part is not shown.
    free : callable
        Of all findings, the numbers of those that may move along.
    """
    for count, verdict in ((n, "supported"), (0, "refuted"), (n // 2, "undecided")):
        found = study.decide(table(part, count)).findings
        told = n - count if below else count
        assert (found[place].verdict, found[place].reason.split(" data")[0]) == (verdict, f"{told} of {n}"), found[place]
        others = [each for i, each in enumerate(found) if i != place and i not in free(found)]
        assert all(each.verdict == "supported" for each in others), others


def summaries_of(study: Study, outcome: Outcome, size: str = "default") -> dict[str, Summary]:
    """Every sweep of a study, its runs done, with the outcomes that a function gives; what it does not give is made up."""
    return {name: _summary(name, sweep, study, outcome) for name, sweep in study.plan(size).items()}  # type: ignore[arg-type]


def _summary(name: str, sweep: Sweep, study: Study, outcome: Outcome) -> Summary:
    metrics = (*study.metrics, *study.paired_metrics)
    columns = empty_columns(sweep, metrics=metrics)
    shape = [len(axis) for axis in sweep.axes()]
    ids = np.full(shape, "", dtype="<U40")
    for run in sweep:
        given = {"tau_P": 500.0, "tau_Q": 300.0, "P_error": 0.1, "censored_at": run.experiment.max_tau,
                 "annealed_tau": math.nan, "tau_noise": 1.0, "loss_train": 0.3, "Q_loss_at_tau_P": 0.4, "robust": True,
                 "above_again_P": math.inf, "above_again_Q": math.inf, **outcome(name, run)}  # fmt: skip
        if "order" not in given:
            given["order"] = _order(given["tau_P"], given["tau_Q"])
        for key, value in given.items():
            columns[key][run.index] = value
        ids[run.index] = run.id
    return Summary(make_dataset(sweep, columns, ids, np.full(shape, "done"), metrics=metrics), sweep)


def _order(tau_P: float, tau_Q: float) -> str:
    if math.isnan(tau_P):
        return "diverged"
    if math.isinf(tau_P) and math.isinf(tau_Q):
        return "neither learnt"
    return "P first" if tau_P < tau_Q else "Q first"
