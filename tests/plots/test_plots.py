"""Figures: what they draw, at the size they promise."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

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
from theory_sim.plots.sharpness import plot_sharpness
from theory_sim.plots.style import WIDTH, logarithmic_axis, save_figure
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
