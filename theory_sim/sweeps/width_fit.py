"""|finite - limit| at several widths, on one data set a seed, and its power law (THEORY §7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from theory_sim.engines import Engine
from theory_sim.errors import InputError
from theory_sim.statistics.power_laws import median_slope
from theory_sim.trajectory import Trajectory

__all__ = ["WidthFit", "fit_width"]

_FREE: Final = {"m_W", "m_V", "seed_init", "seed_noise", "seed_batch", "neurons", "dtype", "observe"}


@dataclass(frozen=True)
class WidthFit:
    """Slope of log median difference against log width.

    Attributes
    ----------
    widths : (w,) array
        m_W + m_V of each width.
    differences : list of (runs,) arrays
        Root mean square difference between the outputs on the training set at the end, for each run of a width.
    medians : list of float
        Of each width.
    slope, low, high : float
        Least-squares slope of the medians with its interval over runs; see `median_slope`.
    """

    widths: NDArray[np.int64]
    differences: list[NDArray[np.float64]]
    medians: list[float]
    slope: float
    low: float
    high: float


def fit_width(trajectories: Sequence[Trajectory]) -> WidthFit:
    """Compare finite runs at several widths with the limit on the same data.

    Raises
    ------
    InputError
        If a finite run has no limit beside it, outputs are no numbers, or there are fewer than two widths.
    """
    engines = [Engine.of(run) for run in trajectories]
    limits = {_key(run): run for run, engine in zip(trajectories, engines, strict=True) if _is_limit(engine)}
    found: dict[int, list[float]] = {}
    for run, engine in zip(trajectories, engines, strict=True):
        if engine.solver.infinite_width:
            continue
        limit = limits.get(_key(run))
        if limit is None:
            raise InputError(f"{run.experiment.run_name} at finite width without its limit",
                             "a limit run of the same experiment and data", "add one made with --engine limit")
        for each in (run, limit):
            if not np.isfinite(each.dataset["f_train"].values).all():
                raise InputError(f"{each.experiment.run_name}, {Engine.of(each).name}, with outputs that are no numbers",
                                 "runs that did not diverge", "leave it out, or lower its rate")
        gap = run.dataset["f_train"].values - limit.dataset["f_train"].values
        width = run.experiment.m_W + run.experiment.m_V
        found.setdefault(width, []).append(float(np.sqrt(np.mean(gap**2))))
    if len(found) < 2:
        raise InputError(f"{len(found)} width(s) of finite runs", "at least two widths", "add runs with other m_W and m_V")
    widths = np.array(sorted(found))
    differences = [np.array(found[int(width)]) for width in widths]
    return WidthFit(widths, differences, [float(np.median(each)) for each in differences],
                    *median_slope(widths, differences))


def _is_limit(engine: Engine) -> bool:
    """Whether it has infinite width and the run's own data set, not means over data sets."""
    return engine.solver.infinite_width and "data" in engine.draws


def _key(run: Trajectory) -> str:
    fields = run.experiment.replace(seed_data=run.experiment.seed_of("data")).fields()
    return str(sorted((name, value) for name, value in fields.items() if name not in _FREE | {"seed", "name"}))
