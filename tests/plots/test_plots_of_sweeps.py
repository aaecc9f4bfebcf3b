"""Figures of sweeps and of closed forms: phase diagrams, widths, examples needed and errors left."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from theory_sim.engines import simulate
from theory_sim.errors import InputError
from theory_sim.experiment import Experiment
from theory_sim.plots.phase_diagram import plot_phase_diagram
from theory_sim.plots.style import WIDTH
from theory_sim.plots.width import plot_width
from theory_sim.sweeps.phase import PhaseDiagram
from theory_sim.sweeps.phase_agreement import PHASES
from theory_sim.sweeps.phase_boundaries import Boundary
from theory_sim.sweeps.width_fit import fit_width


def test_width_figure_draws_runs_and_their_median() -> None:
    base = Experiment(d=8, N=30, max_tau=20.0, n_test=1, record_every=20.0)
    finite = [simulate(base.replace(m_W=m, m_V=m, seed=k)) for m in (40, 160) for k in range(3)]
    runs = [*finite, *(simulate(base.replace(seed=k), "limit") for k in range(3))]
    ax = plot_width(fit_width(runs)).axes[0]
    limit = runs[-3].dataset["f_train"].values
    gap = float(np.sqrt(np.mean((finite[0].dataset["f_train"].values - limit) ** 2)))
    assert any(gap in np.asarray(line.get_ydata()) for line in ax.lines)
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    for number in (0, -1):  # a run of finite width, and a limit
        broken = list(runs)
        dataset = runs[number].dataset
        broken[number] = replace(runs[number], dataset=dataset.assign(f_train=dataset["f_train"] * math.nan))
        with pytest.raises(InputError, match="outputs that are no numbers"):
            fit_width(broken)


def diagram(quantity: str, x: list[float], y: list[float], values: Any, unanimous: Any) -> PhaseDiagram:
    fine_x, fine_y = np.linspace(x[0], x[-1], 9), np.linspace(y[0], y[-1], 9)
    margin = np.subtract.outer(np.zeros(9), fine_x - fine_x.mean())
    crossing = Boundary("L-S-moves", "it moves", fine_x, fine_y, margin)
    boundaries = (crossing, Boundary("S-is-frozen", "still", fine_x, fine_y, margin**2))
    cells = np.array(values), np.array(unanimous)
    return PhaseDiagram("eta_1", "r", np.array(x), np.array(y), quantity, *cells, 3, boundaries, ())


def test_a_phase_diagram_draws_its_cells_and_where_seeds_disagree() -> None:
    values = [[0, 1, math.nan], [3, 0, 0]]
    given = diagram("order", [1.0, 2.0, 4.0], [2.0, 200.0], values, [[True, False, True], [True, True, False]])
    figure = plot_phase_diagram(given)
    (ax,) = figure.axes
    np.testing.assert_array_equal(np.ma.filled(ax.collections[0].get_array(), np.nan), values)
    (crosses,) = [line for line in ax.lines if line.get_marker() == "x"]
    assert (crosses.get_xdata().tolist(), crosses.get_ydata().tolist()) == ([2.0, 4.0], [2.0, 200.0])
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    phases = ["L-S P first, S Q first", "both Q first", "other"]
    assert labels == [*phases, "not known", "seeds disagree", "it moves"], "the other margin has one sign"
    assert ax.get_xlim() == pytest.approx((2**-0.5, 2**2.5)) and ax.get_ylim() == pytest.approx((0.2, 2000))
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    figure.draw_without_rendering()
    shown = [[text.get_text() for text in axis.get_ticklabels()] for axis in (ax.xaxis, ax.yaxis)]
    assert shown == [["1", "2", "4"], ["2", "200"]], "each cell is found by its own number"


def test_the_axis_of_many_cells_has_round_numbers() -> None:
    x = [round(1.3**k, 2) for k in range(8)]
    given = diagram("order", x, [2.0, 200.0], [[0] * 8] * 2, [[True] * 8] * 2)
    (ax,) = (figure := plot_phase_diagram(given)).axes
    figure.draw_without_rendering()
    assert {"1", "2", "5"} <= {text.get_text() for text in ax.xaxis.get_ticklabels()}, "powers of ten leave one"


def test_a_phase_has_the_colour_that_the_legend_tells() -> None:
    figure = plot_phase_diagram(diagram("order", [1.0, 2.0], [1.0, 2.0], [[0, 1], [2, 3]], np.ones((2, 2), bool)))
    mesh = figure.axes[0].collections[0]
    legend = figure.legends[0]
    names = [text.get_text() for text in legend.get_texts()]
    told = {name: patch.get_facecolor() for name, patch in zip(names, legend.get_patches(), strict=False)}  # then a line
    for number, phase in enumerate(PHASES):
        assert mesh.cmap(mesh.norm(number)) == pytest.approx(told[phase])


@pytest.mark.parametrize(
    ("least", "most", "drawn"), [(-1, 1, True), (-1, 0, False), (0, 1, False), (1, 2, False), (-2, -1, False)]
)
def test_a_boundary_is_where_the_margin_changes_its_sign(least: float, most: float, drawn: bool) -> None:
    given = diagram("order", [1.0, 2.0], [1.0, 2.0], [[0, 0], [0, 0]], np.ones((2, 2), bool))
    crossing = given.boundaries[0]
    margin = np.linspace(least, most, crossing.margin.size).reshape(crossing.margin.shape)
    margin[0, 1] = math.nan
    figure = plot_phase_diagram(replace(given, boundaries=(replace(crossing, margin=margin),)))
    assert ("it moves" in [text.get_text() for text in figure.legends[0].get_texts()]) == drawn


def test_ratios_of_errors_are_coloured_evenly_around_one() -> None:
    given = diagram("error_ratio", [1.0, 2.0, 3.0], [0.1, 0.2], [[0.5, 1.0, math.nan], [2.0, 8.0, 1.0]], np.ones((2, 3), bool))
    ax = plot_phase_diagram(given).axes[0]
    (mesh, *_) = ax.collections
    assert (mesh.norm.vmin, mesh.norm.vmax) == pytest.approx((1 / 8, 8)) and mesh.norm(1.0) == pytest.approx(0.5)
    assert (ax.get_xscale(), ax.get_xlim()) == ("linear", pytest.approx((0.5, 3.5)))
    far = replace(given, values=np.array([[0.0, 1.0, math.nan], [2.0, math.inf, 1.0]]))
    (scale,) = plot_phase_diagram(far).axes[1:]
    scale.figure.draw_without_rendering()
    drawn = [label.get_text() for label in scale.get_yticklabels()]
    assert "1" in drawn, "of no gap"
    (mesh, *_) = plot_phase_diagram(far).axes[0].collections
    np.testing.assert_array_equal(np.ma.filled(mesh.get_array(), np.nan), [[0.5, 1.0, math.nan], [2.0, 2.0, 1.0]])
    plain = plot_phase_diagram(replace(given, quantity="h_at_tau_P")).axes[0].collections[0]
    assert (plain.norm.vmin, plain.norm.vmax) == (0.5, 8.0) and plain.norm(4.25) == pytest.approx(0.5)


@pytest.mark.tier2
def test_phase_diagram_draws_cells_and_boundaries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("theory_sim.sweeps.phase_boundaries._FINE", 13)
    from theory_sim import Engine, Product, Sweep, SweepStore, collect, phase_diagram, run_sweep

    base = Experiment(max_tau=1000.0, eta_2=0.1)
    sweep = Sweep("p", base, (Product({"r": [0.1, 0.3, 0.8], "lambda": [1e-5, 1e-4, 1e-3]}),), ("L-S", "S"),
                  engines=(Engine("closure"),))  # fmt: skip
    store = SweepStore.create(tmp_path / "p", sweep)
    run_sweep(store, workers=0)
    diagram = phase_diagram(collect(store), "r", "lambda")
    figure = plot_phase_diagram(diagram)
    assert figure.get_figwidth() == pytest.approx(WIDTH)
    (ax,) = figure.axes
    assert ax.get_xscale() == ax.get_yscale() == "log" and ax.get_xlabel() == "$r$"
    assert np.array_equal(ax.collections[0].get_array().ravel(), diagram.values.ravel())
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "L-S P first, S Q first" in labels and sum("=" in label for label in labels) == 3
    # A line lies where its margin is 0: Y(eta_1) = 1 passes between the cells on both sides of it.
    moving = next(boundary for boundary in diagram.boundaries if boundary.id == "L-S-moves")
    lines = [path.vertices for line in ax.collections[1:] for path in line.get_paths() if len(path.vertices)]
    nearest = min(np.abs(np.log(vertices[:, 0, None] / moving.x) ** 2).min() for vertices in lines)
    assert nearest < 1e-2
    ratio = plot_phase_diagram(phase_diagram(collect(store), "r", "lambda", "error_ratio"))
    assert len(ratio.axes) == 2 and "S / L-S" in ratio.axes[1].get_ylabel()


def test_sample_complexity_draws_both_bounds() -> None:
    from theory_sim.plots.sample_complexity import plot_sample_complexity
    from theory_sim.theory.sample_complexity import samples_lower_bound, samples_upper_bound

    figure = plot_sample_complexity([0.3, 0.6])
    assert figure.get_figwidth() == pytest.approx(WIDTH)
    (ax,) = figure.axes
    lower, upper = ax.lines[2:4]
    g_0 = np.asarray(lower.get_xdata())
    assert g_0[0] == 0 and ax.get_yscale() == "log"
    np.testing.assert_allclose(lower.get_ydata(), samples_lower_bound(np.inf, 0.6, g_0))
    np.testing.assert_allclose(upper.get_ydata(), samples_upper_bound(0.6, g_0))
    steps = np.asarray(plot_sample_complexity([0.5], d=20).axes[0].lines[1].get_ydata()) * 20
    np.testing.assert_allclose(steps, np.round(steps))  # whole numbers of examples at a finite dimension
    for overlaps in ([], [0.1, 0.2, 0.3, 0.4, 0.5], [1.0]):
        with pytest.raises(InputError):
            plot_sample_complexity(overlaps)


def test_sample_complexity_on_the_command_line(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from theory_sim import cli

    target = tmp_path / "bounds.svg"
    arguments = ["plot", "sample-complexity", "--overlap", "0.5", "--d", "50", "-o", str(target)]
    assert CliRunner().invoke(cli.app, arguments).exit_code == 0 and target.stat().st_size > 1000
    assert CliRunner().invoke(cli.app, arguments).exit_code != 0, "figures are never overwritten unasked"


def test_error_left_draws_every_classifier_and_marks_both_sizes() -> None:
    from theory_sim.plots.error_left import plot_error_left
    from theory_sim.theory.error_left import error_left

    figure = plot_error_left(kappa=0.6, q0=0.2, losses=[0.3])
    assert figure.get_figwidth() == pytest.approx(WIDTH)
    (ax,) = figure.axes
    lines, marks = ax.lines[:3], [float(np.asarray(line.get_xdata())[0]) for line in ax.lines[3:]]
    assert [str(line.get_label()) for line in lines] == ["averaging", "logistic, loss 0.3", "max-margin"]
    assert marks == pytest.approx([0.5, 0.8 / 0.36])
    least = min(float(np.min(line.get_ydata())) for line in lines)
    assert 0 < ax.get_ylim()[0] <= least and ax.get_ylim()[1] == 0.5, "every line is seen whole, up to an error by chance"
    for line, left in zip(lines, error_left(kappa=0.6, p0=0.18, q0=0.2, losses=[0.3]), strict=True):
        x, y = np.log(line.get_xdata()), np.log(line.get_ydata())
        for at, error in zip(marks, (left.P_only, left.P_holding), strict=True):
            assert np.interp(np.log(at), x, y) == pytest.approx(np.log(error), abs=0.02)  # straight between points
    for losses in ([], [0.1, 0.2, 0.3], [0.8]):
        with pytest.raises(InputError):
            plot_error_left(losses=losses)


def test_error_left_on_the_command_line(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from theory_sim import cli

    target = tmp_path / "error.svg"
    arguments = ["plot", "error-left", "--q0", "0.5", "--loss", "0.2", "-o", str(target)]
    assert CliRunner().invoke(cli.app, arguments).exit_code == 0 and target.stat().st_size > 1000
    assert CliRunner().invoke(cli.app, ["plot", "error-left", "--q0", "0.9", "--p0", "0.3"]).exit_code != 0
