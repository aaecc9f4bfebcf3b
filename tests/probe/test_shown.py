"""What is made of a recorded run: saved and loaded it is the same, and tables, figures and the report take it."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from rich.console import Console

from tests.probe.networks import examples, small_net, train
from theory_sim import Trajectory, learning_order
from theory_sim.experiment.recorded import RecordedRun
from theory_sim.plots.decomposition import plot_decomposition
from theory_sim.plots.kernel_drift import plot_kernel_drift
from theory_sim.plots.patterns import plot_patterns
from theory_sim.plots.sharpness import plot_sharpness
from theory_sim.probe import Probe
from theory_sim.sweeps.over_seeds import summarise_each
from theory_sim.terminal.tables import summary_tables

RECORD = {"run": {"every_steps": 4}, "patterns": {}, "pre_activations": {}, "kernels": {"every_steps": 8, "probes": 6},
          "sharpness": {"every_steps": 16}}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Trajectory]:
    """Two seeds, saved and loaded."""
    torch.set_num_threads(1)
    x, y = examples()
    found = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        model = small_net()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.5, weight_decay=1e-3)
        scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 30, 0.1)
        groups = {"first": (x[y == 0], y[y == 0]), "others": (x[y > 0], y[y > 0])}
        probe = Probe(model, optimizer, groups, record=RECORD, name="mine", seed=seed)
        train(model, optimizer, probe, scheduler=scheduler, steps=48)
        path = tmp_path_factory.mktemp("runs") / f"seed{seed}"
        made = probe.trajectory()
        made.save(path)
        found.append(Trajectory.load(path))
        assert found[-1].dataset.identical(made.dataset) and found[-1].experiment == made.experiment
    return found


def test_what_is_known_of_it(runs: list[Trajectory]) -> None:
    e = runs[0].experiment
    assert isinstance(e, RecordedRun) and e.recorded["optimiser"] == "SGD" and "m_W" not in e.fields()
    assert runs[0].annealed_tau == pytest.approx(15.0) and runs[0].outcome == "budget_spent"


def test_learning_order(runs: list[Trajectory]) -> None:
    order = learning_order(runs[0], groups=("first", "others"))
    losses = runs[0].dataset["loss_train"].sel(kind="others").values
    after = int(np.argmax(losses < 0.45))
    assert runs[0].dataset["tau"].values[after - 1] <= order.tau_Q <= runs[0].dataset["tau"].values[after]
    assert after > 0 and order.order == "others first"


def test_tables(runs: list[Trajectory]) -> None:
    text = io.StringIO()
    Console(file=text, width=100).print(summary_tables(summarise_each(runs)))
    for word in ("first", "others", "tau_noise 0.weight", "tau_noise recursion", "recorded"):
        assert word in text.getvalue()


def test_the_noise_of_each_layer_is_held_against_its_own_recursion(runs: list[Trajectory]) -> None:
    (summary,) = summarise_each(runs[:1])
    last = runs[0].dataset.isel(record=-1)
    ratios = {str(layer): float(last["tau_noise"].sel(layer=layer) / last["tau_noise_recursion"].sel(layer=layer))
              for layer in last["layer"].values}
    assert {name: summary.end[f"tau_noise / recursion {name}"].value for name in ratios} == pytest.approx(ratios)
    of_all = float(last["tau_noise"].sel(layer="0.weight") / last["tau_noise_exact"])
    assert of_all != pytest.approx(ratios["0.weight"], rel=0.05), "that over all layers would be seen"


def test_figures(runs: list[Trajectory]) -> None:
    run = runs[0]
    figure = plot_decomposition(runs)
    assert [ax.get_title(loc="left") for ax in figure.axes[:4]] == ["0.weight", "0.bias", "2.weight", "4.weight"]
    line, dots = figure.axes[-1].lines[0], figure.axes[-1].lines[1]
    np.testing.assert_array_equal(line.get_ydata(), run.history("tau_noise", layer="0.weight"))
    np.testing.assert_array_equal(dots.get_ydata(), run.history("tau_noise_recursion", layer="0.weight"))
    assert figure.axes[-1].get_title(loc="left") == "noise in 0.weight: measured (line), recursion (dots)"
    figure = plot_patterns(runs)
    drawn = [each.get_ydata() for each in figure.axes[0].lines]
    assert any(np.array_equal(each, run.dataset["flips"].sel(since="start", feature="3").values) for each in drawn)
    for part in (None, "2.weight"):
        figure = plot_kernel_drift(runs, feature=part)
        expected = run.dataset["kernel_map_two"].sel(kernel_part=part or "all").values
        np.testing.assert_array_equal(figure.axes[1].collections[0].get_array().ravel(), expected.ravel())
    plot_sharpness(runs)
    with pytest.raises(ValueError, match="feature = 'Q'"):
        plot_kernel_drift(runs, feature="Q")


@pytest.mark.parametrize(("plot", "variables", "observer"), [
    (plot_kernel_drift, ["kernel_map_two"], "kernels"), (plot_patterns, ["flips"], "patterns"),
    (plot_sharpness, ["sharpness"], "sharpness"),
])
def test_what_was_not_recorded_is_refused_with_how_a_probe_records_it(
    runs: list[Trajectory], plot: Callable[[Any], Any], variables: list[str], observer: str
) -> None:
    without = Trajectory(runs[0].dataset.drop_vars(variables), runs[0].experiment)
    with pytest.raises(ValueError, match=f"has no {observer}") as refused:
        plot([without])
    assert f'record={{"{observer}": {{}}}}' in str(refused.value) and "--observe" not in str(refused.value)


def test_no_words_of_the_figures_are_cut(runs: list[Trajectory]) -> None:
    """Titles, labels and legends as drawn lie inside of the figure; a run that was annealed has the longest ones."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    assert np.isfinite(runs[0].annealed_tau)
    for plot in (plot_decomposition, plot_patterns, plot_kernel_drift, plot_sharpness):
        figure = plot(runs)
        FigureCanvasAgg(figure).draw()
        width, height = figure.bbox.width, figure.bbox.height
        words = [each for ax in figure.axes for each in (ax.xaxis.label, ax.yaxis.label, ax.title, ax._left_title)]
        words += [each for legend in figure.legends for each in legend.get_texts()]
        assert sum(bool(each.get_text()) for each in words) > 3
        for each in (each for each in words if each.get_text()):
            box = each.get_window_extent()
            assert box.x0 >= -2 and box.x1 <= width + 2 and box.y0 >= -2 and box.y1 <= height + 2, (plot, each.get_text())


def test_report(runs: list[Trajectory], tmp_path: Path) -> None:
    pytest.importorskip("bokeh", reason="the extra report is not installed")
    from theory_sim.report.gather import gather
    from theory_sim.report.page import render

    for number, run in enumerate(runs):
        run.save(tmp_path / f"run{number}")
    page = render(gather([tmp_path]))
    assert "Runs of mine" in page and "Recorded in a training loop" in page and "m_W" not in page
    assert "theory-sim run" not in page
