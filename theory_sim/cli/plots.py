"""Commands that draw."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer

from theory_sim.cli.app import plot
from theory_sim.cli.options import Force, Output, Runs, parse_settings


@plot.command("learning-order")
def plot_learning_order_command(
    runs: Runs, output: Output = Path("learning-order.png"), level: float = 0.45, force: Force = False
) -> None:
    """Training loss of each kind against tau, one panel a schedule."""
    from theory_sim.plots.learning_order import plot_learning_order
    from theory_sim.plots.style import save_figure
    from theory_sim.trajectory import Trajectory

    typer.echo(save_figure(plot_learning_order([Trajectory.load(p) for p in runs], level=level), output, force=force))


@plot.command("decomposition")
def plot_decomposition_command(runs: Runs, output: Output = Path("decomposition.png"), force: Force = False) -> None:
    """Norms of signal and accumulated noise against tau, and the noise beside its exact recursion."""
    from theory_sim.plots.decomposition import plot_decomposition
    from theory_sim.plots.style import save_figure
    from theory_sim.trajectory import Trajectory

    typer.echo(save_figure(plot_decomposition([Trajectory.load(p) for p in runs]), output, force=force))


@plot.command("width")
def plot_width_command(runs: Runs, output: Output = Path("width.png"), force: Force = False) -> None:
    """Difference between finite widths and the limit on the same data, against the width."""
    from theory_sim.plots.style import save_figure
    from theory_sim.plots.width import plot_width
    from theory_sim.trajectory import Trajectory

    typer.echo(save_figure(plot_width([Trajectory.load(p) for p in runs]), output, force=force))


@plot.command("kernel-drift")
def plot_kernel_drift_command(
    runs: Runs, output: Output = Path("kernel-drift.png"), feature: str = "Q", force: Force = False
) -> None:
    """Drift of the kernel over pairs of times: equal-time beside two-time, measured beside predicted."""
    from theory_sim.plots.kernel_drift import plot_kernel_drift
    from theory_sim.plots.style import save_figure
    from theory_sim.trajectory import Trajectory

    typer.echo(save_figure(plot_kernel_drift([Trajectory.load(p) for p in runs], feature=feature), output, force=force))


@plot.command("patterns")
def plot_patterns_command(runs: Runs, output: Output = Path("patterns.png"), force: Force = False) -> None:
    """Share of activation patterns that have flipped, measured and predicted, against tau."""
    from theory_sim.plots.patterns import plot_patterns
    from theory_sim.plots.style import save_figure
    from theory_sim.trajectory import Trajectory

    typer.echo(save_figure(plot_patterns([Trajectory.load(p) for p in runs]), output, force=force))


@plot.command("sample-complexity")
def plot_sample_complexity_command(
    overlap: Annotated[list[float] | None, typer.Option(help="Mean overlap with w* to reach; repeatable.")] = None,
    d: Annotated[float, typer.Option(help="Dimension; left out, the limit of large d.")] = math.inf,
    output: Output = Path("sample-complexity.png"), force: Force = False,
) -> None:
    """Examples of P that any method needs, and that averaging takes, over g_0 (no runs needed)."""
    from theory_sim.plots.sample_complexity import OVERLAPS, plot_sample_complexity
    from theory_sim.plots.style import save_figure

    typer.echo(save_figure(plot_sample_complexity(overlap or OVERLAPS, d=d), output, force=force))


@plot.command("error-left")
def plot_error_left_command(
    kappa: Annotated[float, typer.Option(help="Sets N = d / kappa^2.")] = 0.5,
    p0: Annotated[float | None, typer.Option(help="Probability of P-only; left out, kappa^2 / 2.")] = None,
    q0: Annotated[float, typer.Option(help="Probability of Q-only.")] = 0.3,
    g0: Annotated[float, typer.Option(help="Signal strength: margin of P times sqrt(d).")] = 1.0,
    loss: Annotated[list[float] | None, typer.Option(help="Training loss of the logistic ones; at most two.")] = None,
    output: Output = Path("error-left.png"), force: Force = False,
) -> None:
    """Error on fresh P over the examples trained on, with those of S and all that hold P marked (no runs needed)."""
    from theory_sim.plots.error_left import plot_error_left
    from theory_sim.plots.style import save_figure
    from theory_sim.theory.error_left import LOSSES

    typer.echo(save_figure(plot_error_left(kappa=kappa, p0=p0, q0=q0, g0=g0, losses=loss or LOSSES), output, force=force))


@plot.command("phase")
def plot_phase_command(
    folder: Annotated[Path, typer.Argument(help="Folder of a sweep.")],
    x: Annotated[str, typer.Option(help="Varied field, or a ratio such as eta_2/eta_1.")],
    y: Annotated[str, typer.Option(help="The same for the other axis.")],
    quantity: Annotated[str, typer.Option(help="order, error_ratio, or a variable such as h_at_tau_P.")] = "order",
    select: Annotated[list[str] | None, typer.Option(metavar="DIM=LABEL", help="Label of another dimension.")] = None,
    output: Output = Path("phase.png"), force: Force = False,
) -> None:
    """Phase diagram of a sweep, with predicted boundaries; for the order, in how many cells they agree."""
    from theory_sim.plots.phase_diagram import plot_phase_diagram
    from theory_sim.plots.style import save_figure
    from theory_sim.sweeps.collect import collect
    from theory_sim.sweeps.phase import phase_diagram
    from theory_sim.sweeps.store import SweepStore

    diagram = phase_diagram(collect(SweepStore(folder), save=False), x, y, quantity, select=parse_settings(select, "--select"))
    typer.echo(save_figure(plot_phase_diagram(diagram), output, force=force))
    if diagram.agreements:
        from theory_sim.sweep_tables import agreement_table
        from theory_sim.tables import show

        show(agreement_table(diagram))
