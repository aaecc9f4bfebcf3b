"""What the studies of placed noise share: runs at S's rate with noise beside xi, next to L-S and S on the same data.

The experiment is the default's data and rates with tau_0 = 100 in place of 1, far into the lazy regime, where few neurons are
enough (THEORY §13): 100 in W; in V as many as each study can pay for. Its noise level s = 1 is tau_0, the stable noise level
of L-S before it anneals.

All three studies first had m_V = 1000 at their default size, with seeds 0 to 9 (0 to 7), and were left undecided by it: on
some of the data sets on which the limit shows the effect, finite width did not. The widths and seeds were then chosen anew,
the same way for each; hypotheses, statistics and rules stayed as they were. What was known: those results; the seconds, and
nothing else, of runs on seed 0 at widths up to 40 000. The choice:

- *Width.* Finite width departs from the limit by O(1/sqrt(m_V)) (THEORY §2, §7): under S, the neurons whose kink lies between
  z and z + zeta or z - zeta are a share 2 arctan(r)/pi = 0.19 of the m_V/2 pairs, a number known to 9 % at m_V = 1000, 6.6 %
  at 2000, 3.0 % at 10 000 and 1.5 % at 40 000. If a departure beyond the limit's margin is what fails, and is normal, a share
  p of data sets at m_V = 1000 becomes Phi(sqrt(m_V/1000) Phi^-1(p)): a guess for planning, from the smallest share seen.
- *Number of seeds.* Width against seeds so that the rule decides with the highest probability under this guess, at no more
  than about 800 s of processor time. Each study has fresh seeds of its own, so that none tells what another will find.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from theory_sim.experiment import Experiment
from theory_sim.statistics.paired import compare_paired
from theory_sim.studies.decisions import judge_first
from theory_sim.studies.engines import engine_label
from theory_sim.studies.groups import Cell, Row, done_seeds, grid_cells, group_row, pair_row
from theory_sim.studies.study import Finding, Size
from theory_sim.sweeps.collect import Summary

if TYPE_CHECKING:
    import pandas
    import xarray

__all__ = ["NEVER", "arm_rows", "judge_arm", "make_base"]

NEVER = 1e6
"""A tau of annealing beyond the end of every run."""
_PARTS = {"restored": "restores the order P first", "better": "lowers the error on P below that of S"}


def make_base(size: Size, *, default: int, full: int) -> Experiment:
    """Experiment of these studies at a size, schedule S.

    Parameters
    ----------
    size : {"small", "default", "full"}
    default, full : int
        Neurons on x_2, m_V, at these two sizes.
    """
    base = Experiment(d=200, tau_xi=0.789, m_W=100, m_V=default, max_tau=1200.0, record_every=20.0, schedule="S")
    if size == "small":
        return base.replace(d=40, m_W=20, m_V=100, max_tau=240.0, n_test=20)
    if size == "full":
        return base.replace(m_W=400, m_V=full)
    return base


def arm_rows(baseline: Summary, arms: Mapping[str, Summary], columns: tuple[str, ...]) -> list[Row]:
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
    known = {(str(runs["schedule"].values), engine_label(runs)): runs for _, runs in grid_cells(baseline.dataset)}
    rows: list[Row] = []
    for (schedule, engine), runs in known.items():
        rows.append({"arm": schedule, "engine": engine, **group_row(runs),
                     **_against(runs, known["L-S", engine], known["S", engine])})
    for summary in arms.values():
        for _, runs in grid_cells(summary.dataset):
            engine = engine_label(runs)
            labels = {name: _cell(runs[name].values) if name in runs.coords else getattr(summary.sweep.experiment, name)
                    for name in columns}
            against = _against(runs, known["L-S", engine], known["S", engine])
            rows.append({"arm": "S + noise", "engine": engine, **labels, **group_row(runs), **against})
    return rows


def judge_arm(name: str, rows: pandas.DataFrame, *, level: float) -> list[Finding]:
    """Whether an arm, the first of the rows, restores the order, and whether it lowers the error on P."""
    return [judge_first(f"{name}, {says} at S's rate", rows, column, "restorable", level=level, what="seeds")
            for column, says in _PARTS.items()]


def _cell(value: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> Cell:
    item = value.item()
    return item if isinstance(item, str) else float(item)


def _against(arm: xarray.Dataset, large: xarray.Dataset, small: xarray.Dataset) -> Row:
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
