"""Figures: what they draw, at the size they promise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from theory_sim.errors import InputError, StoreError
from theory_sim.experiment import Experiment
from theory_sim.plots.decomposition import plot_decomposition
from theory_sim.plots.learning_order import plot_learning_order
from theory_sim.plots.style import WIDTH, save_figure
from theory_sim.simulate import simulate
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


def test_decomposition_draws_measured_and_exact_noise(runs: list[Trajectory]) -> None:
    noise = plot_decomposition(runs).axes[2]
    drawn = [line.get_ydata() for line in noise.lines]
    assert any(np.array_equal(runs[0].history("tau_noise", layer="W"), y) for y in drawn)
    exact = runs[0].dataset["tau_noise_exact"].values
    assert any(line.get_linestyle() == "None" and set(line.get_ydata()) <= set(exact) for line in noise.lines)


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
