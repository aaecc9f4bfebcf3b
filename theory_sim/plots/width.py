"""|finite - limit| against the width, on one data set a seed: it should fall like m^(-1/2) (THEORY §7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from theory_sim.errors import InputError
from theory_sim.plots.style import COLOURS, WIDTH, style
from theory_sim.statistics.power_laws import log_slope
from theory_sim.trajectory import Trajectory

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["WidthFit", "fit_width", "plot_width"]

_RESAMPLES: Final = 4000
_CONFIDENCE: Final = 0.95
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
    slope, low, high : float
        Least-squares slope, and its 95 % percentile bootstrap interval over runs (4000 resamples, fixed seed).
    """

    widths: np.ndarray[Any, Any]
    differences: list[np.ndarray[Any, Any]]
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
    limits = {_key(run): run for run in trajectories if run.dataset.attrs["engine"] == "limit"}
    found: dict[int, list[float]] = {}
    for run in trajectories:
        if run.dataset.attrs["engine"] != "finite":
            continue
        beside = limits.get(_key(run))
        if beside is None:
            raise InputError(f"{run.experiment.run_name} at finite width without its limit",
                             "a limit run of the same experiment and data", "add one made with --engine limit")
        for each in (run, beside):
            if not np.isfinite(each.dataset["f_train"].values).all():
                engine = each.dataset.attrs["engine"]
                raise InputError(f"{each.experiment.run_name}, {engine}, with outputs that are no numbers",
                                 "runs that did not diverge", "leave it out, or lower its rate")
        gap = run.dataset["f_train"].values - beside.dataset["f_train"].values
        width = run.experiment.m_W + run.experiment.m_V
        found.setdefault(width, []).append(float(np.sqrt(np.mean(gap**2))))
    if len(found) < 2:
        raise InputError(f"{len(found)} width(s) of finite runs", "at least two widths", "add runs with other m_W and m_V")
    widths = np.array(sorted(found))
    differences = [np.array(found[int(width)]) for width in widths]
    rng = np.random.default_rng(0)
    slopes = [
        _slope(widths, [rng.choice(sample, len(sample)) for sample in differences]) for _ in range(_RESAMPLES)
    ]
    low, high = np.quantile(slopes, [(1 - _CONFIDENCE) / 2, (1 + _CONFIDENCE) / 2])
    return WidthFit(widths, differences, _slope(widths, differences), float(low), float(high))


def _key(run: Trajectory) -> str:
    fields = run.experiment.replace(seed_data=run.experiment.seed_of("data")).fields()
    return str(sorted((name, value) for name, value in fields.items() if name not in _FREE | {"seed", "name"}))


def _slope(widths: np.ndarray[Any, Any], samples: Sequence[np.ndarray[Any, Any]]) -> float:
    return log_slope(widths, [np.median(sample) for sample in samples])


def plot_width(trajectories: Sequence[Trajectory]) -> Figure:
    """Points are runs, the line joins medians, the dashed guide has slope -1/2.

    Parameters
    ----------
    trajectories : sequence of Trajectory
        Finite runs at two or more widths, and a limit run for each data set.

    Raises
    ------
    InputError
        As `fit_width`.
    """
    from matplotlib.figure import Figure

    fit = fit_width(trajectories)
    medians = np.array([np.median(sample) for sample in fit.differences])
    with style():
        figure = Figure(figsize=(WIDTH, 2.3), layout="constrained")
        ax = figure.subplots()
        for width, sample in zip(fit.widths, fit.differences, strict=True):
            ax.plot(np.full(len(sample), width), sample, ls="none", marker="o", ms=2, color=COLOURS["noise"], alpha=0.4)
        runs = sum(len(sample) for sample in fit.differences)
        label = f"median of {runs} runs; slope {fit.slope:.2f} [{fit.low:.2f}, {fit.high:.2f}]"
        ax.plot(fit.widths, medians, marker="s", ms=3.5, color=COLOURS["P"], label=label)
        guide = medians[0] * (fit.widths / fit.widths[0]) ** -0.5
        ax.plot(fit.widths, guide, ls="--", lw=0.9, color=COLOURS["Q"], label=r"slope $-1/2$")
        ax.set_xscale("log")
        ax.set_yscale("log")
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_formatter("{x:g}")
        ax.set_xlabel(r"width $m_W + m_V$ (neurons)")
        ax.set_ylabel(r"RMS of $f_m - f_\infty$ at the end")
        figure.legend(loc="outside upper center", handlelength=1.8)
    return figure
