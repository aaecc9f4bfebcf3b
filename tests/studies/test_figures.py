"""The figures of studies show what their tables hold: each point, each bar's ends, each guide, by hand-made tables."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas
import pytest
from matplotlib.container import ErrorbarContainer

from theory_sim.plots.learning_times import draw_times
from theory_sim.statistics.intervals import share_interval
from theory_sim.studies.annealing_time.figure import plot as plot_annealing_time
from theory_sim.studies.essential_noise.figure import plot as plot_essential_noise
from theory_sim.studies.width.figure import plot as plot_width


def shown(ax: Any, label: str) -> tuple[list[float], list[float]]:
    """Abscissae and ordinates of the points with a label."""
    (found,) = [each for each in ax.containers if isinstance(each, ErrorbarContainer) and each.get_label() == label]
    return found.lines[0].get_xdata().tolist(), found.lines[0].get_ydata().tolist()


def ends(ax: Any, label: str, axis: int = 0) -> list[list[float]]:
    """The two ends of each bar with a label."""
    (found,) = [each for each in ax.containers if isinstance(each, ErrorbarContainer) and each.get_label() == label]
    return [[float(end[axis]) for end in segment] for segment in found.lines[2][0].get_segments()]


def test_essential_noise_shows_shares_of_the_runs_that_there_are() -> None:
    table = pandas.DataFrame({
        "noise": ["none", "scaled", "none", "scaled"], "engine": ["finite", "finite", "limit", "limit"],
        "L-S: P first": [3, 8, 0, 1], "L-S: n": [10, 10, 0, 1], "S: Q first": [9, 4, 2, 0], "S: n": [10, 5, 2, 0],
    })  # fmt: skip
    ax = plot_essential_noise(table).axes[0]
    assert shown(ax, "L-S: P first (finite)") == ([0.3, 0.8], pytest.approx([-0.3, 0.7]))
    assert shown(ax, "L-S: P first (limit)") == ([1.0], pytest.approx([0.89])), "none of no runs has no share"
    assert shown(ax, "S: Q first (finite)") == ([0.9, 0.8], pytest.approx([0.08, 1.08]))
    assert shown(ax, "S: Q first (limit)") == ([1.0], pytest.approx([0.27]))
    exact = share_interval(3, 10)
    assert ends(ax, "L-S: P first (finite)")[0] == pytest.approx([exact.low, exact.high])
    assert ax.get_xlim() == (0, 1) and ax.get_ylim() == (1.5, -0.5)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["none", r"$\propto$ rate"]


def test_annealing_time_shows_factors_and_their_guides() -> None:
    table = pandas.DataFrame({
        "annealed": [5, 5, 5, 0], "way": ["threshold", "step", "threshold", "step"], "eta_2 / eta_1": [0.1, 0.25, 0.1, 0.5],
        "engine": ["finite", "finite", "limit", "finite"], "stable level after / before": [0.3, 0.5, 0.3, 9.0],
        "level after / before": [0.4, 0.6, 0.41, 9.0], "level after / before low": [0.35, 0.5, 0.0, 9.0],
        "level after / before high": [0.45, 0.7, 0.5, 9.0], "motion after / before": [0.2, 0.3, 0.21, 9.0],
        "motion after / before low": [0.1, 0.2, 0.2, 9.0], "motion after / before high": [0.3, 0.5, 0.22, 9.0],
    })  # fmt: skip
    ax = plot_annealing_time(table).axes[0]
    assert shown(ax, "noise level (finite)") == ([0.4, 0.6], pytest.approx([-0.3, 0.7]))
    assert shown(ax, "noise level (limit)") == ([0.41], pytest.approx([-0.12]))
    assert shown(ax, "pattern motion (finite)") == ([0.2, 0.3], pytest.approx([0.12, 1.12]))
    assert shown(ax, "pattern motion (limit)") == ([0.21], pytest.approx([0.3]))
    assert ends(ax, "noise level (finite)") == [pytest.approx([0.35, 0.45]), pytest.approx([0.5, 0.7])]
    assert ends(ax, "noise level (limit)") == [pytest.approx([1e-4, 0.5])], "an end at 0 has no place on a logarithmic axis"
    guides = [(line.get_xdata()[0], *line.get_ydata()) for line in ax.lines if line.get_linestyle() in (":", "--")]
    assert guides == [(0.3, -0.4, 0.4), (0.1, -0.4, 0.4), (0.5, 0.6, 1.4), (0.25, 0.6, 1.4)]
    assert ax.get_ylim() == (1.5, -0.5) and ax.get_xlim() == pytest.approx((0.04, 1.6))
    assert [label.get_text() for label in ax.get_yticklabels()] == ["threshold, 1/10", "step, 1/4"]


def test_learning_times_show_medians_intervals_and_what_is_not_learnt() -> None:
    table = pandas.DataFrame({
        "engine": ["finite", "limit", "finite"], "tau_P": [100.0, 90.0, np.inf], "tau_P low": [80.0, np.nan, 150.0],
        "tau_P high": [np.inf, np.nan, np.inf], "tau_Q": [50.0, 60.0, np.nan], "tau_Q low": [40.0, np.nan, np.nan],
        "tau_Q high": [70.0, np.nan, np.nan],
    })  # fmt: skip
    ax = draw_times(table, ["L-S", "L-S", "S"], "schedule").axes[0]
    points = {(line.get_xdata()[0], round(line.get_ydata()[0], 9), line.get_marker()) for line in ax.lines
              if len(line.get_xdata()) == 1 and line.get_marker() != "None" and np.isfinite(line.get_xdata()[0])}  # fmt: skip
    edge = 106.0
    assert points == {(100.0, -0.3, "o"), (50.0, 0.1, "o"), (90.0, -0.1, "s"), (60.0, 0.3, "s"), (edge, 0.7, ">")}
    bars = [
        (*line.get_xdata(), line.get_ydata()[0]) for line in ax.lines if line.get_lw() == 0.8 and len(line.get_xdata()) == 2
    ]
    assert bars == [pytest.approx(bar) for bar in [(80.0, edge, -0.3), (150.0, edge, 0.7), (40.0, 70.0, 0.1)]]
    assert ax.get_ylim() == (1.5, -0.5) and ax.get_xlim() == pytest.approx((0, 1.03 * edge))


def test_width_shows_gaps_their_slope_and_deficits() -> None:
    from theory_sim.studies.width import figure

    run = next(run for run, filled in figure._RUNS.items() if filled)
    names = list(figure._GAPS)
    rows: list[dict[str, Any]] = []
    for m, against, gap in ((100, "limit", 0.4), (400, "limit", 0.2), (400, "limit (frozen)", 0.3)):
        row: dict[str, Any] = {"part": "gap", "run": run, "against": against, "m_V": m}
        for number, name in enumerate(names):
            row |= {
                f"gap of {name}": gap + number,
                f"gap of {name} low": gap + number - 0.1,
                f"gap of {name} high": gap + number + 0.2,
            }
        rows.append(row)
    motions = list(figure._MOTION)
    for q, motion, deficit in ((0.2, motions[0], 0.1), (0.1, motions[0], 0.05), (0.15, motions[-1], 0.07)):
        rows.append(
            {
                "part": "deficit",
                "run": motion,
                "q": q,
                "deficit / q": deficit / q,
                "deficit less the control's": deficit,
                "deficit less the control's low": deficit - 0.01,
                "deficit less the control's high": deficit + 0.02,
            }
        )
    above, below = plot_width(pandas.DataFrame(rows)).axes
    for number, name in enumerate(names):
        label = figure._GAPS[name][0]
        assert shown(above, label) == ([100, 400], pytest.approx([0.4 + number, 0.2 + number]))
        assert ends(above, label, axis=1)[1] == pytest.approx([0.1 + number, 0.4 + number])
    (slope,) = [line for line in above.lines if line.get_linestyle() == "--"]
    start = 0.4 + names.index("outputs")
    assert slope.get_ydata().tolist() == pytest.approx([1.35 * start, 1.35 * start / 2])
    (frozen,) = [line for line in above.lines if line.get_marker() == "D" and line.get_label().startswith("outputs, from")]
    assert (frozen.get_xdata().tolist(), frozen.get_ydata().tolist()) == ([400], pytest.approx([0.3 + names.index("outputs")]))
    assert shown(below, figure._MOTION[motions[0]][0]) == ([0.1, 0.2], [0.05, 0.1])
    assert shown(below, figure._MOTION[motions[-1]][0]) == ([0.15], [0.07])
    assert ends(below, figure._MOTION[motions[0]][0], axis=1) == [pytest.approx([0.04, 0.07]), pytest.approx([0.09, 0.12])]
    assert below.get_xlim()[0] == 0 and below.get_ylim()[0] == 0
