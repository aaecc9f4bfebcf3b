"""What the studies of placed noise share: runs at S's rate with noise beside xi, next to L-S and S on the same data.

The experiment is the default's data and rates with tau_0 = 100 in place of 1, far into the lazy regime, where few neurons are
enough (THEORY §13): 100 in W and 1000 in V. Its noise level s = 1 is tau_0, the stable noise level of L-S before it anneals.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from theory_sim.experiment import Experiment
from theory_sim.study.comparisons import compare_paired
from theory_sim.study.groups import done_seeds, group_row, pair_row, places
from theory_sim.study.study import Size
from theory_sim.study.sweep.collect import Summary

__all__ = ["NEVER", "arm_rows", "base_of"]

NEVER = 1e6
"""A tau of annealing beyond the end of every run."""


def base_of(size: Size) -> Experiment:
    """Experiment of these studies at a size, schedule S."""
    base = Experiment(d=200, tau_xi=0.789, m_W=100, m_V=1000, max_tau=1200.0, record_every=20.0, schedule="S")
    if size == "small":
        return base.replace(d=40, m_W=20, m_V=100, max_tau=240.0, n_test=20)
    if size == "full":
        return base.replace(m_W=400, m_V=10_000)
    return base


def arm_rows(baseline: Summary, arms: Mapping[str, Summary], columns: tuple[str, ...]) -> list[dict[str, Any]]:
    """One row for L-S and S of each engine, then one for each place of the arms, paired with both.

    Parameters
    ----------
    baseline : Summary
        L-S and S, by engine.
    arms : mapping
        Summaries of runs at S's rate.
    columns : tuple of str
        Fields that tell the arms apart.

    Returns
    -------
    list of dict
        Beside `group_row`: ``restorable``, pairs of which L-S learnt P first and S Q first; ``restored``, of these, how many
        arms learnt P first; ``better``, in how many the arm's error on P is below S's; ratios of errors with intervals.
    """
    known = {(str(runs["schedule"].values), str(runs["engine"].values)): runs for _, runs in places(baseline.dataset)}
    rows = []
    for (schedule, engine), runs in known.items():
        rows.append({"arm": schedule, "engine": engine, **group_row(runs),
                     **_against(runs, known["L-S", engine], known["S", engine])})
    for summary in arms.values():
        for _, runs in places(summary.dataset):
            engine = str(runs["engine"].values)
            told = {name: _plain(runs[name].values) if name in runs.coords else getattr(summary.sweep.experiment, name)
                    for name in columns}
            against = _against(runs, known["L-S", engine], known["S", engine])
            rows.append({"arm": "S + noise", "engine": engine, **told, **group_row(runs), **against})
    return rows


def _plain(value: Any) -> Any:
    item = value.item() if hasattr(value, "item") else value
    return item if isinstance(item, str) else float(item)


def _against(arm: Any, large: Any, small: Any) -> dict[str, Any]:
    kept = done_seeds(arm, large, small)
    arm_order, large_order, small_order = (at.isel(seed=kept)["order"].isel(level=0).values for at in (arm, large, small))
    restorable = (large_order == "P first") & (small_order == "Q first")
    errors = [at.isel(seed=kept)["P_error"].values.astype(float) for at in (arm, large, small)]
    pair = pair_row(arm, small)
    ratio = compare_paired(errors[1].tolist(), errors[0].tolist(), kind="ratio")
    return {
        "restorable": int(restorable.sum()), "restored": int((restorable & (arm_order == "P first")).sum()),
        "better": int((restorable & (errors[0] < errors[2])).sum()),
        **{f"error S / arm{end}": pair[f"error S / L-S{end}"] for end in ("", " low", " high")},
        "error arm / L-S": ratio.estimate, "error arm / L-S low": ratio.low, "error arm / L-S high": ratio.high,
    }
