"""Figures: what they draw, at the size they promise."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from theory_sim.engines import Engine, simulate
from theory_sim.errors import InputError, StoreError
from theory_sim.experiment import Experiment
from theory_sim.plots.decomposition import plot_decomposition
from theory_sim.plots.kernel_drift import plot_kernel_drift
from theory_sim.plots.learning_order import plot_learning_order
from theory_sim.plots.patterns import plot_patterns
from theory_sim.plots.phase_diagram import plot_phase_diagram
from theory_sim.plots.sharpness import plot_sharpness
from theory_sim.plots.style import WIDTH, logarithmic_axis, save_figure
from theory_sim.plots.width import plot_width
from theory_sim.sweeps.phase import PhaseDiagram
from theory_sim.sweeps.phase_agreement import PHASES
from theory_sim.sweeps.phase_boundaries import Boundary
from theory_sim.sweeps.width_fit import fit_width
from theory_sim.trajectory import Trajectory


@pytest.fixture(scope="module")
def runs() -> list[Trajectory]:
    small = Experiment(d=10, m_W=20, m_V=40, max_tau=60, n_test=5)
    return [simulate(small.replace(schedule=s, seed=k)) for s in ("L-S", "S") for k in (0, 1)]


def test_learning_order_draws_each_seed_and_the_mean(runs: list[Trajectory]) -> None:
    figure = plot_learning_order(runs)
    assert figure.get_figwidth() == pytest.approx(80 / 25.4) == WIDTH
    assert len(figure.axes) == 2
    for ax, schedule in zip(figure.axes, ("L-S", "S"), strict=True):
        assert ax.get_title(loc="left").startswith(schedule)
        assert "nats" in ax.get_ylabel()
    drawn = [line.get_ydata() for line in figure.axes[1].lines]
    for run in runs[2:]:
        for kind in ("P-only", "Q-only"):
            assert any(np.array_equal(run.history("loss_train", kind=kind), y) for y in drawn)


def test_learning_order_shows_the_longest_run_whole(runs: list[Trajectory]) -> None:
    short = Trajectory(runs[-1].dataset.isel(record=slice(0, 3)), runs[-1].experiment)
    assert plot_learning_order([runs[0], short]).axes[-1].get_xlim() == (0, runs[0].dataset["tau"][-1])


def at(run: Trajectory, annealed_tau: float) -> Trajectory:
    """The run as if its rate had fallen then."""
    return replace(run, dataset=run.dataset.assign_attrs(annealed_tau=annealed_tau))


def test_learning_order_draws_the_level_the_mean_and_when_the_rate_fell(runs: list[Trajectory]) -> None:
    tau = runs[0].dataset["tau"].values
    least = 0.004 * tau[-1]  # one time would be a line that nobody sees
    for times, span in (((20.0, 31.0), (20.0, 31.0)), ((20.0, math.nan), (20.0, 20.0 + least)), ((math.nan,) * 2, None)):
        annealed = [at(run, time) for run, time in zip(runs[:2], times, strict=True)]
        first, *rest = plot_learning_order(annealed, level=0.4).axes
        assert not rest
        (level,) = [line for line in first.lines if line.get_label() == "learnt below 0.4"]
        assert list(level.get_ydata()) == [0.4, 0.4] and first.get_xlim() == (0, tau[-1])
        spans = [patch for patch in first.patches if patch.get_label() == "rate annealed"]
        found = [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in spans]
        assert found == ([] if span is None else [pytest.approx(span)])
        (mean,) = [line for line in first.lines if line.get_label() == "Q-only"]
        wanted = np.mean([np.interp(mean.get_xdata(), run.dataset["tau"], run.history("loss_train", kind="Q-only"))
                          for run in runs[:2]], axis=0)  # fmt: skip
        np.testing.assert_allclose(mean.get_ydata(), wanted, rtol=1e-12)


def test_decomposition_draws_measured_and_exact_noise(runs: list[Trajectory]) -> None:
    noise = plot_decomposition(runs).axes[2]
    drawn = [line.get_ydata() for line in noise.lines]
    assert any(np.array_equal(runs[0].history("tau_noise", layer="W"), y) for y in drawn)
    exact = runs[0].dataset["tau_noise_exact"].values
    assert any(line.get_linestyle() == "None" and set(line.get_ydata()) <= set(exact) for line in noise.lines)
    for ax, layer in zip(plot_decomposition(runs).axes, "WV", strict=False):
        drawn = [np.asarray(line.get_data()) for line in ax.lines]
        for run in runs:
            for name in ("norm_signal", "norm_noise"):
                norm = run.history(name, layer=layer)
                wanted = np.stack([run.dataset["tau"].values[norm > 0], norm[norm > 0]])
                assert any(np.array_equal(wanted, each) for each in drawn), (layer, name)


def test_saving_refuses_what_it_should(runs: list[Trajectory], tmp_path: Path) -> None:
    figure = plot_learning_order(runs[:1])
    path = save_figure(figure, tmp_path / "figure.svg")
    before = path.read_bytes()
    with pytest.raises(StoreError, match="exists"):
        save_figure(figure, path)
    with pytest.raises(InputError, match="suffix"):
        save_figure(figure, tmp_path / "figure.bmp")
    assert save_figure(figure, path, force=True).read_bytes() == before, "the same figure gives the same bytes"
    assert [p.name for p in tmp_path.iterdir()] == ["figure.svg"]


def test_nothing_to_plot_is_said() -> None:
    with pytest.raises(InputError, match="no runs"):
        plot_learning_order([])


@pytest.fixture(scope="module")
def watched() -> list[Trajectory]:
    observe = {"kernels": {"every_tau": 10.0, "probes": 6}, "patterns": {"every_tau": 5.0, "probes": 6}}
    small = Experiment(d=10, N=40, m_W=40, m_V=80, max_tau=60, n_test=5, observe=observe)
    return [simulate(small.replace(schedule=s)) for s in ("L-S", "S")]


def test_kernel_drift_draws_the_three_maps_of_each_schedule(watched: list[Trajectory]) -> None:
    for feature in ("P", "Q"):
        figure = plot_kernel_drift(watched, feature=feature)
        assert figure.get_figwidth() == pytest.approx(WIDTH)
        maps = [ax for ax in figure.axes if ax.get_ylabel() or ax.get_title() or ax.get_images() or ax.collections][:6]
        for i, run in enumerate(watched):
            for j, name in enumerate(("kernel_map_equal", "kernel_map_two", "kernel_map_two_predicted")):
                drawn = np.asarray(maps[3 * i + j].collections[0].get_array())
                np.testing.assert_array_equal(drawn.ravel(), run.dataset[name].sel(feature=feature).values.ravel())
                largest = float(run.dataset[name].sel(feature=feature).max())
                assert maps[3 * i + j].get_title().splitlines()[-1] == f"\u2264 {largest:.2g}"
        assert [maps[3 * i].get_ylabel().split("\n")[0] for i in range(2)] == [run.experiment.schedule for run in watched]
        assert not any(maps[3 * i + j].get_ylabel() for i in range(2) for j in (1, 2))
    with pytest.raises(InputError, match="feature = 'R'"):
        plot_kernel_drift(watched, feature="R")
    once = watched[0].dataset.isel({dim: [0] for dim in watched[0].dataset["kernel_map_two"].dims[1:]})
    for ax in plot_kernel_drift([replace(watched[0], dataset=once)]).axes[:3]:
        (box,) = ax.collections[0].get_paths()
        assert box.get_extents().width > 0, "one record alone is a cell that is seen"
    for time, lines in ((math.nan, []), (25.0, [[25.0, 25.0], [0.0, 1.0]])):
        axes = plot_kernel_drift([at(watched[0], time)]).axes
        for ax in axes[:3]:
            assert [list(line.get_xdata()) for line in ax.lines] == lines
        assert ("dotted" in "".join(ax.get_xlabel() for ax in axes)) == bool(lines)


def test_patterns_draw_measured_and_predicted(watched: list[Trajectory]) -> None:
    figure = plot_patterns(watched)
    for ax, run in zip(figure.axes, watched, strict=True):
        assert ax.get_title(loc="left") == run.experiment.schedule
        drawn = [np.asarray(line.get_ydata()) for line in ax.lines]
        predicted = run.dataset["flips_predicted"].sel(since="start").values
        assert any(np.array_equal(predicted, y, equal_nan=True) for y in drawn)
        measured = run.dataset["flips"].sel(since="start", feature="P").values
        assert any(np.array_equal(measured, y, equal_nan=True) for y in drawn)
    for time in (math.nan, 25.0):
        (ax,) = plot_patterns([at(watched[0], time)]).axes
        assert [line.get_xdata()[0] for line in ax.lines if line.get_lw() == 2.5] == [time] * math.isfinite(time)


def test_sharpness_draws_the_top_the_stable_one_and_the_loss() -> None:
    small = Experiment(d=6, N=20, m_W=8, m_V=8, max_tau=12, record_every=2.0, n_test=5, tau_0=0.5, schedule="pieces",
                       pieces=((20.0, 1.0),), observe={"sharpness": {"every_tau": 3.0}})
    rates = (1.0, 2.0)
    runs = [simulate(small.replace(pieces=((6.0, rate), (20.0, 0.5)))) for rate in rates]
    figure = plot_sharpness(runs)
    assert figure.get_figwidth() == pytest.approx(WIDTH)
    above, below = figure.axes
    for i, (run, rate) in enumerate(zip(runs, rates, strict=True)):
        np.testing.assert_array_equal(above.lines[i].get_ydata(), run.dataset["train_loss"])
        top, stable = below.lines[2 * i : 2 * i + 2]
        np.testing.assert_array_equal(top.get_xdata(), run.dataset["tau_sharpness"])
        np.testing.assert_array_equal(top.get_ydata(), run.dataset["sharpness"].values[:, 0])
        np.testing.assert_array_equal(stable.get_ydata(), run.dataset["stable_sharpness"])
        assert stable.get_ydata()[0] == 2 / rate and stable.get_ydata()[-1] == 4.0
    with pytest.raises(InputError, match="5 runs"):
        plot_sharpness([*runs, *runs, runs[0]])


def test_figures_of_what_was_not_observed_are_refused(runs: list[Trajectory]) -> None:
    with pytest.raises(InputError, match="--observe kernels"):
        plot_kernel_drift(runs)
    with pytest.raises(InputError, match="--observe sharpness"):
        plot_sharpness(runs)
    with pytest.raises(InputError, match="--observe patterns"):
        plot_patterns(runs)


def test_every_engine_is_drawn() -> None:
    small = Experiment(d=10, N=40, m_W=20, m_V=40, max_tau=60, n_test=5)
    limit = [simulate(small.replace(schedule=s), "limit") for s in ("L-S", "S")]
    closure = [simulate(small.replace(schedule=s), "closure") for s in ("L-S", "S")]
    finite = [simulate(small.replace(schedule=s)) for s in ("L-S", "S")]
    for runs in (limit, closure, [simulate(small.replace(network="shared"), "limit")]):
        plot_learning_order(runs)
        plot_decomposition(runs)
    few = Engine("mean-field", {"nodes": 10, "particles": 64})
    mean_field = [simulate(small.replace(schedule=s), few) for s in ("L-S", "S")]
    over = plot_learning_order([*finite, *limit, *closure, *mean_field])
    for ax, run in zip(over.axes, limit, strict=True):
        labels = [line.get_label() for line in ax.lines]
        assert {"limit", "closure", r"mean field, $d\to\infty$", "P-only", "Q-only"} <= set(labels)
        line = ax.lines[labels.index("limit")]
        wanted = np.interp(line.get_xdata(), run.dataset["tau"], run.history("loss_train", kind="P-only"))
        np.testing.assert_allclose(line.get_ydata(), wanted)


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


def test_panels_that_share_an_axis_show_the_largest_of_all(watched: list[Trajectory]) -> None:
    """Of flips the second schedule may have more than the first."""
    more = replace(watched[1], dataset=watched[1].dataset.assign(flips=watched[1].dataset["flips"] * 0.0 + 0.9))
    for order in ([watched[0], more], [more, watched[0]]):
        first, second = plot_patterns(order).axes
        assert first.get_ylim() == second.get_ylim() == (0.0, pytest.approx(1.0))
        assert first.get_xlim() == (0.0, max(float(run.dataset["tau"][-1]) for run in order))


def test_no_mark_is_cut_where_the_axis_begins_at_zero(runs: list[Trajectory]) -> None:
    """Where the largest value stands for most of the run, as tau_t at its stationary level, a marker is half above it."""
    data = runs[0].dataset
    flat = data.assign(tau_noise_exact=data["tau_noise_exact"] * 0.0 + 1.0, tau_noise=data["tau_noise"] * 0.0 + 1.0)
    bottom, top = plot_decomposition([replace(runs[0], dataset=flat)]).axes[2].get_ylim()
    assert bottom == 0.0 and top >= 1.04


def test_the_legend_has_the_lines_own_colour() -> None:
    run = simulate(Experiment(d=10, N=40, m_W=20, m_V=20, n_test=5, schedule="constant", eta_1=1.0, max_tau=8.0, tau_xi=0.0,
                              tau_0=1.0, lambda_=0.0, observe={"sharpness": {"every_tau": 3.0}}))
    figure = plot_sharpness([run])
    (key,) = [line for line in figure.legends[0].get_lines() if line.get_label() == "sharpness"]
    assert key.get_color() == figure.axes[1].lines[0].get_color()


@pytest.mark.parametrize("values", [(0.2, 0.69), (0.31, 0.38), (3.0, 27.0), (2.0, 300.0)], ids=str)
def test_an_axis_with_one_power_of_ten_has_a_number_at_each_tick(values: tuple[float, float]) -> None:
    ax = Figure().subplots()
    ax.plot([0, 1], values)
    logarithmic_axis(ax)
    ax.figure.draw_without_rendering()
    low, high = ax.get_ylim()
    ticks = [*ax.yaxis.get_major_ticks(), *ax.yaxis.get_minor_ticks()]
    labels = [tick.label1.get_text() for tick in ticks if low <= tick.get_loc() <= high]
    assert ax.get_yscale() == "log" and len([label for label in labels if label]) >= 2
    assert all(labels) or values[1] > 100 * values[0]


def test_the_decomposition_of_a_run_without_weights_is_drawn() -> None:
    """The closure has no weights: their norms are 0, of which no logarithmic axis can be drawn."""
    figure = plot_decomposition([simulate(Experiment(d=10, N=40, n_test=5, max_tau=20.0), "closure")])
    figure.draw_without_rendering()
    assert len(figure.axes[2].lines) == 2
    ax = Figure().subplots()
    ax.plot([0, 1], [0, -1])
    logarithmic_axis(ax)
    ax.figure.draw_without_rendering()
    assert ax.get_yscale() == "linear"
