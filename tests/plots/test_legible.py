"""Figures can be read where they are drawn from little, much or nothing: no text is cut, small or over another one."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from matplotlib.figure import Figure

from tests.plots.legible import faults
from theory_sim.engines import simulate
from theory_sim.errors import InputError
from theory_sim.experiment import Experiment
from theory_sim.plots.decomposition import plot_decomposition
from theory_sim.plots.error_left import plot_error_left
from theory_sim.plots.kernel_drift import plot_kernel_drift
from theory_sim.plots.learning_order import plot_learning_order
from theory_sim.plots.patterns import plot_patterns
from theory_sim.plots.phase_diagram import plot_phase_diagram
from theory_sim.plots.sample_complexity import plot_sample_complexity
from theory_sim.plots.sharpness import plot_sharpness
from theory_sim.plots.style import WIDTH, apart, shorten, style
from theory_sim.plots.width import plot_width
from theory_sim.studies.registry import STUDIES
from theory_sim.studies.run_study import read_table
from theory_sim.sweeps.phase import PhaseDiagram
from theory_sim.sweeps.phase_boundaries import Boundary
from theory_sim.sweeps.width_fit import WidthFit
from theory_sim.trajectory import Trajectory

DOCS: Final = Path(__file__).resolve().parents[2] / "docs"
OF_RUNS: Final[dict[str, Callable[[Sequence[Trajectory]], Figure]]] = {
    "learning-order": plot_learning_order, "decomposition": plot_decomposition, "kernel-drift": plot_kernel_drift,
    "patterns": plot_patterns, "sharpness": plot_sharpness,
}
LONG: Final = "a_name.of-100-letters-" + "x" * 78


def test_ticks_of_a_logarithmic_axis_keep_apart() -> None:
    """An eighth of an axis from 1 to 256 is a factor of 2."""
    assert apart([0.5, 1.0, 1.9, 2.0, 3.0, 4.5, 256.0, 300.0], 1.0, 256.0) == [1.0, 2.0, 4.5, 256.0]
    assert apart([-1.0, 0.0], 1.0, 8.0) == []


@pytest.fixture(scope="module")
def pair() -> list[Trajectory]:
    observe = {name: {"every_tau": 5.0, **more} for name, more in
               (("kernels", {"probes": 4}), ("patterns", {"probes": 4}), ("sharpness", {}))}
    small = Experiment(d=6, N=24, m_W=8, m_V=8, max_tau=30, n_test=4, tau_0=0.5, observe=observe)
    return [simulate(small.replace(schedule=schedule)) for schedule in ("L-S", "S")]


def of_first_records(run: Trajectory) -> Trajectory:
    names = [dim for dim in run.dataset.dims if "record" in str(dim)]
    return replace(run, dataset=run.dataset.isel({dim: [0] for dim in names}))


def of_no_numbers(run: Trajectory) -> Trajectory:
    return replace(run, dataset=run.dataset.map(lambda x: x * math.nan if x.dtype.kind == "f" else x, keep_attrs=True))


def named(run: Trajectory) -> Trajectory:
    return replace(run, experiment=run.experiment.replace(name=LONG))


def blown_up(run: Trajectory) -> Trajectory:
    """Records of a run that diverges, up to the last finite ones."""
    growth = run.dataset["tau"].copy(data=np.exp(np.linspace(0.0, 300.0, run.dataset.sizes["record"])))
    grown = {name: (run.dataset[name] * growth).assign_attrs(run.dataset[name].attrs) for name in ("loss_train", "train_loss")}
    return replace(run, dataset=run.dataset.assign(grown))


CASES: Final = {"small": list, "one record": of_first_records, "no numbers": of_no_numbers, "long names": named,
                "diverged": blown_up}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", OF_RUNS)
def test_a_figure_of_runs_can_be_read(name: str, case: str, pair: list[Trajectory]) -> None:
    changed = pair if case == "small" else [CASES[case](run) for run in pair]  # type: ignore[operator]
    figure = OF_RUNS[name](changed)
    assert figure.get_figwidth() == pytest.approx(WIDTH) and faults(figure) == []


def test_one_record_is_a_dot(pair: list[Trajectory]) -> None:
    once = [of_first_records(run) for run in pair]
    for plot in (plot_learning_order, plot_decomposition, plot_sharpness):
        for ax in plot(once).axes:
            curves = [line for line in ax.lines if np.isfinite(np.asarray(line.get_ydata(), float)).sum() == 1]
            assert curves and all(line.get_marker() not in ("None", "") for line in curves)


def test_schedules_are_told_apart(pair: list[Trajectory]) -> None:
    def of(schedules: Sequence[str]) -> list[Trajectory]:
        return [replace(pair[1], experiment=pair[1].experiment.replace(schedule=name)) for name in schedules]

    names = ("L-S", "S", "constant", "warm-up", "cosine")
    assert faults(plot_decomposition(of(names[:4]))) == []
    with pytest.raises(InputError, match="runs of 5 schedules"):  # with a fifth, two would have the same dashes
        plot_decomposition(of(names))
    for plot in (plot_learning_order, plot_kernel_drift, plot_patterns):
        assert faults(plot(of(names))) == []


def diagram(quantity: str, values: Any, **more: Any) -> PhaseDiagram:
    cells = np.array(values, dtype=float)
    x, y = np.geomspace(1.0, 4.0, cells.shape[1]), np.geomspace(2.0, 200.0, cells.shape[0])
    fine = np.linspace(x[0], x[-1], 9), np.linspace(y[0], y[-1], 9)
    margin = np.subtract.outer(np.zeros(9), fine[0] - fine[0].mean())
    lines = (Boundary("L-S-moves", r"$Y(\eta_1) = 1$", *fine, margin),
             Boundary("S-learns-Q-first", r"$rd = (c_Q/c_P)(1-q_0)/(1-p_0)$", *fine, margin.T))
    return PhaseDiagram("eta_2/eta_1", "lambda", x, y, quantity, cells, more.get("unanimous", ~np.isnan(cells)), 3, lines, (),
                        more.get("computed"))  # fmt: skip


MIXED: Final = [[0, 1, math.nan], [3, 2, 0]]


@pytest.mark.parametrize("given", [
    diagram("order", [[0]]), diagram("order", [[math.nan]]), diagram("order", MIXED, computed=np.eye(2, 3) > 0),
    diagram("error_ratio", [[1.0]]), diagram("error_ratio", [[0.0, 30.0, math.nan], [1.0, 2.0, math.inf]]),
    diagram("error_ratio", [[math.nan] * 3] * 2), diagram("h_at_tau_P", MIXED),
], ids=["one cell", "nothing known", "mixed", "one ratio", "far ratios", "no ratio", "a number"])  # fmt: skip
def test_a_phase_diagram_can_be_read(given: PhaseDiagram) -> None:
    figure = plot_phase_diagram(given)
    assert faults(figure) == []
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert ("not known" in labels) == bool(np.isnan(given.values).any())
    if given.values.size == 1:
        ticks = [[text.get_text() for text in axis.get_ticklabels()] for axis in (figure.axes[0].xaxis, figure.axes[0].yaxis)]
        assert ticks == [["1"], ["2"]], "of values beside it nothing is known"


def test_nothing_is_drawn_between_cells() -> None:
    """White borders of cells beside a boundary, which is white below, were a second line."""
    (mesh, *_) = plot_phase_diagram(diagram("order", MIXED)).axes[0].collections
    assert len(mesh.get_edgecolor()) == 0 or np.all(mesh.get_linewidth() == 0.0)


@pytest.mark.tier2
def test_figures_of_the_theory_can_be_read() -> None:
    for figure in (plot_sample_complexity([0.1, 0.3, 0.5, 0.9], d=20), plot_error_left(kappa=0.2, q0=0.05, losses=[0.3]),
                   plot_error_left(kappa=0.9, q0=0.5, losses=[0.3, 0.1])):
        assert faults(figure) == []


@pytest.mark.parametrize(("widths", "level"), [((1000, 4000, 16_000), 0.05), ((80, 90), 1e-4), ((10, 10**6), 3.0)])
def test_a_figure_of_widths_can_be_read(widths: tuple[int, ...], level: float) -> None:
    medians = [level * (width / widths[0]) ** -0.5 for width in widths]
    spread = [np.array([0.8, 1.0, 1.3]) * median for median in medians]
    assert faults(plot_width(WidthFit(np.array(widths), spread, medians, -0.5, -0.6, -0.4))) == []


@pytest.mark.tier2
@pytest.mark.parametrize("name", [study.name for study in STUDIES])
def test_the_figure_of_a_study_can_be_read(name: str) -> None:
    found = list(DOCS.rglob(f"results/{name}/table.csv"))
    if not found:
        pytest.skip("not run yet: its page says so")
    (table,) = found
    study = next(study for study in STUDIES if study.name == name)
    assert faults(study.plot(read_table(table))) == []


def test_each_fault_is_found() -> None:
    with style():
        figure = Figure(figsize=(WIDTH, 2.0))
        ax = figure.subplots()
        ax.plot([0, 1], [0, 1], marker="o", label="a line")
        ax.set(xlim=(0, 1), ylim=(0, 1))
        assert [said for said in faults(figure) if "marks" not in said] == [], "an empty figure has none of the others"
        ax.legend(loc="center")
        figure.text(0.3, 0.5, "first")
        figure.text(0.3, 0.51, "second")
        figure.text(0.9, 0.95, "beyond the border")
        figure.text(0.5, 0.95, "tiny", fontsize=5.5)
    found = faults(figure)
    for said in ("'tiny' has 5.5 pt", "'beyond the border' is cut", "'first' and 'second' overlap", "2 marks of a line are cut",
                 "the legend hides a line"):
        assert said in found, said


def test_a_long_name_loses_its_middle() -> None:
    assert shorten("default-L-S-seed0", 40) == "default-L-S-seed0" and shorten("$" + 50 * "x" + "$", 40) == "$" + 50 * "x" + "$"
    short = shorten(f"{LONG}-seed17", 40)
    assert len(short) == 40 and short.startswith("a_name.of-100") and short.endswith("xxx-seed17") and "\u2026" in short
