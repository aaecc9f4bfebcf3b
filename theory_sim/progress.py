"""Progress bar of a plan's runs: tau, training loss, time left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from theory_sim.experiment import Experiment

if TYPE_CHECKING:
    from theory_sim.loop import Progress
    from theory_sim.study.plan import Plan

__all__ = ["run_progress"]


@contextmanager
def run_progress(plan: Plan, *, shown: bool) -> Iterator[Callable[[Experiment], Progress] | None]:
    """Give what `run_plan` calls before each run; None if nothing is to be shown."""
    if not shown:
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(bar_width=20),
               TextColumn("tau {task.completed:.0f}/{task.total:.0f}  loss {task.fields[loss]}"),
               TimeElapsedColumn(), TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True)) as bar:

        def start(experiment: Experiment) -> Progress:
            task = bar.add_task(experiment.run_name, total=experiment.max_tau, loss="-")

            def update(step: int, tau: float, training_loss: float) -> None:
                bar.update(task, completed=min(tau, experiment.max_tau), loss=f"{training_loss:.4f}")

            return update

        yield start
