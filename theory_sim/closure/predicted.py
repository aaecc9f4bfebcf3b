"""predict(experiment) -> Predicted: both schedules by the mean field, or by the closure where that cannot (THEORY §8, §16).

Where neither can, nothing is predicted, and why is said.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from theory_sim.closure.names import IN_WORDS
from theory_sim.closure.of_experiment import get_closure, make_problem
from theory_sim.closure.rates import ClosureRates
from theory_sim.errors import InputError
from theory_sim.experiment import Experiment
from theory_sim.theory.closure import Closure
from theory_sim.theory.closure.grid import enough_blocks
from theory_sim.theory.predicted_order import EXPECTED, Ended

if TYPE_CHECKING:
    from theory_sim.closure.mean_field.scatter import Intervals

__all__ = ["APPROXIMATE", "MOST_NODES", "NODES", "PARTICLES", "Predicted", "Predicting", "predict", "predicting"]

Predicting = Literal["mean-field", "closure"]
APPROXIMATE: Final = frozenset({"closure"})
"""Those of which the accuracy is measured (`theory_sim.theory.closure.ACCURACY`)."""
# One run of the particles without a statement of its error: how near docs/explanation/mean_field.md says.
NODES: Final = 60
PARTICLES: Final = 1024
MOST_NODES: Final = 250
"""Beyond, a run takes seconds."""
_REMEMBERED: Final = 16
# What no mean over data sets depends on, and the schedule, which is both.
_UNREAD: Final = {
    "name": "", "schedule": "S", "m_W": 2, "m_V": 2, "seed": 0, "seed_data": None, "seed_init": None, "seed_noise": None,
    "seed_batch": None,
}  # fmt: skip

Blocks = Generator[None, None, "Predicted"]


@dataclass(frozen=True)
class Predicted:
    """Both schedules of an experiment, by one engine.

    Attributes
    ----------
    engine : {"mean-field", "closure", ""}
        Empty where nothing is predicted.
    courses : mapping
        `Closure` under "L-S" and "S"; none where nothing is predicted.
    instead : str
        Why it is the closure, where the mean field was asked for: a sentence; else empty.
    why_not : str
        Why nothing is predicted, and what in the experiment to change; else empty.
    """

    engine: Predicting | Literal[""]
    courses: Mapping[str, Closure]
    instead: str = ""
    why_not: str = ""

    @property
    def by(self) -> str:
        """The engine in words; "" where nothing is predicted."""
        return IN_WORDS[self.engine] if self.engine else ""

    def intervals(self, experiment: Experiment, schedule: str) -> Intervals:
        """Learning times at 0.45 and the P error at the run's end, each with the ends of 95 % of single data sets."""
        from theory_sim.closure.mean_field.scatter import intervals_of

        course = self.courses[schedule]
        run = experiment.model_copy(update={"schedule": schedule})
        return intervals_of(run, course, [float(course.tau[-1]) / experiment.d])

    def ended_by(self, experiment: Experiment, schedule: str) -> Ended:
        """Field that ended the run of a schedule."""
        course = self.courses[schedule]
        if course.outcome == "reached_loss":
            return "epsilon_2"
        steps_left = experiment.max_steps is None or course.final_tau >= experiment.max_tau * (1.0 - 1e-9)
        return "max_tau" if steps_left else "max_steps"


@dataclass(frozen=True)
class _Asked:
    """An experiment of which all is alike that changes no prediction, compared by what it holds."""

    text: str
    experiment: Experiment = field(compare=False)

    @classmethod
    def of(cls, e: Experiment) -> _Asked:
        plain = e.model_copy(update=_UNREAD)
        return cls(repr(vars(plain)), plain)


_known: dict[tuple[_Asked, str], Predicted] = {}


def predict(experiment: Experiment, engine: Predicting = "mean-field") -> Predicted:
    """Courses of an experiment under L-S and S.

    Parameters
    ----------
    experiment : Experiment
        One of which the closure says something.
    engine : {"mean-field", "closure"}
        The mean field is one run of 1024 particles and 60 nodes, or more where blocks must be short beside d and 1 / lambda;
        where it would take more than 250 nodes, or refuses the run, it is the closure for both schedules. Where that refuses
        the run too, nothing is predicted; nor is it where a rate times lambda is 1 or more.

    Returns
    -------
    Predicted
    """
    blocks = predicting(experiment, engine)
    while True:
        try:
            next(blocks)
        except StopIteration as done:
            found: Predicted = done.value
            return found


def predicting(experiment: Experiment, engine: Predicting = "mean-field") -> Blocks:
    """The same in parts of some milliseconds: it yields after each, and returns what was predicted."""
    asked = _Asked.of(experiment)
    key = asked, engine
    if key not in _known:
        decay = max(asked.experiment.eta_1, asked.experiment.eta_2) * asked.experiment.lambda_
        found = _unpredicted(decay) if decay >= 1.0 else (yield from _BY_ENGINE[engine](asked.experiment))
        while len(_known) >= _REMEMBERED:
            del _known[next(iter(_known))]
        _known[key] = found
    return _known[key]


def _unpredicted(decay: float) -> Predicted:
    return Predicted("", {}, why_not=f"rate x lambda = {decay:.3g}: no order is predicted from 1 on; lower the rate or lambda")


def _by_closure(e: Experiment, refused: str = "") -> Blocks:
    """Both schedules by the closure; ``refused`` is why the mean field does not take the run, where it was asked for."""
    courses = {}
    try:
        for schedule in EXPECTED:
            courses[schedule] = get_closure(e, schedule)
            yield
    except InputError as error:
        both = f"the mean field does not take this run ({refused}), nor does" if refused else "this run is not taken by"
        return Predicted("", {}, why_not=f"no order is predicted: {both} the closure ({error.found}; it takes {error.rule}); "
                                         f"{error.fix}")
    return Predicted("closure", courses, f"The mean field does not take this run: {refused}." if refused else "")


def _by_mean_field(e: Experiment) -> Blocks:
    from theory_sim.closure.mean_field.solve import particles_followed

    courses: dict[str, Closure] = {}
    try:
        for schedule in EXPECTED:
            run = e.model_copy(update={"schedule": schedule})
            courses[schedule] = yield from particles_followed(run, _nodes(run), PARTICLES, most=MOST_NODES)
    except InputError as error:
        return (yield from _by_closure(e, error.found))
    return Predicted("mean-field", courses)


def _nodes(run: Experiment) -> int:
    """Nodes that are aimed at, short beside d and 1 / lambda, as the closure's blocks are."""
    nodes = enough_blocks(make_problem(run), ClosureRates(run), NODES)
    if nodes > MOST_NODES:
        raise InputError(f"it is so long that {nodes} nodes would be needed, and {MOST_NODES} are the most in some "
                         "seconds", "a shorter run", "simulate it by the engine mean-field")
    return nodes


_BY_ENGINE: Final[Mapping[str, Callable[[Experiment], Blocks]]] = {"mean-field": _by_mean_field, "closure": _by_closure}
