"""Progress: of runs by tau and loss, of a sweep by runs and before them, of proofs by their share, of a search by its time."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

from theory_sim.sweeps.preparation import report_preparation, report_waiting
from theory_sim.terminal.wrapping import say_aside, wrapped

if TYPE_CHECKING:
    from rich.progress import ProgressColumn

    from theory_sim.experiment import Experiment
    from theory_sim.loop import Progress
    from theory_sim.sweeps.plan import Plan
    from theory_sim.sweeps.status import SweepStatus

__all__ = ["PREDICTING", "be_quiet", "count_progress", "preparation_progress", "run_progress", "share_progress",
           "sweep_progress", "time_progress"]

_BESIDE_NAME: Final = 66
"""Columns of the longest state, both times, the gaps, and a bar of two."""
_SHORTEST_NAME: Final = 12
_LONG: Final = 10.0
"""Seconds: what takes less is not told in a log."""
_QUIET: ContextVar[bool] = ContextVar("quiet", default=False)


@contextmanager
def run_progress(plan: Plan, *, shown: bool) -> Iterator[Callable[[Experiment], Progress] | None]:
    """Give what `run_plan` calls before each run; None if nothing is to be shown."""
    if not shown:
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    from theory_sim.theory.shown_times import shown_time

    console = Console(stderr=True)
    longest = max(len(run.run_name) for run in plan)
    with Bar(*_run_columns(), console=console) as bar:

        def start(experiment: Experiment) -> Progress:
            name = _shown_name(experiment, console.width - _BESIDE_NAME, longest)
            task = bar.add_task(name, total=experiment.max_tau, tau="0", end=shown_time(experiment.max_tau), step=0, loss="-")

            def update(step: int, tau: float, training_loss: float) -> None:
                reached = min(tau, experiment.max_tau)
                bar.update(task, completed=reached, tau=shown_time(reached), step=step, loss=f"{training_loss:.4f}")

            return update

        yield start


def _run_columns() -> tuple[ProgressColumn, ...]:
    """Name, bar, state and both times; where the line is too long the bar alone is shorter."""
    from rich.progress import BarColumn, TextColumn

    state = "tau {task.fields[tau]}/{task.fields[end]} step {task.fields[step]} loss {task.fields[loss]}"
    return TextColumn("{task.description}", markup=False), BarColumn(bar_width=20), TextColumn(state), _times()


def _times(*, passed: bool = True, left: bool = True) -> ProgressColumn:
    """Time that has passed, and what is left: without words nobody knows which is which."""
    from rich.progress import ProgressColumn, Task
    from rich.table import Column
    from rich.text import Text

    from theory_sim.terminal.sweep_tables import duration

    class Times(ProgressColumn):
        """In one format, the same for every bar."""

        def render(self, task: Task) -> Text:
            seconds = task.finished_time if task.finished else task.elapsed
            parts = [f"{duration(seconds or 0.0)} so far"] if passed else []
            if left and not task.finished and task.time_remaining is not None:
                parts.append(f"{duration(task.time_remaining)} left")
            return Text(", ".join(parts))

    return Times(table_column=Column(no_wrap=True))


def _shown_name(experiment: Experiment, room: int, longest: int = 0) -> str:
    """The run's name; where it, or the longest one beside it, does not fit, schedule and seed, and their ends if too long."""
    room = max(room, _SHORTEST_NAME)
    if max(longest, len(experiment.run_name)) <= room:
        return experiment.run_name
    name = f"{experiment.schedule} seed {experiment.seed}"
    if len(name) <= room:
        return name
    end = (room - 1) // 2
    return f"{name[: room - 1 - end]}…{name[-end:]}"


@contextmanager
def sweep_progress(name: str, total: int, *, shown: bool) -> Iterator[Callable[[SweepStatus], None] | None]:
    """Give what `run_sweep` calls: done, running, failed and the time left; None if nothing is to be shown."""
    if not shown:
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    from theory_sim.terminal.sweep_tables import duration

    columns = (TextColumn("{task.description}", markup=False), BarColumn(bar_width=20),
               TextColumn("done {task.completed:.0f}/{task.total:.0f}, {task.fields[others]}"),
               _times(left=False))
    with Bar(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(name, total=total, others="starting")
        waiting = stopping = False

        def update(status: SweepStatus) -> None:
            nonlocal waiting, stopping
            if status.stopping and not stopping:
                runs = "the run" if status.running == 1 else f"the {status.running} runs"
                bar.console.print(wrapped(
                    f"{name}: stopping at the next step of {runs} in progress; what is computed is kept. Ctrl-C again stops at "
                    "once: runs in progress then continue from their last checkpoint"), highlight=False, soft_wrap=True)
            stopping = status.stopping
            # In a log the bar is drawn once, at the end: this is a line of its own.
            if not status.slots and status.done + status.failed < status.total and not waiting:
                bar.console.print(f"{name}: no worker is there yet; waiting for one (Ctrl-C stops)", highlight=False)
            waiting = not status.slots
            left = "" if math.isnan(status.seconds_left) else f", {duration(status.seconds_left)} left"
            bar.update(task, completed=status.done, total=status.total,
                       others=f"running {status.running}, failed {status.failed}{left}")

        @contextmanager
        def prepare(what: str, total: int) -> Iterator[Callable[[int], None]]:
            yield lambda done: bar.update(task, others=f"{what} {total} runs: {done / total:.0%}")

        with report_preparation(prepare):
            yield update


@contextmanager
def preparation_progress() -> Iterator[None]:
    """Say on standard error what a long sweep does for each run before the first, how many they are and how long it takes.

    A bar on a terminal; elsewhere a line, if it takes long. Nothing after `be_quiet`.
    """
    token = _QUIET.set(False)
    try:
        with report_preparation(_prepare), report_waiting(lambda text: None if _QUIET.get() else say_aside(f"note: {text}")):
            yield
    finally:
        _QUIET.reset(token)


def be_quiet(quiet: bool) -> bool:
    """Leave out what `preparation_progress` says, if ``quiet``, which comes back."""
    _QUIET.set(quiet)
    return quiet


@contextmanager
def _prepare(what: str, total: int) -> Iterator[Callable[[int], None]]:
    from rich.console import Console

    console = Console(stderr=True)
    if _QUIET.get():
        yield lambda done: None
    elif console.is_terminal:
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as Bar

        columns = (TextColumn("{task.description}", markup=False), BarColumn(bar_width=20),
                   TextColumn("{task.percentage:.0f} %"), _times(passed=False))
        with Bar(*columns, console=console, transient=True) as bar:
            task = bar.add_task(f"{what} {total} runs", total=total)
            yield lambda done: bar.update(task, completed=done)
    else:
        yield _said_once(what, total)


def _said_once(what: str, total: int) -> Callable[[int], None]:
    from theory_sim.terminal.sweep_tables import duration

    began, said = time.monotonic(), False

    def advance(done: int) -> None:
        nonlocal said
        seconds = (time.monotonic() - began) * total / done
        if not said and seconds > _LONG:
            say_aside(f"note: {what} {total} runs, which takes about {duration(seconds)}")
        said = True

    return advance


@contextmanager
def share_progress(count: int) -> Iterator[Callable[[int, object], Callable[[str, float], None] | None]]:
    """Give what is called with the number and name of each of ``count`` proofs, and gives what is told of one: words, a share.

    Shown on a terminal, on standard error; nothing where it is no terminal.
    """
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda number, name: None
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(bar_width=20), TaskProgressColumn(),
               _times(left=False))
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=1.0)

        def begin(number: int, name: object) -> Callable[[str, float], None]:
            return lambda what, share: bar.update(
                task, completed=share, description=f"seed {name} ({number + 1} of {count}), {what}")

        yield begin


PREDICTING: Final = "predicting both schedules by the mean field"
"""What `time_progress` says while a regime is computed."""


@contextmanager
def time_progress(what: str) -> Iterator[None]:
    """Show on a terminal, on standard error, that something is at work and for how long; nothing where it is no terminal."""
    from rich.console import Console
    from rich.progress import Progress as Bar
    from rich.progress import SpinnerColumn, TextColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), _times(left=False))
    with Bar(*columns, console=console, transient=True) as bar:
        bar.add_task(what, total=None)
        yield


@contextmanager
def count_progress(what: str, total: int) -> Iterator[Callable[[str], None]]:
    """Give what is called, with its name, before each of so many things; shown as `time_progress` is."""
    from rich.console import Console
    from rich.progress import Progress as Bar
    from rich.progress import SpinnerColumn, TextColumn

    console, begun = Console(stderr=True), 0
    if not console.is_terminal:
        yield lambda name: None
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), _times(left=False))
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task(what, total=None)

        def begin(name: str) -> None:
            nonlocal begun
            begun += 1
            bar.update(task, description=f"{what} {begun} of {total}: {name}")

        yield begin
