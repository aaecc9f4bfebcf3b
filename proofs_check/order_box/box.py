"""certify_box(experiment, box): one data set's learning order for all parameters of a box (explanation/order_box.md)."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from proofs_check.order.arm import threshold
from proofs_check.order.certify import data_digest
from proofs_check.order_box.cell import cell_losses
from proofs_check.order_box.goal import Goal, Proved
from proofs_check.order_box.grid import Grid, Part, make_grid
from proofs_check.order_box.preconditions import require_box
from proofs_check.order_box.star import Stars, at_point, data_at
from theory_sim.data import Data, draw_data
from theory_sim.experiment import Experiment
from theory_sim.reading.arguments import accepts
from theory_sim.theory.crossings import LEVELS

__all__ = ["CertifiedBox", "Cover", "Failed", "certify_box"]

_MOST_CUTS: Final = 9
Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Failed:
    """A cell whose order is not proved, and why."""

    part: Part
    reason: str


@dataclass(frozen=True)
class Cover:
    """One schedule over a box.

    Attributes
    ----------
    schedule : str
        Its name.
    grid : Grid
        The box, cut into parts.
    proved : tuple of (Part, Proved)
        Cells with an order.
    failed : tuple of Failed
        The rest of the box.
    """

    schedule: str
    grid: Grid
    proved: tuple[tuple[Part, Proved], ...]
    failed: tuple[Failed, ...]

    @property
    def share(self) -> Fraction:
        """Share of the box's volume that is certified."""
        return sum((self.grid.share(part) for part, _ in self.proved), Fraction(0))

    @property
    def orders(self) -> tuple[str, ...]:
        """Different orders that cells have."""
        return tuple(sorted({each.order for _, each in self.proved}))

    @property
    def verdict(self) -> str:
        """The order, if the whole box has one; else "undecided"."""
        return self.orders[0] if not self.failed and len(self.orders) == 1 else "undecided"


@dataclass(frozen=True)
class CertifiedBox:
    """What is proved of one data set's draws over a box.

    Attributes
    ----------
    experiment : Experiment
        What is not varied.
    digest : str
        SHA-256 of the data at the experiment's own r.
    box : dict of str to (float, float)
        Bounds of "r", "lambda" and "eta_ratio".
    level : float
        Nats.
    covers : tuple of Cover
        By schedule.

    Examples
    --------
    >>> from theory_sim import Experiment
    >>> small = Experiment(d=10, N=20, max_tau=400.0, eta_1=16.0, eta_2=4.0)
    >>> certify_box(small, {"lambda": (0.0005, 0.00051)}, ["S"]).verdict
    'certified'
    """

    experiment: Experiment
    digest: str
    box: dict[str, tuple[float, float]]
    level: float
    covers: tuple[Cover, ...]

    @property
    def verdict(self) -> str:
        """"certified" if each schedule has one order over the whole box, else "undecided"."""
        return "certified" if all(each.verdict != "undecided" for each in self.covers) else "undecided"


@accepts(experiment="Experiment", box="a table", schedules="a list of texts", level="a number", seconds="a number",
         progress="a function")  # fmt: skip
def certify_box(
    experiment: Experiment, box: Mapping[str, tuple[float, float]], schedules: Sequence[str] | None = None, *,
    level: float = LEVELS[0], seconds: float = 600.0, progress: Progress | None = None,
) -> CertifiedBox:
    """Prove the learning order of a data set for all parameters of a box, at infinite width.

    What is fixed are the draws: x_1, labels, kinds, alpha and the side b of each example. Its second patch is
    x_2 = alpha (z + b zeta) with |zeta| = r, which varies.

    Parameters
    ----------
    experiment : Experiment
        Description of the run; its seed draws the data.
    box : mapping of str to (low, high)
        Of ``r``, ``lambda`` and ``eta_ratio`` = eta_2 / eta_1; what is left out is fixed at the experiment's value.
    schedules : sequence of str, optional
        "L-S", "S" or both (the default).
    level : float
        Training loss, nats, at which a kind counts as learnt.
    seconds : float
        Processor time after which the rest of the box is left undecided.
    progress : callable, optional
        Called with what is done and the share of the box that is over.

    Returns
    -------
    CertifiedBox
        Cells with an order, and those that have none.

    Raises
    ------
    InputError
        If the experiment, or the box, is not one that is covered.

    Examples
    --------
    >>> from theory_sim import Experiment
    >>> small = Experiment(d=10, N=20, max_tau=400.0, eta_1=16.0, eta_2=4.0)
    >>> found = certify_box(small, {"lambda": (0.0005, 0.00051)}, ["S"])
    >>> found.verdict, found.covers[0].verdict
    ('certified', 'P first')
    """
    names = tuple(schedules or ("L-S", "S"))
    require_box(experiment, box, names, level, seconds)
    data = draw_data(experiment)
    started = time.process_time()
    covers = []
    for number, name in enumerate(names):
        until = started + seconds * (number + 1) / len(names)
        covers.append(_Search(experiment.replace(schedule=name), data, box, level, until, progress).cover())
    bounds = {name: (float(low), float(high)) for name, (low, high) in box.items()}
    return CertifiedBox(experiment, data_digest(experiment, data), bounds, float(level), tuple(covers))


class _Search:
    """Cuts a box into cells, and tries each, until time is over."""

    def __init__(
        self, experiment: Experiment, data: Data, box: Mapping[str, tuple[float, float]], level: float, until: float,
        progress: Progress | None,
    ) -> None:
        self._e, self._data, self._until, self._progress = experiment, data, until, progress
        self._grid = make_grid(experiment, box)
        self._stars = Stars(experiment, data)
        follows = experiment.schedule == "L-S"
        self._goal = Goal(level, threshold(experiment, data)[1] if follows else None, experiment.epsilon_2)
        self._proved: list[tuple[Part, Proved]] = []
        self._failed: list[Failed] = []

    def cover(self) -> Cover:
        """All parts of the box."""
        whole = self._grid.whole
        waiting = deque([(whole, self._first_horizon(whole))])
        while waiting:
            part, steps = waiting.popleft()
            if time.process_time() > self._until:
                self._failed.append(Failed(part, "time is over"))
                continue
            waiting.extend(self._tried(part, steps))
            if self._progress is not None:
                done = sum((self._grid.share(each) for each, _ in self._proved), Fraction(0))
                done += sum((self._grid.share(each.part) for each in self._failed), Fraction(0))
                self._progress(self._e.schedule, float(done))
        return Cover(self._e.schedule, self._grid, tuple(self._proved), tuple(self._failed))

    def _tried(self, part: Part, steps: int) -> Iterator[tuple[Part, int]]:
        """Prove a cell's order, or return its parts with the steps to look at."""
        cell = self._grid.cell(part)
        try:
            losses = cell_losses(cell, self._stars, self._data, steps)
        except (ValueError, ZeroDivisionError) as error:
            yield from self._cut(part, None, 1, steps, str(error))
            return
        last = self._grid.last_step(part)
        proved = self._goal.proved(losses, last)
        if proved is not None:
            self._proved.append((part, proved))
            return
        step, excess, reason = self._goal.missed(losses, last)
        # A horizon at which slack still grows is moved.
        steps = min(max(int(1.1 * step) + 2, steps if step < steps - 1 else int(1.2 * steps) + 1), last + 1)
        wanted = 1 if not math.isfinite(excess) else math.ceil(0.5 * len(cell.varied) * math.log2(excess))
        cuts = min(max(1, wanted), _MOST_CUTS)
        yield from self._cut(part, losses.change, cuts, steps, reason)

    def _cut(
        self, part: Part, change: Mapping[str, float] | None, cuts: int, steps: int, reason: str
    ) -> Iterator[tuple[Part, int]]:
        parts = self._grid.cut(part, change, cuts)
        if not parts:
            self._failed.append(Failed(part, reason))
        yield from ((each, steps) for each in parts)

    def _first_horizon(self, part: Part) -> int:
        """Steps after which a run at the centre has the most slack."""
        from proofs_check.order.approximate import run_approximately

        cell, last = self._grid.cell(part), self._grid.last_step(part)
        run = run_approximately(at_point(self._e, cell.centre, last + 1), data_at(self._data, cell.centre["r"]), threads=1)
        return min(int(1.1 * self._goal.best_step(run.residuals, self._data)) + 2, last + 1)
