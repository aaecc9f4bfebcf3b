"""What the page shows: curves by the closure, at once and coarse, then exact; words by the same, then by the mean field."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Final

import numpy as np

from theory_sim.closure.of_experiment import get_closure
from theory_sim.closure.predicted import Predicted, predicting
from theory_sim.engines import Engine
from theory_sim.experiment import Experiment
from theory_sim.explore.plane import Plane, get_extent, get_key, trace
from theory_sim.explore.sliders import RANGES, move
from theory_sim.regimes import Regime, is_within_theory, regime_of
from theory_sim.theory.closure import Closure

__all__ = ["COARSE", "SCHEDULES", "Explorer", "View"]

SCHEDULES: Final = ("L-S", "S")
COARSE: Final = 0.3
"""Share of the closure's blocks of time while a slider moves (tests/explore/test_view.py says what that changes)."""
_PART_SECONDS: Final = 0.02
"""For so long the mean field is followed before the sliders are asked whether they have moved."""


@dataclass(frozen=True)
class View:
    """An experiment, what the closure says of it, and where it stands.

    Attributes
    ----------
    experiment : Experiment
    courses : mapping
        The closure by schedule.
    judged : Regime
        What `theory-sim check` prints: of these courses, and, once the sliders have been at rest, of the mean field.
    exact : bool
        Whether the courses are those of `simulate` with the engine closure, to the last bit.
    plane : Plane or None
        Boundaries in the plane of r and lambda; None until they are computed.
    """

    experiment: Experiment
    courses: Mapping[str, Closure]
    judged: Regime
    exact: bool
    plane: Plane | None

    def losses(self, rows: int) -> Iterator[tuple[float, list[float]]]:
        """Training losses at times from 0 to the end of the longer course: P-only and Q-only under each schedule.

        A course that has ended before is NaN there.
        """
        for tau in np.linspace(0.0, max(course.final_tau for course in self.courses.values()), rows):
            yield float(tau), [float(np.interp(tau, course.tau, loss, right=np.nan))
                               for course in self.courses.values() for loss in (course.loss_P, course.loss_Q)]


class Explorer:
    """The experiment that the sliders have moved.

    Parameters
    ----------
    start : Experiment
        Where they start.

    Raises
    ------
    InputError
        If the closure cannot compute it.
    """

    def __init__(self, start: Experiment) -> None:
        import theory_sim.closure.mean_field.solve  # noqa: F401  takes time, which a slider at rest would be waited for

        self.start = start
        self._known: dict[str, Plane] = {}
        self.view = self.move({})

    def move(self, values: Mapping[str, object]) -> View:
        """Move the sliders, and look on coarsely.

        Raises
        ------
        InputError
            If there is no such experiment, or the closure cannot compute it. The view stays what it was.
        """
        experiment = move(self.start, values)
        Engine("closure").require(experiment)
        courses = {name: get_closure(experiment, name, fineness=COARSE, adds_up=False) for name in SCHEDULES}
        self.view = View(experiment, courses, _judged(experiment, courses), False, self._plane_of(experiment))
        return self.view

    def refine(self) -> Generator[View | None, None, None]:
        """Compute the present view to its full accuracy, in parts of a tenth of a second at most; views as they become ready.

        First the closure's curves, then the regime by the mean field, then the plane.

        Raises
        ------
        InputError
            If the exact closure needs too many blocks.
        """
        view, courses = self.view, {}
        for name in SCHEDULES:
            courses[name] = get_closure(view.experiment, name)
            yield None
        view = replace(view, courses=courses, judged=_judged(view.experiment, courses), exact=True)
        self.view = view
        yield view
        if is_within_theory(view.experiment):
            view = replace(view, judged=regime_of(view.experiment, (yield from _by_mean_field(view.experiment))))
            self.view = view
            yield view
        if view.plane is None:
            for plane in trace(view.experiment, get_extent(view.experiment, RANGES)):
                if plane is None:
                    yield None
                    continue
                self._known = {plane.key: plane}  # a neighbour is seldom come back to
                self.view = replace(view, plane=plane)
                yield self.view

    def _plane_of(self, experiment: Experiment) -> Plane | None:
        return self._known.get(get_key(experiment))


def _judged(experiment: Experiment, courses: Mapping[str, Closure]) -> Regime:
    """The regime by the closure, whose courses are known."""
    return regime_of(experiment, Predicted("closure", courses))


def _by_mean_field(experiment: Experiment) -> Generator[None, None, Predicted]:
    """What `theory_sim.regimes.regime` predicts by, in short parts."""
    blocks = predicting(experiment)
    while True:
        until = perf_counter() + _PART_SECONDS
        try:
            while perf_counter() < until:
                next(blocks)
        except StopIteration as done:
            found: Predicted = done.value
            return found
        yield None
