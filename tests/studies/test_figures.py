"""The figures of studies show what their tables hold: each point, each bar's ends, each guide, by hand-made tables."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas
import pytest
from matplotlib.container import ErrorbarContainer

from theory_sim.plots.learning_times import draw_times
from theory_sim.statistics.intervals import share_interval
from theory_sim.studies.annealing_time.figure import plot as plot_annealing_time
from theory_sim.studies.essential_noise.figure import plot as plot_essential_noise
from theory_sim.studies.mitigation.figure import plot as plot_mitigation
from theory_sim.studies.regularisation.figure import plot as plot_regularisation
from theory_sim.studies.scaling.figure import plot as plot_scaling
from theory_sim.studies.theorem_c2.figure import plot as plot_theorem_c2
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
    (stated,) = [line for line in below.lines if line.get_linestyle() == "--"]
    assert stated.get_xdata().tolist() == pytest.approx([0.0, 1.08 * 0.2])
    assert stated.get_ydata().tolist() == pytest.approx([0.0, 0.55 * 1.08 * 0.2])
    gaps = pandas.DataFrame([row for row in rows if row["part"] == "gap"]).assign(**{"deficit / q": math.nan, "q": math.nan})
    for column in ("deficit less the control's", "deficit less the control's low", "deficit less the control's high"):
        gaps[column] = math.nan
    (alone,) = [line for line in plot_width(gaps).axes[1].lines if line.get_linestyle() == "--"]
    assert alone.get_xdata().tolist() == [0.0, 0.3], "the statement's range, where no deficit is known"


def test_bars_of_width_are_drawn_as_far_as_the_axis_goes() -> None:
    from theory_sim.studies.width import figure

    run, column = next(iter(figure._MOTION)), "deficit less the control's"
    intervals = [(0.1, 0.2, 0.4), (-0.2, -0.1, 0.3), (-0.5, -0.4, -0.2), (math.nan, 0.6, math.nan)]
    rows = [{"part": "deficit", "run": run, "q": q, "deficit / q": mean / q,
             column: mean, f"{column} low": low, f"{column} high": high}
            for q, (low, mean, high) in zip((0.1, 0.2, 0.3, 0.4), intervals, strict=True)]  # fmt: skip
    gap = {"part": "gap", "run": "annealed", "against": "limit", "m_V": 100,
           **{f"gap of {name}{end}": 0.5 for name in figure._GAPS for end in ("", " low", " high")}}  # fmt: skip
    below = plot_width(pandas.DataFrame([gap, *rows])).axes[1]
    drawn = ends(below, figure._MOTION[run][0], axis=1)
    assert drawn[0] == pytest.approx([0.1, 0.4]) and drawn[1] == pytest.approx([-0.1, 0.3])
    assert drawn[2][0] == -0.4, "a deficit below 0 has no bar below"
    assert drawn[3] == [0.6, 0.6], "no interval, no bar"


def courses(ax: Any, **look: str) -> list[tuple[list[float], list[float]]]:
    """Abscissae and ordinates, to nine digits, of the lines that look as said."""
    return [
        tuple(np.asarray(data, dtype=float).round(9).tolist() for data in line.get_data())
        for line in ax.lines
        if all(getattr(line, f"get_{name}")() == value for name, value in look.items()) and len(line.get_xdata())
    ]


def test_scaling_shows_times_and_the_ratio_of_errors() -> None:
    laws = ("alpha in [1/2, 1]", "alpha = 1")
    rows = [
        {"alpha": law, "schedule": schedule, "engine": engine, "d": d, "r d": d / 2, "tau_P": base + d, "tau_Q": 2 * base + d,
         "tau_P closed form": base + 1, "tau_Q closed form": base + 2, "error S / L-S, equal loss": base + 3,
         "error S / L-S, equal loss low": np.nan if d == 400 else base - 4, "error S / L-S, equal loss high": base + 8}
        for number, law in enumerate(laws)
        for first, schedule in ((10, "L-S"), (50, "S"))
        for second, engine in ((100, "closure"), (200, "limit"))
        if number == 0 or engine == "closure"
        for d, base in [(d, first + second + 1000 * number + d / 100) for d in (400, 100)]
    ]  # fmt: skip
    times, gap = plot_scaling(pandas.DataFrame(rows)).axes
    assert {times.get_xscale(), times.get_yscale(), gap.get_xscale(), gap.get_yscale()} == {"log"}
    at = [100.0, 400.0]
    assert courses(times, label="Q under S") == [(at, [2 * 251 + 100, 2 * 254 + 400])]
    assert courses(times, label="P under S") == [(at, [251 + 100, 254 + 400])]
    assert courses(times, label="P under L-S", marker="o") == [(at, [211 + 100, 214 + 400])]
    assert courses(times, marker="None", linestyle="-") == [
        (at, [2 * 151 + 100, 2 * 154 + 400]), (at, [151 + 100, 154 + 400]), (at, [111 + 100, 114 + 400]),
    ]  # fmt: skip
    assert courses(times, linestyle=":") == [(at, [152, 155]), (at, [153, 156])], "closed forms beside the closure under S"
    assert courses(times, label="closed form") == [(at, [153, 156])], "named once"
    assert courses(gap, label=r"closure, $\alpha\in$ [1/2, 1]", linestyle="-") == [([50, 200], [114, 117])]
    assert courses(gap, label="closure, alpha = 1", linestyle="--") == [([50, 200], [1114, 1117])]
    label = r"limit, $\alpha\in$ [1/2, 1]"
    assert shown(gap, label) == ([50, 200], [214, 217])
    assert ends(gap, label, axis=1) == [[211 - 4, 211 + 8], [217, 214 + 8]], "an end that is not known has no bar"
    assert courses(gap, linestyle=":") == [([0, 1], [10, 10])]


def test_theorem_c2_shows_both_sides_and_what_they_give_away() -> None:
    def row(arm: str, theta: str, bound: float) -> dict[str, Any]:
        first = 3.0 if theta == "W" else 5.0
        return {"arm": arm, "theta": theta, "tau": 200.0, "bound at 50%": first, "bound at 100%": bound,
                "average loss at 50%": 0.6, "average loss at 100%": 0.4, "bound / average loss": bound / 0.4}  # fmt: skip

    table = pandas.DataFrame([
        row("moving", "W and V", 1.2), row("moving", "W", 0.8), row("noise output", "W and V", np.nan),
        row("noise output", "W", np.nan), row("mine", "W and V", np.inf), row("mine", "W", 0.9),
    ])  # fmt: skip
    panels = plot_theorem_c2(table).axes
    assert [ax.get_title() for ax in panels[:3]] == [r"patterns move, $\eta$ = 1", r"noise output, $\eta$ = 1", "mine"]
    assert [ax.axison for ax in panels] == [True, True, True, False]
    at = [100.0, 200.0]
    bounds_of = ([(at, [5.0, 1.2]), (at, [3.0, 0.8])], [], [(at, [3.0, 0.9])])
    notes_of = ([(r"$\times$3.00", 0.72), (r"$\times$2.00", 0.99)], [("no bound", 0.99)], [(r"$\times$2.25", 0.72)])
    for ax, bounds, notes in zip(panels[:3], bounds_of, notes_of, strict=True):
        assert courses(ax, linestyle=":") == [([0, 1], [round(math.log(2), 9)] * 2)]
        assert courses(ax, linestyle="-", marker=".") == [(at, [0.6, 0.4])]
        assert courses(ax, linestyle="--") + courses(ax, linestyle="-.") == bounds
        assert [(text.get_text(), text.xy[0]) for text in ax.texts] == notes
        assert ax.get_ylim() == (0, pytest.approx(1.5 * 1.2)), "of the last bounds that there are"
    alone = plot_theorem_c2(table[table["arm"] == "noise output"]).axes
    assert alone[0].get_ylim() == (0, pytest.approx(1.5 * math.log(2)))


def test_regularisation_shows_times_and_growth() -> None:
    table = pandas.DataFrame({
        "lambda": [0.1, 0.0, 0.0], "run": ["S", "constant", "S"], "engine": ["finite", "limit", "finite"],
        "tau_P": [100.0, np.inf, np.nan], "tau_P low": [80.0, 90.0, np.nan], "tau_P high": [np.inf, np.inf, np.nan],
        "tau_Q": [60.0, 40.0, np.inf], "tau_Q low": [50.0, np.nan, np.nan], "tau_Q high": [70.0, np.nan, np.nan],
        "level, end / half": [1.1, 0.9, 1.0], "level, end / half low": [1.0, np.nan, 0.8],
        "level, end / half high": [1.2, np.nan, 1.3],
    })  # fmt: skip
    left, right = plot_regularisation(table).axes
    kinds = [r"$\lambda$ = 0: $\eta_1$", r"$\lambda$ = 0: S", r"$\lambda$ = 0.1: S"]
    assert [label.get_text() for label in left.get_yticklabels()] == kinds
    edge = 1.25 * 100.0
    points = {(line.get_xdata()[0], round(line.get_ydata()[0], 9), line.get_marker()) for line in left.lines
              if line.get_marker() != "None" and np.isfinite(line.get_xdata()[0])}  # fmt: skip
    assert points == {(100.0, 1.86, "o"), (60.0, 1.86, "o"), (0.96 * edge, 0.16, ">"), (40.0, 0.16, "s"),
                      (1.03 * edge, 0.86, ">")}  # fmt: skip
    assert courses(left, marker="None") == [([80.0, edge], [1.86, 1.86]), ([50.0, 70.0], [1.86, 1.86])]
    assert left.get_xlim() == (0, edge) and left.get_ylim() == (2.5, -0.5)
    assert courses(right, marker="o") == [([1.1], [1.86]), ([1.0], [0.86])] and courses(right, marker="s") == [([0.9], [0.16])]
    assert courses(right, marker="None", linestyle="-") == [([1.0, 1.2], [1.86, 1.86]), ([0.8, 1.3], [0.86, 0.86])]
    assert courses(right, linestyle=":") == [([1.0, 1.0], [0.0, 1.0])]
    assert right.get_xticks().tolist() == [0.7, 1.0, 1.3], "evenly around no growth"
    marked = [line for line in right.lines if line.get_marker() != "None"]
    filled = {round(line.get_ydata()[0], 9): line.get_markerfacecolor() != "white" for line in marked}
    assert filled == {1.86: True, 0.16: False, 0.86: True}
    nothing = plot_regularisation(table.assign(tau_P=np.inf, tau_Q=np.nan)).axes[0]
    assert nothing.get_xlim() == (0, 1.25), "without a time the axis has a length all the same"


def test_mitigation_shows_shares_and_ratios() -> None:
    table = pandas.DataFrame({
        "arm": ["S", *["S + noise"] * 5], "engine": ["finite"] * 4 + ["limit"] * 2, "s": [0, 0.5, 0.25, 0.5, 0.5, 0.25],
        "annealed at tau": [np.nan, 700, 200, 200, 700, 200], "P first": [9, 3, 5, 0, 1, 2], "n": [10, 10, 10, 0, 2, 2],
        "error S / arm": [1.0, 1.234, 0.5, 2.0, 3.0, 4.0],
    })  # fmt: skip
    finite, limit = plot_mitigation(table).axes[:2]
    assert [ax.get_title() for ax in (finite, limit)] == ["finite width", "limit"]
    for ax, expected in ((finite, [[0.5, np.nan], [np.nan, 0.3]]), (limit, [[1.0, np.nan], [np.nan, 0.5]])):
        (image,) = ax.images
        np.testing.assert_array_equal(np.ma.filled(image.get_array(), np.nan), expected)
        assert (image.norm.vmin, image.norm.vmax, image.origin) == (0, 1, "lower")
        assert [label.get_text() for label in ax.get_xticklabels()] == ["200", "700"]
    assert [label.get_text() for label in finite.get_yticklabels()] == ["0.25", "0.5"]
    noted = [(*text.get_position(), text.get_text(), text.get_color()) for text in finite.texts]
    assert noted == [(1, 1, "1.23", "white"), (0, 0, "0.50", "black"), (0, 1, "2.00", "black")]
